/* Release files of a Debian archive: fetched together, signatures, suites and dates checked. */
#include "release-fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "debrelease.h"
#include "fetch.h"
#include "fs.h"
#include "mirror.h"
#include "own.h"
#include "path.h"
#include "sign.h"

enum { MAX_RELEASE_BYTES = 4 << 20 };

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
                  time_t now, struct str *ret_text, struct err *err)
{
	own(str) raw = {0};
	own_free char *url = release_url(index);
	if (fs_read(path, MAX_RELEASE_BYTES, &raw, err) < 0 ||
	    sign_verify_clear(keys, url, str_text(&raw), raw.len, ret_text, err) < 0)
		return -1;
	if (debrelease_check(str_text(ret_text), index->suite, now, err) < 0)
		return err_wrap(err, "%s", url);
	return 0;
}

/* What is missing or not to be believed becomes a note and an empty text. One that has expired is
 * taken with a note: an old index hides what is newer, but what it lists was truly there. */
static void verify_leniently(struct sign_keys *keys, const struct seed_index *index,
                             const char *path, struct str *ret_text, struct strv *notes)
{
	own(err) err = {0};
	own(err) expired = {0};
	if (!fs_is_file(path)) {
		strv_addf(notes, "%s of mirror %s could not be had", index->suite, index->mirror);
		return;
	}
	if (verify(keys, index, path, 0, ret_text, &err) < 0) {
		str_reset(ret_text);
		strv_add(notes, err.message);
	} else if (debrelease_check(str_text(ret_text), index->suite, time(NULL), &expired) < 0) {
		strv_addf(notes, "%s is out of date: %s", index->suite, expired.message);
	}
}

static int verify_all(struct sign_keys *keys, const struct seed *seed,
                      const struct release_fetch *fetch, struct strv *notes, struct strv *ret_texts,
                      struct err *err)
{
	for (size_t i = 0; i < seed->indexes.count; i++) {
		own(str) text = {0};
		const struct seed_index *index = &seed->indexes.items[i];
		const char *path = fetch->paths.items[i];
		if (notes)
			verify_leniently(keys, index, path, &text, notes);
		else if (verify(keys, index, path, time(NULL), &text, err) < 0)
			return -1;
		strv_take(ret_texts, str_steal(&text));
	}
	return 0;
}

int release_fetch_all(const struct workspace *workspace, const struct seed *seed,
                      const struct event_sink *sink, struct strv *notes, struct strv *ret_texts,
                      struct err *err)
{
	own(release_fetch) fetch = {0};
	struct sign_keys *keys = NULL;
	const struct fetch_options quick = {.connect_seconds = 5, .rounds = 1};
	if (prepare(workspace, seed, &fetch, err) < 0)
		return -1;
	int fetched = fetch_all(fetch.files.items, fetch.files.count, notes ? &quick : NULL, sink,
	                        notes ? NULL : err);
	if ((fetched < 0 && !notes) || open_keys(workspace, seed, fetch.dir, &keys, err) < 0)
		return -1;
	int result = verify_all(keys, seed, &fetch, notes, ret_texts, err);
	sign_keys_close(keys);
	return result;
}

int release_find_index(const struct seed_index *index, const char *release, const char *dir,
                       const char *name, struct source *ret_source, struct err *err)
{
	static const char *const forms[] = {".xz", ".gz", ""};
	struct debrelease_file file;
	own_free char *url = release_url(index);
	int found = 0;
	size_t form = 0;
	for (; form < sizeof forms / sizeof *forms && !found; form++) {
		own_free char *path = mem_printf("%s/%s%s", dir, name, forms[form]);
		found = debrelease_find(release, path, &file, err);
	}
	if (found < 0)
		return -1;
	if (!found)
		return err_set(err, ERR_INPUT, "%s: lists no %s/%s", url, dir, name);
	struct source source = {.size_bytes = file.size_bytes};
	snprintf(source.sha256, sizeof source.sha256, "%s", file.sha256);
	strv_addf(&source.urls, "mirror://%s/dists/%s/%s/%s%s", index->mirror, index->suite, dir,
	          name, forms[form - 1]);
	/* While the archive is being updated, the file of this Release has only this name left. */
	strv_addf(&source.urls, "mirror://%s/dists/%s/%s/by-hash/SHA256/%s", index->mirror,
	          index->suite, dir, file.sha256);
	*ret_source = source;
	return 0;
}
