/* A static file server for a LAN, by libmicrohttpd: GET and HEAD of regular files below one
 * directory, with ETag, If-None-Match, Range and If-Range (RFC 9110). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct httpd;

/* One answered request. */
struct httpd_answer {
	const char *method, *path, *client; /* the path as it was asked for, unescaped */
	unsigned status;
	uint64_t bytes; /* of the body */
};

struct httpd_options {
	const char *root;
	const char *address; /* a name or number of this machine's; NULL: all of them */
	uint16_t port;       /* 0: any that is free */
	/* Whether a path (without its first slash) is one to serve; others are 404. */
	bool (*is_served)(const char *path);
	/* Called for each answer, by any of the server's threads; may be NULL. */
	void (*tell)(void *context, const struct httpd_answer *answer);
	void *context;
};

/* Serves from threads of its own until httpd_stop. What lies outside the root, is reached through a
 * symbolic link or is no regular file is 404. ERR_INPUT: no such address; ERR_SYSTEM: the port is
 * taken, or the like. The options' texts are borrowed until the end. */
int httpd_start(const struct httpd_options *options, struct httpd **ret_httpd, struct err *err);
uint16_t httpd_port(const struct httpd *httpd);
/* Ends connections and threads; NULL is fine. */
void httpd_stop(struct httpd *httpd);
