/* What there is to do for a graph: which packages are known, which must be built, and why. */
#pragma once

#include "binhost.h"
#include "env.h"
#include "graph.h"
#include "toolchain.h"

struct planner {
	const struct workspace *workspace;
	const struct env *env;
	const struct toolchain *toolchain;
	struct graph *graph;
	const struct binhosts *binhosts; /* may be NULL */
	bool rebuild_wanted; /* build the wanted ones even though their keys are known */
};

/* Decides the state of every node, dependencies first. Reads nothing but records and
 * the binhosts' indexes. */
int plan_make(const struct planner *planner, struct err *err);
/* Decides one node anew, when the last of its dependencies has become DONE. */
int plan_node(const struct planner *planner, struct node *node, struct err *err);
/* Whether all that is in its sysroot is DONE. */
bool plan_is_ready(const struct node *node);
