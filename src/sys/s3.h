/* An S3-compatible object store, by libcurl: signed requests (AWS Signature Version 4), many at
 * once, with the conditions that let several writers share a bucket.
 *
 * Objects are addressed path-style, <endpoint>/<bucket>/<key>. Keys and queries must be of letters,
 * digits and "-._/" ("=&%" in queries), queries sorted by name: libcurl before 8.3 signs them as
 * they stand. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "event.h"
#include "hash.h"
#include "str.h"
#include "vec.h"

/* Where and who; all borrowed. */
struct s3 {
	const char *endpoint; /* "https://s3.example.org", without a slash at the end */
	const char *bucket, *region;
	const char *access_key, *secret_key;
	const char *session_token; /* may be NULL */
};

/* One request and its answer. Zeroed members mean: none. */
struct s3_call {
	const char *method; /* "GET", "HEAD", "PUT", "DELETE" */
	const char *key;    /* NULL: the bucket itself */
	const char *query;  /* "list-type=2&prefix=objects%2F" */
	const char *if_match, *if_none_match;
	const char *body; /* PUT: the bytes … */
	size_t body_bytes;
	const char *body_path;     /* … or the file that holds them */
	struct digest body_sha256; /* of the file; becomes the object's metadata, too */
	const char *task;          /* what its events call it; NULL: no events */
	uint64_t max_bytes;        /* of the answer; 0: 64 MiB */
	int answer_fd;             /* where the answer's bytes go; 0: into `answer` */

	/* The answer; s3_call_release frees. */
	long status;          /* 200…, 304, 404, 409 or 412; everything else is an error */
	struct str answer;    /* bytes of a GET */
	char *etag;           /* with its quotes; NULL: the server sent none */
	uint64_t length;      /* Content-Length of a GET or HEAD */
	struct digest sha256; /* metadata that this module gave it */
	bool has_sha256;
};

void s3_call_release(struct s3_call *call);

/* Performs all calls, `parallel` at a time (0: 8), and returns when each has its answer. A server
 * that is overloaded or away is asked again, with pauses, four times; what was asked for then may
 * have been done twice. The first failure is returned and ends the rest: ERR_NETWORK, or ERR_TRUST
 * for an answer that is too long. Errors never hold the secret key. */
int s3_perform(const struct s3 *s3, struct s3_call *calls, size_t count, unsigned parallel,
               const struct event_sink *sink, struct err *err);

/* One object of a listing. */
struct s3_object {
	char *key;
	uint64_t bytes;
};
VEC_OF(s3_object_list, struct s3_object);
void s3_object_list_release(struct s3_object_list *list);
/* Appends all objects whose keys begin with `prefix`, in the server's order. */
int s3_list(const struct s3 *s3, const char *prefix, struct s3_object_list *list, struct err *err);
/* One page of ListObjectsV2's answer; ret_next is the token of the next one, or NULL. */
int s3_parse_listing(const char *xml, struct s3_object_list *list, char **ret_next,
                     struct err *err);
