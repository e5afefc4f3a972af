/* What a change of the recipes means for the next build of a board: which packages it rebuilds, and
 * for how long. What was to be built before the change, too, is none of it. */
#pragma once

#include "map.h"
#include "vec.h"
#include "workspace.h"

/* The keys of a board's packages, as they were before. */
struct impact_before {
	bool is_known;   /* false: they could not be had, an overlay is not here yet, say */
	struct map keys; /* by name; "": not known, since it waits for something to be built */
	struct strv names;
};

struct impact {
	struct strv builds; /* what the change itself rebuilds, dependencies before their users */
	size_t follows; /* what depends on those, and is rebuilt unless nothing changes for it */
	size_t guessed; /* of all these: how many have never been built here */
	double seconds; /* until all is there, `jobs` at a time */
	unsigned jobs;
};

/* Without asking a binhost. */
void impact_look(const struct workspace *workspace, const char *board,
                 struct impact_before *ret_before);
void impact_before_release(struct impact_before *before);
/* After the change; `changed` are the names of the recipes that were changed, which decide where
 * keys are not known. False: the board can't be planned. */
bool impact_find(const struct workspace *workspace, const char *board,
                 const struct impact_before *before, const struct strv *changed,
                 struct impact *ret_impact);
void impact_release(struct impact *impact);
