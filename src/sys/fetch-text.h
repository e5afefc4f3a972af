/* Small files that may have changed since they were fetched last, by libcurl. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"

/* One file: borrowed what, owned what came of it. fetch_text_release frees the latter. */
struct fetch_text {
	const char *url;    /* http, https or file */
	uint64_t max_bytes; /* more is an error as soon as it shows */
	/* What the server said of the copy at hand (RFC 9110, section 8.8), NULL: there is none;
	 * afterwards of the one it has now. */
	char *etag, *modified;
	bool is_changed; /* `text` is it; else the copy still is */
	struct str text;
	struct err err; /* ERR_NONE: it went well */
};

void fetch_text_release(struct fetch_text *text);
/* Fetches all at the same time. Failures that may pass are tried three times in all, 0.5 and 1 s
 * apart; a server gets five seconds to be reached. Each has its own outcome. */
void fetch_texts(struct fetch_text *texts, size_t count);
