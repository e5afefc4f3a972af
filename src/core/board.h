/* A board: what goes into one image (board-configs/<board>/board.yaml). */
#pragma once

#include "err.h"
#include "vec.h"
#include "workspace.h"

struct board {
	char *name, *summary, *arch;
	struct strv packages; /* extends' first, then its own; "-name" takes one away */
	struct strv options;  /* "recipe.option=on|off" */
	/* the image's part is the image's owner's */
	struct strv dirs; /* absolute: the board's directory and those it extends, nearest first */
	struct board_image *image; /* see board.c / image.h */
};

int board_load(const struct workspace *workspace, const char *name, struct board **ret_board,
               struct err *err);
void board_free(struct board *board);
/* Names of all boards, sorted. */
int board_list(const struct workspace *workspace, struct strv *ret_names, struct err *err);
