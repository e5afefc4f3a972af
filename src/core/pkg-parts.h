/* Between the files that make up the packager; nobody else includes this. */
#pragma once

#include <sys/stat.h>

#include "map.h"
#include "pkg.h"

/* What is known of one ELF file when all are known. */
struct pkg_elf {
	const char *path;  /* in the manifest's arena */
	struct strv needs; /* sonames */
};

struct pkg_output {
	struct manifest manifest;
	char *root;      /* where its tree is put together */
	struct map dirs; /* directories it holds already */
	VEC(struct pkg_elf) files;
};

struct packager {
	const struct pkg_input *input;
	VEC(struct pkg_output) outputs;
	struct strv findings; /* what is wrong, a line each */
};

void pkg_output_release(struct pkg_output *output);

/* ---- pkg-check.c */

/* Notes a finding; always 0, so that all findings of a package are told at once. */
int pkg_find(struct packager *packager, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Where it lies. */
void pkg_check_path(struct packager *packager, const char *path, const struct stat *st);
/* What is in it: set-id bits, architecture, build paths, sonames. */
int pkg_check_file(struct packager *packager, struct pkg_output *output, const char *path,
                   const struct manifest_entry *entry, struct err *err);
/* Once all files are known: who provides what they need; fills needs, provides and requires. */
int pkg_check_needs(struct packager *packager, struct err *err);
/* Turns findings into one error. */
int pkg_check_findings(struct packager *packager, struct err *err);
