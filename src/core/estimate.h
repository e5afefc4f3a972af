/* How long packages take to build, from what they took here before (history.h). */
#pragma once

#include "graph.h"
#include "workspace.h"

/* Fills each node's `expected` (as long as it took the last time; else a guess by the size of its
 * sources, put right by how far such guesses are off on this machine), `is_guess` and `weight`. */
void estimate_nodes(const struct workspace *workspace, struct graph *graph);
/* Seconds until all of the graph is there, `jobs` packages at a time: the schedule played through,
 * the longest way first. Of those that are being built, `ran` says for how long they have been. */
double estimate_left(struct graph *graph, unsigned jobs);
