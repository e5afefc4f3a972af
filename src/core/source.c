/* Source files: found in the cache by digest, fetched from mirrors when missing. */
#include "source.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fetch.h"
#include "map.h"
#include "mirror.h"
#include "own.h"
#include "path.h"

void source_release(struct source *source)
{
	strv_release(&source->urls);
	free(source->signature_url);
	free(source->signature_key);
	free(source->into);
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
	VEC(struct strv *) urls;
	struct strv paths, names;
	struct map by_path;
};

static void wanted_release(struct wanted *wanted)
{
	for (vec_each(urls, &wanted->urls)) {
		strv_release(*urls);
		free(*urls);
	}
	vec_release(&wanted->urls);
	vec_release(&wanted->files);
	strv_release(&wanted->paths);
	strv_release(&wanted->names);
	map_release(&wanted->by_path);
}

static int want(struct wanted *wanted, const struct mirrors *mirrors, const char *path,
                const struct source *source, struct err *err)
{
	if (map_get(&wanted->by_path, path))
		return 0;
	struct strv *urls = mem_alloc(sizeof *urls);
	vec_push(&wanted->urls, urls);
	strv_add(&wanted->paths, path);
	strv_take(&wanted->names, file_name(source));
	const char *kept = wanted->paths.items[wanted->paths.count - 1];
	const char *name = wanted->names.items[wanted->names.count - 1];
	map_set(&wanted->by_path, kept, urls);
	for (size_t i = 0; i < source->urls.count; i++)
		if (mirrors_expand(mirrors, source->urls.items[i], urls, err) < 0)
			return err_wrap(err, "%s", name);
	vec_push(&wanted->files, (struct fetch_file){.name = name,
	                                             .path = kept,
	                                             .urls = urls,
	                                             .size_bytes = source->size_bytes,
	                                             .max_bytes = UINT64_C(4) << 30,
	                                             .sha256 = source->sha256});
	return 0;
}

int source_fetch_all(const struct workspace *workspace, const struct source *const *sources,
                     size_t count, const struct event_sink *sink, struct err *err)
{
	own(mirrors) mirrors = {0};
	own(wanted) wanted = {0};
	for (size_t i = 0; i < count; i++) {
		if (source_is_cached(workspace, sources[i]))
			continue;
		if (!mirrors.items.count && mirrors_load(workspace, &mirrors, err) < 0)
			return -1;
		own_free char *path = source_cache_path(workspace, sources[i]);
		if (want(&wanted, &mirrors, path, sources[i], err) < 0)
			return -1;
	}
	return fetch_all(wanted.files.items, wanted.files.count, NULL, sink, err);
}
