/* The form of a recipe's text: what lint advises, and can put right without touching comments. */
#include "recipe-form.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "nearest.h"
#include "own.h"
#include "recipe-parts.h"
#include "spdx-list.h"
#include "str.h"
#include "yaml-edit.h"

void recipe_findings_release(struct recipe_findings *findings)
{
	for (vec_each(finding, findings))
		free(finding->text);
	vec_release(findings);
}

/* One recipe's text, and what is done with it: findings are told, edits are made. */
struct form {
	const char *text;
	size_t length;
	struct yaml yaml;
	struct recipe_findings *findings; /* NULL: fix */
	struct yaml_edits edits;
};

static void form_release(struct form *form)
{
	yaml_edits_release(&form->edits);
	yaml_release(&form->yaml);
}

__attribute__((format(printf, 5, 6))) static void
tell(struct form *form, unsigned line, bool is_wrong, bool can_fix, const char *format, ...)
{
	va_list args;
	if (!form->findings)
		return;
	va_start(args, format);
	vec_push(form->findings, (struct recipe_finding){.line = line,
	                                                 .is_wrong = is_wrong,
	                                                 .can_fix = can_fix,
	                                                 .text = mem_vprintf(format, args)});
	va_end(args);
}

/* What sdk new leaves to be said (new.c). */
#define UNKNOWN_LICENSE "LicenseRef-unknown"
#define UNWRITTEN_SUMMARY "To be written"

/* ---- licences */

/* As the list spells it: identifiers are compared without regard to case (SPDX 2.3, annex D). */
static const char *listed(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(word, list[i]) == 0)
			return list[i];
	return NULL;
}

/* "GPL-2.0+" is GPL-2.0-or-later now, "GPL-2.0" GPL-2.0-only; NULL: another one. Caller frees. */
static char *modern_name(const char *word)
{
	static const char *const families[] = {"GPL-", "LGPL-", "AGPL-", "GFDL-"};
	size_t length = strlen(word);
	bool plus = length && word[length - 1] == '+';
	for (size_t i = 0; i < 4; i++) {
		own_free char *modern = mem_printf("%.*s%s", (int)(length - plus), word,
		                                   plus ? "-or-later" : "-only");
		if (str_starts(word, families[i]) &&
		    listed(modern, spdx_licenses, spdx_licenses_count))
			return steal_ptr(modern);
	}
	return NULL;
}

/* The word in the list's spelling, "+" and all; NULL: there is none of it. Caller frees. */
static char *spelling(const char *word, bool is_exception)
{
	size_t length = strlen(word);
	bool plus = length && word[length - 1] == '+';
	own_free char *plain = mem_strndup(word, length - plus);
	const char *found;
	if (is_exception)
		found = listed(word, spdx_exceptions, spdx_exceptions_count);
	else if ((found = listed(plain, spdx_licenses, spdx_licenses_count)))
		return mem_printf("%s%s", found, plus ? "+" : "");
	else
		found = listed(word, spdx_deprecated, spdx_deprecated_count);
	return found ? mem_strdup(found) : NULL;
}

static void tell_unlisted(struct form *form, const struct yaml_node *node, const char *word,
                          bool is_exception)
{
	const char *near = nearest_word(word, is_exception ? spdx_exceptions : spdx_licenses,
	                                is_exception ? spdx_exceptions_count : spdx_licenses_count);
	tell(form, node->line, true, false,
	     "license: %s is no %s of the SPDX list%s%s%s; others are LicenseRef-…", word,
	     is_exception ? "exception" : "licence", near ? "; did you mean " : "",
	     near ? near : "", near ? "?" : "");
}

static void check_identifier(struct form *form, const struct yaml_node *node, const char *word,
                             bool is_exception, struct str *fixed)
{
	own_free char *spelt = spelling(word, is_exception);
	own_free char *modern = is_exception ? NULL : modern_name(spelt ? spelt : word);
	str_add(fixed, modern ? modern : spelt ? spelt : word);
	if (str_equal(word, UNKNOWN_LICENSE))
		tell(form, node->line, false, false,
		     "license: %s stands where none was recognised; say which it is", word);
	else if (str_starts(word, "LicenseRef-") || str_starts(word, "DocumentRef-"))
		return;
	else if (modern)
		tell(form, node->line, false, true, "license: %s is %s in today's SPDX list", word,
		     modern);
	else if (!spelt)
		tell_unlisted(form, node, word, is_exception);
	else if (!str_equal(spelt, word))
		tell(form, node->line, false, true, "license: %s is spelt %s", word, spelt);
}

