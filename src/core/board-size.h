/* What packages add to an image: their files and those of all that they need to run, as far as they
 * are built; of the others, what their recipes declare. Before compression, and before a board's
 * `remove`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "map.h"
#include "recipe.h"
#include "vec.h"

struct board_size {
	char *package;
	bool is_built;  /* `bytes` is known */
	bool is_guess;  /* `requires` is what the recipe declares: at most that comes along */
	uint64_t bytes; /* 0 when it is not built */
	struct strv requires;
};

/* {0}: nothing is known of any package. */
struct board_sizes {
	VEC(struct board_size *) packages;
	struct map by_name;
};

/* Of all recipes that build for the architecture, with these options. Nothing is fetched. */
int board_sizes_make(const struct workspace *workspace, struct recipe_set *recipes,
                     const char *arch, const struct strv *options, struct board_sizes *ret_sizes,
                     struct err *err);
void board_sizes_release(struct board_sizes *sizes);

/* The packages with all that they need: how large, as far as it is built. `ret_names`, which may be
 * NULL, gets their names: those that are needed for sure, or with `guess` all that may be. */
uint64_t board_sizes_total(const struct board_sizes *sizes, const struct strv *packages, bool guess,
                           struct strv *ret_names);
/* By how much the total would grow with the package, or shrinks without it. False: not known. */
bool board_sizes_effect(const struct board_sizes *sizes, const struct strv *packages,
                        const char *package, uint64_t *ret_bytes);
