/* The graph of packages for commands that ask about it, and plan nothing. */
#pragma once

#include "cli.h"
#include "graph.h"

struct graph_open {
	struct recipe_set recipes; /* the nodes point into it */
	char *arch;
	struct graph graph;
};

/* Of the packages, or, when that is NULL, of all recipes that are for the architecture. `options`,
 * "recipe.option=on|off", may be NULL. */
int graph_open(const struct cli *cli, const char *arch, const struct strv *packages,
               const struct strv *options, struct graph_open *ret_open, struct err *err);
/* The names of all recipes for the architecture, but those that can't be read or need one that
 * can't: of these it warns. */
void graph_open_names(const struct cli *cli, struct recipe_set *set, const char *arch,
                      struct strv *ret_names);
void graph_open_release(struct graph_open *open);
