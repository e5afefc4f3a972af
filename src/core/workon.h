/* Packages that are worked on: their source is a git work tree, not what the recipe names.
 *
 * out/workon/<package> holds the tree's directory (relative to the checkout when it lies in there).
 * What counts is what git tracks or does not ignore, as it is in the tree, committed or not: its
 * digest is in the package's key in place of the recipe's main source and of its patches. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "event.h"
#include "graph.h"
#include "hash.h"
#include "source.h"
#include "vec.h"
#include "workspace.h"

struct worktree {
	char *package, *dir;     /* dir: absolute */
	char digest[DIGEST_HEX]; /* of what is in it; "" until attached */
};
VEC_OF(worktree_list, struct worktree);
void worktree_list_release(struct worktree_list *list);

/* All packages that are worked on, sorted. */
int workon_load(const struct workspace *workspace, struct worktree_list *ret_list, struct err *err);
const struct worktree *workon_find(const struct worktree_list *list, const char *package);
/* Reads the trees of those that are in the graph and points their nodes to them: the list must
 * stay where it is as long as the graph. A tree that can't be read is ERR_INPUT. */
int workon_attach(struct worktree_list *list, const struct graph *graph, struct err *err);
/* Notes for a person who builds: which packages of the graph are worked on. */
void workon_tell(const struct graph *graph, const struct event_sink *sink);

/* From now on, until it is stopped; `dir` is absolute and the top of a git work tree. */
int workon_start(const struct workspace *workspace, const char *package, const char *dir,
                 struct err *err);
/* ERR_INPUT when the package is not worked on. The tree stays; ret_dir is the caller's. */
int workon_stop(const struct workspace *workspace, const char *package, char **ret_dir,
                struct err *err);

/* Whether the tree stands for this source of the recipe: all that is unpacked to the top. */
bool workon_replaces(const struct source *source);
/* Copies what counts to `dest` (which exists). ERR_INPUT when it is not what the digest says any
 * more, so that nothing else is built under the key. */
int workon_copy(const struct worktree *tree, const char *dest, struct err *err);

/* ---- workon-make.c */

struct env;
/* HEAD when the tree was made, or when patches were last made of it. */
#define WORKON_MARK "refs/sdk/patched"

/* Makes `dir`, which does not exist, from the package's source: a repository whose first commit is
 * what the recipe's sources hold, with a commit more for each of its patches. */
int workon_make(const struct workspace *workspace, const struct env *env,
                const struct recipe *recipe, const char *dir, const struct event_sink *sink,
                struct err *err);
