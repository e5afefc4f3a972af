/* sdk bump --check: the table of what is newer. */
#pragma once

#include "cli.h"
#include "recipe.h"
#include "upstream.h"

/* The recipes that the arguments name, or all. Borrowed from the set; the caller frees the array.
 */
int bump_recipes(struct recipe_set *set, int argc, char **argv, bool all,
                 const struct recipe ***ret_recipes, size_t *ret_count, struct err *err);
/* Asks and prints. `shown_all`: also those that are at the newest. */
int bump_check(struct cli *cli, const struct recipe *const *recipes, size_t count,
               const struct upstream_options *options, bool shown_all, struct err *err);
