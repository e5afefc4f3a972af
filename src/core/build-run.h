/* What one run of `sdk build` does: collected while it goes, kept in the history, summed up. */
#pragma once

#include "build.h"
#include "graph.h"
#include "history.h"

struct build_run {
	const struct workspace *workspace;
	const char *arch; /* borrowed */
	char *id;         /* "<started, ms>-<pid>" */
	uint64_t started_ms;
	unsigned jobs;
	struct strv touched; /* packages that were built, fetched, or failed */
	struct build_summary summary;
};

void build_run_begin(struct build_run *run, const struct workspace *workspace, const char *arch,
                     unsigned jobs);
/* A package's end: fills in `run` and what the node says (name, version, key, outputs), appends it
 * to the history. What can't be written is a warning: the build itself is well. */
void build_run_note(struct build_run *run, const struct node *node, struct history_build *build,
                    const struct event_sink *sink);
/* The end: counts what was reused, writes the run to the history when it did something, and hands
 * the summary over. `ret_summary` may be NULL. */
void build_run_end(struct build_run *run, const struct graph *graph, const struct event_sink *sink,
                   struct build_summary *ret_summary);
