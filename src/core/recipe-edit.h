/* A recipe's file changed in place: version, addresses, sizes, digests; nothing else moves. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"
#include "vec.h"

/* What becomes of one of the recipe's sources; zeroed members mean: it stays. */
struct recipe_edit_source {
	size_t index; /* in sources */
	/* Where the new file is, in front of everything else: the first address (mirror:// ones
	 * are kept as such). It is written only when the text there, expanded for the new version,
	 * does not say the same. NULL: addresses follow the version alone. */
	const char *url;
	uint64_t size_bytes;
	const char *sha256;
};

struct recipe_edit {
	const char *version;
	VEC(struct recipe_edit_source) sources;
};

void recipe_edit_release(struct recipe_edit *edit);

/* Appends the changed text. Addresses that hold the old version literally get the new one (also as
 * 1_2_3 and 1-2-3, and as major.minor between two slashes); those with ${version} stay as they are,
 * for they follow. A recipe that can't be read is ERR_INPUT; the result can always be read. */
int recipe_edit_apply(const char *path, const char *text, size_t length,
                      const struct recipe_edit *edit, struct str *ret_text, struct err *err);

/* An address of a source as it will be for another version: by the rules above. Caller frees. */
char *recipe_edit_url(const char *url, const char *old_version, const char *new_version);
