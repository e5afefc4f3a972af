/* Fetching from several git servers at once: a process each, since libgit2 blocks. */
#pragma once

#include <stddef.h>

#include "err.h"
#include "event.h"
#include "git-remote.h"

struct sync_fetch {
	const char *name;           /* the task of its events */
	struct git_fetch_spec spec; /* without progress */
	struct git_fetched fetched; /* when err is empty */
	struct err err;
};

/* Fetches all; each one's failure is in its own `err`. Fails only for this machine's reasons. A
 * server from which nothing came for a minute is given up. */
int sync_fetch_all(struct sync_fetch *fetches, size_t count, const struct event_sink *sink,
                   struct err *err);
