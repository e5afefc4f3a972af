/* Where a binhost is written to: a directory, or a bucket of an S3-compatible store.
 *
 * Both can do the two things that let several writers share a host: replace a text only if it is
 * still the one that was read, and add an object only if there is none of its name. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "event.h"
#include "hash.h"
#include "str.h"
#include "vec.h"

struct binhost_target;

/* An object, here and there. */
struct binhost_item {
	const char *name;     /* "objects/aa/….pkg.tar.zst", below the target */
	const char *path;     /* the file to upload */
	const char *task;     /* what events call it; may be NULL */
	uint64_t bytes;       /* of the file … */
	struct digest sha256; /* … and its digest */
	bool overwrite;       /* replace what is there */
	/* What the target has; set by look and put. */
	bool is_there;
	uint64_t there_bytes;
	bool has_there_sha256; /* it may not know, and what it knows is a claim */
	struct digest there_sha256;
};

struct binhost_listed {
	char *name;
	uint64_t bytes;
};
VEC_OF(binhost_listing, struct binhost_listed);
void binhost_listing_release(struct binhost_listing *list);

struct binhost_target_ops {
	/* A text of at most 64 MiB, and a tag that stands for exactly this content; a missing one
	 * has the tag NULL. */
	int (*read)(struct binhost_target *target, const char *name, struct str *ret_text,
	            char **ret_tag, struct err *err);
	/* Writes the text if the target still has the one of that tag (NULL: none); else
	 * *ret_done is false and nothing happened. */
	int (*swap)(struct binhost_target *target, const char *name, const struct str *text,
	            const char *tag, bool *ret_done, struct err *err);
	/* Says of each item whether the target has it. */
	int (*look)(struct binhost_target *target, struct binhost_item *items, size_t count,
	            struct err *err);
	/* Uploads the items; one that the target has already stays, unless `overwrite`, and
	 * is_there says so. */
	int (*put)(struct binhost_target *target, struct binhost_item *items, size_t count,
	           const struct event_sink *sink, struct err *err);
	/* Writes an object of at most max_bytes to the descriptor. ERR_TRUST when it is missing or
	 * larger. */
	int (*get)(struct binhost_target *target, const char *name, uint64_t max_bytes, int fd,
	           struct err *err);
	/* Everything whose name begins with `prefix`, a directory with its slash; sorted. */
	int (*list)(struct binhost_target *target, const char *prefix,
	            struct binhost_listing *ret_list, struct err *err);
	/* Removes objects; missing ones are fine. */
	int (*remove)(struct binhost_target *target, const struct strv *names, struct err *err);
	void (*free)(struct binhost_target *target);
};

/* The beginning of each kind's own struct. */
struct binhost_target {
	const struct binhost_target_ops *ops;
	char *url; /* for messages: "file:///srv/binhost", "s3://bucket/prefix" */
};

/* "file:///dir": made by the first write when it is missing. */
int binhost_dir_open(const char *url, struct binhost_target **ret_target, struct err *err);
/* "s3://bucket[/prefix]". Endpoint and region may be NULL: then $AWS_ENDPOINT_URL_S3,
 * $AWS_ENDPOINT_URL and $AWS_REGION, $AWS_DEFAULT_REGION say them. Credentials come from
 * $AWS_ACCESS_KEY_ID, $AWS_SECRET_ACCESS_KEY and $AWS_SESSION_TOKEN, else from the profile
 * $AWS_PROFILE ("default") of $AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials). */
int binhost_s3_open(const char *url, const char *endpoint, const char *region,
                    struct binhost_target **ret_target, struct err *err);
/* NULL is fine. */
void binhost_target_free(struct binhost_target *target);
/* The profile's credentials in the text of such a file; both NULL when it has none of the name.
 * Caller frees. */
void binhost_s3_parse_credentials(const char *text, const char *profile, char **ret_access_key,
                                  char **ret_secret_key, char **ret_session_token);