static int check_license(struct form *form, struct err *err)
{
	const struct yaml_node *node = yaml_get(form->yaml.root, "license");
	own(str) fixed = {0};
	bool is_exception = false;
	for (const char *at = node->text; *at;) {
		size_t length = strcspn(at, " ()");
		if (!length) {
			str_add_char(&fixed, *at++);
			continue;
		}
		own_free char *word = mem_strndup(at, length);
		at += length;
		if (str_equal(word, "AND") || str_equal(word, "OR") || str_equal(word, "WITH"))
			str_add(&fixed, word);
		else
			check_identifier(form, node, word, is_exception, &fixed);
		is_exception = str_equal(word, "WITH");
	}
	return yaml_edits_set(&form->edits, &form->yaml, form->text, node, str_text(&fixed), err);
}

/* ---- addresses */

/* Where a version stands as a word of its own, ${version} does the same for the next one. */
static char *following(const char *url, const char *version)
{
	struct str result = {0};
	size_t length = strlen(version);
	if (length < 3 || strstr(url, "${"))
		return mem_strdup(url);
	for (const char *at = url; *at;) {
		bool before = at == url || !(isalnum((unsigned char)at[-1]) || at[-1] == '.');
		bool there = !strncmp(at, version, length);
		bool after = there && !isdigit((unsigned char)at[length]) &&
		             !(at[length] == '.' && isdigit((unsigned char)at[length + 1]));
		if (before && after) {
			str_add(&result, "${version}");
			at += length;
		} else {
			str_add_char(&result, *at++);
		}
	}
	return str_steal(&result);
}

static int check_url(struct form *form, const struct yaml_node *node, const char *version,
                     struct err *err)
{
	own_free char *next = following(node->text, version);
	if (str_starts(node->text, "file://"))
		tell(form, node->line, false, false,
		     "urls: a file of this machine; name where all can have it");
	if (str_equal(next, node->text))
		return 0;
	tell(form, node->line, false, true, "urls: ${version} in place of %s follows the version",
	     version);
	return yaml_edits_set(&form->edits, &form->yaml, form->text, node, next, err);
}

static int check_urls(struct form *form, struct err *err)
{
	const struct yaml_node *sources = yaml_get(form->yaml.root, "sources");
	const char *version = yaml_get(form->yaml.root, "version")->text;
	for (size_t i = 0; sources && i < sources->count; i++) {
		const struct yaml_node *urls = yaml_get(sources->items[i], "urls");
		for (size_t j = 0; j < urls->count; j++)
			if (check_url(form, urls->items[j], version, err) < 0)
				return -1;
	}
	return 0;
}

/* ---- blanks at the ends of lines, outside of texts of several lines */

struct ranges {
	VEC(size_t) bounds; /* start, end, start, end, … */
};

static void add_ranges(const struct form *form, const struct yaml_node *node, struct ranges *ranges)
{
	if (node->kind == YAML_SCALAR) {
		if (memchr(form->text + node->start, '\n', node->end - node->start)) {
			vec_push(&ranges->bounds, node->start);
			vec_push(&ranges->bounds, node->end);
		}
		return;
	}
	for (size_t i = 0; i < node->count; i++)
		add_ranges(form, node->items[i], ranges);
}

static bool is_inside(const struct ranges *ranges, size_t at)
{
	for (size_t i = 0; i + 1 < ranges->bounds.count; i += 2)
		if (at >= ranges->bounds.items[i] && at < ranges->bounds.items[i + 1])
			return true;
	return false;
}

/* Of a line end at `at`; inside of a text only its CR goes, which YAML reads as a part of it. */
static void check_line_end(struct form *form, const struct ranges *ranges, size_t at, unsigned line)
{
	size_t end = at - (at && form->text[at - 1] == '\r'), start = end;
	while (start && (form->text[start - 1] == ' ' || form->text[start - 1] == '\t'))
		start--;
	if (is_inside(ranges, start))
		start = end;
	if (start < end)
		tell(form, line, false, true, "blanks at the end of the line");
	if (start < at)
		yaml_edits_replace(&form->edits, start, at, "");
}

