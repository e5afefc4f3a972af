/* The doctor: whether this machine can do what the SDK needs, and if not, what to change. */
#pragma once

#include <stdbool.h>

#include "arena.h"
#include "event.h"
#include "vec.h"
#include "workspace.h"

enum doctor_verdict {
	DOCTOR_GOOD,
	DOCTOR_SLOW, /* works, but with less than it could; or only a part needs it */
	DOCTOR_BAD,  /* nothing can be built until that is changed */
};

/* One thing that was looked at. */
struct doctor_finding {
	const char *name; /* "namespaces"; stable, for scripts */
	enum doctor_verdict verdict;
	const char *text; /* what was found */
	const char *hint; /* what to do, or NULL */
};

/* Text lives in the arena. */
struct doctor {
	struct arena arena;
	VEC(struct doctor_finding) findings;
};

/* Looks at everything; what fails is a finding, never an error. Takes seconds at most: whatever may
 * hang has a time limit. */
void doctor_examine(const struct workspace *workspace, const struct event_sink *sink,
                    struct doctor *ret_doctor);
void doctor_release(struct doctor *doctor);
bool doctor_found(const struct doctor *doctor, enum doctor_verdict verdict);
/* "good", "slow", "bad". */
const char *doctor_verdict_name(enum doctor_verdict verdict);
