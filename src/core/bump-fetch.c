/* The new version's sources: downloaded, verified, and written into the recipe's text. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bump-parts.h"
#include "fetch.h"
#include "fs.h"
#include "mirror.h"
#include "own.h"
#include "path.h"
#include "recipe-edit.h"
#include "signature.h"
#include "tarball.h"
#include "workon.h"

#define MAX_SOURCE_BYTES (UINT64_C(4) << 30)

/* ---- what is to be fetched */

/* "…/new/<index>-<file name>"; caller frees. */
static char *download_path(const struct bump *bump, size_t index, const char *url)
{
	own_free char *plain = mem_strndup(url, strcspn(url, "?#"));
	const char *name = path_base(plain);
	return mem_printf("%s/new/%zu/%s", bump->dir, index, path_is_safe(name) ? name : "source");
}

/* A source whose address is the same for both versions is the same file. */
static bool is_changed(const struct bump *bump, size_t index)
{
	const struct source *next = &bump->next->sources.items[index];
	const struct source *old =
		index < bump->old->sources.count ? &bump->old->sources.items[index] : NULL;
	return !old || !str_equal(old->urls.items[0], next->urls.items[0]);
}

/* The recipe's text for the new version, with what is known of the files so far. */
static int make_text(struct bump *bump, bool with_files, struct str *ret_text, struct err *err)
{
	own(recipe_edit) edit = {.version = bump->version};
	own(str) text = {0};
	own_free char *path = bump_old_recipe(bump);
	if (fs_read(path, BUMP_MAX_RECIPE, &text, err) < 0)
		return -1;
	for (size_t i = 0; i < bump->old->sources.count; i++) {
		struct recipe_edit_source item = {.index = i, .url = i == 0 ? bump->url : NULL};
		if (with_files && is_changed(bump, i)) {
			item.size_bytes = bump->next->sources.items[i].size_bytes;
			item.sha256 = bump->next->sources.items[i].sha256;
		}
		vec_push(&edit.sources, item);
	}
	return recipe_edit_apply(bump->old->path, str_text(&text), text.len, &edit, ret_text, err);
}

int bump_plan_files(struct bump *bump, struct err *err)
{
	own(str) text = {0};
	if (bump->next)
		return 0;
	if (make_text(bump, false, &text, err) < 0)
		return -1;
	return recipe_parse(bump->old->path, bump->name, str_text(&text), text.len, &bump->next,
	                    err);
}

/* ---- downloads */

/* Files of one fetch, with the text they borrow. */
struct files {
	VEC(struct fetch_file) items;
	VEC(struct strv *) urls;
	struct strv texts;
};

static void files_release(struct files *files)
{
	for (vec_each(urls, &files->urls)) {
		strv_release(*urls);
		free(*urls);
	}
	vec_release(&files->urls);
	vec_release(&files->items);
	strv_release(&files->texts);
}

static int add_file(struct files *files, const struct mirrors *mirrors, const char *const *urls,
                    size_t count, const char *path, const char *sha256, struct err *err)
{
	struct strv *expanded = mem_alloc(sizeof *expanded);
	vec_push(&files->urls, expanded);
	for (size_t i = 0; i < count; i++)
		if (mirrors_expand(mirrors, urls[i], expanded, err) < 0)
			return -1;
	strv_add(&files->texts, path);
	const char *kept = files->texts.items[files->texts.count - 1];
	vec_push(&files->items, (struct fetch_file){.name = path_base(kept),
	                                            .path = kept,
	                                            .urls = expanded,
	                                            .max_bytes = MAX_SOURCE_BYTES,
	                                            .sha256 = sha256});
	return 0;
}

static int add_files(struct files *files, const struct bump *bump, const struct mirrors *mirrors,
                     struct err *err)
{
	for (size_t i = 0; i < bump->next->sources.count; i++) {
		const struct source *source = &bump->next->sources.items[i];
		if (!is_changed(bump, i))
			continue;
		own_free char *path = download_path(bump, i, source->urls.items[0]);
		const char *sha256 = i == 0 && *bump->sha256 ? bump->sha256 : NULL;
		if (add_file(files, mirrors, (const char *const *)source->urls.items,
		             source->urls.count, path, sha256, err) < 0)
			return -1;
		if (!source->signature_url)
			continue;
		const char *url = source->signature_url;
		own_free char *signature = download_path(bump, i, url);
		if (add_file(files, mirrors, &url, 1, signature, NULL, err) < 0)
			return -1;
	}
	return 0;
}

/* What bump_compare_sources reads of the old version. */
static int add_old(struct files *files, const struct bump *bump, const struct mirrors *mirrors,
                   struct err *err)
{
	const struct source *source = bump->old->sources.items;
	if (!bump->old->sources.count || !source->extract ||
	    source_is_cached(bump->workspace, source))
		return 0;
	own_free char *path = source_cache_path(bump->workspace, source);
	return add_file(files, mirrors, (const char *const *)source->urls.items, source->urls.count,
	                path, source->sha256, err);
}

