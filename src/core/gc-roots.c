/* What gc must keep: plans of all boards, the last builds, the seed, the recipes' sources. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "board.h"
#include "fs.h"
#include "gc-parts.h"
#include "overlay.h"
#include "own.h"
#include "path.h"
#include "session.h"
#include "store.h"

enum { MAX_LIST_BYTES = 4 << 20 };

void gc_roots_release(struct gc_roots *roots)
{
	struct map *const maps[] = {&roots->outputs, &roots->keys,   &roots->downloads,
	                            &roots->dirs,    &roots->labels, &roots->packages};
	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
		map_release(maps[i]);
	arena_release(&roots->arena);
}

/* The first reason stands. */
static void add(struct gc_roots *roots, struct map *map, const char *id, const char *why)
{
	if (!map_get(map, id))
		map_set(map, arena_strdup(&roots->arena, id), arena_strdup(&roots->arena, why));
}

void gc_roots_label(struct gc_roots *roots, const struct record *record)
{
	for (vec_each(output, &record->outputs))
		if (!map_get(&roots->labels, output->digest))
			map_set(&roots->labels, arena_strdup(&roots->arena, output->digest),
			        arena_printf(&roots->arena, "%s %s %s (%s)", record->package,
			                     record->version, output->name, record->arch));
}

static void add_record(struct gc_roots *roots, const struct record *record, const char *why)
{
	add(roots, &roots->keys, record->key, why);
	for (vec_each(output, &record->outputs))
		add(roots, &roots->outputs, output->digest, why);
}

/* Whose needs are not known may need anything. */
static void add_unknown(struct gc_roots *roots, struct map *map, const char *who,
                        const struct err *wrong, const struct event_sink *sink)
{
	own_free char *why = mem_printf("what %s needs is not known", who);
	event_warn(sink, "%s, so more than that is kept: %s", why, wrong->message);
	add(roots, map, GC_ALL, why);
}

/* ---- the boards' plans */

static void add_plan(struct gc_roots *roots, const struct graph *graph, const char *board)
{
	own_free char *why = mem_printf("plan of %s", board);
	for (vec_each(node, &graph->nodes))
		if ((*node)->state == NODE_DONE)
			add_record(roots, &(*node)->record, why);
}

static int plan_board(const struct workspace *workspace, const char *name, struct gc_roots *roots,
                      struct err *err)
{
	__attribute__((cleanup(board_free_ptr))) struct board *board = NULL;
	own(build_session) session = {0};
	if (board_load(workspace, name, &board, err) < 0)
		return -1;
	struct build_request request = {
		.arch = board->arch, .packages = &board->packages, .options = &board->options};
	if (session_make(workspace, &request, &session, err) < 0)
		return -1;
	add_plan(roots, &session.graph, name);
	return 0;
}

