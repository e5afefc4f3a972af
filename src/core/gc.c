/* Garbage collection: decides by roots and age, and removes behind the gate. */
#include "gc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "env.h"
#include "fs.h"
#include "gc-parts.h"
#include "lease.h"
#include "own.h"
#include "path.h"

enum { DAY_S = 24 * 60 * 60 };

void gc_release(struct gc *gc)
{
	for (vec_each(item, &gc->items)) {
		free(item->name);
		free(item->path);
		free(item->id);
		free(item->why);
	}
	vec_release(&gc->items);
	*gc = (struct gc){0};
}

bool gc_drops(const struct gc_item *item)
{
	return item->verdict == GC_EXPIRED || item->verdict == GC_BROKEN ||
	       item->verdict == GC_OVER_SIZE;
}

int gc_judge(struct gc_item *item, enum gc_verdict verdict, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	free(item->why);
	item->why = mem_vprintf(format, args);
	item->verdict = verdict;
	va_end(args);
	return 0;
}

long gc_days(const struct gc_item *item)
{
	return (long)((time(NULL) - item->used.tv_sec) / DAY_S);
}

/* ---- deciding */

static const struct map *roots_of(const struct gc_roots *roots, const struct gc_item *item)
{
	static const struct {
		const char *area;
		size_t map;
	} maps[] = {
		{"store", offsetof(struct gc_roots, outputs)},
		{"package archives", offsetof(struct gc_roots, outputs)},
		{"records", offsetof(struct gc_roots, keys)},
		{"shared records", offsetof(struct gc_roots, keys)},
		{"downloads", offsetof(struct gc_roots, downloads)},
		{"environments", offsetof(struct gc_roots, dirs)},
		{"toolchains", offsetof(struct gc_roots, dirs)},
	};
	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
		if (str_equal(maps[i].area, item->area))
			return (const struct map *)((const char *)roots + maps[i].map);
	return NULL;
}

static int decide(const struct gc_policy *policy, const struct gc_roots *roots,
                  struct gc_item *item)
{
	const struct map *needed = roots_of(roots, item);
	const char *why = needed ? map_get(needed, item->id) : NULL;
	const char *why_all = needed ? map_get(needed, GC_ALL) : NULL;
	if (item->verdict != GC_YOUNG || item->why)
		return 0;
	if (why)
		return gc_judge(item, GC_NEEDED, "%s", why);
	long days = gc_days(item);
	if (days < (long)policy->keep_days || days < 0)
		return gc_judge(item, GC_YOUNG, "used in the last %u days", policy->keep_days);
	if (why_all)
		return gc_judge(item, GC_NEEDED, "%s", why_all);
	return gc_judge(item, GC_EXPIRED, "nothing needs it");
}

static int oldest_first(const void *a, const void *b)
{
	const struct gc_item *x = *(struct gc_item *const *)a, *y = *(struct gc_item *const *)b;
	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	return strcmp(x->path, y->path);
}

static uint64_t sum_kept(const struct gc *gc)
{
	uint64_t bytes = 0;
	for (vec_each(item, &gc->items))
		bytes += gc_drops(item) ? 0 : item->bytes;
	return bytes;
}

static void fit(struct gc *gc, uint64_t max_bytes, const struct event_sink *sink)
{
	VEC(struct gc_item *) young = {0};
	uint64_t bytes = sum_kept(gc);
	for (vec_each(item, &gc->items))
		if (item->verdict == GC_YOUNG)
			vec_push(&young, item);
	vec_sort(&young, oldest_first);
	for (size_t i = 0; i < young.count && bytes > max_bytes; i++) {
		bytes -= young.items[i]->bytes;
		gc_judge(young.items[i], GC_OVER_SIZE, "over the size");
	}
	if (bytes > max_bytes)
		event_warn(sink, "what is needed takes %" PRIu64 " MB, more than --max-size",
		           bytes / 1000000);
	vec_release(&young);
}

static const char *base_of(const struct workspace *workspace, bool is_cache)
{
	return is_cache ? workspace->cache : workspace->out;
}

/* What commands that run now may count on. */
static int spare_what_is_in_use(const struct workspace *workspace, bool is_cache, struct gc *gc,
                                struct err *err)
{
	struct lease_gate gate;
	if (!fs_is_dir(base_of(workspace, is_cache)))
		return 0;
	if (lease_shut_gate(base_of(workspace, is_cache), &gate, err) < 0)
		return -1;
	lease_gate_release(&gate);
	if (gate.holders > gc->holders)
		gc->holders = gate.holders;
	for (vec_each(item, &gc->items))
		if (item->is_cache == is_cache && item->verdict != GC_NEEDED &&
		    item->used.tv_sec >= gate.floor)
			gc_judge(item, GC_IN_USE, "a running command may use it");
	return 0;
}

static void sum_up(struct gc *gc)
{
	gc->kept_bytes = sum_kept(gc);
	gc->dropped_bytes = 0;
	for (vec_each(item, &gc->items))
		gc->dropped_bytes += gc_drops(item) ? item->bytes : 0;
}

int gc_plan(const struct workspace *workspace, const struct gc_policy *policy,
            const struct event_sink *sink, struct gc *ret_gc, struct err *err)
{
	own(gc_roots) roots = {0};
	own(gc) gc = {0};
	if (gc_roots_find(workspace, policy, sink, &roots, err) < 0 ||
	    gc_scan(workspace, policy, &roots, &gc, err) < 0)
		return -1;
	for (vec_each(item, &gc.items))
		decide(policy, &roots, item);
	if (spare_what_is_in_use(workspace, false, &gc, err) < 0 ||
	    spare_what_is_in_use(workspace, true, &gc, err) < 0)
		return -1;
	if (policy->max_bytes)
		fit(&gc, policy->max_bytes, sink);
	sum_up(&gc);
	*ret_gc = gc;
	gc = (struct gc){0};
	return 0;
}

