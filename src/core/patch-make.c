/* Patches made of what a person edited, in the tree of `sdk workon` or of `sdk shell`. */
#include "patch-make.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "git-tree.h"
#include "own.h"
#include "patch.h"
#include "path.h"
#include "source.h"
#include "tree-seen.h"
#include "workon.h"

enum { MAX_FILE_BYTES = 64 << 20 };

void patches_made_release(struct patches_made *made)
{
	strv_release(&made->paths);
	strv_release(&made->left);
}

struct making {
	const struct workspace *workspace;
	const struct env *env;
	const struct patch_request *request;
	char *tree;     /* the shell's: src, obj and dest */
	char *scratch;  /* removed at the end */
	char *pristine; /* the source with the recipe's patches, in there */
	struct git_mail_list mails;
	struct strv left;
};

static void making_release(struct making *making)
{
	if (making->scratch)
		fs_remove_tree(making->scratch, NULL);
	free(making->tree);
	free(making->scratch);
	free(making->pristine);
	git_mail_list_release(&making->mails);
	strv_release(&making->left);
}

/* ---- the source as the recipe has it */

static int unpack(struct making *making, const struct event_sink *sink, struct err *err)
{
	const struct recipe *recipe = making->request->recipe;
	VEC(const struct source *) sources = {0};
	time_t date = 0;
	for (vec_each(source, &recipe->sources))
		vec_push(&sources, source);
	int result =
		source_fetch_checked(making->workspace, sources.items, sources.count, sink, err);
	vec_release(&sources);
	for (vec_each(source, &recipe->sources))
		if (result == 0)
			result = source_place(making->workspace, source, making->pristine, &date,
			                      err);
	return result;
}

static int make_pristine(struct making *making, const struct event_sink *sink, struct err *err)
{
	own_free char *parent = workspace_out(making->workspace, "work");
	event_note(sink, "%s: unpacking its source to compare", making->request->recipe->name);
	if (fs_make_dirs(parent, 0755, err) < 0 ||
	    fs_make_temporary(parent, &making->scratch, err) < 0)
		return -1;
	making->pristine = path_join(making->scratch, "src");
	if (fs_make_dirs(making->pristine, 0755, err) < 0 || unpack(making, sink, err) < 0)
		return -1;
	return patch_apply_all(making->env, making->request->recipe, making->pristine, err);
}

/* ---- of a git tree */

static int commit_rest(const struct making *making, struct err *err)
{
	const struct patch_request *request = making->request;
	const struct git_author person = {0};
	bool dirty;
	if (git_tree_is_dirty(request->worktree, &dirty, err) < 0)
		return -1;
	if (dirty && !request->message) {
		err_set(err, ERR_USAGE, "%s holds edits that are not committed", request->worktree);
		return err_hint(err,
		                "commit them, or let `sdk patch %s --message=\"Say what\"` do it",
		                request->recipe->name);
	}
	if (!dirty && request->message)
		return err_set(err, ERR_USAGE,
		               "--message: all is committed in %s, commits have messages of their "
		               "own",
		               request->worktree);
	return dirty ? git_tree_commit(request->worktree, request->message, &person, false, NULL,
	                               err)
	             : 0;
}

static int read_commits(struct making *making, struct err *err)
{
	const struct patch_request *request = making->request;
	const char *since = request->since;
	if (!since && !git_tree_has_mark(request->worktree, WORKON_MARK)) {
		err_set(err, ERR_USAGE, "%s: which commits are patches?", request->worktree);
		return err_hint(err, "--since=TAG makes one of each commit after that");
	}
	if (request->files.count)
		return err_set(err, ERR_USAGE, "files can't be picked out of commits");
	if (commit_rest(making, err) < 0 ||
	    git_tree_patches(request->worktree, request->recipe->source_dir,
	                     since ? since : WORKON_MARK, &making->mails, err) < 0)
		return -1;
	if (making->mails.count)
		return 0;
	return err_set(err, ERR_INPUT, "%s: nothing was changed there%s%s", request->worktree,
	               since ? " since " : "", since ? since : "");
}

/* ---- of a shell's tree */

/* Missing files are NULL; what is no ordinary file is none. Symlinks to anywhere may lie there. */
static int read_side(const char *root, const char *relative, struct str *text,
                     struct str **ret_side, struct err *err)
{
	own_fd int fd = fs_open_below(root, relative, O_RDONLY | O_NONBLOCK);
	struct stat st;
	*ret_side = NULL;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	*ret_side = text;
	return fs_read_below(root, relative, MAX_FILE_BYTES, text, err);
}

static int add_file(struct making *making, const char *relative, struct str *text, struct err *err)
{
	own(str) before_text = {0}, after_text = {0};
	struct str *before, *after;
	own_free char *top = patch_top(making->request->recipe, "src");
	own_free char *path = path_join(top, relative);
	if (read_side(making->scratch, path, &before_text, &before, err) < 0 ||
	    read_side(making->tree, path, &after_text, &after, err) < 0)
		return -1;
	if (!before && !strv_has(&making->request->files, relative)) {
		if (after)
			strv_add(&making->left, relative);
		return 0;
	}
	if ((!before && !after) || (before && after && before->len == after->len &&
	                            !memcmp(str_text(before), str_text(after), before->len)))
		return 0;
	return git_diff_texts(relative, before, after, text, err);
}

int patch_check_tree(const struct patch_request *request, struct err *err)
{
	if (request->worktree || fs_is_dir(request->work))
		return 0;
	err_set(err, ERR_INPUT, "there is no tree of `sdk shell %s`, nor is it worked on",
	        request->recipe->name);
	return err_hint(err, "edit in `sdk shell %s`, or in the tree of `sdk workon %s`",
	                request->recipe->name, request->recipe->name);
}