static int add_boards(const struct workspace *workspace, struct gc_roots *roots,
                      const struct event_sink *sink, struct err *err)
{
	own(strv) names = {0};
	if (board_list(workspace, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own(err) wrong = {0};
		if (plan_board(workspace, names.items[i], roots, &wrong) == 0)
			continue;
		own_free char *who = mem_printf("board %s", names.items[i]);
		add_unknown(roots, &roots->outputs, who, &wrong, sink);
		add(roots, &roots->keys, GC_ALL, map_get(&roots->outputs, GC_ALL));
	}
	return 0;
}

/* ---- the environment and the toolchains */

static void add_dir(struct gc_roots *roots, const struct digest *digest, const char *why)
{
	char hex[DIGEST_HEX];
	digest_hex(digest, hex);
	add(roots, &roots->dirs, hex, why);
}

static void add_toolchains(const struct workspace *workspace, const struct env *env,
                           struct gc_roots *roots, const struct event_sink *sink)
{
	own_free char *dir = workspace_root(workspace, "toolchains");
	own(strv) names = {0};
	fs_list(dir, &names, NULL);
	for (size_t i = 0; i < names.count; i++) {
		own(err) wrong = {0};
		own(toolchain) toolchain = {0};
		if (!str_ends(names.items[i], ".yaml"))
			continue;
		own_free char *arch = mem_strndup(names.items[i], strlen(names.items[i]) - 5);
		if (toolchain_load(workspace, env, arch, &toolchain, &wrong) == 0)
			add_dir(roots, &toolchain.digest, "current toolchain");
		else
			add_unknown(roots, &roots->dirs, names.items[i], &wrong, sink);
	}
}

static void add_lock(struct gc_roots *roots, const struct lock *lock)
{
	for (vec_each(file, &lock->files))
		add(roots, &roots->downloads, file->sha256, "the seed names it");
}

/* The other build machines' seeds too: their packages are in the same cache. */
static void add_seeds(const struct workspace *workspace, struct gc_roots *roots,
                      const struct event_sink *sink)
{
	own_free char *dir = workspace_root(workspace, "bootstrap");
	own(strv) names = {0};
	fs_list(dir, &names, NULL);
	for (size_t i = 0; i < names.count; i++) {
		own(err) wrong = {0};
		struct lock lock = {0};
		own_free char *path = path_join(dir, names.items[i]);
		if (!str_starts(names.items[i], "seed.") || !str_ends(names.items[i], ".lock"))
			continue;
		if (lock_load(path, &lock, &wrong) < 0) {
			add_unknown(roots, &roots->downloads, names.items[i], &wrong, sink);
			continue;
		}
		add_lock(roots, &lock);
		lock_release(&lock);
	}
}

/* ---- recipes and builds */

struct recipe_watch {
	struct gc_roots *roots;
	const struct event_sink *sink;
};

static void keep_downloads(void *context, const char *name, struct err *err)
{
	const struct recipe_watch *watch = context;
	own_free char *who = mem_printf("recipe %s", name);
	add_unknown(watch->roots, &watch->roots->downloads, who, err, watch->sink);
}

static int add_recipes(const struct workspace *workspace, struct gc_roots *roots,
                       const struct event_sink *sink, struct err *err)
{
	own(recipe_set) set = {0};
	if (overlay_open_recipes(workspace, &set, err) < 0)
		return -1;
	struct recipe_watch watch = {roots, sink};
	recipe_set_load_each(&set, keep_downloads, &watch);
	for (size_t i = 0; i < set.names.count; i++) {
		const struct recipe *recipe;
		add(roots, &roots->packages, set.names.items[i], "recipe");
		if (recipe_set_get(&set, set.names.items[i], &recipe, NULL) < 0)
			continue;
		for (vec_each(source, &recipe->sources))
			add(roots, &roots->downloads, source->sha256, "a recipe names it");
	}
	return 0;
}

struct build {
	char *key;
	struct timespec time;
};

static int newest_first(const void *a, const void *b)
{
	const struct timespec *x = &((const struct build *)a)->time;
	const struct timespec *y = &((const struct build *)b)->time;
	if (x->tv_sec != y->tv_sec)
		return x->tv_sec > y->tv_sec ? -1 : 1;
	return x->tv_nsec > y->tv_nsec ? -1 : x->tv_nsec < y->tv_nsec;
}

/* The last ones that were made or used of one package. */
static void add_builds(const struct workspace *workspace, const char *arch, const char *package,
                       unsigned keep, struct gc_roots *roots)
{
	own_free char *dir = workspace_out(workspace, "keys/%s/%s", arch, package);
	own(strv) names = {0};
	VEC(struct build) builds = {0};
	fs_list(dir, &names, NULL);
	for (size_t i = 0; i < names.count; i++) {
		own_free char *path = path_join(dir, names.items[i]);
		struct digest digest;
		struct stat st;
		if (digest_parse(names.items[i], &digest) && stat(path, &st) == 0)
			vec_push(&builds, (struct build){names.items[i], st.st_mtim});
	}
	vec_sort(&builds, newest_first);
	for (size_t i = 0; i < builds.count; i++) {
		own(record) record = {0};
		if (!record_load(workspace, arch, package, builds.items[i].key, &record))
			continue;
		gc_roots_label(roots, &record);
		if (i < keep && map_get(&roots->packages, package))
			add_record(roots, &record, "one of the last builds");
	}
	vec_release(&builds);
}

static void add_all_builds(const struct workspace *workspace, unsigned keep, struct gc_roots *roots)
{
	own_free char *dir = workspace_out(workspace, "keys");
	own(strv) arches = {0};
	fs_list(dir, &arches, NULL);
	for (size_t a = 0; a < arches.count; a++) {
		own_free char *arch_dir = path_join(dir, arches.items[a]);
		own(strv) packages = {0};
		fs_list(arch_dir, &packages, NULL);
		for (size_t i = 0; i < packages.count; i++)
			add_builds(workspace, arches.items[a], packages.items[i], keep, roots);
	}
}

/* packages.txt: name, version and digest, separated by tabs. */
void gc_roots_add_image(struct gc_roots *roots, const char *dir, const char *board)
{
	own_free char *path = path_join(dir, "packages.txt");
	own_free char *why = mem_printf("an image of %s", board);
	own(str) text = {0};
	own(strv) lines = {0};
	if (fs_read(path, MAX_LIST_BYTES, &text, NULL) < 0)
		return;
	strv_split(&lines, str_text(&text), "\n");
	for (size_t i = 0; i < lines.count; i++) {
		const char *digest = strrchr(lines.items[i], '\t');
		if (digest)
			add(roots, &roots->outputs, digest + 1, why);
	}
}

int gc_roots_find(const struct workspace *workspace, const struct gc_policy *policy,
                  const struct event_sink *sink, struct gc_roots *roots, struct err *err)
{
	own(env) env = {0};
	if (env_open_lock(workspace, &env, err) < 0)
		return -1;
	add_dir(roots, &env.digest, "current environment");
	add_toolchains(workspace, &env, roots, sink);
	add_seeds(workspace, roots, sink);
	if (add_recipes(workspace, roots, sink, err) < 0 ||
	    add_boards(workspace, roots, sink, err) < 0)
		return -1;
	add_all_builds(workspace, policy->keep_builds, roots);
	return 0;
}
