/* Downloads, by libcurl: many at once, resumed, verified while they stream, published by rename. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "event.h"
#include "vec.h"

/* One file to fetch. Zeroed members mean: not known, not checked. All is borrowed. */
struct fetch_file {
	const char *name; /* the task of its events, and what messages call it */
	const char *path; /* where it ends up; its directory is made */
	/* http, https or file; tried in order. A server that is down is asked last by the files
	 * that come after; a file that a server does not have, or has with other bytes, is looked
	 * for at the next one. */
	const struct strv *urls;
	uint64_t size_bytes; /* exact size wanted; anything else is an error as soon as it shows */
	uint64_t max_bytes;  /* limit when the size is not known; 0: 64 MiB */
	const char *sha256;  /* hexadecimal; a mismatch everywhere is ERR_TRUST */
};

/* Zeroed members mean the defaults. */
struct fetch_options {
	unsigned parallel;        /* transfers at a time; 8 */
	unsigned connect_seconds; /* to reach a server; 15 */
	unsigned stall_seconds;   /* without at least 1 kB/s; 30 */
	unsigned rounds;          /* how often all addresses are tried; 4, 0.5 to 4 s apart */
	/* Called after each file was published (or had been there); a negative return, with the
	 * error set, ends everything. */
	int (*done)(void *context, size_t index, struct err *err);
	/* Polled for input during the transfers when > 0; `watched` is called when it is readable.
	 */
	int watch_fd;
	int (*watched)(void *context, struct err *err);
	void *context;
};

/* Fetches all files and returns when each has been published or has failed. A partial download is
 * kept as "<path>.part" and resumed by a later call, if it is for a file of known digest. Another
 * process that is fetching the same file is waited for. Of several failures the first is returned;
 * a failure of this machine (disk full), or several without any success, stop the rest. */
int fetch_all(const struct fetch_file *files, size_t count, const struct fetch_options *options,
              const struct event_sink *sink, struct err *err);
