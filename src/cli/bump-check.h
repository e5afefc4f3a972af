/* sdk bump --check: the table of what is newer. */
#pragma once

#include "cli.h"
#include "recipe.h"
#include "upstream.h"

/* The recipes that a bump is about. */
struct bump_scope {
	struct recipe_set set;
	VEC(const struct recipe *) recipes; /* borrowed from the set */
	size_t broken;                      /* of all recipes, those that can't be read */
};
void bump_scope_release(struct bump_scope *scope);
/* Those that the arguments name; without any, all that have sources: one that can't be read is then
 * a warning, and counted. */
int bump_scope_open(struct cli *cli, int argc, char **argv, struct bump_scope *scope,
                    struct err *err);
/* Asks and prints. `shown_all`: also those that are at the newest. Broken ones are ERR_INPUT once
 * the others were told. */
int bump_check(struct cli *cli, const struct bump_scope *scope,
               const struct upstream_options *options, bool shown_all, struct err *err);
