/* Between the files that make up a bump; nobody else includes this. */
#pragma once

#include "bump.h"

enum { BUMP_MAX_RECIPE = 1 << 20 };

/* Where the recipe's text before the bump is: the checkout's, or the one kept. Caller frees. */
char *bump_old_recipe(const struct bump *bump);
/* Makes `next`, whose sources lack size and digest until they were fetched. */
int bump_plan_files(struct bump *bump, struct err *err);
/* ---- bump-source.c: notes on licence files and on what the build files ask for. That the old
 * source can't be had is a note. */
int bump_compare_sources(struct bump *bump, const struct event_sink *sink, struct err *err);
/* ---- bump-build.c: the keys of what is built of the recipe as it is now, for each architecture.
 */
void bump_find_old_keys(struct bump *bump);
