/* Archives, by libarchive: unpacking what is not trusted, packing the same bytes every time. */
#pragma once

#include <stdint.h>
#include <time.h>

#include "err.h"
#include "vec.h"

/* Guards against bombs; zero members mean the defaults (16 GiB, 2,000,000 entries). */
struct archive_limits {
	uint64_t max_bytes;
	uint64_t max_entries;
};

/* Unpacks a tar (any compression) or zip below `dest` (which exists), dropping `strip` leading
 * components. Refused with ERR_TRUST, naming the entry: absolute paths, "..", entries that would
 * pass through a symlink, hard links out of the tree, devices. Owners are not restored; set-id bits
 * are dropped; modification times are kept, and the newest one is returned (0 if none). */
int archive_unpack(const char *path, const char *dest, unsigned strip,
                   const struct archive_limits *limits, time_t *ret_newest, struct err *err);

/* A .deb (ar of control.tar and data.tar): data.tar unpacked below `dest`, by the same rules. */
int archive_unpack_deb(const char *path, const char *dest, struct err *err);

/* Packs files, links and directories `names` (relative to `root`, in the order given) into a pax
 * tar compressed with zstd: root:root, the modes of the tree, all times `epoch`. `first_name` (may
 * be NULL) is put first with the content `first_text`. The file is published by rename. */
int archive_pack(const char *root, const struct strv *names, const char *first_name,
                 const char *first_text, time_t epoch, int level, const char *path,
                 struct err *err);
