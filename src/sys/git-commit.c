/* Commits, by libgit2: what one directory of a repository holds now, and nothing else. */
#include "git-commit.h"

#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "own.h"
#include "str.h"

/* All that one commit takes. */
struct commit {
	git_repository *repository;
	git_reference *head; /* resolved; NULL: a branch without commits */
	git_commit *parent;
	git_tree *parent_tree, *tree;
	git_index *index, *scratch; /* the user's, and one of HEAD and the directory */
	git_signature *author;
	char *prefix; /* "recipes/zlib" */
};

static void commit_release(struct commit *commit)
{
	git_signature_free(commit->author);
	git_index_free(commit->scratch);
	git_index_free(commit->index);
	git_tree_free(commit->tree);
	git_tree_free(commit->parent_tree);
	git_commit_free(commit->parent);
	git_reference_free(commit->head);
	git_repository_free(commit->repository);
	free(commit->prefix);
	git_libgit2_shutdown();
}

static int git_fail(struct err *err, const char *what)
{
	const git_error *error = git_error_last();
	return err_set(err, ERR_SYSTEM, "git: %s: %s", what,
	               error && error->message ? error->message : "unknown error");
}

static int open_repository(struct commit *commit, const char *dir, struct err *err)
{
	own_free char *real = realpath(dir, NULL);
	if (!real)
		return err_errno(err, "%s", dir);
	if (git_repository_open_ext(&commit->repository, real, 0, NULL) < 0)
		return err_set(err, ERR_INPUT, "%s is in no git repository", dir);
	const char *work = git_repository_workdir(commit->repository);
	own_free char *top = work ? realpath(work, NULL) : NULL;
	if (!top || !str_starts(real, top) || real[strlen(top)] != '/')
		return err_set(err, ERR_INPUT, "%s is in no git work tree", dir);
	commit->prefix = mem_strdup(real + strlen(top) + 1);
	return 0;
}

static int open_head(struct commit *commit, struct err *err)
{
	int code = git_repository_head(&commit->head, commit->repository);
	if (code == GIT_EUNBORNBRANCH || code == GIT_ENOTFOUND)
		return 0;
	if (code < 0 ||
	    git_commit_lookup(&commit->parent, commit->repository,
	                      git_reference_target(commit->head)) < 0 ||
	    git_commit_tree(&commit->parent_tree, commit->parent) < 0)
		return git_fail(err, "HEAD");
	return 0;
}

static int find_author(git_repository *repository, git_signature **ret_author, struct err *err)
{
	if (git_signature_default(ret_author, repository) == 0)
		return 0;
	err_set(err, ERR_INPUT, "git does not know who commits");
	return err_hint(err, "git config user.name \"…\"; git config user.email …");
}

/* The directory's files as they are now, over what HEAD has. The user's index gets the same
 * entries, so that `git status` shows nothing of them. */
static int take_dir(struct commit *commit, git_index *index)
{
	own_free char *glob = mem_printf("%s/*", commit->prefix);
	char *paths[] = {glob};
	const git_strarray all = {.strings = paths, .count = 1};
	return git_index_add_all(index, &all, GIT_INDEX_ADD_DEFAULT, NULL, NULL) < 0 ||
	                       git_index_update_all(index, &all, NULL, NULL) < 0
	               ? -1
	               : 0;
}

static const git_index_entry *next_below(git_index *index, const char *prefix, size_t *at)
{
	while (*at < git_index_entrycount(index)) {
		const git_index_entry *entry = git_index_get_byindex(index, (*at)++);
		size_t length = strlen(prefix);
		if (!strncmp(entry->path, prefix, length) && entry->path[length] == '/')
			return entry;
	}
	return NULL;
}

