/* Usage: what exists on disk of this checkout and of the cache, and how large it is. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "vec.h"
#include "workspace.h"

/* A directory of state. */
struct usage_part {
	char *name; /* "environment", "toolchain", "store", …, "download cache" */
	char *path;
	uint64_t bytes; /* on disk; hard links counted once */
	uint64_t items; /* of its kind: environments, toolchains, packages, files */
	int is_cache;   /* shared with other checkouts */
};

struct usage {
	VEC(struct usage_part) parts;
};

void usage_measure(const struct workspace *workspace, struct usage *ret_usage);
void usage_release(struct usage *usage);

struct usage_inode {
	dev_t dev;
	ino_t ino;
};

/* A sum over files and trees; {0} is empty. */
struct usage_meter {
	uint64_t bytes; /* on disk; what has several links is counted once */
	uint64_t files, top_items;
	VEC(struct usage_inode) linked;
};

/* Adds the file or tree, itself included, never following a link. What disappears meanwhile, or
 * can't be read, is not counted. */
void usage_add(struct usage_meter *meter, const char *path);
void usage_meter_release(struct usage_meter *meter);
