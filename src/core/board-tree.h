/* A board as a tree of rows, for lists and for choosing: packages with their options, what the
 * image is like. */
#pragma once

#include "board-edit.h"
#include "board-size.h"

enum board_row_kind {
	BOARD_ROW_GROUP,   /* holds others: the packages, the image, a list of it */
	BOARD_ROW_PACKAGE, /* on: in the board, by name */
	BOARD_ROW_OPTION,  /* on or off */
	BOARD_ROW_VALUE,   /* a text */
	BOARD_ROW_ITEM,    /* one of a list; on: not taken away */
};

struct board_row {
	enum board_row_kind kind;
	int depth;        /* 0: a group at the top */
	char *key;        /* "packages", "options.curl.http2", "image.cmdline" */
	char *label;      /* "http2" */
	char *value;      /* VALUE: what counts; NULL: nothing */
	char *from;       /* whose file says so; NULL: none, the default counts */
	char *help;       /* one line; may be NULL */
	bool is_on;       /* PACKAGE, OPTION, ITEM */
	bool comes_along; /* PACKAGE: another one needs it to run */
	bool is_guess;    /* comes_along: by what recipes declare, for lack of builds */
	bool is_own;      /* the board's own file says so */
	bool has_bytes;   /* PACKAGE: `bytes` is known */
	uint64_t bytes;   /* that the image is larger with it */
};

struct board_tree {
	VEC(struct board_row) rows; /* parents before what they hold */
	uint64_t bytes;             /* of /usr, as far as known; before compression */
};

/* `sizes` may be {0}. Recipes that can't be read are left out. */
void board_tree_make(struct board_edit *edit, const struct board_sizes *sizes,
                     struct board_tree *ret_tree);
void board_tree_release(struct board_tree *tree);
/* Whether what is below the row can be opened: the next row is deeper. */
bool board_tree_has_children(const struct board_tree *tree, size_t index);
