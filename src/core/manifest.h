/* What one output of one package holds: the text whose SHA-256 is the output's identity. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "hash.h"
#include "str.h"
#include "vec.h"

/* A file, symlink or directory. Text lives in the manifest's arena. */
struct manifest_entry {
	char type;         /* 'f', 'l' or 'd' */
	unsigned mode;     /* permission bits */
	uint64_t size;     /* files: bytes; 0 for others */
	const char *value; /* files: SHA-256; symlinks: the target; directories: "" */
	const char *path;  /* "usr/lib/libz.so.1", relative to the output's root */
};

/* One header line each ("package zlib"), lists one line an item, then the entries, tab separated
 * and sorted bytewise by path: <type> <mode octal> <size> <value> <path>, where tab, newline and %
 * in values and paths are percent-encoded. */
struct manifest {
	struct arena arena;
	const char *package, *version, *output, *arch;
	struct strv needs;    /* sonames its ELF files need, of other packages */
	struct strv provides; /* sonames it provides */
	struct strv requires; /* packages: those that provide what it needs, and declared ones */
	VEC(struct manifest_entry) entries;
};

void manifest_release(struct manifest *manifest);
/* Strict: an unknown form, an unsafe path, wrong order is ERR_INPUT with name and line. */
int manifest_parse(const char *name, const char *text, struct manifest *ret_manifest,
                   struct err *err);
int manifest_load(const char *path, struct manifest *ret_manifest, struct err *err);
/* Whether the text can be an item of a list: it has a byte, and no control characters. */
bool manifest_is_name(const char *text);
/* Sorts the lists and entries, and appends the canonical text. */
void manifest_format(struct manifest *manifest, struct str *text);
/* Sum of the files' sizes in bytes. */
uint64_t manifest_bytes(const struct manifest *manifest);