static void check_blanks(struct form *form)
{
	struct ranges ranges = {0};
	unsigned line = 1;
	const char *returns = memmem(form->text, form->length, "\r\n", 2);
	if (returns)
		tell(form, line, false, true, "lines end in CR LF, as on other systems");
	add_ranges(form, form->yaml.root, &ranges);
	for (size_t i = 0; i < form->length; i++)
		if (form->text[i] == '\n')
			check_line_end(form, &ranges, i, line++);
	vec_release(&ranges.bounds);
	if (form->length && form->text[form->length - 1] != '\n') {
		tell(form, line, false, true, "no newline at the end of the file");
		yaml_edits_replace(&form->edits, form->length, form->length, "\n");
	}
}

/* ---- values that say nothing: the same twice, and what is still to be written */

/* Of arguments, one that comes twice may have a meaning. */
static bool is_arguments(const char *key)
{
	static const char *const keys[] = {"configure", "meson", "cmake", "make", "make-install"};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (str_equal(key, keys[i]))
			return true;
	return false;
}

static void check_twice(struct form *form, const struct yaml_node *list, const char *key,
                        size_t index)
{
	const struct yaml_node *item = list->items[index];
	for (size_t i = 0; item->kind == YAML_SCALAR && i < index; i++)
		if (list->items[i]->kind == YAML_SCALAR &&
		    str_equal(list->items[i]->text, item->text)) {
			tell(form, item->line, false, false, "%s: %s is there already", key,
			     item->text);
			return;
		}
}

static void check_duplicates(struct form *form, const struct yaml_node *node, const char *key)
{
	for (size_t i = 0; node->kind != YAML_SCALAR && i < node->count; i++) {
		const char *below = node->kind == YAML_MAP ? node->keys[i] : key;
		if (node->kind == YAML_LIST)
			check_twice(form, node, key, i);
		if (!is_arguments(below))
			check_duplicates(form, node->items[i], below);
	}
}

static void check_summary(struct form *form)
{
	const struct yaml_node *summary = yaml_get(form->yaml.root, "summary");
	if (str_starts(summary->text, UNWRITTEN_SUMMARY))
		tell(form, summary->line, false, false,
		     "summary: is still to be written: what it is, in one line");
}

/* ---- the order of keys */

/* A key with its value and the comments and empty lines in front of it. */
struct block {
	size_t start, end, place; /* place: in the reference */
	const struct yaml_node *key;
	const char *name;
};
VEC_OF(blocks, struct block);

/* What it is, where it is from, how it is built, with what, what comes out. */
static const char *const key_order[] = {
	"name",       "version",  "revision",  "summary",      "homepage",        "license",
	"sources",    "upstream", "arches",    "build",        "build-in-source", "source-dir",
	"autoreconf", "libc",     "hardening", "depends",      "options",         "configure",
	"meson",      "cmake",    "make",      "make-install", "variables",       "phases",
	"outputs",    "allow"};

static size_t place_of(const char *key)
{
	size_t count = sizeof key_order / sizeof *key_order, i = 0;
	while (i < count && !str_equal(key_order[i], key))
		i++;
	return i;
}

static size_t line_start(const char *text, size_t at)
{
	while (at && text[at - 1] != '\n')
		at--;
	return at;
}

/* Back over empty lines and comments in the first column; an indented one belongs to what it
 * stands in. */
static size_t lead_start(const char *text, size_t start, size_t limit)
{
	while (start > limit) {
		size_t before = line_start(text, start - 1);
		const char *line = text + before;
		bool empty = before + strspn(line, " \t\r") == start - 1;
		if (before < limit || (*line != '#' && !empty))
			break;
		start = before;
	}
	return start;
}

/* False when the text has another form than one key below the other. */
static bool find_blocks(const char *text, size_t length, const struct yaml_node *root,
                        struct blocks *blocks)
{
	for (size_t i = 0; i < root->count; i++) {
		const struct yaml_node *key = root->key_nodes[i];
		if (key->column != 1)
			return false;
		size_t start = line_start(text, key->start);
		size_t limit = i ? blocks->items[i - 1].key->end : start;
		vec_push(blocks, (struct block){.start = i ? lead_start(text, start, limit) : start,
		                                .place = place_of(root->keys[i]),
		                                .key = key,
		                                .name = root->keys[i]});
	}
	for (size_t i = 0; i + 1 < blocks->count; i++)
		blocks->items[i].end = blocks->items[i + 1].start;
	if (blocks->count) {
		struct block *last = &blocks->items[blocks->count - 1];
		last->end = lead_start(text, length, last->key->end);
	}
	return true;
}

