/* Who provides what is built against: headers, libraries, pkg-config modules, by package. */
#pragma once

#include "arena.h"
#include "err.h"
#include "map.h"
#include "vec.h"
#include "workspace.h"

struct providers {
	struct arena arena;
	struct map by_name; /* "header zlib.h", "library z", "module zlib" -> package (char *) */
	struct strv packages, unbuilt; /* all of this machine's kind; those that are not built */
};

/* From the `dev` outputs of all recipes that are built for this machine's kind; those that are not
 * count by their names, and by the "libfoo.so" and "foo.pc" in their phases. */
int providers_load(const struct workspace *workspace, struct providers *ret_providers,
                   struct err *err);
void providers_release(struct providers *providers);
/* The package behind "module libcurl", "library z", "header zlib.h" or "cmake ZLIB"; NULL: none,
 * as far as is known (`unbuilt`). A recipe of that name, with or without "lib", will do. Borrowed.
 */
const char *providers_find(const struct providers *providers, const char *need);
