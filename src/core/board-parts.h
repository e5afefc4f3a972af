/* What board*.c share: a board's file and those it extends, before they become one board. */
#pragma once

#include "board.h"

enum { BOARD_MAX_EXTENDS = 8, BOARD_MAX_BYTES = 1 << 20 };

struct board_chain {
	struct yaml files[BOARD_MAX_EXTENDS]; /* the board's own first */
	size_t count;
};

void board_chain_release(struct board_chain *chain);
/* Reads the board's file and those it extends, and tells their directories. A board that extends
 * one of its own name means that of the layers below: so an overlay changes a board of the
 * checkout. On failure as well, what was read is the caller's to release. */
int board_chain_read(const struct workspace *workspace, const char *name, struct board_chain *chain,
                     struct strv *ret_dirs, struct err *err);
/* What they say together; its `dirs` are empty. One with `arch` must be whole. */
int board_chain_decode(const struct board_chain *chain, const char *name, struct board **ret_board,
                       struct err *err);
/* ERR_INPUT, with the line that says so, when they name a package or an option that no recipe has,
 * or a package that is not for the board's architecture. Recipes that can't be read are passed
 * over. */
int board_chain_check(const struct workspace *workspace, const struct board_chain *chain,
                      const struct board *board, struct err *err);
/* Names of all boards, also of those that exist to be extended; sorted. */
int board_list_all(const struct workspace *workspace, struct strv *ret_names, struct err *err);
