/* A recipe's patches: applied as a build does it, named, and read. */
#pragma once

#include "err.h"
#include "recipe.h"
#include "str.h"

struct env;

/* Runs patch(1) of the environment on `tree`, which must take every hunk without fuzz; else
 * ERR_BUILD with what patch said. */
int patch_apply(const struct env *env, const char *tree, const char *patch_path, struct err *err);
/* Applies all of the recipe's to the source unpacked at `src`. */
int patch_apply_all(const struct env *env, const struct recipe *recipe, const char *src,
                    struct err *err);
/* Where in the unpacked source the recipe builds, and patches are applied; caller frees. */
char *patch_top(const struct recipe *recipe, const char *src);

/* "Subject:" of a mail's head, without "[PATCH 1/2]"; else what the file's name says. Caller frees.
 */
char *patch_subject(const char *name, const char *text);
/* "Name" and "mail" of "From:"; false when there is none. Caller frees both. */
bool patch_author(const char *text, char **ret_name, char **ret_email);
/* "0007-fix-the-build.patch" for the subject "Fix the build"; caller frees. */
char *patch_file_name(unsigned number, const char *subject);
/* The number that comes after those of the recipe's patches. */
unsigned patch_next_number(const struct recipe *recipe);
