/* Two states of a checkout compared: what became of its recipes. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "json.h"
#include "recipe.h"
#include "str.h"
#include "vec.h"
#include "workspace.h"

/* One value of a recipe; NULL: not there. Lists are joined by blanks. */
struct diff_field {
	const char *name;
	char *old, *new;
};

/* One recipe that is not the same in both. */
struct diff_recipe {
	char *name;
	char *old_version, *new_version; /* NULL: there is no such recipe; "?": it can't be read */
	VEC(struct diff_field) fields;
	struct strv files; /* "added patches/1.patch", "changed recipe.yaml", "gone …" */
	struct str text;   /* the files' differences, as `git diff` writes them; on demand */
};

struct diff_tree {
	VEC(struct diff_recipe) recipes; /* by name */
	/* Boards, toolchains, seed, build systems: "changed board-configs/…", likewise. */
	struct strv others;
	bool has_tool; /* src/ or the Makefile: the SDK's program is another one */
};

void diff_tree_release(struct diff_tree *diff);
/* Between two revisions of the checkout's repository (new NULL: its files as they are). `only`
 * (may be NULL) is the one recipe that is asked for; then its differences' text is made, and others
 * is empty. */
int diff_tree_make(const struct workspace *workspace, const char *old_revision,
                   const char *new_revision, const char *only, struct diff_tree *ret_diff,
                   struct err *err);
/* The same of another repository: an overlay's. */
int diff_tree_make_at(const char *dir, const char *old_revision, const char *new_revision,
                      const char *only, struct diff_tree *ret_diff, struct err *err);
