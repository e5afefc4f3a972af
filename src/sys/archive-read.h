/* Archives read without unpacking them, by libarchive: names and the content of a few members, or
 * what a single compressed file holds. Bytes are not trusted; limits are the caller's. */
#pragma once

#include <stdint.h>
#include <time.h>

#include "err.h"

/* A member: its name as it stands there (never followed, may be anything). */
struct archive_member {
	const char *name;
	char type; /* 'f', 'd', 'l', else '?' */
	uint64_t size_bytes;
	time_t mtime;
};

/* Called for each member, in order. Sets *ret_wanted to how many bytes of its content `content` is
 * to be called with (at most; 0: none). Negative: stop with the error. */
struct archive_reader {
	int (*member)(void *context, const struct archive_member *member, size_t *ret_wanted,
	              struct err *err);
	int (*content)(void *context, const struct archive_member *member, const char *bytes,
	               size_t count, struct err *err);
	void *context;
};

/* A tar of any compression, or a zip. What is damaged or none is ERR_INPUT. At most `max_entries`
 * members (0: 2,000,000). */
int archive_read_members(const char *path, const struct archive_reader *reader,
                         uint64_t max_entries, struct err *err);

/* A compressed file (xz, gz, bz2, zstd; or none of them) that is no archive: `chunk` is called with
 * piece after piece. More than `max_bytes` in all is ERR_INPUT. */
int archive_read_stream(const char *path, uint64_t max_bytes,
                        int (*chunk)(void *context, const char *bytes, size_t count,
                                     struct err *err),
                        void *context, struct err *err);
