/* From an installed tree to outputs in the store: tidied, split by rule, checked. */
#pragma once

#include "err.h"
#include "recipe.h"
#include "store.h"
#include "toolchain.h"
#include "vec.h"
#include "workspace.h"

/* What the packager must know of the packages that were in the sysroot. */
struct pkg_dependency {
	const char *package;
	struct strv provides; /* sonames */
};

struct pkg_input {
	const struct recipe_config *config;
	const struct toolchain *toolchain;
	const char *dest;  /* the installed tree, as the build left it; consumed */
	const char *stage; /* made for the outputs' trees, where no build could write */
	const struct pkg_dependency *dependencies;
	size_t dependency_count;
};

/* Tidies (merged /usr, /etc to usr/share/factory/etc, no .la files), splits, checks, and adds each
 * output to the store; fills record->outputs. What a recipe got wrong is ERR_BUILD, each finding
 * named, with the key of the recipe that would allow it. */
int pkg_make(const struct workspace *workspace, const struct pkg_input *input,
             struct record *record, struct err *err);

/* Whether a path below the root ("usr/lib/x") matches: fnmatch(3) with FNM_PATHNAME; a last
 * component of two stars stands for everything below. */
bool pkg_glob_matches(const char *glob, const char *path);
bool pkg_globs_match(const struct strv *globs, const char *path); /* one of them */
/* The output that a path goes to when the recipe does not say: "run", "dev", "doc" or "debug". */
const char *pkg_default_output(const char *path, bool is_link);
