/* A board: what goes into one image (board-configs/<board>/board.yaml). */
#pragma once

#include <stdint.h>

#include "err.h"
#include "hash.h"
#include "vec.h"
#include "workspace.h"

/* The section `image`. Lists of extended boards come first, then the board's own. */
struct board_image {
	struct strv cmdline;         /* the kernel's words; ${…} as image.h lists them */
	struct strv remove;          /* globs of what the image leaves out of /usr */
	struct strv initrd_packages; /* packages whose files the initrd may take */
	struct strv initrd_include;  /* globs; empty: all of the packages' files */
	struct strv initrd_remove;   /* globs, taken away again */
	uint64_t esp_bytes, usr_bytes,
		verity_bytes; /* sizes of the partitions, each of two slots */
	uint64_t usr_budget_bytes, uki_budget_bytes; /* a larger one is an error; 0: no limit */
};

struct board {
	char *name, *summary, *arch;
	struct strv packages; /* "-name" in a board takes away one that it extends */
	struct strv options;  /* "recipe.option=on|off" */
	struct strv dirs;     /* absolute: the boards it extends, then its own */
	struct board_image image;
	struct digest digest; /* of all that lies in `dirs` */
};

/* Reads it and what it extends; unknown boards, keys and circles are ERR_INPUT. */
int board_load(const struct workspace *workspace, const char *name, struct board **ret_board,
               struct err *err);
void board_free(struct board *board);
/* Names of all boards that an image can be made of (those with an `arch`), sorted. */
int board_list(const struct workspace *workspace, struct strv *ret_names, struct err *err);
