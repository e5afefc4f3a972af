/* From names of packages to a lock: which files each group takes. */
#include "seed.h"

#include <stdlib.h>
#include <string.h>

#include "own.h"
#include "seed-index.h"
#include "solv.h"
#include "str.h"

/* A package that some group takes. */
struct taken {
	int package;
	struct str groups; /* "base,kernel" */
};

struct resolution {
	const struct seed *seed;
	struct solv *solv;
	VEC(struct taken) taken;
};

static void resolution_release(struct resolution *resolution)
{
	for (vec_each(taken, &resolution->taken))
		str_release(&taken->groups);
	vec_release(&resolution->taken);
	solv_close(resolution->solv);
}

/* ---- names */

static int unknown_package(const struct resolution *resolution, const struct seed_group *group,
                           const struct yaml_node *node, struct err *err)
{
	const char *nearest = solv_nearest(resolution->solv, node->text);
	yaml_error(&resolution->seed->yaml, node, err, "group %s: no index has a package \"%s\"",
	           group->name, node->text);
	if (nearest)
		err_hint(err, "did you mean \"%s\"? (names that others merely provide don't count)",
		         nearest);
	return -1;
}

static int find_packages(const struct resolution *resolution, const struct seed_group *group,
                         struct solv_set *set, struct err *err)
{
	for (vec_each(node, &group->packages)) {
		int package = solv_find(resolution->solv, (*node)->text);
		if (!package)
			return unknown_package(resolution, group, *node, err);
		vec_push(set, package);
	}
	return 0;
}

/* ---- sets */

static bool set_has(const struct solv_set *set, int package)
{
	for (vec_each(member, set))
		if (*member == package)
			return true;
	return false;
}

/* What all groups together need. */
static int solve_whole(const struct resolution *resolution, struct solv_set *ret_whole,
                       struct err *err)
{
	own(solv_set) wanted = {0};
	for (vec_each(group, &resolution->seed->groups))
		if (group->closure && find_packages(resolution, group, &wanted, err) < 0)
			return -1;
	if (solv_closure(resolution->solv, &wanted, NULL, ret_whole, err) < 0)
		return err_wrap(err, "%s: the groups can't go together",
		                resolution->seed->yaml.path);
	return 0;
}

static const struct seed_group *base_group(const struct seed *seed)
{
	for (vec_each(group, &seed->groups))
		if (str_equal(group->name, "base"))
			return group;
	abort(); /* seed_load has seen it */
}

/* What the group needs besides base. */
static int solve_group(const struct resolution *resolution, const struct seed_group *group,
                       const struct solv_set *whole, struct solv_set *ret_set, struct err *err)
{
	own(solv_set) wanted = {0};
	if (find_packages(resolution, group, &wanted, err) < 0)
		return -1;
	if (!group->closure) {
		*ret_set = wanted;
		wanted = (struct solv_set){0};
		return 0;
	}
	const struct seed_group *base = base_group(resolution->seed);
	if (group != base && find_packages(resolution, base, &wanted, err) < 0)
		return -1;
	if (solv_closure(resolution->solv, &wanted, whole, ret_set, err) < 0)
		return err_wrap(err, "%s: group %s", resolution->seed->yaml.path, group->name);
	return 0;
}

static void take(struct resolution *resolution, int package, const char *group)
{
	for (vec_each(taken, &resolution->taken))
		if (taken->package == package) {
			str_addf(&taken->groups, ",%s", group);
			return;
		}
	vec_push(&resolution->taken, (struct taken){.package = package});
	str_add(&resolution->taken.items[resolution->taken.count - 1].groups, group);
}

static int solve_groups(struct resolution *resolution, struct err *err)
{
	own(solv_set) whole = {0}, base = {0};
	const struct seed_group *first = base_group(resolution->seed);
	if (solve_whole(resolution, &whole, err) < 0 ||
	    solve_group(resolution, first, &whole, &base, err) < 0)
		return -1;
	/* Groups are sorted by name, and so are then the groups of each package. */
	for (vec_each(group, &resolution->seed->groups)) {
		own(solv_set) set = {0};
		if (solve_group(resolution, group, &whole, &set, err) < 0)
			return -1;
		for (vec_each(package, &set))
			if (group == first || !group->closure || !set_has(&base, *package))
				take(resolution, *package, group->name);
	}
	return 0;
}

/* ---- the lock */

static int add_file(struct resolution *resolution, const struct taken *taken, struct lock *lock,
                    struct err *err)
{
	struct solv_package package;
	struct arena *arena = &lock->arena;
	solv_describe(resolution->solv, taken->package, &package);
	if (!package.path || !package.sha256 || !package.size_bytes)
		return err_set(err, ERR_INPUT,
		               "package %s %s: its index tells no file name, "
		               "SHA-256 or size",
		               package.name, package.version);
	const char *mirror = resolution->seed->indexes.items[package.index].mirror;
	vec_push(&lock->files,
	         (struct lock_file){
			 .name = arena_strdup(arena, package.name),
			 .version = arena_strdup(arena, package.version),
			 .arch = arena_strdup(arena, package.arch),
			 .url = arena_printf(arena, "mirror://%s/%s", mirror, package.path),
			 .size_bytes = package.size_bytes,
			 .sha256 = arena_strdup(arena, package.sha256),
			 .groups = arena_strdup(arena, str_text(&taken->groups)),
		 });
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct lock_file *)a)->name, ((const struct lock_file *)b)->name);
}

/* Goes through the lock's text, so that what is written is what can be read. */
static int finish(struct lock *lock, struct lock *ret_lock, struct err *err)
{
	own(str) text = {0};
	vec_sort(&lock->files, compare_names);
	for (size_t i = 1; i < lock->files.count; i++) {
		const struct lock_file *a = &lock->files.items[i - 1], *b = a + 1;
		if (str_equal(a->name, b->name))
			return err_set(err, ERR_INPUT, "package %s: group %s takes %s, group %s %s",
			               a->name, a->groups, a->version, b->groups, b->version);
	}
	lock_format(lock, &text);
	if (lock_parse("the new lock", str_text(&text), text.len, ret_lock, err) < 0)
		return err_wrap(err, "an index holds what no lock may");
	return 0;
}

static int make_lock(struct resolution *resolution, const char *arch, struct lock *ret_lock,
                     struct err *err)
{
	own(lock) lock = {.suite = resolution->seed->suite, .arch = arch};
	for (vec_each(taken, &resolution->taken))
		if (add_file(resolution, taken, &lock, err) < 0)
			return -1;
	return finish(&lock, ret_lock, err);
}

int seed_resolve(const struct workspace *workspace, const struct seed *seed, const char *arch,
                 const struct event_sink *sink, struct lock *ret_lock, struct err *err)
{
	own(resolution) resolution = {.seed = seed, .solv = solv_open(arch)};
	if (seed_index_read_all(workspace, seed, arch, sink, resolution.solv, err) < 0 ||
	    solve_groups(&resolution, err) < 0)
		return -1;
	return make_lock(&resolution, arch, ret_lock, err);
}
