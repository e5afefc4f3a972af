/* Garbage collection: what of out/ and of the cache nothing needs any more, and its removal.
 *
 * Needed is what the current plans of all boards count on, what the images that are kept are made
 * of, what the last builds of each package gave, and what the recipes and the seed of this checkout
 * name. Everything else goes when it has not been used for some days: other checkouts share the
 * cache, and what they need shows in the time of last use alone (lease.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "err.h"
#include "event.h"
#include "vec.h"
#include "workspace.h"

struct gc_policy {
	unsigned keep_days;   /* what was used since is kept */
	unsigned keep_builds; /* of each package and architecture; and images of each board */
	uint64_t max_bytes;   /* unneeded things go, oldest first, until all fits; 0: no limit */
};

/* Why an item stays or goes. */
enum gc_verdict {
	GC_NEEDED,    /* a root: never removed */
	GC_IN_USE,    /* a running command may count on it */
	GC_YOUNG,     /* not needed, but used of late */
	GC_EXPIRED,   /* neither: removed */
	GC_BROKEN,    /* not what its name says: removed */
	GC_OVER_SIZE, /* young, but too much: removed */
};

struct gc_item {
	const char *area; /* "store", "downloads", …: static */
	bool is_cache;    /* shared with other checkouts */
	char *name;       /* for people: "zlib 1.3.1 run" */
	char *path;
	char *id; /* digest, key or file name: what roots are known by */
	uint64_t bytes;
	struct timespec used; /* last */
	enum gc_verdict verdict;
	char *why;    /* "plan of amd64-usr" */
	bool removed; /* by gc_run */
};

struct gc {
	VEC(struct gc_item) items; /* by area, then by name */
	uint64_t kept_bytes, dropped_bytes;
	size_t holders; /* commands that run meanwhile */
};

bool gc_drops(const struct gc_item *item);
/* Decides, and removes nothing. Boards and recipes that can't be read are told as warnings: what
 * only they need is kept by its age at most. */
int gc_plan(const struct workspace *workspace, const struct gc_policy *policy,
            const struct event_sink *sink, struct gc *ret_gc, struct err *err);
/* Removes what gc_plan has decided on, but for what has been used since. Commands that run may go
 * on. Killed at any moment it leaves whole entries, and trash that the next run removes. */
int gc_run(const struct workspace *workspace, struct gc *gc, const struct event_sink *sink,
           struct err *err);
void gc_release(struct gc *gc);
