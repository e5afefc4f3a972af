/* What a build read of its sysroot, told by the packages that the files came from: kept beside the
 * package's key in out/keys/<arch>/<package>/reads, for lint. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "graph.h"
#include "hash.h"
#include "store.h"
#include "vec.h"
#include "workspace.h"

/* Of one package in the sysroot. */
struct reads_package {
	char *name;
	size_t files;  /* that were opened */
	size_t shared; /* of them: shared libraries, which the linker also opens for others' sake */
	/* Of them: headers, pkg-config files and the like that no other file which was read asks
	 * for, so that the build itself must have. Not counted are those which tools open without
	 * being asked: shared libraries, and macros of aclocal and CMake. */
	size_t direct;
	bool is_named;        /* what was built has headers or pkg-config files that name its own */
	struct strv examples; /* at most three, direct ones if there are any */
};

struct reads {
	char key[DIGEST_HEX]; /* of the build */
	bool is_whole;        /* else files may have been read that are not told */
	VEC(struct reads_package) packages;
};

void reads_release(struct reads *reads);
/* NULL: nothing of it was read or named. */
const struct reads_package *reads_find(const struct reads *reads, const char *package);

/* A descriptor for sandbox.watch_fd: a file that has no name. */
int reads_open(int *ret_fd, struct err *err);
/* Maps what the sandbox told to the node's closure, and keeps it. `record`: what was built. What
 * was told nothing about leaves no trace. */
int reads_save(const struct workspace *workspace, const struct node *node,
               const struct record *record, int fd, struct err *err);
/* False when the key's build was elsewhere, or could not be watched. */
bool reads_load(const struct workspace *workspace, const char *arch, const char *package,
                const char *key, struct reads *ret_reads);
