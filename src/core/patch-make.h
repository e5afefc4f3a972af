/* Patches made of what a person edited, in the tree of `sdk workon` or of `sdk shell`. */
#pragma once

#include "env.h"
#include "err.h"
#include "event.h"
#include "recipe.h"
#include "vec.h"
#include "workspace.h"

struct patch_request {
	const struct recipe *recipe;
	const char *worktree; /* the git tree it is worked on in; NULL: the shell's tree */
	const char *work;     /* out/work/<arch>/<package>, of the shell */
	const char *message;  /* subject, and what follows it; NULL: commits have theirs */
	const char *since;    /* worktree: the revision after which commits count; NULL: those
	                       * that no patch was made of yet */
	struct strv files;    /* shell: these alone, new ones too; empty: all that were edited */
};

struct patches_made {
	struct strv paths; /* of the recipe's new patches, absolute, in order */
	struct strv left;  /* shell: new files that nobody asked for */
};
void patches_made_release(struct patches_made *made);

/* Whether there is a tree that may hold edits; else ERR_INPUT. */
int patch_check_tree(const struct patch_request *request, struct err *err);
/* A patch a commit of the git tree (what is not committed is, with the message), or one of all
 * edits in the shell's tree. They are numbered after those that are there, and written only when
 * all of them apply to the source with the recipe's other patches. Nothing edited is ERR_INPUT. */
int patch_make(const struct workspace *workspace, const struct env *env,
               const struct patch_request *request, const struct event_sink *sink,
               struct patches_made *ret_made, struct err *err);
