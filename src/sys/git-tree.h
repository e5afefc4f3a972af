/* Work trees of git, by libgit2: the files in them, commits on them, patches of those. No hook and
 * no filter is run. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"
#include "vec.h"

/* ---- git-tree.c */

struct git_file {
	char *path;    /* relative to the tree's top */
	unsigned mode; /* as git has it: 0100644, 0100755, 0120000 (symlinks) */
	char id[41];   /* of its content as a blob */
};
VEC_OF(git_file_list, struct git_file);
void git_file_list_release(struct git_file_list *list);

/* `dir` is the top of a work tree; else ERR_INPUT with what to do. */
int git_tree_check(const char *dir, struct err *err);
/* What the work tree at `dir` holds now, sorted by path: files that git tracks and those it does
 * not ignore, checked-out submodules included. Files whose stat is that of git's index are not
 * read, so that this takes milliseconds. */
int git_tree_list(const char *dir, struct git_file_list *ret_list, struct err *err);

/* ---- git-patch.c */

/* NULL members: git's configuration (user.name, user.email), ERR_INPUT when there is none. */
struct git_author {
	const char *name, *email;
	int64_t time_utc; /* 0: now */
};

/* Makes `dir` (which exists) a repository, without commits. */
int git_tree_init(const char *dir, struct err *err);
/* Commits all that is in the tree on top of HEAD; `force` takes files that are ignored, too.
 * ret_changed (may be NULL) tells whether there was anything; nothing makes no commit. */
int git_tree_commit(const char *dir, const char *message, const struct git_author *author,
                    bool force, bool *ret_changed, struct err *err);
/* Whether something is not committed: changed, deleted, or new and not ignored. */
int git_tree_is_dirty(const char *dir, bool *ret_dirty, struct err *err);
/* Lets the reference `ref` ("refs/sdk/patched") be HEAD. */
int git_tree_mark(const char *dir, const char *ref, struct err *err);
bool git_tree_has_mark(const char *dir, const char *ref);

/* A commit as a mail of git-format-patch(1), without what differs from one making to the next. */
struct git_patch_mail {
	char *subject, *text;
};
VEC_OF(git_mail_list, struct git_patch_mail);
void git_mail_list_release(struct git_mail_list *list);

/* The commits after `since` (a revision) up to HEAD, oldest first; of what they change, that below
 * the sub-directory `below` (NULL: all), relative to it. An unknown revision, one that HEAD does
 * not come from, merges, and commits that change nothing there are ERR_INPUT. */
int git_tree_patches(const char *dir, const char *below, const char *since,
                     struct git_mail_list *ret_list, struct err *err);

/* Appends the difference between two contents of one file, as `git diff` writes it; NULL: the file
 * is not there. Binary files are ERR_INPUT. */
int git_diff_texts(const char *path, const struct str *before, const struct str *after,
                   struct str *ret_text, struct err *err);
/* Appends the head of such a mail: From, Date, Subject and the rest of the message. */
int git_mail_head(const char *message, const struct git_author *author, struct str *ret_text,
                  struct err *err);
