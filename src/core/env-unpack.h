/* Unpackers: processes that unpack packages into layers while others still arrive. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/* A package to unpack. Borrowed, and not to change once the unpackers run: they are forked. */
struct unpack_job {
	const char *path;   /* of the .deb */
	const char *dest;   /* the layer's directory */
	const char *sha256; /* checked before it is unpacked; NULL: that has just been done */
};

struct unpackers;

/* Forks `count` processes. They die with this process. */
struct unpackers *unpackers_start(const struct unpack_job *jobs, size_t job_count, unsigned count,
                                  struct err *err);
/* Kills what still runs; NULL-safe. */
void unpackers_free(struct unpackers *unpackers);
/* Has jobs[index] unpacked by whichever process is free. */
int unpackers_push(struct unpackers *unpackers, size_t index, struct err *err);
/* Readable when there are results. */
int unpackers_fd(const struct unpackers *unpackers);
/* Reads the results that are there; fails when a job has failed. */
int unpackers_collect(struct unpackers *unpackers, struct err *err);
/* Number of jobs that have ended. */
size_t unpackers_done(const struct unpackers *unpackers);
/* No more jobs come: waits for those that were pushed. `progress` (may be NULL) is called after
 * each. */
int unpackers_finish(struct unpackers *unpackers, void (*progress)(void *context), void *context,
                     struct err *err);
