/* Archives, by libarchive: unpacking what is not trusted, packing the same bytes every time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "err.h"
#include "hash.h"
#include "str.h"
#include "vec.h"

/* Loads libarchive, which is otherwise loaded by the first call that needs it: once, before
 * processes are forked that each would. */
void archive_load(void);

/* Guards against bombs; zero members mean the defaults (16 GiB, 2,000,000 entries). */
struct archive_limits {
	uint64_t max_bytes;
	uint64_t max_entries;
};

/* What is wanted of an archive, where that is not all of it. */
struct archive_choice {
	unsigned strip; /* leading components to drop of every name */
	/* Whether to leave out an entry, by the name it would have. Hard links to what is left out
	 * are refused. */
	bool (*excludes)(const void *context, const char *path);
	const void *context;
};

/* Unpacks a tar (any compression) or zip below `dest` (which exists). Refused with ERR_TRUST,
 * naming the entry: absolute paths, "..", entries that would pass through a symlink, hard links out
 * of the tree, devices. Owners are not restored; set-id bits are dropped; modification times are
 * kept, and the newest one is returned (0 if none; of what is left out, too). */
int archive_unpack(const char *path, const char *dest, const struct archive_choice *choice,
                   const struct archive_limits *limits, time_t *ret_newest, struct err *err);

/* A .deb (ar of control.tar and data.tar): data.tar unpacked below `dest`, by the same rules. */
int archive_unpack_deb(const char *path, const char *dest, struct err *err);

/* Bytes that come from somewhere: `read` sets *ret_bytes, valid until its next call, and returns
 * their number; 0 at the end, -1 with the error set. */
struct archive_stream {
	ssize_t (*read)(void *context, const void **ret_bytes, struct err *err);
	void *context;
};

/* An entry, before it is made. */
struct archive_member {
	const char *path;
	char type;          /* 'f', 'l' or 'd' */
	unsigned mode;      /* permission bits */
	uint64_t size;      /* files: bytes; 0 for others */
	const char *target; /* symlinks */
};

/* Who decides about every entry; a negative return, with the error set, ends the unpacking. */
struct archive_check {
	const char *first_name; /* the member that must come first; it is not made … */
	uint64_t first_max_bytes;
	int (*first)(void *context, const struct str *text, struct err *err); /* … but shown */
	int (*entry)(void *context, const struct archive_member *member, struct err *err);
	/* After a file's last byte was written. */
	int (*file)(void *context, const char *path, const struct digest *digest, struct err *err);
	void *context;
};

/* Unpacks a tar compressed with zstd as it comes, below `dest`, by the rules of archive_unpack and
 * the check's. Modes are exactly those of the entries, all times are 0. Hard links and sparse files
 * are refused too. The stream is read to its end, behind the archive's. */
int archive_unpack_checked(const struct archive_stream *stream, const char *dest,
                           const struct archive_check *check, struct err *err);

/* Packs files, links and directories `names` (relative to `root`, in the order given) into a pax
 * tar compressed with zstd: root:root, the modes of the tree, all times `epoch`. `first_name` (may
 * be NULL) is put first with the content `first_text`. The file is published by rename. */
int archive_pack(const char *root, const struct strv *names, const char *first_name,
                 const char *first_text, time_t epoch, int level, const char *path,
                 struct err *err);
