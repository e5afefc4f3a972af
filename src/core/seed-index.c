/* The seed's indexes: fetched, their signatures and digests checked, read into a solver.
 *
 * The chain: bootstrap/keys -> InRelease (signed) -> Packages (SHA-256 in InRelease) -> the lock.
 */
#include "seed-index.h"

#include <stdlib.h>
#include <time.h>

#include "debrelease.h"
#include "fetch.h"
#include "fs.h"
#include "mirror.h"
#include "own.h"
#include "path.h"
#include "sign.h"
#include "source.h"

enum { MAX_RELEASE_BYTES = 4 << 20 };

/* ---- Release files */

/* What fetching them takes; one of each for every index. */
struct release_fetch {
	char *dir; /* temporary: nothing unverified is kept */
	struct strv paths, names;
	VEC(struct strv) urls;
	VEC(struct fetch_file) files;
};

static void release_fetch_release(struct release_fetch *fetch)
{
	if (fetch->dir)
		fs_remove_tree(fetch->dir, NULL);
	free(fetch->dir);
	strv_release(&fetch->paths);
	strv_release(&fetch->names);
	for (vec_each(urls, &fetch->urls))
		strv_release(urls);
	vec_release(&fetch->urls);
	vec_release(&fetch->files);
}

static char *release_url(const struct seed_index *index)
{
	return mem_printf("mirror://%s/dists/%s/InRelease", index->mirror, index->suite);
}

static int prepare(const struct workspace *workspace, const struct seed *seed,
                   struct release_fetch *fetch, struct err *err)
{
	own(mirrors) mirrors = {0};
	own_free char *parent = workspace_cache(workspace, "indexes");
	if (mirrors_load(workspace, &mirrors, err) < 0 || fs_make_dirs(parent, 0755, err) < 0 ||
	    fs_clean_temporaries(parent, err) < 0 ||
	    fs_make_temporary(parent, &fetch->dir, err) < 0)
		return -1;
	for (vec_each(index, &seed->indexes)) {
		own_free char *url = release_url(index);
		strv_addf(&fetch->paths, "%s/%zu", fetch->dir, fetch->paths.count);
		strv_addf(&fetch->names, "%s InRelease", index->suite);
		vec_push(&fetch->urls, (struct strv){0});
		if (mirrors_expand(&mirrors, url, &fetch->urls.items[fetch->urls.count - 1], err) <
		    0)
			return -1;
	}
	for (size_t i = 0; i < fetch->paths.count; i++)
		vec_push(&fetch->files, (struct fetch_file){.name = fetch->names.items[i],
		                                            .path = fetch->paths.items[i],
		                                            .urls = &fetch->urls.items[i],
		                                            .max_bytes = MAX_RELEASE_BYTES});
	return 0;
}

static int open_keys(const struct workspace *workspace, const struct seed *seed, const char *dir,
                     struct sign_keys **ret_keys, struct err *err)
{
	own(strv) files = {0};
	for (size_t i = 0; i < seed->keyrings.count; i++)
		strv_take(&files, workspace_root(workspace, "%s", seed->keyrings.items[i]));
	return sign_keys_open(&files, dir, ret_keys, err);
}

static int verify(struct sign_keys *keys, const struct seed_index *index, const char *path,
                  struct str *ret_text, struct err *err)
{
	own(str) raw = {0};
	own_free char *url = release_url(index);
	if (fs_read(path, MAX_RELEASE_BYTES, &raw, err) < 0 ||
	    sign_verify_clear(keys, url, str_text(&raw), raw.len, ret_text, err) < 0)
		return -1;
	if (debrelease_check(str_text(ret_text), index->suite, time(NULL), err) < 0)
		return err_wrap(err, "%s", url);
	return 0;
}

