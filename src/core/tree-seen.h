/* What a tree looked like at one moment, and what of it was changed since. */
#pragma once

#include "err.h"
#include "vec.h"

/* Writes the time, size and mode of every file below `root`/`top` to the file `path`. Builds write
 * below `root`: a `top` that is no directory any more is an error. */
int tree_seen_save(const char *root, const char *top, const char *path, struct err *err);
/* Appends, sorted, the paths (relative to `top`) of files that are new, changed or gone. */
int tree_seen_changes(const char *root, const char *top, const char *path, struct strv *ret_paths,
                      struct err *err);
