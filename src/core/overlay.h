/* Overlays: git repositories whose recipes and boards are laid over the checkout's own.
 *
 * sdk.yaml names them (config.h), `sdk sync` clones them to out/repos/<name>. Of each, recipes/ and
 * board-configs/ count; build systems, toolchains and the seed are the checkout's alone. */
#pragma once

#include "err.h"
#include "recipe.h"
#include "vec.h"
#include "workspace.h"

/* out/repos/<name>; caller frees. */
char *overlay_dir(const struct workspace *workspace, const char *name);

/* The recipes of the checkout and of all overlays. An overlay that was never cloned is ERR_INPUT:
 * without it, other packages would be built than those that are meant. */
int overlay_open_recipes(const struct workspace *workspace, struct recipe_set *ret_set,
                         struct err *err);

/* ERR_INPUT unless a recipe of that overlay can be changed here to stay: its clone is on a branch,
 * and nobody's signature is asked for. NULL, the checkout, always is. */
int overlay_check_editable(const struct workspace *workspace, const char *name, struct err *err);

/* The directories board-configs of all of them, those that win first, the checkout's last. */
struct overlay_boards {
	char *overlay; /* whose; NULL: the checkout's */
	char *dir;     /* absolute */
	char *inside;  /* nothing outside of this directory is read; NULL: the checkout's */
	uint64_t priority;
};
VEC_OF(overlay_board_list, struct overlay_boards);
int overlay_list_boards(const struct workspace *workspace, struct overlay_board_list *ret_list,
                        struct err *err);
void overlay_board_list_release(struct overlay_board_list *list);
