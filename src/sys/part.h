/* A partial download: "<path>.part" beside the file that it will become, locked while written. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "hash.h"

/* part_init before use; part_release closes and unlocks, leaving the file for a later run. */
struct part {
	char *path; /* of the finished file */
	char *part_path;
	int fd;           /* -1: not open */
	struct hash hash; /* of the bytes received */
	uint64_t received;
};

enum part_state {
	PART_OPEN,      /* ours; `received` bytes of an earlier run are in it, and hashed */
	PART_BUSY,      /* another process writes it: ask again later */
	PART_PUBLISHED, /* the finished file is there, by another process */
};

void part_init(struct part *part, const char *path);
void part_release(struct part *part);
/* Opens and locks it without waiting, making its directory. With `resume` false what was there is
 * dropped. */
int part_open(struct part *part, bool resume, enum part_state *ret_state, struct err *err);
/* Appends and hashes; -1 with errno set. */
int part_write(struct part *part, const void *bytes, size_t count);
/* Back to an empty file; -1 with errno set. */
int part_restart(struct part *part);
/* The digest of all that was received; nothing can be appended afterwards. */
void part_digest(struct part *part, struct digest *ret_digest);
/* Gives it its name and closes it; `durable`: a crash of the machine right after leaves it whole.
 */
int part_publish(struct part *part, bool durable, struct err *err);
/* Removes it and closes it. */
void part_drop(struct part *part);
