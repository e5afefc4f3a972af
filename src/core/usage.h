/* Usage: what exists on disk of this checkout and of the cache, and how large it is. */
#pragma once

#include <stdint.h>

#include "err.h"
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

int usage_measure(const struct workspace *workspace, struct usage *ret_usage, struct err *err);
void usage_release(struct usage *usage);
