/* Building: from the names of packages to their outputs in the store. */
#pragma once

#include <stdbool.h>

#include "binhost.h"
#include "err.h"
#include "event.h"
#include "vec.h"
#include "workspace.h"

struct build_request {
	const char *arch;            /* "amd64", "arm64" */
	const struct strv *packages; /* wanted; what they need comes along */
	const struct strv *options;  /* a board's "recipe.option=on|off"; may be NULL */
	unsigned jobs;               /* 0: as many as there are processors */
	bool keep_going;             /* build what does not depend on a failure */
	bool rebuild;                /* build `packages` again even if their keys are known */
	enum binhost_ask binhosts;   /* 0: what is known of them, without asking */
	bool binhost_only;           /* build nothing: fail, naming what no binhost has */
};

/* How many jobs run at a time: those asked for, else one a processor. */
unsigned build_jobs(const struct build_request *request);

/* One output that a system made of the wanted packages holds. */
struct built_output {
	char *package, *version, *output; /* version: "1.3.1+worktree" when it is worked on;
	                                   * output: "run" */
	char *digest;                     /* 64 hexadecimal digits */
	char *dir;                        /* out/store/<digest>: manifest, root/ */
};

struct build_slow {
	char *package;
	double seconds;
};

/* What a run did. */
struct build_summary {
	size_t built, fetched, reused, failed, skipped; /* packages */
	double seconds;                                 /* of the run */
	double saved_seconds; /* what the fetched and the reused ones took when they were built */
	VEC(struct build_slow) slowest; /* of those built, at most three */
};
void build_summary_release(struct build_summary *summary);

/* The runtime closure of the wanted packages: their `run` outputs and those of all they require,
 * sorted by package. */
struct built_set {
	VEC(struct built_output) outputs;
	struct build_summary summary; /* by build_packages; empty from build_find */
};
void built_set_release(struct built_set *set);

/* Builds what is not in the store; ERR_BUILD names the package, the phase and the log. ret_set may
 * be NULL. */
int build_packages(const struct workspace *workspace, const struct build_request *request,
                   const struct event_sink *sink, struct built_set *ret_set, struct err *err);
/* The set without building; ERR_BUILD when something is not built. */
int build_find(const struct workspace *workspace, const struct build_request *request,
               struct built_set *ret_set, struct err *err);
