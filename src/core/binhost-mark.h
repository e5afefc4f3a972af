/* The newest index of a name that was seen or written here, kept so that an older one can be told.
 *
 * One file an index, "<serial> <date>[ removed]". It is never lowered, whoever writes at the same
 * time, and one that can't be understood is no permission to believe anything. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct binhost_mark {
	uint64_t serial;
	int64_t date;    /* Unix time; 0: not known */
	bool is_removed; /* the index was removed from here: that it is gone is as it should be */
};

/* No file: all is 0. One that can't be read or understood: ERR_TRUST or ERR_SYSTEM. */
int binhost_mark_read(const char *path, struct binhost_mark *ret_mark, struct err *err);
/* Keeps it, unless a newer one is kept already. */
int binhost_mark_raise(const char *path, const struct binhost_mark *mark, struct err *err);
