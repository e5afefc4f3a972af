/* A recipe's file changed in place: version, addresses, sizes, digests; nothing else moves. */
#include "recipe-edit.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "own.h"
#include "recipe.h"
#include "yaml-edit.h"

void recipe_edit_release(struct recipe_edit *edit)
{
	vec_release(&edit->sources);
}

/* ---- addresses */

/* Whether [start, end) is a version of its own there, not part of a longer one: 1.2 is not in
 * 1.2.3, nor in 11.2. */
static bool stands_alone(const char *text, const char *start, const char *end)
{
	bool digit_before = start > text && isdigit((unsigned char)start[-1]);
	bool dotted_before =
		start > text + 1 && start[-1] == '.' && isdigit((unsigned char)start[-2]);
	bool dotted_after =
		(*end == '.' || *end == '_' || *end == '-') && isdigit((unsigned char)end[1]);
	return !digit_before && !dotted_before && !isdigit((unsigned char)*end) && !dotted_after;
}

static char *replace_words(const char *text, const char *from, const char *to)
{
	struct str result = {0};
	size_t length = strlen(from);
	for (const char *at = text; *at;) {
		if (length && !strncmp(at, from, length) && stands_alone(text, at, at + length)) {
			str_add(&result, to);
			at += length;
		} else {
			str_add_char(&result, *at++);
		}
	}
	return str_steal(&result);
}

static char *with_separator(const char *version, char separator)
{
	char *text = mem_strdup(version);
	for (char *c = text; *c; c++)
		if (*c == '.')
			*c = separator;
	return text;
}

/* "2.41" of "2.41.3". */
static char *minor_of(const char *version)
{
	size_t length = strcspn(version, ".");
	if (version[length])
		length += 1 + strcspn(version + length + 1, ".");
	return mem_strndup(version, length);
}

/* Directories of a series: /2.41/ or /v2.41/. */
static char *replace_series(const char *url, const char *old_version, const char *new_version)
{
	own_free char *old_minor = minor_of(old_version), *new_minor = minor_of(new_version);
	char *result = mem_strdup(url);
	for (int with_v = 0; with_v < 2; with_v++) {
		const char *v = with_v ? "v" : "";
		own_free char *from = mem_printf("/%s%s/", v, old_minor);
		const char *found = strstr(result, from);
		if (!found || str_equal(old_minor, new_minor))
			continue;
		char *next = mem_printf("%.*s/%s%s/%s", (int)(found - result), result, v, new_minor,
		                        found + strlen(from));
		free(result);
		result = next;
	}
	return result;
}

char *recipe_edit_url(const char *url, const char *old_version, const char *new_version)
{
	static const char separators[] = "._-";
	char *result = replace_series(url, old_version, new_version);
	for (size_t i = 0; i < sizeof separators - 1; i++) {
		own_free char *from = with_separator(old_version, separators[i]);
		own_free char *to = with_separator(new_version, separators[i]);
		char *next = replace_words(result, from, to);
		free(result);
		result = next;
	}
	return result;
}

/* ---- the file */

struct editing {
	const struct recipe_edit *edit;
	struct yaml yaml;
	const char *text;
	struct yaml_edits edits;
	const char *old_version;
};

static void editing_release(struct editing *editing)
{
	yaml_release(&editing->yaml);
	yaml_edits_release(&editing->edits);
}

static int set(struct editing *editing, const struct yaml_node *node, const char *value,
               struct err *err)
{
	return yaml_edits_set(&editing->edits, &editing->yaml, editing->text, node, value, err);
}

/* The literal text of ${version}… when it stood for `version`; NULL when it holds others. */
static char *expand_for(const char *text, const char *name, const char *version)
{
	own_free char *minor = minor_of(version);
	own_free char *major = mem_strndup(version, strcspn(version, "."));
	const char *pairs[][2] = {{"${version}", version},
	                          {"${name}", name},
	                          {"${version_minor}", minor},
	                          {"${version_major}", major}};
	char *result = mem_strdup(text);
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct str next = {0};
		const char *at = result, *found;
		while ((found = strstr(at, pairs[i][0]))) {
			str_add_bytes(&next, at, (size_t)(found - at));
			str_add(&next, pairs[i][1]);
			at = found + strlen(pairs[i][0]);
		}
		str_add(&next, at);
		free(result);
		result = str_steal(&next);
	}
	return result;
}

