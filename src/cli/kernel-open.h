/* What `sdk kernel …` has in common: the kernel of a board. */
#pragma once

#include "board.h"
#include "cli.h"
#include "kernel.h"

struct board_kernel {
	struct board *board;
	struct strv packages;
	struct kernel kernel;
};
void board_kernel_release(struct board_kernel *opened);

/* Reads the named board (NULL: this machine's kind's) and sees that there is a recipe as the option
 * "package" says; the kernel stays closed. */
int cli_choose_kernel(struct cli *cli, const char *board, struct board_kernel *chosen,
                      struct err *err);
/* Of the named board (NULL: this machine's kind's), for the option "package". The struct must not
 * move. */
int cli_open_kernel(struct cli *cli, const char *board, struct board_kernel *opened,
                    struct err *err);
