/* A new package: its first recipe, from what its tarball shows. */
#pragma once

#include "err.h"
#include "event.h"
#include "str.h"
#include "vec.h"
#include "workspace.h"

struct new_package {
	char *path; /* of the recipe, absolute */
	struct str text;
	struct strv checks; /* what is guessed, or could not be known: a line each */
};

void new_package_release(struct new_package *package);
/* `where`: an address, a file, or NULL: what Debian's index has of that name. The recipe is written
 * once it is known to be right; its source is put into the download cache. A recipe that is there
 * is ERR_INPUT. */
int new_package_make(const struct workspace *workspace, const char *name, const char *where,
                     const struct event_sink *sink, struct new_package *ret_package,
                     struct err *err);

/* ---- new-guess.c */

struct tarball;

/* "1.2.3" of "foo-1.2.3.tar.gz", "foo_1.2.orig.tar.xz", "v1.2.zip"; NULL: none. Caller frees. */
char *new_version_of_name(const char *file_name);
/* What AC_INIT, project() and meson's project() say; NULL: nothing. Caller frees. */
char *new_version_of_tarball(const struct tarball *tarball);
/* The address with ${version} in the place of each version. Caller frees. */
char *new_url_form(const char *url, const char *version);
