/* Fetchers: processes that bring outputs into the store while others are built.
 *
 * Each takes the next request, streams the archive from the first binhost that has it (or from the
 * cache), and in that one pass checks the archive's SHA-256, unpacks it, compares every file with
 * the manifest and keeps the archive in the cache. Only what has passed all of it is given its
 * name. Processes, not threads, since libarchive touches process-wide state and reads what
 * strangers sent: one that it crashes is a refused archive here, and another takes its place.
 *
 * A host that can't be reached for some archives on end, or whose archives end some processes, is
 * left alone for the rest of the run, with one warning. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "binhost.h"
#include "err.h"
#include "hash.h"
#include "workspace.h"

enum fetch_kind {
	FETCH_BEGUN,  /* once for the cache, and once for each host that is asked */
	FETCH_MOVED,  /* `done` bytes of the archive have come */
	FETCH_HERE,   /* it is in the store */
	FETCH_FAILED, /* nobody has it as it should be: `message`; or this machine failed: `kind` */
	FETCH_SKIPPED, /* the hosts that have it are left alone: `message`, which was told before */
	FETCH_WARNED,  /* one host had it wrong: `message`; others are tried */
};

/* What a fetcher tells. */
struct fetch_news {
	enum fetch_kind what;
	size_t fetcher; /* who tells it */
	size_t source;  /* of which one, as binhosts_locate counts them */
	char digest[DIGEST_HEX];
	uint64_t done, total; /* bytes of the archive; 0 when it was in the cache */
	enum err_kind kind;
	int sys_errno;
	char host[64]; /* that it came from; empty: the cache */
	char message[1024];
};

struct fetchers;

/* How many suit this machine: they wait for the network, so more than it has processors. */
unsigned fetchers_count(void);
/* Forks `count` processes, which see the binhosts as they are now and die with this process. */
struct fetchers *fetchers_start(const struct workspace *workspace, const struct binhosts *binhosts,
                                unsigned count, struct err *err);
/* Kills what still runs; NULL is fine. */
void fetchers_free(struct fetchers *fetchers);
/* Readable when there is news. */
int fetchers_fd(const struct fetchers *fetchers);
/* Asks for an output that the key gave; false when enough is asked for already: then again after
 * some news. */
bool fetchers_ask(struct fetchers *fetchers, const char *key, const char *digest);
/* 1: news; 0: none now; -1 with the error set: nothing can be fetched any more. To be called now
 * and then in silence, too: a fetcher that died tells nothing. */
int fetchers_read(struct fetchers *fetchers, struct fetch_news *ret_news, struct err *err);