static int by_place(const void *a, const void *b)
{
	const struct block *left = a, *right = b;
	if (left->place != right->place)
		return left->place < right->place ? -1 : 1;
	return (left->start > right->start) - (left->start < right->start);
}

static void check_order(struct form *form)
{
	struct blocks blocks = {0};
	if (find_blocks(form->text, form->length, form->yaml.root, &blocks))
		for (size_t i = 1; i < blocks.count; i++)
			if (blocks.items[i].place < blocks.items[i - 1].place) {
				tell(form, blocks.items[i].key->line, false, true,
				     "%s stands behind %s; its place is before it",
				     blocks.items[i].name, blocks.items[i - 1].name);
				break;
			}
	vec_release(&blocks);
}

/* What stands before the first key stays there, and what stands behind the last value. */
static void put_in_order(const char *text, size_t length, const struct yaml_node *root,
                         struct str *ret_text)
{
	struct blocks blocks = {0};
	if (!find_blocks(text, length, root, &blocks) || !blocks.count) {
		str_add_bytes(ret_text, text, length);
		vec_release(&blocks);
		return;
	}
	size_t first = blocks.items[0].start, last = blocks.items[blocks.count - 1].end;
	vec_sort(&blocks, by_place);
	str_add_bytes(ret_text, text, first);
	for (vec_each(block, &blocks))
		str_add_bytes(ret_text, text + block->start, block->end - block->start);
	str_add_bytes(ret_text, text + last, length - last);
	vec_release(&blocks);
}

/* ---- that it says the same */

static bool is_same(const struct yaml_node *a, const struct yaml_node *b)
{
	if (a->kind != b->kind || a->count != b->count)
		return false;
	if (a->kind == YAML_SCALAR)
		return str_equal(a->text, b->text) && a->plain == b->plain;
	for (size_t i = 0; i < a->count; i++) {
		const struct yaml_node *other =
			a->kind == YAML_MAP ? yaml_get(b, a->keys[i]) : b->items[i];
		if (!other || !is_same(a->items[i], other))
			return false;
	}
	return true;
}

static int open_form(struct form *form, const char *path, const char *text, size_t length,
                     struct err *err)
{
	struct recipe *recipe;
	form->text = text;
	form->length = length;
	if (recipe_parse(path, NULL, text, length, &recipe, err) < 0)
		return -1;
	recipe_free(recipe);
	return yaml_parse(path, text, length, &form->yaml, err);
}

int recipe_form_check(const char *path, const char *text, size_t length,
                      struct recipe_findings *ret_findings, struct err *err)
{
	own(form) form = {.findings = ret_findings};
	if (open_form(&form, path, text, length, err) < 0 || check_license(&form, err) < 0 ||
	    check_urls(&form, err) < 0)
		return -1;
	check_summary(&form);
	check_duplicates(&form, form.yaml.root, "");
	check_order(&form);
	check_blanks(&form);
	return 0;
}

static int check_same(const char *path, const struct str *before, const struct str *after,
                      struct err *err)
{
	own(yaml) old = {0};
	own(yaml) new = {0};
	if (yaml_parse(path, str_text(before), before->len, &old, err) < 0 ||
	    yaml_parse(path, str_text(after), after->len, &new, err) < 0)
		return -1;
	if (!is_same(old.root, new.root))
		return err_set(err, ERR_INPUT,
		               "%s: its keys can't be put in order without changing a value", path);
	return 0;
}

int recipe_form_fix(const char *path, const char *text, size_t length, struct str *ret_text,
                    struct err *err)
{
	own(form) form = {0};
	own(str) edited = {0};
	own(str) ordered = {0};
	own(yaml) yaml = {0};
	struct recipe *recipe;
	if (open_form(&form, path, text, length, err) < 0 || check_license(&form, err) < 0 ||
	    check_urls(&form, err) < 0)
		return -1;
	check_blanks(&form);
	yaml_edits_apply(&form.edits, text, length, &edited);
	if (yaml_parse(path, str_text(&edited), edited.len, &yaml, err) < 0)
		return -1;
	put_in_order(str_text(&edited), edited.len, yaml.root, &ordered);
	if (check_same(path, &edited, &ordered, err) < 0 ||
	    recipe_parse(path, NULL, str_text(&ordered), ordered.len, &recipe, err) < 0)
		return -1;
	recipe_free(recipe);
	str_add_bytes(ret_text, str_text(&ordered), ordered.len);
	return 0;
}
