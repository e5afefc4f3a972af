/* Packages and what they are built against, as an indented tree. */
#pragma once

#include "graph.h"

/* How the lines of the tree of one node are told apart and printed. */
struct dep_tree {
	const struct graph *graph;
	struct map shown; /* nodes whose edges stand above already: they are told once */
	bool up;          /* users, of one level */
	bool declared;    /* of what it is built against, only what the recipe names */
};

void dep_tree_release(struct dep_tree *tree);
/* What a node is built against and what it needs to run besides, or (`up`) the nodes for which it
 * is that. The caller releases both. */
void dep_tree_edges(const struct graph *graph, const struct node *node, bool up,
                    struct node_list *ret_build, struct node_list *ret_run);
/* The node's edges, and theirs, each level two columns deeper; on stdout. */
void dep_tree_print(struct dep_tree *tree, const struct node *node, int depth);
