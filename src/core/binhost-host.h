/* A binhost as those see it who write to it: its indexes are read with their signatures checked,
 * and changed so that no concurrent change is lost. */
#pragma once

#include "binhost-index.h"
#include "binhost-target.h"
#include "config.h"
#include "err.h"
#include "event.h"
#include "vec.h"
#include "workspace.h"

struct binhost_host {
	const struct workspace *workspace;
	const struct event_sink *sink;
	struct config config;
	struct binhost_target *target;
	struct strv trusted; /* fingerprints that may have signed what is there: its own and ours */
	bool afresh; /* an index that can't be believed, or is gone, is taken for an empty one, with
	              * a warning */
};

/* `to`: a name from sdk.yaml, or an address (file:///…, s3://…); NULL: the only binhost of sdk.yaml
 * that can be written. An address need not be in sdk.yaml. */
int binhost_host_open(const struct workspace *workspace, const char *to,
                      const struct event_sink *sink, struct binhost_host *ret_host,
                      struct err *err);
void binhost_host_release(struct binhost_host *host);

/* An index of the host: "index/amd64", "releases/1.0/amd64". A missing one is empty, has *ret_tag
 * NULL and serial 0, or the last one's if it was removed from here or is begun afresh. ERR_TRUST:
 * unsigned, signed by others, not an index, or older than one that was written from here. */
int binhost_host_read(struct binhost_host *host, const char *name, struct binhost_index *ret_index,
                      char **ret_tag, struct err *err);

/* Changes the lines of an index; called again when somebody else changed it meanwhile. `lines` are
 * those of `old` when it is called. *ret_changed false leaves the index as it is. */
typedef int binhost_edit(void *context, const struct binhost_index *old, struct strv *lines,
                         bool *ret_changed, struct err *err);
/* Reads, edits, signs with all valid keys of ours, and writes, until nobody came in between.
 * ret_index (may be NULL) is the result. */
int binhost_host_update(struct binhost_host *host, const char *name, binhost_edit *edit,
                        void *context, struct binhost_index *ret_index, struct err *err);

/* Removes indexes. Their numbers are remembered: one that is written again under such a name goes
 * on from there. */
int binhost_host_remove(struct binhost_host *host, const struct strv *names, struct err *err);

/* The names of all indexes, those of releases too; sorted. */
int binhost_host_indexes(struct binhost_host *host, struct strv *ret_names, struct err *err);
/* "amd64" of "releases/1.0/amd64"; points into the name. */
const char *binhost_index_arch(const char *name);
