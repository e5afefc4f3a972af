/* Packages and what they are built against, as an indented tree. */
#pragma once

#include "graph.h"

/* How the lines of the tree of one node are told apart and printed. */
struct dep_tree {
	struct map shown; /* nodes whose edges stand above already: they are told once */
	bool up;          /* users, of one level */
	bool declared;    /* only what recipes name, and what they need to run as well */
};

void dep_tree_release(struct dep_tree *tree);
/* The node's edges, and theirs, each level two columns deeper; on stdout. */
void dep_tree_print(struct dep_tree *tree, const struct node *node, int depth);
