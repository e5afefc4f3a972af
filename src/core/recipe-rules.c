/* The form of every text in a recipe: one table row a place, checked where the text stands. */
#include <string.h>

#include "path.h"
#include "recipe-parts.h"
#include "str.h"

/* ASCII alone, whatever the locale. */
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

enum { LONGEST_NAME = 100, LONGEST_SUMMARY = 120 };

/* A first byte of `first`, then any of `rest`. */
static bool is_word(const char *text, const char *first, const char *rest)
{
	size_t length = strlen(text);
	return length && length <= LONGEST_NAME && strchr(first, *text) &&
	       strspn(text, rest) == length;
}

static bool is_name(const char *text)
{
	return is_word(text, LOWER DIGITS, LOWER DIGITS "+-.");
}

bool recipe_is_option_name(const char *text)
{
	return is_word(text, LOWER, LOWER DIGITS "-");
}

bool recipe_is_variable_name(const char *text)
{
	return is_word(text, LOWER UPPER "_", LOWER UPPER DIGITS "_");
}

static bool is_version(const char *text)
{
	return is_word(text, LOWER UPPER DIGITS, LOWER UPPER DIGITS ".+~_-");
}

static bool is_line(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return *text != '\0';
}

static bool is_summary(const char *text)
{
	return is_line(text) && strlen(text) <= LONGEST_SUMMARY && !str_ends(text, ".");
}

static bool has_scheme(const char *text, const char *const *schemes, size_t count)
{
	if (!is_line(text) || strpbrk(text, " \"\\<>"))
		return false;
	for (size_t i = 0; i < count; i++)
		if (str_starts(text, schemes[i]) && text[strlen(schemes[i])])
			return true;
	return false;
}

static bool is_web(const char *text)
{
	static const char *const schemes[] = {"https://", "http://"};
	return has_scheme(text, schemes, 2);
}

static bool is_page(const char *text)
{
	static const char *const schemes[] = {"https://", "http://", "mirror://"};
	return has_scheme(text, schemes, 3);
}

/* What a source can be fetched from; it ends in a file name, which the cache keeps. */
static bool is_source(const char *text)
{
	static const char *const schemes[] = {"mirror://", "https://", "http://", "file://"};
	return has_scheme(text, schemes, 4) && strchr(strstr(text, "://") + 3, '/') &&
	       *path_base(text);
}

static bool is_sha256(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool is_size(const char *text)
{
	return strspn(text, "0") != strlen(text);
}

static bool is_build(const char *text)
{
	for (size_t i = 0; i < recipe_build_system_count; i++)
		if (str_equal(recipe_build_systems[i], text))
			return true;
	return false;
}

static bool is_arch(const char *text)
{
	return str_equal(text, "amd64") || str_equal(text, "arm64");
}

static bool is_soname(const char *text)
{
	return is_line(text) && !strchr(text, '/') && !strchr(text, ' ');
}

/* In the order of the message that should come first. "*" stands for every item of a list and every
 * value of a map. */
static const struct rule {
	const char *place;
	bool (*fits)(const char *text);
	const char *wanted;
} rules[] = {
	{"name", is_name, "lower-case letters, digits, \"+\", \"-\" and \".\""},
	{"version", is_version, "letters, digits and \".+~_-\", as in 1.3.1"},
	{"summary", is_summary, "one line of at most 120 bytes, without a full stop"},
	{"homepage", is_web, "an https:// or http:// address"},
	{"license", recipe_is_license,
         "an SPDX expression, as in MIT or (GPL-2.0-only OR BSD-2-Clause)"},
	{"build", is_build, "autotools, configure, meson, cmake, make, kbuild or copy"},
	{"source-dir", path_is_safe, "a path below the source directory"},
	{"sources.*.urls.*", is_source,
         "mirror://, https://, http:// or file:// and a path to a file"},
	{"sources.*.size", is_size, "the file's size in bytes"},
	{"sources.*.sha256", is_sha256, "64 lower-case hexadecimal digits"},
	{"sources.*.into", path_is_safe, "a path below the source directory"},
	{"sources.*.signature.url", is_source,
         "mirror://, https://, http:// or file:// and a path"},
	{"sources.*.signature.key", path_is_safe, "a file beside the recipe"},
	{"upstream.check", is_page, "an https://, http:// or mirror:// address"},
	{"upstream.match", is_line, "a regular expression with one group"},
	{"arches.*", is_arch, "amd64 or arm64"},
	{"depends.*.*", is_name, "the name of a recipe or tool group"},
	{"options.*.summary", is_summary, "one line of at most 120 bytes, without a full stop"},
	{"options.*.depends.*.*", is_name, "the name of a recipe or tool group"},
	{"variables.*", is_line, "one line of text"},
	{"outputs.*.*", path_is_safe,
         "a pattern relative to the root, as in usr/bin/foo or usr/share/foo/**"},
	{"allow.setuid.*", path_is_safe, "a path relative to the root, as in usr/bin/su"},
	{"allow.needs.*", is_soname, "a shared library's name, as in libfoo.so.1"},
	{"allow.paths.*", path_is_safe, "a pattern relative to the root, as in boot/**"},
	{"allow.build-path.*", path_is_safe, "a pattern relative to the root"},
};

static int apply(const struct yaml *yaml, const struct yaml_node *node, const struct rule *rule,
                 const char *place, struct err *err);

static int apply_to_all(const struct yaml *yaml, const struct yaml_node *node,
                        const struct rule *rule, const char *rest, struct err *err)
{
	for (size_t i = 0; i < node->count; i++)
		if (apply(yaml, node->items[i], rule, rest, err) < 0)
			return -1;
	return 0;
}

/* Follows what is left of the rule's place from the node on. */
static int apply(const struct yaml *yaml, const struct yaml_node *node, const struct rule *rule,
                 const char *place, struct err *err)
{
	if (!*place && node->kind == YAML_SCALAR) {
		if (rule->fits(node->text))
			return 0;
		const char *name = rule->place + strlen(rule->place);
		while (name > rule->place && (name[-1] != '.' || *name == '*'))
			name--;
		return yaml_error(yaml, node, err, "%.*s: wanted %s, got \"%.200s\"",
		                  (int)strcspn(name, "."), name, rule->wanted, node->text);
	}
	size_t length = strcspn(place, ".");
	const char *rest = place + length + (place[length] == '.');
	if (*place == '*')
		return apply_to_all(yaml, node, rule, rest, err);
	if (node->kind != YAML_MAP)
		return 0;
	for (size_t i = 0; i < node->count; i++)
		if (strlen(node->keys[i]) == length && !memcmp(node->keys[i], place, length))
			return apply(yaml, node->items[i], rule, rest, err);
	return 0;
}

int recipe_check_rules(const struct yaml *yaml, struct err *err)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (apply(yaml, yaml->root, &rules[i], rules[i].place, err) < 0)
			return -1;
	return 0;
}
