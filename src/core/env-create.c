/* Creating the environment: download, verify, unpack side by side; publish by one rename.
 *
 * Everything happens in out/env/.tmp-…, under a lock. Only a whole environment is
 * ever called out/env/<digest>; what a killed run left is removed by the next one, and what it had
 * downloaded is used. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "env-unpack.h"
#include "env.h"
#include "fs.h"
#include "lease.h"
#include "own.h"
#include "path.h"
#include "source.h"
#include "str.h"

enum { MAX_UNPACKERS = 8 }; /* a decompressor may need 64 MiB */

/* A package on its way into a layer. */
struct package {
	const struct lock_file *file;
	struct source source;
	char *path, *dest;
};

/* One creation. */
struct create {
	const struct workspace *workspace;
	const struct env *env;
	const struct event_sink *sink;
	char *temporary;              /* becomes env->dir */
	VEC(struct package) packages; /* largest first: the longest jobs must not come last */
	VEC(struct unpack_job) jobs;  /* one a package, in the same order */
	struct unpackers *unpackers;
	struct timespec started;
};

static void create_release(struct create *create)
{
	unpackers_free(create->unpackers);
	for (vec_each(package, &create->packages)) {
		source_release(&package->source);
		free(package->path);
		free(package->dest);
	}
	vec_release(&create->packages);
	vec_release(&create->jobs);
	if (create->temporary)
		fs_remove_tree(create->temporary, NULL);
	free(create->temporary);
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void emit(struct create *create, enum event_kind kind)
{
	struct event event = {
		.kind = kind,
		.task = "unpack",
		.unit = "packages",
		.done = unpackers_done(create->unpackers),
		.total = create->packages.count,
	};
	if (kind == EVENT_END)
		event.seconds = seconds_since(&create->started);
	event_emit(create->sink, &event);
}

/* ---- what there is to do */

static int larger_first(const void *a, const void *b)
{
	const struct lock_file *x = ((const struct package *)a)->file;
	const struct lock_file *y = ((const struct package *)b)->file;
	if (x->size_bytes != y->size_bytes)
		return x->size_bytes > y->size_bytes ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void list_packages(struct create *create)
{
	const struct env *env = create->env;
	for (vec_each(file, &env->lock.files)) {
		int layer = env_layer_of(env, file);
		if (layer < 0)
			continue;
		struct package package = {.file = file};
		source_of_lock_file(file, &package.source);
		package.path = source_cache_path(create->workspace, &package.source);
		package.dest = mem_printf("%s/layers/%d", create->temporary, layer);
		vec_push(&create->packages, package);
	}
	vec_sort(&create->packages, larger_first);
}

/* What has long been in the cache is hashed before it is unpacked; what comes now has been hashed
 * while it came. */
static void list_jobs(struct create *create)
{
	for (vec_each(package, &create->packages)) {
		bool cached = source_is_cached(create->workspace, &package->source);
		vec_push(&create->jobs,
		         (struct unpack_job){.path = package->path,
		                             .dest = package->dest,
		                             .sha256 = cached ? package->file->sha256 : NULL});
	}
}

static int make_layers(struct create *create, struct err *err)
{
	for (size_t i = 0; i < create->env->layers.count; i++) {
		own_free char *dir = mem_printf("%s/layers/%zu", create->temporary, i);
		if (fs_make_dirs(dir, 0755, err) < 0)
			return -1;
	}
	return 0;
}

static unsigned core_count(void)
{
	cpu_set_t cores;
	int count = sched_getaffinity(0, sizeof cores, &cores) < 0 ? 1 : CPU_COUNT(&cores);
	return count > 0 ? (unsigned)count : 1;
}

/* ---- doing it */

/* Notes, which a log shows, too: without a terminal nothing else is said, and it takes long. */
static void tell_beginning(const struct create *create)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < create->packages.count; i++)
		if (create->jobs.items[i].sha256 == NULL)
			bytes += create->packages.items[i].file->size_bytes;
	if (bytes)
		event_note(create->sink, "creating the environment: %zu packages, %.1f MB to fetch",
		           create->packages.count, (double)bytes / 1e6);
	else
		event_note(create->sink, "creating the environment: %zu packages, all in the cache",
		           create->packages.count);
}

static void tell_end(const struct create *create)
{
	event_note(create->sink, "the environment is there, after %.0f s",
	           seconds_since(&create->started));
}

static int on_fetched(void *context, size_t index, struct err *err)
{
	struct create *create = context;
	return unpackers_push(create->unpackers, index, err);
}

static int on_unpacked(void *context, struct err *err)
{
	struct create *create = context;
	if (unpackers_collect(create->unpackers, err) < 0)
		return -1;
	emit(create, EVENT_PROGRESS);
	return 0;
}

static void show_unpacked(void *context)
{
	emit(context, EVENT_PROGRESS);
}

