/* What differs between two locks. */
#include "lock-diff.h"

#include <string.h>

static bool is_same(const struct lock_file *a, const struct lock_file *b)
{
	return str_equal(a->version, b->version) && str_equal(a->sha256, b->sha256) &&
	       str_equal(a->groups, b->groups) && str_equal(a->url, b->url);
}

void lock_diff(const struct lock *old, const struct lock *new, struct lock_changes *ret_changes)
{
	/* Both are sorted: a merge. */
	size_t i = 0, k = 0;
	while (i < old->files.count || k < new->files.count) {
		const struct lock_file *a = i < old->files.count ? &old->files.items[i] : NULL;
		const struct lock_file *b = k < new->files.count ? &new->files.items[k] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->name, b->name);
		i += order <= 0;
		k += order >= 0;
		if (order == 0 && is_same(a, b))
			continue;
		vec_push(ret_changes, (struct lock_change){.old = order <= 0 ? a : NULL,
		                                           .new = order >= 0 ? b : NULL});
	}
}

void lock_changes_release(struct lock_changes *changes)
{
	vec_release(changes);
}
