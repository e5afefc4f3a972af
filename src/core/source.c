/* Source files: found in the cache by digest, fetched from mirrors when missing. */
#include "source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "fetch.h"
#include "fs.h"
#include "hash.h"
#include "lease.h"
#include "map.h"
#include "mirror.h"
#include "own.h"
#include "path.h"
#include "pkg.h"

/* For sources without a declared size. */
#define MAX_SOURCE_BYTES (UINT64_C(4) << 30)

void source_release(struct source *source)
{
	strv_release(&source->urls);
	free(source->signature_url);
	free(source->signature_key);
	free(source->into);
	strv_release(&source->exclude);
	*source = (struct source){0};
}

/* The last part of the first address, without query: what people look for in the cache. */
static char *file_name(const struct source *source)
{
	const char *url = source->urls.count ? source->urls.items[0] : "";
	own_free char *plain = mem_strndup(url, strcspn(url, "?#"));
	const char *name = path_base(plain);
	return mem_strdup(path_is_safe(name) ? name : "source");
}

char *source_cache_path(const struct workspace *workspace, const struct source *source)
{
	own_free char *name = file_name(source);
	return workspace_cache(workspace, "downloads/%.2s/%s-%s", source->sha256, source->sha256,
	                       name);
}

bool source_is_cached(const struct workspace *workspace, const struct source *source)
{
	own_free char *path = source_cache_path(workspace, source);
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (!source->size_bytes || (uint64_t)st.st_size == source->size_bytes);
}

/* Files to fetch, and the text they borrow. */
struct wanted {
	VEC(struct fetch_file) files;
	VEC(size_t) sources; /* of which source each file is */
	VEC(struct strv *) urls;
	struct strv paths, names;
	struct map by_path;
	struct mirrors mirrors;
	bool mirrors_loaded;
	const struct source_hooks *hooks;
};

static void wanted_release(struct wanted *wanted)
{
	for (vec_each(urls, &wanted->urls)) {
		strv_release(*urls);
		free(*urls);
	}
	vec_release(&wanted->urls);
	vec_release(&wanted->files);
	vec_release(&wanted->sources);
	strv_release(&wanted->paths);
	strv_release(&wanted->names);
	map_release(&wanted->by_path);
	mirrors_release(&wanted->mirrors);
}

/* Mirrors are looked up for what is missing only: a full cache needs no mirror. */
static int expand_urls(struct wanted *wanted, const struct workspace *workspace,
                       const struct source *source, struct strv *urls, struct err *err)
{
	if (source_is_cached(workspace, source))
		return 0;
	if (!wanted->mirrors_loaded && mirrors_load(workspace, &wanted->mirrors, err) < 0)
		return -1;
	wanted->mirrors_loaded = true;
	for (size_t i = 0; i < source->urls.count; i++)
		if (mirrors_expand(&wanted->mirrors, source->urls.items[i], urls, err) < 0)
			return -1;
	return 0;
}

static int want(struct wanted *wanted, const struct workspace *workspace,
                const struct source *source, size_t index, struct err *err)
{
	own_free char *path = source_cache_path(workspace, source);
	if (map_get(&wanted->by_path, path))
		return 0;
	lease_mark(workspace, path);
	struct strv *urls = mem_alloc(sizeof *urls);
	vec_push(&wanted->urls, urls);
	strv_take(&wanted->names, file_name(source));
	strv_take(&wanted->paths, steal_ptr(path));
	const char *kept = wanted->paths.items[wanted->paths.count - 1];
	const char *name = wanted->names.items[wanted->names.count - 1];
	map_set(&wanted->by_path, kept, urls);
	if (expand_urls(wanted, workspace, source, urls, err) < 0)
		return err_wrap(err, "%s", name);
	vec_push(&wanted->sources, index);
	vec_push(&wanted->files, (struct fetch_file){.name = name,
	                                             .path = kept,
	                                             .urls = urls,
	                                             .size_bytes = source->size_bytes,
	                                             .max_bytes = MAX_SOURCE_BYTES,
	                                             .sha256 = source->sha256});
	return 0;
}

