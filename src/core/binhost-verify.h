/* Verifying a binhost: every archive that an index names is fetched and looked at. */
#pragma once

#include "binhost-host.h"

/* An archive that is not what the index says. */
struct binhost_fault {
	char *index, *package, *output;
	char *name; /* objects/… */
	char *what; /* "missing", "its SHA-256 is …" */
};

struct binhost_report {
	bool is_complete; /* all was looked at */
	size_t indexes, entries, objects;
	uint64_t bytes;
	VEC(struct binhost_fault) faults;
};
void binhost_report_release(struct binhost_report *report);

/* Size, SHA-256, manifest and every file of every object are compared. An index that can't be
 * trusted is the error ERR_TRUST; a bad object is a fault of the report. `names` are indexes; all
 * of the host when it is empty. What is found is added to the empty report, and stays there when
 * something can't be looked at, which is the error that ends the run. */
int binhost_verify(struct binhost_host *host, const struct strv *names,
                   struct binhost_report *report, struct err *err);