static int fetch_and_unpack(struct create *create, struct err *err)
{
	VEC(const struct source *) sources = {0};
	for (vec_each(package, &create->packages))
		vec_push(&sources, &package->source);
	struct source_hooks hooks = {
		.done = on_fetched,
		.watch_fd = unpackers_fd(create->unpackers),
		.watched = on_unpacked,
		.context = create,
	};
	emit(create, EVENT_BEGIN);
	int result = source_fetch_hooked(create->workspace, sources.items, sources.count, &hooks,
	                                 create->sink, err);
	vec_release(&sources);
	if (result < 0 || unpackers_finish(create->unpackers, show_unpacked, create, err) < 0)
		return -1;
	emit(create, EVENT_END);
	return 0;
}

static int apply_fixups(struct create *create, struct err *err)
{
	const struct env *env = create->env;
	for (vec_each(fixup, &env->fixups.items)) {
		struct lock_file as_file = {.groups = fixup->group};
		int layer = env_layer_of(env, &as_file);
		if (layer < 0)
			continue; /* a toolchain's */
		own_free char *root = mem_printf("%s/layers/%d", create->temporary, layer);
		if (seed_fixup_apply(fixup, root, err) < 0)
			return -1;
	}
	return 0;
}

/* For people and `sdk status`: which layer is what, and which packages are in it. */
static int write_manifest(struct create *create, struct err *err)
{
	own(str) text = {0};
	const struct env *env = create->env;
	for (size_t i = 0; i < env->layers.count; i++)
		str_addf(&text, "layer\t%zu\t%s\n", i, env->layers.items[i]);
	for (vec_each(file, &env->lock.files))
		if (env_layer_of(env, file) >= 0)
			str_addf(&text, "package\t%d\t%s\t%s\t%s\n", env_layer_of(env, file),
			         file->name, file->version, file->sha256);
	own_free char *path = path_join(create->temporary, "manifest");
	return fs_write_text(path, str_text(&text), err);
}

static int publish(struct create *create, struct err *err)
{
	if (chmod(create->temporary, 0755) < 0)
		return err_errno(err, "%s", create->temporary);
	if (fs_publish(create->temporary, create->env->dir, err) < 0)
		return -1;
	free(steal_ptr(create->temporary));
	return 0;
}

/* Under the lock every temporary directory is a dead run's, whatever process has its number now. */
static int remove_left_overs(const char *parent, struct err *err)
{
	own(strv) names = {0};
	if (fs_list(parent, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own_free char *path = path_join(parent, names.items[i]);
		if (str_starts(names.items[i], ".tmp-") && fs_remove_tree(path, err) < 0)
			return -1;
	}
	return 0;
}

static int create_locked(const struct workspace *workspace, const struct env *env, unsigned jobs,
                         const struct event_sink *sink, struct err *err)
{
	own(create) create = {.workspace = workspace, .env = env, .sink = sink};
	own_free char *parent = path_dir(env->dir);
	clock_gettime(CLOCK_MONOTONIC, &create.started);
	if (fs_make_dirs(parent, 0755, err) < 0 || remove_left_overs(parent, err) < 0 ||
	    fs_make_temporary(parent, &create.temporary, err) < 0 || make_layers(&create, err) < 0)
		return -1;
	list_packages(&create);
	list_jobs(&create);
	jobs = jobs ? jobs : core_count();
	tell_beginning(&create);
	create.unpackers = unpackers_start(create.jobs.items, create.jobs.count,
	                                   jobs < MAX_UNPACKERS ? jobs : MAX_UNPACKERS, err);
	if (!create.unpackers || fetch_and_unpack(&create, err) < 0 ||
	    apply_fixups(&create, err) < 0 || write_manifest(&create, err) < 0)
		return -1;
	if (publish(&create, err) < 0)
		return -1;
	tell_end(&create);
	return 0;
}

static int take_lock(const struct workspace *workspace, const struct event_sink *sink, int *ret_fd,
                     struct err *err)
{
	own_free char *path = env_lock_path(workspace);
	own(err) busy = {0};
	if (fs_lock(path, true, false, ret_fd, &busy) == 0)
		return 0;
	if (busy.sys_errno != EWOULDBLOCK)
		return err_move(err, &busy);
	event_note(sink, "another run is creating the environment; waiting for it");
	return fs_lock(path, true, true, ret_fd, err);
}

int env_create(const struct workspace *workspace, unsigned jobs, const struct event_sink *sink,
               struct err *err)
{
	own(env) env = {0};
	own_fd int lock = -1;
	if (env_open_lock(workspace, &env, err) < 0)
		return -1;
	if (lease_mark(workspace, env.dir))
		return 0;
	if (take_lock(workspace, sink, &lock, err) < 0)
		return -1;
	if (lease_mark(workspace, env.dir)) /* made by the run that we waited for */
		return 0;
	if (create_locked(workspace, &env, jobs, sink, err) < 0)
		return err_wrap(err, "create the environment");
	return 0;
}
