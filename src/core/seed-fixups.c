/* Fix-ups: what maintainer scripts would have done, declared in bootstrap/seed.yaml. */
#include "seed-fixups.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "str.h"
#include "yaml.h"

enum { MAX_SEED_BYTES = 1 << 20, MAX_BUNDLE_BYTES = 16 << 20 };

static const struct {
	const char *key;
	enum fixup_kind kind;
} kinds[] = {
	/* In the order of application: a link may lie in a directory, a copy replace a file. */
	{"directories", FIXUP_DIR}, {"links", FIXUP_LINK},     {"files", FIXUP_FILE},
	{"copies", FIXUP_COPY},     {"bundles", FIXUP_BUNDLE},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

void seed_fixups_release(struct seed_fixups *fixups)
{
	vec_release(&fixups->items);
	arena_release(&fixups->arena);
}

/* Paths are written as people think of them, with or without the slash in front. */
static int add(struct seed_fixups *fixups, const struct yaml *yaml, const struct yaml_node *node,
               struct fixup fixup, struct err *err)
{
	fixup.path += strspn(fixup.path, "/");
	if (!path_is_safe(fixup.path))
		return yaml_error(yaml, node, err, "%s: not a path inside the environment",
		                  fixup.path);
	if (fixup.kind == FIXUP_COPY || fixup.kind == FIXUP_BUNDLE) {
		fixup.text += strspn(fixup.text, "/");
		if (!path_is_safe(fixup.text))
			return yaml_error(yaml, node, err, "%s: not a path inside the environment",
			                  fixup.text);
	}
	fixup.path = arena_strdup(&fixups->arena, fixup.path);
	fixup.text = fixup.text ? arena_strdup(&fixups->arena, fixup.text) : NULL;
	vec_push(&fixups->items, fixup);
	return 0;
}

static int add_dirs(struct seed_fixups *fixups, const struct yaml *yaml,
                    const struct yaml_node *list, const char *group, struct err *err)
{
	if (yaml_expect(yaml, list, YAML_LIST, "directories", err) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		const struct yaml_node *item = list->items[i];
		struct fixup fixup = {.group = group, .kind = FIXUP_DIR, .path = item->text};
		if (yaml_expect(yaml, item, YAML_SCALAR, "directories", err) < 0 ||
		    add(fixups, yaml, item, fixup, err) < 0)
			return -1;
	}
	return 0;
}

static int add_map(struct seed_fixups *fixups, const struct yaml *yaml, const struct yaml_node *map,
                   size_t kind, const char *group, struct err *err)
{
	if (yaml_expect(yaml, map, YAML_MAP, kinds[kind].key, err) < 0)
		return -1;
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *value = map->items[i];
		struct fixup fixup = {.group = group,
		                      .kind = kinds[kind].kind,
		                      .path = map->keys[i],
		                      .text = value->text};
		if (yaml_expect(yaml, value, YAML_SCALAR, map->keys[i], err) < 0 ||
		    add(fixups, yaml, value, fixup, err) < 0)
			return -1;
	}
	return 0;
}

static int check_keys(const struct yaml *yaml, const struct yaml_node *map, struct err *err)
{
	const char *known[KINDS];
	for (size_t k = 0; k < KINDS; k++)
		known[k] = kinds[k].key;
	for (size_t i = 0; i < map->count; i++) {
		bool found = false;
		for (size_t k = 0; k < KINDS; k++)
			found |= str_equal(map->keys[i], known[k]);
		if (!found)
			return yaml_unknown_key(yaml, map, i, known, KINDS, err);
	}
	return 0;
}

static int add_group(struct seed_fixups *fixups, const struct yaml *yaml,
                     const struct yaml_node *map, const char *name, struct err *err)
{
	if (yaml_expect(yaml, map, YAML_MAP, name, err) < 0 || check_keys(yaml, map, err) < 0)
		return -1;
	const char *group = arena_strdup(&fixups->arena, name);
	for (size_t k = 0; k < KINDS; k++) {
		const struct yaml_node *value = yaml_get(map, kinds[k].key);
		if (!value)
			continue;
		int result = kinds[k].kind == FIXUP_DIR
		                     ? add_dirs(fixups, yaml, value, group, err)
		                     : add_map(fixups, yaml, value, k, group, err);
		if (result < 0)
			return -1;
	}
	return 0;
}

int seed_fixups_load(const char *path, struct seed_fixups *ret_fixups, struct err *err)
{
	own(yaml) yaml = {0};
	own(seed_fixups) fixups = {0};
	if (yaml_load(path, MAX_SEED_BYTES, &yaml, err) < 0)
		return -1;
	if (!yaml.root || yaml_expect(&yaml, yaml.root, YAML_MAP, "the seed", err) < 0)
		return -1;
	const struct yaml_node *groups = yaml_get(yaml.root, "fixups");
	if (groups && yaml_expect(&yaml, groups, YAML_MAP, "fixups", err) < 0)
		return -1;
	for (size_t i = 0; groups && i < groups->count; i++)
		if (add_group(&fixups, &yaml, groups->items[i], groups->keys[i], err) < 0)
			return -1;
	*ret_fixups = fixups;
	fixups = (struct seed_fixups){0};
	return 0;
}

/* Links in the unpacked tree may lead out of it (/var/run -> /run): nothing is written through
 * one. */
static int refuse_links(const char *root, const char *path, struct err *err)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		own_free char *part = mem_strndup(path, (size_t)(slash - path));
		own_free char *full = path_join(root, part);
		own_free char *target = fs_read_link(full);
		if (target)
			return err_set(err, ERR_INPUT, "fix-up %s: %s is a symbolic link (to %s)",
			               path, part, target);
	}
	return 0;
}

/* Files, links and empty directories (/var/run in some package) give way; others don't. */
static int make_room(const char *path)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return errno == EISDIR || errno == EPERM ? rmdir(path) : -1;
}

/* In the order of the names, so that the same packages give the same bundle. */
static int bundle(const char *dir, const char *path, struct err *err)
{
	own(strv) names = {0};
	own(str) text = {0};
	if (fs_list(dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own_free char *file = path_join(dir, names.items[i]);
		if (fs_is_file(file) && fs_read(file, MAX_BUNDLE_BYTES, &text, err) < 0)
			return -1;
	}
	return fs_write_text(path, str_text(&text), err);
}

int seed_fixup_apply(const struct fixup *fixup, const char *root, struct err *err)
{
	if (refuse_links(root, fixup->path, err) < 0)
		return -1;
	own_free char *path = path_join(root, fixup->path);
	if (fixup->kind == FIXUP_DIR)
		return fs_make_dirs(path, 0755, err);
	if (fs_make_parents(path, err) < 0)
		return -1;
	if (make_room(path) < 0)
		return err_errno(err, "%s", path);
	if (fixup->kind == FIXUP_LINK)
		return symlink(fixup->text, path) < 0 ? err_errno(err, "%s", path) : 0;
	if (fixup->kind == FIXUP_FILE)
		return fs_write_text(path, fixup->text, err);
	if (refuse_links(root, fixup->text, err) < 0)
		return -1;
	own_free char *from = path_join(root, fixup->text);
	if (fixup->kind == FIXUP_BUNDLE)
		return bundle(from, path, err);
	return fs_copy_file(from, path, 0644, err);
}