/* ---- removing */

#define TRASH ".trash"

/* One pass over out/ or the cache. */
struct sweep {
	const struct workspace *workspace;
	bool is_cache;
	struct strv trash; /* directories of what was thrown away */
	struct lease_gate gate;
	unsigned next; /* name of the next thing in the trash */
};

static void sweep_release(struct sweep *sweep)
{
	strv_release(&sweep->trash);
	lease_gate_release(&sweep->gate);
}

/* <base>/<area>/.trash: a rename within an area stays on one file system. */
static int trash_for(struct sweep *sweep, const struct gc_item *item, char **ret_dir,
                     struct err *err)
{
	const char *base = base_of(sweep->workspace, sweep->is_cache);
	size_t length = strlen(base) + 1;
	length += strcspn(item->path + length, "/");
	*ret_dir = path_printf("%.*s/" TRASH, (int)length, item->path);
	if (strv_has(&sweep->trash, *ret_dir))
		return 0;
	strv_add(&sweep->trash, *ret_dir);
	return fs_make_dirs(*ret_dir, 0700, err);
}

/* A build has its tree, and `sdk create` its temporary one, under a lock of its own. Held until the
 * tree has its other name; -1: it is in use. */
static int lock_item(const struct workspace *workspace, const struct gc_item *item, int *ret_fd)
{
	own_free char *path = NULL;
	if (str_equal(item->area, "work trees"))
		path = path_printf("%s.lock", item->path);
	else if (str_equal(item->area, "environments"))
		path = env_lock_path(workspace);
	return path ? fs_lock(path, true, false, ret_fd, NULL) : 0;
}

static bool is_unused(const struct sweep *sweep, struct gc_item *item)
{
	struct stat st;
	if (lstat(item->path, &st) < 0)
		return false; /* gone by itself */
	if (st.st_mtim.tv_sec == item->used.tv_sec && st.st_mtim.tv_nsec == item->used.tv_nsec &&
	    st.st_mtim.tv_sec < sweep->gate.floor)
		return true;
	gc_judge(item, GC_IN_USE, "a running command may use it");
	return false;
}

static int throw_away(struct sweep *sweep, struct gc_item *item, struct err *err)
{
	own_fd int lock = -1;
	own_free char *dir = NULL;
	if (!is_unused(sweep, item))
		return 0;
	if (lock_item(sweep->workspace, item, &lock) < 0)
		return gc_judge(item, GC_IN_USE, "locked by a running command");
	if (trash_for(sweep, item, &dir, err) < 0)
		return -1;
	own_free char *to = path_printf("%s/%u", dir, sweep->next++);
	if (rename(item->path, to) < 0 && errno != ENOENT)
		return err_errno(err, "move %s away", item->path);
	item->removed = true;
	return 0;
}

/* The trash that a killed run left is emptied first, so that names are free. */
static int empty_trash(const struct workspace *workspace, bool is_cache, struct err *err)
{
	const char *base = base_of(workspace, is_cache);
	own(strv) names = {0};
	if (!fs_is_dir(base))
		return 0;
	if (fs_list(base, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own_free char *trash = path_printf("%s/%s/" TRASH, base, names.items[i]);
		own_free char *area = path_dir(trash);
		own_free char *elsewhere = fs_read_link(area);
		if (!elsewhere && fs_exists(trash) && fs_remove_tree(trash, err) < 0)
			return err_wrap(err, "%s", trash);
	}
	return 0;
}

/* The renames must not be overtaken by the removals when the machine goes down. */
static void sync_renames(const char *base)
{
	own_fd int fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)!syncfs(fd);
}

static int throw_all_away(struct sweep *sweep, struct gc *gc, struct err *err)
{
	const char *base = base_of(sweep->workspace, sweep->is_cache);
	if (lease_shut_gate(base, &sweep->gate, err) < 0)
		return -1;
	for (vec_each(item, &gc->items))
		if (item->is_cache == sweep->is_cache && gc_drops(item) &&
		    throw_away(sweep, item, err) < 0)
			return -1;
	lease_gate_release(&sweep->gate);
	return 0;
}

static int sweep_base(const struct workspace *workspace, bool is_cache, struct gc *gc,
                      struct err *err)
{
	const char *base = base_of(workspace, is_cache);
	own(sweep) sweep = {.workspace = workspace, .is_cache = is_cache, .gate = {.fd = -1}};
	own_fd int lock = -1;
	if (!fs_is_dir(base))
		return 0;
	if (lease_lock_gc(base, &lock, err) < 0 || empty_trash(workspace, is_cache, err) < 0 ||
	    throw_all_away(&sweep, gc, err) < 0)
		return -1;
	if (sweep.next)
		sync_renames(base);
	return empty_trash(workspace, is_cache, err);
}

int gc_run(const struct workspace *workspace, struct gc *gc, const struct event_sink *sink,
           struct err *err)
{
	event_emit(sink, &(struct event){.kind = EVENT_BEGIN, .task = "gc"});
	int result = sweep_base(workspace, false, gc, err);
	if (result == 0)
		result = sweep_base(workspace, true, gc, err);
	event_emit(sink, &(struct event){.kind = EVENT_END, .task = "gc", .status = result});
	sum_up(gc);
	return result;
}
