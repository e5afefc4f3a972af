/* Leases: what keeps `sdk gc` from taking away what a running command counts on.
 *
 * Three rules, for out/ and for the cache alike:
 *
 * 1. A command that counts on what lies there holds a lease while it runs: a locked file in
 *    .leases/, whose time is the command's start. Taking one needs the gate, shared.
 * 2. Before it counts on an entry it marks it: the entry exists, and its time of modification,
 * which is our time of last use, is not older than a day. Where the time must be moved for that,
 * the gate is held, shared. So in general a mark costs one stat(2), and a write once a day.
 * 3. gc deletes behind the gate, held exclusively, and deletes nothing that was used later than a
 *    day before the start of the oldest lease; it looks at each entry's time once more there.
 *
 * A command's lease is either older than gc's stay behind the gate: then gc sees it, and an entry
 * that was marked, or made, since is too young for rule 3. Or the lease is younger: then all its
 * marks are made after gc has gone, and find what gc has left. The kernel drops the locks of a
 * killed process, and gc removes the files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "err.h"
#include "workspace.h"

/* How stale a mark may be before it is renewed. */
enum { LEASE_MARK_S = 24 * 60 * 60 };

struct lease {
	int fds[2];
	char *paths[2];
};

/* Takes leases on out/ and the cache and sets workspace->leased. Where one of them can't be written
 * to (a cache on a read-only disk) there is none: what is there is somebody else's to keep. */
int lease_take(struct workspace *workspace, struct lease *ret_lease, struct err *err);
void lease_release(struct lease *lease);

/* Whether `path` (below out/ or the cache; absolute) exists. With a lease it is then marked as used
 * now, and stays as long as the lease does. */
bool lease_mark(const struct workspace *workspace, const char *path);

/* gc's side: the gate of out/ or of the cache. */
struct lease_gate {
	int fd;
	time_t floor;   /* what was used at this time or later must stay */
	size_t holders; /* running commands */
};

/* Waits for the marks that are being made, and finds the leases that are held. */
int lease_shut_gate(const char *dir, struct lease_gate *ret_gate, struct err *err);
void lease_gate_release(struct lease_gate *gate);
/* Locks gc itself out of a second run; ERR_USAGE when one is at work. */
int lease_lock_gc(const char *dir, int *ret_fd, struct err *err);
