/* Revisions of a git repository, read without checking them out, by libgit2. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "git-tree.h"
#include "str.h"
#include "vec.h"

/* Whether the text names a revision (gitrevisions(7)) of the repository whose work tree's top is
 * `dir`. */
bool git_has_revision(const char *dir, const char *revision);
/* Appends the names of the repository's tags, sorted; none where there is no repository. */
void git_list_tags(const char *dir, struct strv *ret_names);
/* Appends the files of the revision, sorted by path; submodules are left out. An unknown one is
 * ERR_INPUT. */
int git_list_revision(const char *dir, const char *revision, struct git_file_list *ret_list,
                      struct err *err);
/* Appends a blob's bytes, by its id; more than `max_bytes` is ERR_INPUT. */
int git_read_blob(const char *dir, const char *id, size_t max_bytes, struct str *ret_text,
                  struct err *err);
