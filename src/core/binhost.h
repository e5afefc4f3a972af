/* The binhosts of sdk.yaml, as a plan sees them: which keys they know, and where the archives are.
 *
 * An index that is missing, unsigned, signed by others, expired, rolled back or damaged is not
 * used: one warning, and what it might have had is built from source. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "binhost-index.h"
#include "config.h"
#include "err.h"
#include "event.h"
#include "store.h"
#include "vec.h"
#include "workspace.h"

/* Whether to ask the servers for their indexes. */
enum binhost_ask {
	BINHOST_COPY,    /* no: what was fetched last */
	BINHOST_MISSING, /* those that were never asked */
	BINHOST_RECENT,  /* those that were not asked within five minutes */
	BINHOST_NOW,     /* all */
	BINHOST_NONE,    /* use none */
};

struct binhost {
	const struct config_binhost *config;
	struct binhost_index index; /* empty when it is not usable */
};

struct binhosts {
	struct config config;
	VEC(struct binhost) hosts; /* in the order of sdk.yaml; the usable ones */
	struct strv refused;       /* digests of outputs that no host has as they should be */
};

/* An archive that can be fetched. */
struct binhost_source {
	const char *host; /* its name; borrowed */
	char *url;
	struct binhost_object object;
};
VEC_OF(binhost_source_list, struct binhost_source);
void binhost_source_list_release(struct binhost_source_list *list);

/* Opens the indexes of one architecture, and tells the sink of those that can't be used. Fails only
 * for what is this machine's own: an unreadable sdk.yaml. The architecture is borrowed. */
int binhosts_open(const struct workspace *workspace, const char *arch, enum binhost_ask ask,
                  const struct event_sink *sink, struct binhosts *ret_hosts, struct err *err);
void binhosts_release(struct binhosts *hosts);

/* What the first host that knows the key says it gave; outputs that were refused don't count. */
bool binhosts_find(const struct binhosts *hosts, const char *arch, const char *package,
                   const char *key, struct record *ret_record);
/* Where the archive of an output that the key gave can be had, in the order to try them. */
void binhosts_locate(const struct binhosts *hosts, const char *key, const char *digest,
                     struct binhost_source_list *ret_sources);
/* The size of that archive in bytes; 0 when no host has it. */
uint64_t binhosts_object_bytes(const struct binhosts *hosts, const char *key, const char *digest);
/* From now on the output can't be had from any host. */
void binhosts_refuse(struct binhosts *hosts, const char *digest);
