/* The packages a system needs and how they depend on each other, for one architecture. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "map.h"
#include "recipe.h"
#include "store.h"
#include "vec.h"

enum node_state {
	NODE_WAITS, /* a dependency must be built first: its own key is not known yet */
	NODE_BUILD, /* its key is known and nothing was built for it */
	NODE_BUILDING,
	NODE_DONE, /* its outputs are known; they may still lie on a binhost */
	NODE_FAILED,
	NODE_SKIPPED, /* something it depends on failed */
};

struct node;
VEC_OF(node_list, struct node *);

struct node {
	const char *name; /* the recipe's */
	const struct recipe *recipe;
	struct recipe_config config;
	struct node_list depends;        /* what it is built against, directly; sorted by name */
	struct node_list closure;        /* all of what is in its sysroot; sorted by name */
	struct node_list users;          /* those that depend on it directly */
	struct node_list runtime;        /* declared runtime dependencies */
	bool wanted;                     /* asked for by name */
	const struct worktree *worktree; /* its source, when it is worked on (workon.h) */

	/* the plan's */
	enum node_state state;
	char key[DIGEST_HEX];
	char *key_text;
	struct record record; /* when DONE */
	bool is_remote;       /* DONE by what a binhost says, not by a build here */
	bool is_ready;        /* all of its sysroot is in the store */
	char *reason;         /* why it is to be built; NULL when it is not */
	double weight;        /* seconds from its start to the end of all that waits for it */

	/* estimate.h's, in seconds */
	double expected; /* what building it takes */
	bool is_guess;   /* `expected`: it was never built here */
	double ran;      /* for how long it is being built */
	double ends;     /* from now, or negative */
};

struct graph {
	const char *arch;       /* borrowed */
	struct map by_name;     /* struct node */
	struct node_list nodes; /* dependencies before their users */
};

/* The closure of `packages` over target and runtime dependencies. `options` may be NULL. Unknown
 * packages, cycles and packages that are not for this architecture are ERR_INPUT. The recipe set
 * must outlive the graph. */
int graph_make(struct recipe_set *recipes, const char *arch, const struct strv *packages,
               const struct strv *options, struct graph *ret_graph, struct err *err);
void graph_release(struct graph *graph);
struct node *graph_find(const struct graph *graph, const char *name);
/* Whether packages have it in their sysroot without declaring it: the C library and what belongs to
 * it. */
bool graph_is_implicit(const char *name);
