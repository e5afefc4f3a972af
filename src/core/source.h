/* Source files: found in the cache by digest, fetched from mirrors when missing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "err.h"
#include "event.h"
#include "lock.h"
#include "vec.h"
#include "workspace.h"

struct source {
	struct strv urls; /* expanded, tried in order; mirror://<name>/… stands for each base
	                   * address of that mirror */
	uint64_t size_bytes;
	char sha256[65];
	char *signature_url, *signature_key; /* NULL: none declared */
	bool extract;        /* false: an ordinary file, copied to the source directory */
	char *into;          /* sub-directory of the source directory, NULL: itself */
	struct strv exclude; /* patterns (pkg_glob_matches) of what is not unpacked of it */
	unsigned strip;      /* leading path components to drop when unpacking; 1 by default */
	unsigned line;       /* in the recipe, for messages */
};

void source_release(struct source *source);
/* cache/downloads/<aa>/<sha256>-<file name>; caller frees. */
char *source_cache_path(const struct workspace *workspace, const struct source *source);
bool source_is_cached(const struct workspace *workspace, const struct source *source);
/* Fetches those that are missing, in parallel, each verified while it streams and published by
 * rename; resumes partial downloads. The first failure is returned after the others have ended. */
int source_fetch_all(const struct workspace *workspace, const struct source *const *sources,
                     size_t count, const struct event_sink *sink, struct err *err);

/* The same for those who are about to use the files: what was there is read again, and fetched anew
 * when its bytes are not the right ones any more. */
int source_fetch_checked(const struct workspace *workspace, const struct source *const *sources,
                         size_t count, const struct event_sink *sink, struct err *err);

/* The directory or file below `dir` that it becomes; caller frees. */
char *source_destination(const struct source *source, const char *dir);
/* Unpacks the cached file below `dir` (which exists), or copies it there, as the recipe says.
 * *newest becomes the newest time in it, when that is later. */
int source_place(const struct workspace *workspace, const struct source *source, const char *dir,
                 time_t *newest, struct err *err);

/* Hooks into a fetch, for those who work on files while others still arrive. */
struct source_hooks {
	/* sources[index] is in the cache, now or since long; of two with the same digest and name
	 * one is told. A negative return, with the error set, ends everything. */
	int (*done)(void *context, size_t index, struct err *err);
	int watch_fd; /* > 0: `watched` is called when it is readable */
	int (*watched)(void *context, struct err *err);
	void *context;
};

int source_fetch_hooked(const struct workspace *workspace, const struct source *const *sources,
                        size_t count, const struct source_hooks *hooks,
                        const struct event_sink *sink, struct err *err);

/* The source that a package of the seed's lock is. */
void source_of_lock_file(const struct lock_file *file, struct source *ret_source);
