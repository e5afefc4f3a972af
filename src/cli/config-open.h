/* What the commands `sdk config …` share: the board that is changed, and what its packages weigh.
 */
#pragma once

#include "board-edit.h"
#include "board-size.h"
#include "board-tree.h"
#include "cli.h"

/* The board of the option "board", else of this machine's kind. */
int config_open(const struct cli *cli, struct board_edit *ret_edit, struct err *err);
/* What is known of sizes; nothing, when that can't be found out. */
void config_open_sizes(const struct cli *cli, struct board_edit *edit,
                       struct board_sizes *ret_sizes);
/* The board's own file, as seen from the checkout when it lies there. Borrowed. */
const char *config_shown_path(const struct cli *cli, const struct board_edit *edit);
/* By how much a package makes the image larger: "1.2 MB"; "needed", when others need it anyway; "",
 * when it is not known. Written into `text` of at least 32 bytes. */
const char *config_weight(const struct board_row *row, char *text);
