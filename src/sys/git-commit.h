/* Commits, by libgit2: what one directory of a repository holds now, and nothing else. */
#pragma once

#include <stdbool.h>

#include "err.h"

/* Commits the changes below `dir` (absolute, in a repository's work tree) on top of HEAD: new,
 * changed and deleted files. What is staged or edited elsewhere stays as it is and is not
 * committed. Author and committer are git's configuration (user.name, user.email); `sign_off` adds
 * a "Signed-off-by:" line. `ret_id` gets 40 hexadecimal digits, the caller frees. Nothing changed,
 * no repository, no name configured: ERR_INPUT with a hint. */
int git_commit_dir(const char *dir, const char *message, bool sign_off, char **ret_id,
                   struct err *err);

/* ERR_INPUT unless nothing below `dir` differs from HEAD, so that a commit of it holds what was
 * changed since and nothing else. */
int git_check_clean(const char *dir, struct err *err);

/* "Name <address>" of those who commit in the repository that holds `dir`; the caller frees. No
 * repository, no name configured: ERR_INPUT with a hint. */
int git_author(const char *dir, char **ret_author, struct err *err);
