/* Where a work tree of git stands, and moving it without touching anybody's edits, by libgit2. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"
#include "vec.h"

struct git_place {
	char id[41];     /* HEAD's commit; "" when there is none yet */
	char *branch;    /* the branch that is checked out; NULL: none, HEAD is detached */
	bool has_origin; /* there is a remote "origin" */
	char *follows;   /* the branch of remote "origin" that this one follows; NULL: none */
};

void git_place_release(struct git_place *place);
int git_find_place(const char *dir, struct git_place *ret_place, struct err *err);

/* Commits that `mine` has and `theirs` has not, and the other way round. Either may name a tag. */
int git_count_apart(const char *dir, const char *mine, const char *theirs, size_t *ret_mine,
                    size_t *ret_theirs, struct err *err);
/* Where the local branch points to; false when there is none. */
bool git_find_branch(const char *dir, const char *branch, char ret_id[41]);

/* Whether a branch, a tag or a branch of a remote leads to the commit, so that it won't be lost. */
int git_is_kept(const char *dir, const char *id, bool *ret_kept, struct err *err);
/* How many of the commits of `mine` were on origin's branch once, and are there no more: somebody
 * has rewound it. Known from the reflog's newest entries; without one: 0. */
size_t git_count_withdrawn(const char *dir, const char *branch, const char *mine);

/* Checks out the commit (or tag) `id` and moves the branch there, which then follows origin's of
 * that name; NULL leaves HEAD detached. Files that were edited here and stay the same between the
 * two commits keep their edits. When others are in the way, or files that git does not know or
 * ignores, nothing is changed, *ret_blocking gets their paths, and the error is ERR_USAGE. No
 * filter and no hook is run. */
int git_move(const char *dir, const char *id, const char *branch, struct strv *ret_blocking,
             struct err *err);

/* What was signed, and the signature, of a commit or an annotated tag. Without one: ERR_TRUST. */
int git_find_signature(const char *dir, const char *id, struct str *ret_signed,
                       struct str *ret_signature, struct err *err);
