/* From an output's archive to a tree: one pass, in which every byte is checked. */
#pragma once

#include <stdint.h>

#include "archive.h"
#include "err.h"

/* Unpacks the archive into the directory `staging`: the tree as root/, the first member as
 * manifest. The manifest's digest must be `digest`; every entry must be the one the manifest has in
 * this place, and every file's content what it says, else ERR_TRUST. `bytes` is what the files must
 * add up to (UINT64_MAX: not known), so that a manifest can't promise more than its index did. */
int store_unpack(const struct archive_stream *stream, const char *digest, uint64_t bytes,
                 const char *staging, struct err *err);
/* The same from an archive that lies in a file. */
int store_unpack_file(const char *path, const char *digest, const char *staging, struct err *err);
/* Whether a file is the archive of that output: unpacked below `scratch` and removed again. */
int store_check_archive(const char *path, const char *digest, const char *scratch, struct err *err);
