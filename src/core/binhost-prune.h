/* Pruning a binhost: old entries leave the indexes, and later their archives go. */
#pragma once

#include "binhost-host.h"

struct prune_options {
	int64_t keep_days;     /* entries pushed longer ago than this go; < 0: none */
	int64_t keep_releases; /* so many of the newest releases stay; < 0: all */
	int64_t grace_seconds; /* from when no index names an archive until it is removed */
	bool dry_run;
};

struct pruned_entry {
	char *index, *package, *version;
	int64_t pushed;
};

struct prune_result {
	VEC(struct pruned_entry) entries; /* left the indexes (or would) */
	struct strv releases;             /* removed (or would be) */
	struct strv objects;              /* removed (or would be): names */
	uint64_t bytes;                   /* of them */
	size_t waiting;                   /* archives that no index names, in their grace */
};
void prune_result_release(struct prune_result *result);

/* Indexes first, archives after the grace, so that readers who hold an older index find what it
 * names. An entry that a release still names stays. Safe beside pushers when no push takes longer
 * than the grace. An index that can't be trusted stops it before anything is removed. */
int binhost_prune(struct binhost_host *host, const struct prune_options *options,
                  struct prune_result *ret_result, struct err *err);
