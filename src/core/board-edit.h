/* A board's own file, changed in place: packages, options of recipes, what the image is like. All
 * changes are made to a text in memory, each checked with all that the board extends and all that
 * extend the board; saving writes it. What is not changed keeps its bytes, comments included. */
#pragma once

#include <stdbool.h>

#include "board-parts.h"
#include "recipe.h"
#include "str.h"
#include "workspace.h"

struct board_edit {
	const struct workspace *workspace;
	char *name, *path; /* the board, its own file */
	struct str text, saved;
	struct strv undo;         /* the texts before */
	struct strv dirs;         /* the board's, then of those it extends */
	struct board_chain chain; /* likewise; the first is `text` */
	struct board *board;      /* what they say together; `arch` may be NULL */
	struct recipe_set recipes;
};

/* `name` may be a board that exists to be extended. */
int board_edit_open(const struct workspace *workspace, const char *name,
                    struct board_edit *ret_edit, struct err *err);
void board_edit_release(struct board_edit *edit);

/* Keys are "summary", "image.<key>", "image.os-release.<KEY>", "options.<recipe>.<option>"; lists
 * are "packages", "image.cmdline", "image.remove", "image.initrd". In front of what a person typed,
 * "image." and "options." may be missing: the whole name, or NULL with ERR_INPUT and a suggestion.
 * Caller frees. */
char *board_edit_key(const char *typed, struct err *err);
char *board_edit_list(const char *typed, struct err *err);
/* All keys with one value that a board may have, but options and os-release. */
void board_edit_keys(struct strv *ret_keys);
/* The help of a key or list; NULL for those that are not in the tables. */
const char *board_edit_help(const char *key);

/* What the key has, by whose file; NULL: nobody's, the default counts. Both borrowed until the next
 * change. */
const char *board_edit_value(const struct board_edit *edit, const char *key, const char **ret_from);

/* Whether the board's own file has the key. */
bool board_edit_is_own(const struct board_edit *edit, const char *key);

/* An item of a list, as the board has it. */
struct board_item {
	const char *text;    /* without "-" */
	const char *from;    /* the board whose file adds it */
	const char *removed; /* the board whose file takes it away again, or NULL */
	bool is_own;         /* the last word is the board's own file's */
};
VEC_OF(board_items, struct board_item);
/* In order; borrowed until the next change. The caller releases the vector. */
void board_edit_items(const struct board_edit *edit, const char *list,
                      struct board_items *ret_items);

/* The changes: each leaves the board valid, or as it was (ERR_INPUT). What is so already is no
 * change: board_edit_count tells. */
int board_edit_set(struct board_edit *edit, const char *key, const char *value, struct err *err);
/* What the boards below say counts again, or the default. */
int board_edit_reset(struct board_edit *edit, const char *key, struct err *err);
int board_edit_add(struct board_edit *edit, const char *list, const char *item, struct err *err);
int board_edit_remove(struct board_edit *edit, const char *list, const char *item, struct err *err);
/* How many changes there were since it was opened. */
size_t board_edit_count(const struct board_edit *edit);
/* Takes the last change back; false when there is none. */
bool board_edit_undo(struct board_edit *edit);
bool board_edit_is_saved(const struct board_edit *edit);
/* ERR_INPUT when the file is no longer what was opened: nothing is written then. */
int board_edit_save(struct board_edit *edit, struct err *err);
