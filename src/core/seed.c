/* The seed: what the environment is to be made of, by name. */
#include "seed.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "own.h"
#include "path.h"
#include "str.h"

enum { MAX_SEED_BYTES = 1 << 20 };

static void seed_index_release(struct seed_index *index)
{
	free(index->mirror);
	free(index->suite);
	strv_release(&index->components);
}

void seed_release(struct seed *seed)
{
	for (vec_each(index, &seed->indexes))
		seed_index_release(index);
	for (vec_each(group, &seed->groups))
		vec_release(&group->packages);
	vec_release(&seed->indexes);
	vec_release(&seed->groups);
	strv_release(&seed->keyrings);
	free(seed->suite);
	yaml_release(&seed->yaml);
	*seed = (struct seed){0};
}

/* ---- indexes */

/* Names become parts of paths and of the lock's lines. */
static bool is_word(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

static int decode_index(const struct yaml *yaml, const struct yaml_node *node,
                        struct seed_index *index, struct err *err)
{
	static const struct yaml_field fields[] = {
		{"mirror", YAML_TEXT, offsetof(struct seed_index, mirror), true, NULL, NULL},
		{"suite", YAML_TEXT, offsetof(struct seed_index, suite), true, NULL, NULL},
		{"components", YAML_STRV, offsetof(struct seed_index, components), false, NULL,
	         NULL},
	};
	if (yaml_decode(yaml, node, fields, sizeof fields / sizeof *fields, index, err) < 0)
		return -1;
	if (index->components.count == 0)
		strv_add(&index->components, "main");
	for (size_t i = 0; i < index->components.count; i++)
		if (!is_word(index->components.items[i]))
			return yaml_error(yaml, node, err,
			                  "components: wanted words like \"main\"");
	if (!is_word(index->mirror) || !is_word(index->suite))
		return yaml_error(yaml, node, err,
		                  "wanted a mirror like \"debian\" and a suite "
		                  "like \"trixie\"");
	return 0;
}

static int decode_indexes(const struct yaml *yaml, const struct yaml_node *node, void *target,
                          struct err *err)
{
	struct seed *seed = target;
	if (yaml_expect(yaml, node, YAML_LIST, "indexes", err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		vec_push(&seed->indexes, (struct seed_index){0});
		if (decode_index(yaml, node->items[i], &seed->indexes.items[i], err) < 0)
			return -1;
	}
	return node->count ? 0 : yaml_error(yaml, node, err, "indexes: there are none");
}

/* ---- groups */

/* A group as it stands in the file. */
struct group_text {
	char *summary;
	bool closure;
	const struct yaml_node *packages, *packages_on;
};

static void group_text_release(struct group_text *text)
{
	free(text->summary);
}

static int decode_node(const struct yaml *yaml, const struct yaml_node *node, void *target,
                       struct err *err)
{
	(void)yaml, (void)err;
	*(const struct yaml_node **)target = node;
	return 0;
}

static int add_packages(const struct yaml *yaml, const struct yaml_node *list,
                        struct seed_group *group, struct err *err)
{
	if (yaml_expect(yaml, list, YAML_LIST, "packages", err) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		if (yaml_expect(yaml, list->items[i], YAML_SCALAR, "packages", err) < 0)
			return -1;
		vec_push(&group->packages, list->items[i]);
	}
	return 0;
}

static int add_packages_on(const struct yaml *yaml, const struct yaml_node *map, const char *arch,
                           struct seed_group *group, struct err *err)
{
	if (yaml_expect(yaml, map, YAML_MAP, "packages-on", err) < 0)
		return -1;
	const struct yaml_node *list = yaml_get(map, arch);
	return list ? add_packages(yaml, list, group, err) : 0;
}

static int decode_group(const struct yaml *yaml, const struct yaml_node *node, const char *arch,
                        struct seed_group *group, struct err *err)
{
	static const struct yaml_field fields[] = {
		{"summary", YAML_TEXT, offsetof(struct group_text, summary), true, NULL, NULL},
		{"packages", YAML_CUSTOM, offsetof(struct group_text, packages), true, decode_node,
	         NULL},
		{"packages-on", YAML_CUSTOM, offsetof(struct group_text, packages_on), false,
	         decode_node, NULL},
		{"closure", YAML_BOOL, offsetof(struct group_text, closure), false, NULL, NULL},
	};
	own(group_text) text = {.closure = true};
	if (yaml_decode(yaml, node, fields, sizeof fields / sizeof *fields, &text, err) < 0 ||
	    add_packages(yaml, text.packages, group, err) < 0)
		return -1;
	group->closure = text.closure;
	return text.packages_on ? add_packages_on(yaml, text.packages_on, arch, group, err) : 0;
}

static int compare_groups(const void *a, const void *b)
{
	return strcmp(((const struct seed_group *)a)->name, ((const struct seed_group *)b)->name);
}

static int read_groups(struct seed *seed, const struct yaml_node *map, const char *arch,
                       struct err *err)
{
	const struct yaml *yaml = &seed->yaml;
	if (yaml_expect(yaml, map, YAML_MAP, "groups", err) < 0)
		return -1;
	for (size_t i = 0; i < map->count; i++) {
		if (!is_word(map->keys[i]))
			return yaml_error(yaml, map->key_nodes[i], err,
			                  "%s: a group's name is made of a-z, 0-9 and -",
			                  map->keys[i]);
		vec_push(&seed->groups, (struct seed_group){.name = map->keys[i]});
		struct seed_group *group = &seed->groups.items[i];
		if (decode_group(yaml, map->items[i], arch, group, err) < 0)
			return -1;
	}
	if (!yaml_get(map, "base"))
		return yaml_error(yaml, map, err, "groups: \"base\" is missing");
	vec_sort(&seed->groups, compare_groups);
	return 0;
}

/* ---- the whole */

/* Where the top's fields go before groups are read for an architecture. */
struct seed_text {
	struct seed *seed;
	const struct yaml_node *groups, *fixups;
};

static int decode_suite(const struct yaml *yaml, const struct yaml_node *node, void *target,
                        struct err *err)
{
	struct seed *seed = *(struct seed **)target;
	if (yaml_decode_value(yaml, node, YAML_TEXT, "suite", &seed->suite, err) < 0)
		return -1;
	return is_word(seed->suite) ? 0 : yaml_error(yaml, node, err, "suite: wanted a word");
}

static int decode_index_list(const struct yaml *yaml, const struct yaml_node *node, void *target,
                             struct err *err)
{
	return decode_indexes(yaml, node, *(struct seed **)target, err);
}

static int decode_keyrings(const struct yaml *yaml, const struct yaml_node *node, void *target,
                           struct err *err)
{
	struct seed *seed = *(struct seed **)target;
	if (yaml_decode_value(yaml, node, YAML_STRV, "keyrings", &seed->keyrings, err) < 0)
		return -1;
	for (size_t i = 0; i < seed->keyrings.count; i++)
		if (!path_is_safe(seed->keyrings.items[i]))
			return yaml_error(yaml, node, err,
			                  "keyrings: %s: wanted a path in the "
			                  "checkout",
			                  seed->keyrings.items[i]);
	return node->count ? 0 : yaml_error(yaml, node, err, "keyrings: there are none");
}

static int read_seed(struct seed *seed, const char *arch, struct err *err)
{
	static const struct yaml_field fields[] = {
		{"suite", YAML_CUSTOM, offsetof(struct seed_text, seed), true, decode_suite, NULL},
		{"indexes", YAML_CUSTOM, offsetof(struct seed_text, seed), true, decode_index_list,
	         NULL},
		{"keyrings", YAML_CUSTOM, offsetof(struct seed_text, seed), true, decode_keyrings,
	         NULL},
		{"groups", YAML_CUSTOM, offsetof(struct seed_text, groups), true, decode_node,
	         NULL},
		{"fixups", YAML_CUSTOM, offsetof(struct seed_text, fixups), false, decode_node,
	         NULL},
	};
	struct seed_text text = {.seed = seed};
	if (!seed->yaml.root)
		return err_set(err, ERR_INPUT, "%s: it is empty", seed->yaml.path);
	if (yaml_decode(&seed->yaml, seed->yaml.root, fields, sizeof fields / sizeof *fields, &text,
	                err) < 0)
		return -1;
	return read_groups(seed, text.groups, arch, err);
}

int seed_load(const char *path, const char *arch, struct seed *ret_seed, struct err *err)
{
	own(seed) seed = {0};
	if (yaml_load(path, MAX_SEED_BYTES, &seed.yaml, err) < 0 || read_seed(&seed, arch, err) < 0)
		return -1;
	*ret_seed = seed;
	seed = (struct seed){0};
	return 0;
}
