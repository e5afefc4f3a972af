/* A package's key: SHA-256 over a text that names everything that goes into it. */
#pragma once

#include "env.h"
#include "err.h"
#include "graph.h"
#include "toolchain.h"

/* Fills key and key_text of a node all of whose closure is NODE_DONE. What has no influence on the
 * bytes (summary, homepage, comments, URLs) is not in it. */
int key_compute(const struct env *env, const struct toolchain *toolchain, struct node *node,
                struct err *err);

/* What differs between two key texts, as people say it: "version: 1.3 → 1.3.1", "phase install
 * changed", "output zlib dev". Appends at most `max` lines. */
void key_difference(const char *before, const char *now, size_t max, struct strv *ret_lines);

/* The text that the last build of a package had; NULL when there is none. Caller frees. */
char *key_load_last(const struct workspace *workspace, const char *arch, const char *package);
int key_save_last(const struct workspace *workspace, const char *arch, const struct node *node,
                  struct err *err);
