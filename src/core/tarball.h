/* What an upstream archive shows of itself without being unpacked: how it is built, what it needs,
 * under which licence it is. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "vec.h"

/* A file whose text was read, at most the first 256 KiB. */
struct tarball_text {
	char *name; /* below the top directory: "COPYING", "lib/meson.build" */
	char *text; /* NUL bytes are blanks */
	char sha256[65];
};

struct tarball {
	bool has_top; /* everything lies in one directory, which `strip: 1` takes away */
	bool has_configure, has_configure_ac, has_meson, has_cmake, has_makefile; /* at the top */
	bool has_autogen;
	uint64_t files;
	VEC(struct tarball_text) licences; /* COPYING, LICENSE… of the top and LICENSES/, by name */
	VEC(struct tarball_text) builds;   /* configure.ac, meson.build, CMakeLists.txt, anywhere */
};

int tarball_read(const char *path, struct tarball *ret_tarball, struct err *err);
void tarball_release(struct tarball *tarball);

/* ---- tarball-licence.c */

/* The SPDX identifier that a licence's text shows, by phrases that only it has; NULL: none known.
 * Static. A text with "version 2 or later" in its files' headers can't be told from "only": GNU
 * licences come out as "-or-later" when the text is the licence alone, and are to be checked. */
const char *tarball_spdx(const char *text);
/* Those of all licence files joined by AND; NULL when no text is known. `ret_is_sure` is false when
 * one of them is unknown or a GNU licence. Caller frees. */
char *tarball_license(const struct tarball *tarball, bool *ret_is_sure);

/* ---- tarball-needs.c */

/* What the build files look for, at most once each, sorted: "module zlib" (pkg-config), "library
 * z", "cmake ZLIB", "program flex". Copies of other projects and tests are passed over. What is
 * optional looks the same as what is required. */
void tarball_needs(const struct tarball *tarball, struct strv *ret_needs);
