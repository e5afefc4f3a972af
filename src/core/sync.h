/* Bringing the checkout and its overlays up to date: fetched at once, moved forward only, and never
 * over somebody's edits. */
#pragma once

#include <stdbool.h>

#include "diff-tree.h"
#include "err.h"
#include "event.h"
#include "vec.h"
#include "workspace.h"

struct sync_request {
	const char *channel;     /* switch the checkout to this branch; NULL: stay */
	const char *release;     /* pin it to this tag; NULL: don't */
	const struct strv *only; /* names; empty: the checkout and all overlays */
	bool dry_run;            /* fetch, and move nothing */
	/* Called once, when everything is fetched and the first file is about to change; may be
	 * NULL. */
	void (*before_change)(void *context);
	void *context;
};

enum sync_status {
	SYNC_SAME,   /* up to date */
	SYNC_CLONED, /* was not here */
	SYNC_MOVED,  /* moved forward, or to what was asked for; with dry_run: would be */
	SYNC_AHEAD,  /* has commits of its own on top, which is fine */
	SYNC_FAILED, /* see err; as it was */
};

/* One repository. */
struct sync_item {
	char *name, *dir; /* "checkout", or the overlay's */
	bool is_checkout;
	char *ref;              /* the branch or tag it is at */
	bool is_tag, is_signed; /* the signature is by a key that was configured */
	char old_id[41], new_id[41];
	size_t commits; /* that are new between them */
	size_t back; /* that were there before, and are not now: an older release, another branch */
	size_t own;  /* of one's own, on top of what origin has */
	enum sync_status status;
	struct err err;
	struct diff_tree changes; /* SYNC_MOVED: of recipes and the rest */
};

struct sync_result {
	VEC(struct sync_item) items; /* the checkout first */
};

void sync_result_release(struct sync_result *result);
const char *sync_status_name(enum sync_status status);

/* One repository that fails doesn't stop the others; the error is the first one's, and *ret_result
 * is filled all the same. A name that is no overlay, or a checkout that git did not make, fails
 * before anything is fetched. */
int sync_run(const struct workspace *workspace, const struct sync_request *request,
             const struct event_sink *sink, struct sync_result *ret_result, struct err *err);
