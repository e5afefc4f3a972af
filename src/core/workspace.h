/* Where things are: the checkout, the state below out/, the cache shared between checkouts. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "vec.h"

struct trial;

struct workspace {
	char *root;       /* the checkout; absolute */
	char *out;        /* state of this checkout: --out, $SDK_OUT or <root>/out */
	char *cache;      /* $SDK_CACHE, $XDG_CACHE_HOME/sdk or ~/.cache/sdk */
	char *data;       /* $SDK_DATA, $XDG_DATA_HOME/sdk or ~/.local/share/sdk: what can't be made
	                     again, such as secret keys */
	char *build_arch; /* Debian name of this machine's architecture: "amd64", "arm64" */
	bool leased;      /* lease.h: what is counted on is marked as used */
	const struct trial *trial; /* trial.h; NULL: things are made as always */
};

/* Finds the checkout: `start_dir`, or its nearest parent, that holds bootstrap/seed.yaml;
 * $SDK_ROOT overrides. `out` may be NULL. The caller releases. */
int workspace_open(const char *start_dir, const char *out, struct workspace *ret_workspace,
                   struct err *err);
void workspace_release(struct workspace *workspace);

/* Paths below root, out, cache and data; printf format; caller frees. */
char *workspace_root(const struct workspace *workspace, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *workspace_out(const struct workspace *workspace, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *workspace_cache(const struct workspace *workspace, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *workspace_data(const struct workspace *workspace, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