static int find_edits(const struct making *making, struct strv *paths, struct err *err)
{
	const struct patch_request *request = making->request;
	own_free char *top = patch_top(request->recipe, "src");
	own_free char *seen = path_join(request->work, ".sdk/seen");
	if (request->files.count) {
		strv_add_all(paths, &request->files);
		return 0;
	}
	if (fs_is_file(seen))
		return tree_seen_changes(making->tree, top, seen, paths, err);
	err_set(err, ERR_INPUT, "%s: a build's tree, not one of `sdk shell`", request->work);
	return err_hint(err, "edit in `sdk shell %s`, or in the tree of `sdk workon %s`",
	                request->recipe->name, request->recipe->name);
}

static int check_files(const char *top, const struct strv *paths, struct err *err)
{
	for (size_t i = 0; i < paths->count; i++)
		if (!path_is_safe(paths->items[i]))
			return err_set(err, ERR_USAGE, "%s: wanted a path below %s",
			               paths->items[i], top);
	return 0;
}

static int read_shell(struct making *making, struct err *err)
{
	const struct patch_request *request = making->request;
	const struct git_author person = {0};
	own_free char *src = path_join(making->tree, "src");
	own_free char *top = patch_top(request->recipe, src);
	own(strv) paths = {0};
	own(str) text = {0};
	if (find_edits(making, &paths, err) < 0 || check_files(top, &paths, err) < 0 ||
	    git_mail_head(request->message, &person, &text, err) < 0)
		return -1;
	size_t head = text.len;
	for (size_t i = 0; i < paths.count; i++)
		if (add_file(making, paths.items[i], &text, err) < 0)
			return -1;
	if (text.len == head)
		return err_set(err, ERR_INPUT, "%s: no file of the source was changed", top);
	size_t subject = strcspn(request->message, "\n");
	vec_push(&making->mails,
	         (struct git_patch_mail){.subject = mem_strndup(request->message, subject),
	                                 .text = str_steal(&text)});
	return 0;
}

/* ---- into the recipe */

static char *name_of(const struct making *making, size_t index)
{
	return patch_file_name(patch_next_number(making->request->recipe) + (unsigned)index,
	                       making->mails.items[index].subject);
}

/* As a build will do it: one after the other. */
static int check_all(const struct making *making, struct err *err)
{
	own_free char *top = patch_top(making->request->recipe, making->pristine);
	for (size_t i = 0; i < making->mails.count; i++) {
		own_free char *name = name_of(making, i);
		own_free char *path = path_join(making->scratch, name);
		if (fs_write_text(path, making->mails.items[i].text, err) < 0 ||
		    patch_apply(making->env, top, path, err) < 0)
			return err_wrap(err, "no patch was written");
	}
	return 0;
}

static int write_all(const struct making *making, struct strv *paths, struct err *err)
{
	for (size_t i = 0; i < making->mails.count; i++) {
		own_free char *name = name_of(making, i);
		own_free char *path =
			path_printf("%s/patches/%s", making->request->recipe->dir, name);
		if (fs_make_parents(path, err) < 0 ||
		    fs_write_text(path, making->mails.items[i].text, err) < 0)
			return -1;
		strv_take(paths, steal_ptr(path));
	}
	return 0;
}

/* What became a patch is not one again. */
static int move_mark(const struct making *making, struct err *err)
{
	const struct patch_request *request = making->request;
	own_free char *top = patch_top(request->recipe, "src");
	own_free char *seen = path_join(request->work, ".sdk/seen");
	if (request->worktree)
		return git_tree_mark(request->worktree, WORKON_MARK, err);
	return fs_exists(seen) ? tree_seen_save(making->tree, top, seen, err) : 0;
}

/* Others keep out of the shell's tree while it is read. */
static int lock_work(const struct patch_request *request, int *ret_fd, struct err *err)
{
	own_free char *path = mem_printf("%s.lock", request->work);
	own(err) busy = {0};
	if (request->worktree || !fs_is_dir(request->work) ||
	    fs_lock(path, true, false, ret_fd, &busy) == 0)
		return 0;
	if (busy.sys_errno != EWOULDBLOCK)
		return err_move(err, &busy);
	err_set(err, ERR_USAGE, "%s: a build or a shell is at its tree", request->recipe->name);
	return err_hint(err, "wait until it has ended, or leave it");
}

int patch_make(const struct workspace *workspace, const struct env *env,
               const struct patch_request *request, const struct event_sink *sink,
               struct patches_made *ret_made, struct err *err)
{
	own(making) making = {.workspace = workspace,
	                      .env = env,
	                      .request = request,
	                      .tree = path_join(request->work, "tree")};
	own(patches_made) made = {0};
	own_fd int lock = -1;
	if (!request->worktree && !request->message) {
		err_set(err, ERR_USAGE, "say what the patch does");
		return err_hint(err, "sdk patch %s --message=\"Say what\"", request->recipe->name);
	}
	if (lock_work(request, &lock, err) < 0 ||
	    (request->worktree && read_commits(&making, err) < 0) ||
	    make_pristine(&making, sink, err) < 0 ||
	    (!request->worktree && read_shell(&making, err) < 0) || check_all(&making, err) < 0 ||
	    write_all(&making, &made.paths, err) < 0 || move_mark(&making, err) < 0)
		return -1;
	strv_add_all(&made.left, &making.left);
	*ret_made = made;
	made = (struct patches_made){0}; /* NOLINT(clang-analyzer-deadcode.DeadStores): released */
	return 0;
}
