/* `sdk config` on the whole terminal: a board as a tree, to search and to change. */
#pragma once

#include "board-edit.h"
#include "board-size.h"
#include "cli.h"

/* The terminal must be open (term.h). Returns when the user has had enough; what was to be saved
 * is. `sizes` are made anew when options change. ERR_INTERRUPTED: the terminal has gone before. */
int config_screen_run(const struct cli *cli, struct board_edit *edit, struct board_sizes *sizes,
                      struct err *err);
