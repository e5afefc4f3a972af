/* Which files below a directory are opened, by inotify(7). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "err.h"
#include "map.h"
#include "vec.h"

/* Watches every directory that was there at the beginning; text lives in the arena. */
struct watch {
	int fd; /* readable when something was opened; -1: nothing is watched */
	struct arena arena;
	VEC(const char *) dirs; /* by inotify's descriptor, relative to the root */
	struct map files;       /* what was opened, relative to the root */
	bool has_lost;          /* the kernel's queue was full: some may be missing */
};

void watch_release(struct watch *watch);
/* Whoever opens a file through the same mount is seen, whatever it calls the path. Directories that
 * are opened, and files that are only looked at (stat(2)), are not. */
int watch_open(const char *root, struct watch *ret_watch, struct err *err);
/* Takes note of what was opened since. */
void watch_take(struct watch *watch);
/* Returns when `fd` is readable, or when files were opened and noted: these not one by one but in
 * bunches, so that watching costs little of a processor. */
void watch_wait(struct watch *watch, int fd);
/* Writes the names, each ended by a NUL, to a file; then, when none can be missing, an empty one.
 */
int watch_write(const struct watch *watch, int fd, struct err *err);