/* Each index's verified Release text, in their order. */
static int fetch_releases(const struct workspace *workspace, const struct seed *seed,
                          const struct event_sink *sink, struct strv *ret_texts, struct err *err)
{
	own(release_fetch) fetch = {0};
	struct sign_keys *keys = NULL;
	if (prepare(workspace, seed, &fetch, err) < 0 ||
	    fetch_all(fetch.files.items, fetch.files.count, NULL, sink, err) < 0 ||
	    open_keys(workspace, seed, fetch.dir, &keys, err) < 0)
		return -1;
	int result = 0;
	for (size_t i = 0; i < seed->indexes.count && result == 0; i++) {
		own(str) text = {0};
		result = verify(keys, &seed->indexes.items[i], fetch.paths.items[i], &text, err);
		strv_take(ret_texts, str_steal(&text));
	}
	sign_keys_close(keys);
	return result;
}

/* ---- Packages files */

/* Sources as source_fetch_all wants them, and which index each belongs to. */
struct packages_fetch {
	VEC(struct source) sources;
	VEC(unsigned) indexes;
};

static void packages_fetch_release(struct packages_fetch *fetch)
{
	for (vec_each(source, &fetch->sources))
		source_release(source);
	vec_release(&fetch->sources);
	vec_release(&fetch->indexes);
}

static int not_listed(const struct seed_index *index, const char *path, struct err *err)
{
	own_free char *url = release_url(index);
	return err_set(err, ERR_INPUT, "%s: lists no %s", url, path);
}

/* Finds "<component>/binary-<arch>/Packages" in the best form there is. */
static int add_component(struct packages_fetch *fetch, const struct seed *seed, unsigned number,
                         const char *component, const char *arch, const char *release,
                         struct err *err)
{
	static const char *const forms[] = {".xz", ".gz", ""};
	const struct seed_index *index = &seed->indexes.items[number];
	own_free char *base = mem_printf("%s/binary-%s/Packages", component, arch);
	struct debrelease_file file;
	int found = 0;
	own_free char *path = NULL;
	for (size_t i = 0; i < sizeof forms / sizeof *forms && !found; i++) {
		free(path);
		path = mem_printf("%s%s", base, forms[i]);
		found = debrelease_find(release, path, &file, err);
	}
	if (found <= 0)
		return found ? -1 : not_listed(index, base, err);
	struct source source = {.size_bytes = file.size_bytes};
	snprintf(source.sha256, sizeof source.sha256, "%s", file.sha256);
	strv_addf(&source.urls, "mirror://%s/dists/%s/%s", index->mirror, index->suite, path);
	/* While the archive is being updated, the file of this Release has only this name left. */
	strv_addf(&source.urls, "mirror://%s/dists/%s/%s/binary-%s/by-hash/SHA256/%s",
	          index->mirror, index->suite, component, arch, file.sha256);
	vec_push(&fetch->sources, source);
	vec_push(&fetch->indexes, number);
	return 0;
}

static int find_packages(const struct seed *seed, const char *arch, const struct strv *releases,
                         struct packages_fetch *fetch, struct err *err)
{
	for (unsigned i = 0; i < seed->indexes.count; i++) {
		const struct strv *components = &seed->indexes.items[i].components;
		for (size_t c = 0; c < components->count; c++)
			if (add_component(fetch, seed, i, components->items[c], arch,
			                  releases->items[i], err) < 0)
				return -1;
	}
	return 0;
}

static int fetch_packages(const struct workspace *workspace, const struct packages_fetch *fetch,
                          const struct event_sink *sink, struct err *err)
{
	VEC(const struct source *) sources = {0};
	for (vec_each(source, &fetch->sources))
		vec_push(&sources, source);
	int result = source_fetch_all(workspace, sources.items, sources.count, sink, err);
	vec_release(&sources);
	return result;
}

int seed_index_read_all(const struct workspace *workspace, const struct seed *seed,
                        const char *arch, const struct event_sink *sink, struct solv *solv,
                        struct err *err)
{
	own(strv) releases = {0};
	own(packages_fetch) fetch = {0};
	if (fetch_releases(workspace, seed, sink, &releases, err) < 0 ||
	    find_packages(seed, arch, &releases, &fetch, err) < 0 ||
	    fetch_packages(workspace, &fetch, sink, err) < 0)
		return -1;
	for (size_t i = 0; i < fetch.sources.count; i++) {
		own_free char *path = source_cache_path(workspace, &fetch.sources.items[i]);
		if (solv_add_index(solv, path, fetch.indexes.items[i], err) < 0)
			return -1;
	}
	return 0;
}
