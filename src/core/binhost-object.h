/* One archive from a binhost into the store, in one pass over its bytes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "binhost.h"
#include "err.h"
#include "workspace.h"

/* Connections and the like, kept from one archive to the next. */
struct binhost_fetch;

/* `progress` is called now and then with the bytes that have come. */
struct binhost_fetch *
binhost_fetch_new(const struct workspace *workspace,
                  void (*progress)(void *context, uint64_t done, uint64_t total), void *context);
void binhost_fetch_free(struct binhost_fetch *fetch);
/* Fetches, checks, unpacks and publishes the output, and keeps its archive in the cache. An earlier
 * download that broke off is continued. ERR_TRUST: the bytes are not what the index says of them;
 * ERR_NETWORK: they can't be had; ERR_SYSTEM: this machine's own. */
int binhost_fetch_object(struct binhost_fetch *fetch, const struct binhost_source *source,
                         struct err *err);
/* After that failed: whether the host is down, so that its other archives can't be had either. */
bool binhost_fetch_is_down(const struct binhost_fetch *fetch);
/* Forgets what an earlier download of that output left behind. */
void binhost_fetch_forget(const struct workspace *workspace, const char *digest);
