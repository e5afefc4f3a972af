/* Reproducibility, checked: what was built is built again under other conditions, and compared.
 *
 * A build is a function of its key: the second one of the same key must give the same outputs, to
 * the bit. The second is made in a scratch directory of its own, against the very outputs that the
 * first one was made against, and touches neither the store nor its records. */
#pragma once

#include <stdbool.h>

#include "board.h"
#include "build.h"
#include "err.h"
#include "event.h"
#include "vec.h"
#include "workspace.h"

/* Something around a build that must not show in what it gives. */
struct reproduce_condition {
	const char *name;    /* "host name" */
	char *first, *other; /* as it is, and as the second build has it; NULL: not varied */
	char *why_not;       /* when it is not varied */
};

enum reproduce_status {
	REPRODUCE_SAME,
	REPRODUCE_DIFFERS,
	REPRODUCE_FAILED,  /* the second build failed */
	REPRODUCE_UNBUILT, /* there is no first one */
};

struct reproduce_result {
	char *package, *version, *key; /* an image: "image", its board's version */
	enum reproduce_status status;
	bool earlier;         /* found by an earlier run, under the same conditions */
	double seconds;       /* of the second build */
	struct strv findings; /* lines for people; those that begin with a blank explain */
	char *note;           /* "clock not shifted: …", or NULL */
};

struct reproduction {
	VEC(struct reproduce_condition) conditions;
	VEC(struct reproduce_result) results; /* by package */
};

struct reproduce_request {
	struct build_request build; /* what is named in it, and of a board also what it needs */
	bool closure;               /* not the named packages alone */
	bool again;                 /* also what an earlier run has found to be the same */
	const char *scratch; /* where the second builds are made; NULL: out/reproducible/builds */
};

/* Results are kept in out/reproducible/results, so that an interrupted run goes on. A difference is
 * a result, no error. */
int reproduce_packages(const struct workspace *workspace, const struct reproduce_request *request,
                       const struct event_sink *sink, struct reproduction *ret, struct err *err);
/* The board's image: as it is (made now when it is not there), and made again. */
int reproduce_image(const struct workspace *workspace, const struct board *board,
                    const struct reproduce_request *request, const struct event_sink *sink,
                    struct reproduction *ret, struct err *err);
void reproduction_release(struct reproduction *reproduction);
/* "same", "differs", "failed", "not built". */
const char *reproduce_status_name(enum reproduce_status status);
