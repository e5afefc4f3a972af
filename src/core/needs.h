/* Outputs that must be in the store, and where they can be had: what images and sysroots take. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "binhost.h"
#include "err.h"
#include "graph.h"
#include "map.h"
#include "vec.h"
#include "workspace.h"

enum need_state {
	NEED_HERE,    /* in the store */
	NEED_ARCHIVE, /* its archive is in the cache */
	NEED_REMOTE,  /* a binhost has it */
};

struct need {
	struct node *node;
	char key[DIGEST_HEX]; /* that gave it */
	char *output;         /* "run", "dev" */
	char digest[DIGEST_HEX];
	uint64_t bytes;         /* of its files */
	uint64_t archive_bytes; /* NEED_REMOTE */
	enum need_state state;
	bool is_asked;    /* on its way */
	bool is_followed; /* `requires` has been read: packages that it needs in an image */
	struct strv requires;
};
VEC_OF(need_list, struct need *);

struct needs {
	const struct workspace *workspace;
	const struct binhosts *binhosts; /* may be NULL */
	struct need_list all;            /* owned */
	struct map by_digest;
};

void needs_release(struct needs *needs);
/* Forgets what was found out about an output that turned out to be none. */
void needs_forget(struct need *need);
struct need *needs_find(const struct needs *needs, const char *digest);
/* Appends what of the sysroot of a node, all of whose closure is DONE, isn't here. */
void needs_sysroot(struct needs *needs, const struct node *node, struct need_list *ret_missing);
/* Appends what isn't here of the wanted packages and of all that they need in an image. What an
 * output needs stands in its manifest: of those that aren't here it is not known. `guess` takes all
 * it is built with instead, which may be too much. */
int needs_wanted(struct needs *needs, const struct graph *graph, bool guess,
                 struct need_list *ret_missing, struct err *err);
