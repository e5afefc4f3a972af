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
	struct strv packages;
};

/* From the `dev` outputs of all recipes that are built for this machine's kind; those that are not
 * count by their names alone (packages). */
int providers_load(const struct workspace *workspace, struct providers *ret_providers,
                   struct err *err);
void providers_release(struct providers *providers);
/* The package behind "module zlib", "library z", "header zlib.h" or "cmake ZLIB"; NULL: none. A
 * recipe of that very name, or with "lib" before it, will do. Borrowed. */
const char *providers_find(const struct providers *providers, const char *need);