static int on_done(void *context, size_t index, struct err *err)
{
	const struct wanted *wanted = context;
	return wanted->hooks->done(wanted->hooks->context, wanted->sources.items[index], err);
}

static int on_watched(void *context, struct err *err)
{
	const struct wanted *wanted = context;
	return wanted->hooks->watched(wanted->hooks->context, err);
}

int source_fetch_hooked(const struct workspace *workspace, const struct source *const *sources,
                        size_t count, const struct source_hooks *hooks,
                        const struct event_sink *sink, struct err *err)
{
	own(wanted) wanted = {.hooks = hooks};
	for (size_t i = 0; i < count; i++)
		if (want(&wanted, workspace, sources[i], i, err) < 0)
			return -1;
	struct fetch_options options = {
		.done = hooks->done ? on_done : NULL,
		.watch_fd = hooks->watch_fd,
		.watched = on_watched,
		.context = &wanted,
	};
	return fetch_all(wanted.files.items, wanted.files.count, &options, sink, err);
}

/* In the cache, and marked as used. */
static bool is_at_hand(const struct workspace *workspace, const struct source *source)
{
	own_free char *path = source_cache_path(workspace, source);
	return lease_mark(workspace, path) && source_is_cached(workspace, source);
}

int source_fetch_all(const struct workspace *workspace, const struct source *const *sources,
                     size_t count, const struct event_sink *sink, struct err *err)
{
	VEC(const struct source *) missing = {0};
	for (size_t i = 0; i < count; i++)
		if (!is_at_hand(workspace, sources[i]))
			vec_push(&missing, sources[i]);
	struct source_hooks none = {0};
	int result = source_fetch_hooked(workspace, missing.items, missing.count, &none, sink, err);
	vec_release(&missing);
	return result;
}

char *source_destination(const struct source *source, const char *dir)
{
	own_free char *below = source->into ? path_join(dir, source->into) : mem_strdup(dir);
	if (source->extract)
		return steal_ptr(below);
	return path_join(below, path_base(source->urls.items[0]));
}

static bool is_excluded(const void *context, const char *path)
{
	return pkg_globs_match(context, path);
}

int source_place(const struct workspace *workspace, const struct source *source, const char *dir,
                 time_t *newest, struct err *err)
{
	own_free char *cached = source_cache_path(workspace, source);
	own_free char *dest = source_destination(source, dir);
	struct archive_choice choice = {.strip = source->strip, .context = &source->exclude};
	time_t date = 0;
	if (source->exclude.count)
		choice.excludes = is_excluded;
	if (!source->extract)
		return fs_make_parents(dest, err) < 0 ? -1 : fs_copy_file(cached, dest, 0644, err);
	if (fs_make_dirs(dest, 0755, err) < 0)
		return -1;
	if (archive_unpack(cached, dest, &choice, NULL, &date, err) < 0)
		return err_wrap(err, "unpack %s", path_base(source->urls.items[0]));
	if (date > *newest)
		*newest = date;
	return 0;
}

/* A file that is not what its name says is in the way of the right one. */
static int drop_damaged(const struct workspace *workspace, const struct source *source,
                        const struct event_sink *sink, struct err *err)
{
	own_free char *path = source_cache_path(workspace, source);
	struct digest found, wanted;
	if (!source_is_cached(workspace, source))
		return 0;
	if (digest_file(path, &found, err) < 0)
		return -1;
	if (digest_parse(source->sha256, &wanted) && digest_equal(&found, &wanted))
		return 0;
	event_warn(sink, "%s: damaged in the download cache: fetched anew", path);
	return unlink(path) < 0 && errno != ENOENT ? err_errno(err, "%s", path) : 0;
}

int source_fetch_checked(const struct workspace *workspace, const struct source *const *sources,
                         size_t count, const struct event_sink *sink, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (drop_damaged(workspace, sources[i], sink, err) < 0)
			return -1;
	return source_fetch_all(workspace, sources, count, sink, err);
}

void source_of_lock_file(const struct lock_file *file, struct source *ret_source)
{
	*ret_source = (struct source){.size_bytes = file->size_bytes};
	strv_add(&ret_source->urls, file->url);
	snprintf(ret_source->sha256, sizeof ret_source->sha256, "%s", file->sha256);
}
