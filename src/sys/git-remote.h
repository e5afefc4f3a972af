/* Fetching from git servers, by libgit2: one branch or tag at a time, nothing checked out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct git_fetch_spec {
	const char *dir; /* the repository; git_tree_init makes one */
	const char *url; /* what its remote "origin" is set to; NULL: as it is */
	/* At most one; both NULL: the branch that the server's HEAD names. */
	const char *branch, *tag;
	bool shallow; /* nothing of what was before, where libgit2 (1.7) and the way to it can */
	/* Objects that have come, of how many; bytes so far. Called often. May be NULL. */
	void (*progress)(void *context, size_t done, size_t total, size_t bytes);
	void *context;
};

struct git_fetched {
	char id[41];  /* of the commit, or of the tag (that of its object, if it has one) */
	char *branch; /* the branch's name; NULL: it was a tag */
};

void git_fetched_release(struct git_fetched *fetched);
/* Asks the server and takes what is new: branches as refs/remotes/origin/<branch>, tags by their
 * name. Credentials come from the address, the ssh agent and usual key files, `git credential`, and
 * ~/.netrc; nobody is asked. A server that can't be reached or refuses is ERR_NETWORK, a branch or
 * tag that it does not have ERR_INPUT, a tag that is here and is another one there ERR_TRUST.
 * A shallow clone into which an older libgit2 would have to fetch is ERR_INPUT. Blocks; libgit2 has
 * no time limit of its own. */
int git_fetch(const struct git_fetch_spec *spec, struct git_fetched *ret_fetched, struct err *err);
