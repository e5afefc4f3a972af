/* User namespaces and what comes with them: ids, loopback, host name (user_namespaces(7)). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

/* Forks into new user, mount, pid, ipc and uts namespaces (and, unless `network`, a net namespace).
 * Returns the child's pid, 0 in the child, or -1 with the reason and what to change on this machine
 * when such namespaces are not allowed. The child is pid 1 of its namespace. */
pid_t userns_fork(bool network, struct err *err);
/* In the child: maps the one outer user and group to these ids. */
int userns_map_ids(uid_t outer_uid, gid_t outer_gid, uid_t uid, gid_t gid, struct err *err);
/* What a process and its children take for theirs, while the machine has others. */
struct userns_guise {
	uid_t uid;
	gid_t gid;
	const char *hostname;
	long clock_s; /* what the monotonic and the boot clock are ahead (time_namespaces(7)) */
};
/* Moves this process (which has one thread) into new user and uts namespaces, and its children into
 * a new time namespace where the kernel has them: ret_clock tells. */
int userns_take_guise(const struct userns_guise *guise, bool *ret_clock, struct err *err);
/* In the child: brings the loopback interface up. */
int userns_loopback_up(struct err *err);
