/* The copy of a binhost's index: fetched, verified, and kept with what was verified.
 *
 * Below $SDK_CACHE/binhosts/<of the address>/, for each architecture: .signed is what came, .state
 * what the server said of it, .verified the text that was signed, with a stamp of everything that
 * the verdict rests on, so that gpg runs only when some of that has changed. The highest serial
 * number seen is kept in $SDK_DATA/binhosts/, since it can't be had again. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "binhost-index.h"
#include "config.h"
#include "err.h"
#include "fetch-text.h"
#include "workspace.h"

struct binhost_copy {
	const struct workspace *workspace;
	const struct config_binhost *host;
	const char *arch;
	bool is_release;
	char *url;         /* of the index */
	char *base, *seen; /* paths: "<base>.signed" …; what was seen */
	char *etag, *modified;
	char *digest;    /* of .signed; NULL: there is none */
	int64_t asked;   /* Unix time of the last attempt; 0: never */
	char *failure;   /* why that attempt failed; NULL: it did not */
	bool is_refused; /* it failed by what came: that could not be believed */
};

/* Reads the state. What can't be read counts as not there. With a release it is the index of that,
 * else the current one. All is borrowed. */
void binhost_copy_open(const struct workspace *workspace, const struct config_binhost *host,
                       const char *arch, const char *release, struct binhost_copy *ret_copy);
void binhost_copy_release(struct binhost_copy *copy);

/* What to ask the server, for fetch_texts … */
void binhost_copy_ask(const struct binhost_copy *copy, struct fetch_text *ret_text);
/* … and what to make of its answer: kept if it can be believed, else the one before stays. */
int binhost_copy_take(struct binhost_copy *copy, struct fetch_text *text, struct err *err);

/* The index, if it is signed by one of the host's keys, for this architecture, not older than one
 * that was seen nor, but for a release's, than the host's max_age_days; ERR_TRUST else. ERR_INPUT
 * when there is no copy; one that is damaged is forgotten, digest and all, so that it is asked for
 * anew. */
int binhost_copy_read(struct binhost_copy *copy, struct binhost_index *ret_index, struct err *err);