/* HEAD's tree with the user's entries below the prefix in place of its own. */
static int make_tree(struct commit *commit, struct err *err)
{
	git_oid id;
	if (git_repository_index(&commit->index, commit->repository) < 0 ||
	    take_dir(commit, commit->index) < 0 || git_index_new(&commit->scratch) < 0 ||
	    (commit->parent_tree && git_index_read_tree(commit->scratch, commit->parent_tree) < 0))
		return git_fail(err, "index");
	git_index_remove_directory(commit->scratch, commit->prefix, 0);
	size_t at = 0;
	for (const git_index_entry *entry;
	     (entry = next_below(commit->index, commit->prefix, &at));)
		if (git_index_add(commit->scratch, entry) < 0)
			return git_fail(err, entry->path);
	if (git_index_write_tree_to(&id, commit->scratch, commit->repository) < 0 ||
	    git_tree_lookup(&commit->tree, commit->repository, &id) < 0)
		return git_fail(err, "tree");
	if (commit->parent_tree &&
	    git_oid_equal(git_tree_id(commit->tree), git_tree_id(commit->parent_tree)))
		return err_set(err, ERR_INPUT, "nothing has changed below %s", commit->prefix);
	return 0;
}

static int write_commit(struct commit *commit, const char *message, bool sign_off, char **ret_id,
                        struct err *err)
{
	own(str) text = {0};
	git_oid id;
	const git_commit *parents[] = {commit->parent};
	char hex[GIT_OID_HEXSZ + 1];
	str_add(&text, message);
	if (text.len && text.data[text.len - 1] != '\n')
		str_add_char(&text, '\n');
	if (sign_off)
		str_addf(&text, "\nSigned-off-by: %s <%s>\n", commit->author->name,
		         commit->author->email);
	if (git_commit_create(&id, commit->repository, "HEAD", commit->author, commit->author,
	                      "UTF-8", str_text(&text), commit->tree, commit->parent ? 1 : 0,
	                      parents) < 0)
		return git_fail(err, "commit");
	if (git_index_write(commit->index) < 0)
		return git_fail(err, "index");
	*ret_id = mem_strdup(git_oid_tostr(hex, sizeof hex, &id));
	return 0;
}

int git_commit_dir(const char *dir, const char *message, bool sign_off, char **ret_id,
                   struct err *err)
{
	own(commit) commit = {0};
	git_libgit2_init();
	if (open_repository(&commit, dir, err) < 0 || open_head(&commit, err) < 0 ||
	    find_author(commit.repository, &commit.author, err) < 0 || make_tree(&commit, err) < 0)
		return -1;
	return write_commit(&commit, message, sign_off, ret_id, err);
}

static int on_status(const char *path, unsigned flags, void *context)
{
	char **first = context;
	if (flags & GIT_STATUS_IGNORED)
		return 0;
	*first = mem_strdup(path);
	return 1;
}

int git_check_clean(const char *dir, struct err *err)
{
	own(commit) commit = {0};
	own_free char *first = NULL;
	git_libgit2_init();
	if (open_repository(&commit, dir, err) < 0)
		return -1;
	char *paths[] = {commit.prefix};
	const git_status_options options = {.version = GIT_STATUS_OPTIONS_VERSION,
	                                    .show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR,
	                                    .flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED |
	                                             GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH,
	                                    .pathspec = {.strings = paths, .count = 1}};
	int code = git_status_foreach_ext(commit.repository, &options, on_status, &first);
	if (code < 0)
		return git_fail(err, "status");
	if (!first)
		return 0;
	err_set(err, ERR_INPUT, "%s has changes that are not committed", first);
	return err_hint(err, "commit or stash them first, or leave --commit out");
}

int git_author(const char *dir, char **ret_author, struct err *err)
{
	git_repository *repository = NULL;
	git_signature *author = NULL;
	int result = -1;
	git_libgit2_init();
	if (git_repository_open_ext(&repository, dir, 0, NULL) < 0)
		err_set(err, ERR_INPUT, "%s is in no git repository", dir);
	else
		result = find_author(repository, &author, err);
	if (result == 0)
		*ret_author = mem_printf("%s <%s>", author->name, author->email);
	git_signature_free(author);
	git_repository_free(repository);
	git_libgit2_shutdown();
	return result;
}
