/* What an upstream archive shows of itself without being unpacked: how it is built, what it needs,
 * under which licence it is. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "vec.h"

/* A file whose text was read, at most the first 256 KiB. */
struct tarball_text {
	char *name; /* below the top directory: "COPYING", "lib/meson.build"; as str_visible has it
	             */
	char *text; /* NUL bytes are blanks */
	char sha256[65];
};

struct tarball {
	bool has_top; /* everything lies in one directory, which `strip: 1` takes away */
	bool has_configure, has_configure_ac, has_meson, has_cmake, has_makefile; /* at the top */
	bool has_autogen;
	bool has_more; /* licence or build files than are kept here: 200 of each, 64 MiB in all */
	uint64_t files;
	VEC(struct tarball_text) licences; /* COPYING, LICENSE… of the top and LICENSES/, by name */
	VEC(struct tarball_text) builds;   /* configure.ac, meson.build, CMakeLists.txt, anywhere */
};

int tarball_read(const char *path, struct tarball *ret_tarball, struct err *err);
void tarball_release(struct tarball *tarball);

/* ---- tarball-licence.c */

/* Appends the SPDX identifiers of the licences whose texts these are, by phrases that only they
 * have; none: nothing known. "Version 2 or later" stands in the heads of files, not in the licence:
 * GNU licences come out as "-or-later", and are to be checked. */
void tarball_spdx(const char *text, struct strv *ret_licences);
/* Those of all licence files joined by AND; NULL when no text is known. `ret_is_sure` is false when
 * one of the files shows none or several, or a GNU licence. Caller frees. */
char *tarball_license(const struct tarball *tarball, bool *ret_is_sure);

/* ---- tarball-needs.c */

/* What the build files look for, at most once each, sorted: "module zlib" (pkg-config), "library
 * z", "header zlib.h" (the C library's too), "cmake ZLIB", "program flex". Copies of other projects
 * and tests are passed over. What is optional looks the same as what is required. */
void tarball_needs(const struct tarball *tarball, struct strv *ret_needs);