static int set_url(struct editing *editing, const struct yaml_node *node, const char *wanted,
                   struct err *err)
{
	const struct yaml_node *name = yaml_get(editing->yaml.root, "name");
	const char *version =
		editing->edit->version ? editing->edit->version : editing->old_version;
	own_free char *next = recipe_edit_url(node->text, editing->old_version, version);
	own_free char *expanded = expand_for(next, name->text, version);
	return set(editing, node, wanted && !str_equal(expanded, wanted) ? wanted : next, err);
}

/* A signature beside its file stays there: a mirror may give the new file another name. */
static int set_signature(struct editing *editing, const struct yaml_node *signature,
                         const struct yaml_node *file, const char *file_url, struct err *err)
{
	own_free char *beside = NULL;
	if (file_url && str_starts(signature->text, file->text))
		beside = mem_printf("%s%s", file_url, signature->text + strlen(file->text));
	return set_url(editing, signature, beside, err);
}

static int set_source(struct editing *editing, const struct yaml_node *source,
                      const struct recipe_edit_source *edit, struct err *err)
{
	const struct yaml_node *urls = yaml_get(source, "urls");
	for (size_t i = 0; i < urls->count; i++)
		if (set_url(editing, urls->items[i], i == 0 ? edit->url : NULL, err) < 0)
			return -1;
	const struct yaml_node *signature = yaml_get(yaml_get(source, "signature"), "url");
	if (signature && set_signature(editing, signature, urls->items[0], edit->url, err) < 0)
		return -1;
	own_free char *size = mem_printf("%" PRIu64, edit->size_bytes);
	if (edit->size_bytes && set(editing, yaml_get(source, "size"), size, err) < 0)
		return -1;
	return edit->sha256 ? set(editing, yaml_get(source, "sha256"), edit->sha256, err) : 0;
}

static int set_all(struct editing *editing, struct err *err)
{
	const struct recipe_edit *edit = editing->edit;
	const struct yaml_node *root = editing->yaml.root;
	const struct yaml_node *sources = yaml_get(root, "sources");
	if (edit->version && set(editing, yaml_get(root, "version"), edit->version, err) < 0)
		return -1;
	for (vec_each(source, &edit->sources)) {
		if (!sources || source->index >= sources->count)
			return yaml_error(&editing->yaml, root, err,
			                  "sources: there is no number %zu", source->index + 1);
		if (set_source(editing, sources->items[source->index], source, err) < 0)
			return -1;
	}
	return 0;
}

/* That it is a recipe, so that required keys can be relied upon. */
static int check(const char *path, const char *text, size_t length, struct err *err)
{
	struct recipe *recipe;
	if (recipe_parse(path, NULL, text, length, &recipe, err) < 0)
		return -1;
	recipe_free(recipe);
	return 0;
}

int recipe_edit_apply(const char *path, const char *text, size_t length,
                      const struct recipe_edit *edit, struct str *ret_text, struct err *err)
{
	own(editing) editing = {.edit = edit, .text = text};
	own(str) result = {0};
	if (check(path, text, length, err) < 0 ||
	    yaml_parse(path, text, length, &editing.yaml, err) < 0)
		return -1;
	editing.old_version = yaml_get(editing.yaml.root, "version")->text;
	if (set_all(&editing, err) < 0)
		return -1;
	yaml_edits_apply(&editing.edits, text, length, &result);
	if (check(path, str_text(&result), result.len, err) < 0)
		return err_wrap(err, "after the change");
	str_add_bytes(ret_text, str_text(&result), result.len);
	return 0;
}
