/* Pushing: what was built here goes to a binhost. */
#pragma once

#include "binhost-host.h"
#include "build.h"
#include "store.h"

VEC_OF(record_list, struct record);

/* What a plan gave for one architecture. */
struct push_set {
	char *arch;
	struct record_list records; /* sorted by key, each once */
	size_t unbuilt;             /* packages of the plan that are not built here */
};
void push_set_release(struct push_set *set);
/* Adds the packages of the request's plan that are built. All requests of a set are for one
 * architecture. */
int push_set_add(struct push_set *set, const struct workspace *workspace,
                 const struct build_request *request, struct err *err);

struct push_options {
	const char *release; /* write releases/<release>/<arch> as well; may be NULL */
	bool again;          /* upload and enter even what the host has: after damage */
};

struct push_result {
	uint64_t serial; /* of the index now */
	size_t entries;  /* of the index now */
	size_t added;    /* entries */
	size_t absent;   /* records whose archives are not in the cache: fetched ones, mostly */
	size_t objects;  /* uploaded */
	uint64_t bytes;  /* uploaded */
};

/* Uploads the archives that the host lacks, then enters the records into its index, whatever others
 * enter at the same time. Interrupted, it leaves the host as valid as before. */
int binhost_push(struct binhost_host *host, const struct push_set *set,
                 const struct push_options *options, struct push_result *ret_result,
                 struct err *err);

/* Signs indexes anew, with all valid keys, without changing their entries; all of them when `names`
 * is empty. Appends what was signed to ret_signed. */
int binhost_sign(struct binhost_host *host, const struct strv *names, struct strv *ret_signed,
                 struct err *err);
