/* ${…} in a recipe's texts: a fixed list of variables, all known before anything is built. */
#include <string.h>

#include "nearest.h"
#include "own.h"
#include "recipe-parts.h"
#include "str.h"

enum { NAME, VERSION, VERSION_MAJOR, VERSION_MINOR, VARIABLE_COUNT };

const struct recipe_variable recipe_variables[] = {
	[NAME] = {"name", "the recipe's name"},
	[VERSION] = {"version", "the version: 1.3.1"},
	[VERSION_MAJOR] = {"version_major", "its first number: 1"},
	[VERSION_MINOR] = {"version_minor", "its first two numbers: 1.3"},
	[VARIABLE_COUNT] = {NULL, NULL},
};

struct expander {
	struct yaml *yaml;
	const char *values[VARIABLE_COUNT];
};

/* The text up to its `count`th dot. */
static const char *until_dot(struct arena *arena, const char *text, unsigned count)
{
	size_t length = strcspn(text, ".");
	while (--count && text[length])
		length += 1 + strcspn(text + length + 1, ".");
	return arena_strndup(arena, text, length);
}

static int unknown_variable(const struct expander *expander, const struct yaml_node *node,
                            const char *name, struct err *err)
{
	const char *names[VARIABLE_COUNT];
	for (size_t i = 0; i < VARIABLE_COUNT; i++)
		names[i] = recipe_variables[i].name;
	const char *near = nearest_word(name, names, VARIABLE_COUNT);
	if (near)
		yaml_error(expander->yaml, node, err, "unknown variable ${%s}; did you mean ${%s}?",
		           name, near);
	else
		yaml_error(expander->yaml, node, err,
		           "unknown variable ${%s}; known are ${name}, ${version}, "
		           "${version_major} and ${version_minor}",
		           name);
	return err_hint(err, "write $${ for a literal ${");
}

/* Adds the value of the variable at `text` ("${name}…") and returns where the text goes on. */
static const char *expand_variable(const struct expander *expander, const struct yaml_node *node,
                                   const char *text, struct str *result, struct err *err)
{
	size_t length = strcspn(text + 2, "}");
	if (!text[2 + length]) {
		yaml_error(expander->yaml, node, err, "\"${\" is not closed by \"}\"");
		return NULL;
	}
	own_free char *name = mem_strndup(text + 2, length);
	for (size_t i = 0; i < VARIABLE_COUNT; i++) {
		if (str_equal(recipe_variables[i].name, name)) {
			str_add(result, expander->values[i]);
			return text + 2 + length + 1;
		}
	}
	unknown_variable(expander, node, name, err);
	return NULL;
}

static int expand_text(struct expander *expander, struct yaml_node *node, struct err *err)
{
	if (!strstr(node->text, "${"))
		return 0;
	own(str) result = {0};
	for (const char *text = node->text; text && *text;) {
		if (str_starts(text, "$${")) {
			str_add(&result, "${");
			text += 3;
		} else if (str_starts(text, "${")) {
			text = expand_variable(expander, node, text, &result, err);
			if (!text)
				return -1;
		} else {
			str_add_char(&result, *text++);
		}
	}
	node->text = arena_strdup(&expander->yaml->arena, str_text(&result));
	return 0;
}

static int expand_tree(struct expander *expander, struct yaml_node *node, struct err *err)
{
	if (node->kind == YAML_SCALAR)
		return expand_text(expander, node, err);
	for (size_t i = 0; i < node->count; i++)
		if (expand_tree(expander, node->items[i], err) < 0)
			return -1;
	return 0;
}

static int expand_members(struct expander *expander, const struct yaml_node *map, struct err *err)
{
	static const char *const keys[] = {"sources", "configure",    "meson",    "cmake",
	                                   "make",    "make-install", "variables"};
	for (size_t i = 0; i < map->count; i++)
		for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
			if (str_equal(map->keys[i], keys[k]) &&
			    expand_tree(expander, map->items[i], err) < 0)
				return -1;
	return 0;
}

static const char *text_of(const struct yaml *yaml, const char *key)
{
	const struct yaml_node *node = yaml_get(yaml->root, key);
	return node && node->kind == YAML_SCALAR ? node->text : "";
}

int recipe_expand(struct yaml *yaml, struct err *err)
{
	if (yaml->root->kind != YAML_MAP)
		return 0; /* the decoder will say so */
	const char *version = text_of(yaml, "version");
	struct expander expander = {
		.yaml = yaml,
		.values = {[NAME] = text_of(yaml, "name"),
	                   [VERSION] = version,
	                   [VERSION_MAJOR] = until_dot(&yaml->arena, version, 1),
	                   [VERSION_MINOR] = until_dot(&yaml->arena, version, 2)},
	};
	if (expand_members(&expander, yaml->root, err) < 0)
		return -1;
	const struct yaml_node *options = yaml_get(yaml->root, "options");
	for (size_t i = 0; options && options->kind == YAML_MAP && i < options->count; i++)
		if (options->items[i]->kind == YAML_MAP &&
		    expand_members(&expander, options->items[i], err) < 0)
			return -1;
	return 0;
}
