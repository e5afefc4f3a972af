/* Between the files that make up archive.h; nobody else includes this. */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "archive.h"
#include "err.h"
#include "vec.h"

enum { ARCHIVE_BLOCK_BYTES = 256 << 10 };

/* libarchive converts UTF-8 names through the thread's locale and fails in "C". */
struct utf8_scope {
	locale_t locale, before;
};
struct utf8_scope utf8_scope_enter(void);
void utf8_scope_release(struct utf8_scope *scope);

/* What libarchive says of its latest failure: ERR_INPUT, or ERR_SYSTEM for this machine's. */
int archive_fail(struct archive *archive, struct err *err);

/* ---- archive-unpack.c: from entries to files */

/* A directory entry whose mode and time are set last: writing into it needs the one and changes the
 * other. */
struct dir_end {
	char *path;
	mode_t mode;
	time_t mtime;
};

/* One unpacking. Everything below `dest_fd` is reached by openat2(2) with RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS: the kernel, not our arithmetic on names, keeps us inside the tree. */
struct unpack {
	struct archive *archive;
	int dest_fd;
	struct archive_choice choice;
	bool merge_usr;                    /* Debian's aliased directories: bin/x is usr/bin/x */
	bool keep_dir_times;               /* pointless where several archives share directories */
	const struct archive_check *check; /* exact modes, no times, nothing but what it accepts */
	uint64_t bytes_left, entries_left;
	time_t newest;
	char *parent; /* the directory that parent_fd holds open: entries come in runs */
	int parent_fd;
	VEC(struct dir_end) dirs;
};

/* `dest` must exist. Formats and filters are the caller's to choose. */
int unpack_init(struct unpack *unpack, const char *dest, const struct archive_limits *limits,
                struct err *err);
void unpack_release(struct unpack *unpack);
/* All entries of the opened archive. */
int unpack_all(struct unpack *unpack, struct err *err);
