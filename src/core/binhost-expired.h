/* Which objects of a binhost no index names any more, and since when: the file `expired`.
 *
 * Readers may still hold an index that names them, so they are removed only after a while. A pusher
 * that finds such an object takes it off the list before it relies on it; prune marks what it is
 * about to remove ("deleting") and looks at the indexes once more. Both replace the file only if it
 * is still the one they read, so that neither misses what the other does. The file is not signed:
 * at worst, who can write the host removes what he could remove anyway. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "binhost-host.h"
#include "hash.h"
#include "map.h"

struct expired_item {
	char digest[DIGEST_HEX];
	int64_t since; /* Unix time; while `deleting`, when that began */
	bool deleting;
};

/* Sorted by digest. */
struct expired_list {
	VEC(struct expired_item) items;
	char *tag; /* of the file it was read from; NULL: there was none */
};

void expired_list_release(struct expired_list *list);
/* Lines that are not understood are left out: then those objects count from now. */
int expired_read(struct binhost_host *host, struct expired_list *ret_list, struct err *err);
/* *ret_done false: somebody else changed it meanwhile. */
int expired_write(struct binhost_host *host, const struct expired_list *list, bool *ret_done,
                  struct err *err);
struct expired_item *expired_find(const struct expired_list *list, const char *digest);

/* Takes objects (keys of the map are their digests) off the list; waits for a prune that is just
 * removing one of them. */
int expired_rescue(struct binhost_host *host, const struct map *digests, struct err *err);
