/* Archives of a binhost, fetched and looked at by several processes. */
#pragma once

#include <stdbool.h>

#include "binhost-host.h"

/* An archive to look at, and what was found. */
struct binhost_look {
	struct binhost_object object;
	char *task; /* what events call it; owned, as is … */
	char *what; /* … what is wrong with it; NULL: nothing */
	bool is_done;
};
VEC_OF(binhost_look_list, struct binhost_look *);

void binhost_look_free(struct binhost_look *look);

/* Compares size, SHA-256, manifest and every file of each, below the directory `scratch`; events
 * tell how far it is and, at once, which are bad. The error is that of the first in the list that
 * can't be looked at: all that stand before it are done. */
int binhost_look(const struct binhost_host *host, const char *scratch,
                 const struct binhost_look_list *list, struct err *err);
