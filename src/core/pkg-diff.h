/* Two builds of a package compared: what one who uses it, or reviews it, has to know. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "json.h"
#include "store.h"
#include "str.h"
#include "vec.h"
#include "workspace.h"

/* Both sides of one set: what only the new one has, and what only the old one had. Sorted. */
struct pkg_diff_set {
	struct strv added, gone;
};

struct pkg_diff_output {
	char *name; /* "run", … */
	uint64_t old_bytes, new_bytes;
};

struct pkg_diff {
	char *arch;
	bool is_same;                      /* the very same bytes in all outputs */
	VEC(struct pkg_diff_output) sizes; /* of outputs of either side; by name */
	/* "usr/lib/libz.so.1"; debug files aside. A file whose name holds the version counts as
	 * the same file in both. */
	struct pkg_diff_set files;
	size_t changed_files;         /* of the same name, with other content, target or mode */
	struct pkg_diff_set sonames;  /* provided */
	struct pkg_diff_set needs;    /* sonames needed of other packages */
	struct pkg_diff_set requires; /* packages */
	struct pkg_diff_set
		symbols; /* "libz.so.1: inflate@ZLIB_1.2.0", exported by shared libraries */
	struct pkg_diff_set setuid; /* set-user-id and set-group-id files */
};

void pkg_diff_release(struct pkg_diff *diff);
/* The outputs of both must be in the store or the cache. */
int pkg_diff_make(const struct workspace *workspace, const struct record *old,
                  const struct record *new, struct pkg_diff *ret_diff, struct err *err);
/* Appends "- …" lines (Markdown, and readable as plain text); of long lists the first few. Those
 * that break users of the package come first and say so. */
void pkg_diff_describe(const struct pkg_diff *diff, struct str *text);
/* Adds members to the open object. */
void pkg_diff_json(const struct pkg_diff *diff, struct json *json);
