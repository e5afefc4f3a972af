/* A binhost's index: which keys have been built, and which archives hold their outputs.
 *
 * The text that is signed, one file for each architecture:
 *
 *     dray-binhost-index 1
 *     arch amd64
 *     serial 42
 *     date 2026-11-23T17:00:00Z
 *     created 2026-01-23T17:00:00Z
 *     entries 123
 *
 *     <key> <package> <version> <seconds> <pushed> <output>=<digest>:<bytes>:<size>:<sha256> …
 *
 * Entries are sorted bytewise by key, one a line, with single spaces. `serial` grows with every
 * push, so that an older index can be told from a newer one; `date` is when it was signed,
 * `created` when it was signed first (older indexes have no such line), `pushed` the Unix time of
 * the entry. Of each output: the digest of its manifest, the bytes of its files, and size and
 * SHA-256 of the archive objects/<aa>/<digest>.pkg.tar.zst. Every number is written in one way
 * alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "hash.h"
#include "str.h"
#include "vec.h"

/* An index, as its text: entries are looked up by bisection, nothing is built from them. */
struct binhost_index {
	char *arch;
	uint64_t serial;
	int64_t date;    /* Unix time */
	int64_t created; /* the same; 0: it does not say */
	size_t count;    /* entries */
	struct str text;
	size_t first; /* offset of the first entry */
};

/* Takes the text over, on success and on failure, and checks every byte of it. `name` stands before
 * messages: ERR_TRUST "<name>:7: …", for what was signed in this form can't have been meant. */
int binhost_index_parse(const char *name, struct str *text, struct binhost_index *ret_index,
                        struct err *err);
void binhost_index_release(struct binhost_index *index);

/* The line of a key (64 hexadecimal digits), or NULL. It ends with a newline, and lives as long as
 * the index. */
const char *binhost_index_find(const struct binhost_index *index, const char *key);
/* Walks the entries: NULL gives the first line, a line the next one; NULL at the end. */
const char *binhost_index_next(const struct binhost_index *index, const char *line);

/* The archive of one output. */
struct binhost_object {
	char output[32];         /* "run", "dev", … */
	char digest[DIGEST_HEX]; /* of its manifest */
	uint64_t bytes;          /* of its files */
	uint64_t object_bytes;   /* of the archive */
	char sha256[DIGEST_HEX]; /* of the archive */
};

struct binhost_entry {
	char key[DIGEST_HEX];
	char *package, *version;
	double seconds; /* the build took */
	int64_t pushed; /* Unix time */
	VEC(struct binhost_object) objects;
};

/* Reads a line of a parsed index, up to its newline. False when it is no entry. */
bool binhost_entry_read(const char *line, struct binhost_entry *ret_entry);
void binhost_entry_release(struct binhost_entry *entry);
/* Appends the line, with its newline. */
void binhost_entry_format(const struct binhost_entry *entry, struct str *text);

/* When it was signed first; of one that does not say, the newest `pushed` of its entries. */
int64_t binhost_index_created(const struct binhost_index *index);

/* Appends a whole index: arch, serial, date and created of `head` with these lines (each with its
 * newline), which are sorted here. No two may have the same key. */
void binhost_index_format(const struct binhost_index *head, struct strv *lines, struct str *text);

/* "objects/aa/<digest>.pkg.tar.zst"; caller frees. */
char *binhost_object_name(const char *digest);
/* Whether a path could be one of a binhost's files: an index, a release's or an archive. */
bool binhost_name_is_valid(const char *name);
/* "2026-11-23T17:00:00Z", for 24 bytes. */
void binhost_date_text(int64_t when, char *text);
