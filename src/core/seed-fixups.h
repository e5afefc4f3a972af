/* Fix-ups: what maintainer scripts would have done, declared in bootstrap/seed.yaml.
 *
 * The environment is unpacked without running any of its packages' scripts. What is missing then
 * is little, and stands under `fixups:`, by group:
 *
 *     fixups:
 *       base:
 *         directories: [run/lock]
 *         links: {usr/bin/awk: gawk}                  # path: target
 *         files: {etc/hosts: "127.0.0.1 localhost\n"} # path: content
 *         copies: {etc/passwd: usr/share/base-passwd/passwd.master}
 *         bundles:                                    # all files of a directory, one after the
 * other etc/ssl/certs/ca-certificates.crt: usr/share/ca-certificates/mozilla
 */
#pragma once

#include "arena.h"
#include "err.h"
#include "vec.h"

enum fixup_kind { FIXUP_DIR, FIXUP_LINK, FIXUP_FILE, FIXUP_COPY, FIXUP_BUNDLE };

/* One of them; text lives in the list's arena. */
struct fixup {
	const char *group;
	enum fixup_kind kind;
	const char *path; /* relative, safe */
	const char *text; /* target, content, or path of what is copied or bundled; NULL for
	                     directories */
};

struct seed_fixups {
	struct arena arena;
	VEC(struct fixup) items; /* in the order in which they are to be applied */
};

/* ERR_INPUT with file and line on anything but the form above. */
int seed_fixups_load(const char *path, struct seed_fixups *ret_fixups, struct err *err);
void seed_fixups_release(struct seed_fixups *fixups);
/* Makes what it says below `root`. */
int seed_fixup_apply(const struct fixup *fixup, const char *root, struct err *err);
