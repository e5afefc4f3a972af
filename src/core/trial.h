/* A trial: a build or an image made under other conditions, to see that nothing of them shows. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "vec.h"

/* What differs inside of the sandbox; what differs around it is the process's (reproduce-vary.c).
 */
struct trial {
	bool reverse;          /* sources unpacked, and sysroots put together, in the other order */
	struct strv layers;    /* more layers of the root, below the environment's */
	struct strv variables; /* "NAME=value": more for what runs inside */
};

/* Makes the directories below `path` anew with their entries in the opposite order of names, for
 * file systems that list entries in the order of their making. Times and modes stay. */
int trial_reverse_tree(const char *path, struct err *err);
/* envp, with the trial's variables behind it, as a list of its own. `trial` may be NULL. */
void trial_environment(const struct trial *trial, char *const *envp, struct strv *ret_envp);
