/* What built packages hold: their outputs' manifests, looked through file by file. */
#pragma once

#include "err.h"
#include "graph.h"
#include "manifest.h"
#include "workspace.h"

/* One file, link or directory of one output. All is borrowed for the time of the call. */
struct contents_item {
	const struct node *node;
	const char *output; /* "run", "dev", … */
	const struct manifest_entry *entry;
};

/* Calls `visit` for every entry of the outputs of one node, in the order of the record and the
 * manifests; `output` NULL means all of them. A non-zero return ends it and is passed on. A node
 * that is not built has nothing to show, and an output that its record does not know is none: both
 * ERR_INPUT with a hint. */
int contents_each(const struct workspace *workspace, const struct node *node, const char *output,
                  int (*visit)(void *context, const struct contents_item *item), void *context,
                  struct err *err);
/* "file", "link" or "directory". */
const char *contents_type(const struct manifest_entry *entry);