void bump_prefetch(struct bump *const *bumps, size_t count, unsigned parallel,
                   const struct event_sink *sink)
{
	own(files) files = {0};
	own(mirrors) mirrors = {0};
	own(err) ignored = {0};
	if (count == 0 || mirrors_load(bumps[0]->workspace, &mirrors, &ignored) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		own(err) alone = {0};
		if (bump_plan_files(bumps[i], &alone) < 0 ||
		    add_files(&files, bumps[i], &mirrors, &alone) < 0 ||
		    add_old(&files, bumps[i], &mirrors, &alone) < 0)
			continue;
	}
	const struct fetch_options options = {.parallel = parallel, .rounds = 2};
	fetch_all(files.items.items, files.items.count, &options, sink, &ignored);
}

/* ---- taking over */

static int verify(struct bump *bump, size_t index, const char *file, struct err *err)
{
	const struct source *source = &bump->next->sources.items[index];
	if (!source->signature_url)
		return 0;
	own_free char *signature = download_path(bump, index, source->signature_url);
	if (signature_verify(source, bump->recipe_dir, file, signature, bump->dir, err) < 0)
		return -1;
	strv_addf(&bump->verified, "%s: signature good (%s)", path_base(file),
	          source->signature_key);
	return 0;
}

/* What a server calls not found may come as a page. */
static int check_archive(const struct source *source, const char *file, struct err *err)
{
	own(tarball) tarball = {0};
	return source->extract ? tarball_read(file, &tarball, err) : 0;
}

/* What was refused is fetched anew the next time. */
static void drop_downloads(const struct bump *bump, size_t index)
{
	own_free char *dir = mem_printf("%s/new/%zu", bump->dir, index);
	fs_remove_tree(dir, NULL);
}

static int take(struct bump *bump, size_t index, struct err *err)
{
	struct source *source = &bump->next->sources.items[index];
	own_free char *file = download_path(bump, index, source->urls.items[0]);
	struct digest digest;
	struct stat st;
	if (check_archive(source, file, err) < 0 || verify(bump, index, file, err) < 0) {
		drop_downloads(bump, index);
		return -1;
	}
	if (digest_file(file, &digest, err) < 0)
		return -1;
	if (stat(file, &st) < 0)
		return err_errno(err, "%s", file);
	digest_hex(&digest, source->sha256);
	source->size_bytes = (uint64_t)st.st_size;
	own_free char *cached = source_cache_path(bump->workspace, source);
	if (source_is_cached(bump->workspace, source))
		return 0;
	return fs_make_parents(cached, err) < 0 || fs_copy_file(file, cached, 0644, err) < 0 ? -1
	                                                                                     : 0;
}

static int fetch_files(struct bump *bump, const struct event_sink *sink, struct err *err)
{
	own(files) files = {0};
	own(mirrors) mirrors = {0};
	const struct fetch_options options = {.rounds = 2};
	if (mirrors_load(bump->workspace, &mirrors, err) < 0 ||
	    add_files(&files, bump, &mirrors, err) < 0)
		return -1;
	if (files.items.count == 0)
		return err_set(err, ERR_INPUT,
		               "%s: no address of a source holds the version: there is nothing to "
		               "fetch for %s",
		               bump->old->path, bump->version);
	if (fetch_all(files.items.items, files.items.count, &options, sink, err) < 0)
		return err_wrap(err, "%s %s", bump->name, bump->version);
	return 0;
}

/* Its builds would be of the person's tree, whatever the recipe says. */
static int check_not_worked_on(const struct bump *bump, struct err *err)
{
	own(worktree_list) trees = {0};
	if (workon_load(bump->workspace, &trees, err) < 0)
		return -1;
	if (!workon_find(&trees, bump->name))
		return 0;
	err_set(err, ERR_INPUT, "%s is worked on: builds take its working tree", bump->name);
	return err_hint(err, "sdk workon %s stop", bump->name);
}

int bump_fetch(struct bump *bump, const struct event_sink *sink, struct err *err)
{
	if (check_not_worked_on(bump, err) < 0)
		return -1;
	if (bump_plan_files(bump, err) < 0 || fetch_files(bump, sink, err) < 0)
		return -1;
	for (size_t i = 0; i < bump->next->sources.count; i++)
		if (is_changed(bump, i) && take(bump, i, err) < 0)
			return -1;
	str_reset(&bump->text);
	if (make_text(bump, true, &bump->text, err) < 0)
		return -1;
	return bump_compare_sources(bump, sink, err);
}
