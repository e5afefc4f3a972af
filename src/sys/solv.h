/* Debian's package indexes and what packages depend on, by libsolv. */
#pragma once

#include <stdint.h>

#include "err.h"
#include "vec.h"

/* The packages of some indexes, for one architecture (and "all"). */
struct solv;

/* A package, by number; 0 is none. Numbers stay valid as long as the struct solv. */
VEC_OF(solv_set, int);

/* What an index says of a package. Text is valid until the next call of solv_describe. */
struct solv_package {
	const char *name, *version, *arch;
	const char *path;   /* below the archive's root: "pool/main/…"; NULL: not told */
	const char *sha256; /* NULL: not told */
	uint64_t size_bytes;
	unsigned index; /* as given to solv_add_index */
};

struct solv *solv_open(const char *arch);
void solv_close(struct solv *solv);
void solv_set_release(struct solv_set *set);
/* Reads a Packages file (plain, or compressed as its suffix says). `index` is the caller's number
 * for it. Of a version that several indexes have, the one read first is taken. */
int solv_add_index(struct solv *solv, const char *path, unsigned index, struct err *err);

/* The newest version of the package of exactly this name (a virtual one is none), or 0. */
int solv_find(struct solv *solv, const char *name);
/* The name most like it, for "did you mean", or NULL; owned by the solv. */
const char *solv_nearest(struct solv *solv, const char *name);
void solv_describe(struct solv *solv, int package, struct solv_package *ret_package);

/* What must be installed so that all of `wanted` works: they, and everything they depend on;
 * recommendations are no dependencies. With `within`, nothing outside of it is taken. The result is
 * sorted by name. Packages that can't go together are ERR_INPUT saying why. */
int solv_closure(struct solv *solv, const struct solv_set *wanted, const struct solv_set *within,
                 struct solv_set *ret_closure, struct err *err);
