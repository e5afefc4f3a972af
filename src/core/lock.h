/* The seed's lock: every file of which the environment and the prebuilt toolchains are made. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "hash.h"
#include "str.h"
#include "vec.h"

/* One Debian binary package. Text lives in the lock's arena. */
struct lock_file {
	const char *name, *version, *arch; /* as in its control file */
	const char *url;                   /* mirror://debian/pool/… */
	uint64_t size_bytes;
	const char *sha256;
	const char *groups; /* comma separated, sorted: the groups whose closure it is in */
};

/* bootstrap/seed.<arch>.lock: '#' comments, then "suite", "arch" lines, then one tab-separated line
 * a file, in the order of struct lock_file. Sorted by name; same input, same bytes. */
struct lock {
	struct arena arena;
	const char *suite, *arch;
	VEC(struct lock_file) files;
	struct digest digest; /* of what is unpacked: all files' names, digests and groups */
};

/* Strict: an unknown form, a bad digest, an unsafe path is ERR_INPUT with file and line. */
int lock_load(const char *path, struct lock *ret_lock, struct err *err);
/* The same from memory; `name` is for messages. */
int lock_parse(const char *name, const char *text, size_t length, struct lock *ret_lock,
               struct err *err);
/* The canonical text: lock_parse(lock_format(x)) is x. */
void lock_format(const struct lock *lock, struct str *text);
void lock_release(struct lock *lock);
int lock_file_in_group(const struct lock_file *file, const char *group);
/* Digest of a group's closure: of what a build that uses the group can see through it. */
void lock_group_digest(const struct lock *lock, const char *group, struct digest *ret_digest);
