/* A work tree to work in: the package's source, with its patches as commits. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "env.h"
#include "fs.h"
#include "git-tree.h"
#include "own.h"
#include "patch.h"
#include "path.h"
#include "workon.h"

enum { MAX_PATCH_BYTES = 64 << 20 };

struct making {
	const struct workspace *workspace;
	const struct env *env;
	const struct recipe *recipe;
	const char *src;
	time_t date;
};

static int unpack(struct making *making, const struct event_sink *sink, struct err *err)
{
	VEC(const struct source *) sources = {0};
	for (vec_each(source, &making->recipe->sources))
		vec_push(&sources, source);
	int result =
		source_fetch_checked(making->workspace, sources.items, sources.count, sink, err);
	vec_release(&sources);
	for (vec_each(source, &making->recipe->sources))
		if (result == 0)
			result = source_place(making->workspace, source, making->src, &making->date,
			                      err);
	return result;
}

/* The same commits wherever they are made: no clock, nobody's name. */
static int commit_source(const struct making *making, struct err *err)
{
	struct git_author author = {.name = "sdk",
	                            .email = "sdk@localhost",
	                            .time_utc = making->date ? (int64_t)making->date : 1};
	own_free char *message = mem_printf("%s %s, as it was published\n", making->recipe->name,
	                                    making->recipe->version);
	if (git_tree_init(making->src, err) < 0)
		return -1;
	return git_tree_commit(making->src, message, &author, true, NULL, err);
}

static int commit_patch(const struct making *making, const char *name, struct err *err)
{
	own_free char *path = path_printf("%s/patches/%s", making->recipe->dir, name);
	own_free char *top = patch_top(making->recipe, making->src);
	own_free char *author_name = NULL, *author_email = NULL;
	own(str) text = {0};
	struct git_author author = {.name = "sdk",
	                            .email = "sdk@localhost",
	                            .time_utc = making->date ? (int64_t)making->date : 1};
	if (fs_read(path, MAX_PATCH_BYTES, &text, err) < 0 ||
	    patch_apply(making->env, top, path, err) < 0)
		return -1;
	if (patch_author(str_text(&text), &author_name, &author_email)) {
		author.name = author_name;
		author.email = author_email;
	}
	own_free char *subject = patch_subject(name, str_text(&text));
	own_free char *message = mem_printf("%s\n\nPatch: %s\n", subject, name);
	return git_tree_commit(making->src, message, &author, true, NULL, err);
}

static int fill(struct making *making, const struct event_sink *sink, struct err *err)
{
	event_note(sink, "%s: unpacking its source, and its patches as commits",
	           making->recipe->name);
	if (unpack(making, sink, err) < 0 || commit_source(making, err) < 0)
		return -1;
	for (vec_each(patch, &making->recipe->patches))
		if (commit_patch(making, patch->name, err) < 0)
			return -1;
	return git_tree_mark(making->src, WORKON_MARK, err);
}

int workon_make(const struct workspace *workspace, const struct env *env,
                const struct recipe *recipe, const char *dir, const struct event_sink *sink,
                struct err *err)
{
	own_free char *parent = path_dir(dir), *temporary = NULL;
	if (!recipe->sources.count)
		return err_set(err, ERR_INPUT, "%s: has no sources to work on", recipe->path);
	umask(022);
	if (fs_make_dirs(parent, 0755, err) < 0 || fs_make_temporary(parent, &temporary, err) < 0)
		return -1;
	struct making making = {
		.workspace = workspace, .env = env, .recipe = recipe, .src = temporary};
	int result = fill(&making, sink, err);
	if (result == 0 && (chmod(temporary, 0755) < 0 || fs_publish(temporary, dir, err) < 0))
		result = -1;
	if (result < 0)
		fs_remove_tree(temporary, NULL);
	return result;
}
