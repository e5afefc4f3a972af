/* What differs between two locks. */
#pragma once

#include "lock.h"
#include "vec.h"

/* A package that was added (old NULL), removed (new NULL), or has another version, file or groups.
 * They point into the locks. */
struct lock_change {
	const struct lock_file *old, *new;
};

VEC_OF(lock_changes, struct lock_change);

/* In the order of names. */
void lock_diff(const struct lock *old, const struct lock *new, struct lock_changes *ret_changes);
void lock_changes_release(struct lock_changes *changes);
