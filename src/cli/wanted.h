/* Which packages a command is about: those it names, or all of a board's. */
#pragma once

#include "board.h"
#include "cli.h"
#include "vec.h"

struct wanted {
	struct board *board; /* NULL when packages are named and no board is */
	struct strv packages, options;
	const char *arch;
};

/* From the arguments and the options "board", "arch" and "option", as far as the command has them;
 * without packages and a board: that of the architecture, which is this machine's where none is
 * named, <arch>-usr. ERR_USAGE when the board is for another architecture than the one named. */
int cli_wanted(const struct cli *cli, int argc, char **argv, struct wanted *wanted,
               struct err *err);
/* The board that --board names; else `arch`'s (NULL: this machine's), <arch>-usr. The caller frees.
 */
char *cli_board_name(const struct cli *cli, const char *arch);
/* Loads that board of this machine's kind; the caller frees it. */
int cli_board(const struct cli *cli, struct board **ret_board, struct err *err);
/* Whether there is a recipe of that name, and it can be read. */
int cli_check_recipe(const struct cli *cli, const char *name, struct err *err);
/* Of a package of which nothing is known here: that there is no such architecture (`arch`; NULL:
 * any), no such recipe, or else that it has not been built. Always -1. */
int cli_not_built(const struct cli *cli, const char *package, const char *arch, struct err *err);
void wanted_release(struct wanted *wanted);
