/* Between the files that fetch: what all transfers have in common. */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

enum { FETCH_MAX_REDIRECTS = 10, FETCH_BUFFER_BYTES = 128 << 10 };

/* Address, protocols, redirects, time limits (0: 15 s to connect, 30 s without at least 1 kB/s) and
 * where curl puts its message (CURL_ERROR_SIZE bytes). */
void fetch_curl_options(CURL *curl, const char *url, unsigned connect_seconds,
                        unsigned stall_seconds, char *message);
/* Says why a transfer failed: ERR_NETWORK "<url>: …". */
int fetch_curl_error(CURL *curl, CURLcode code, const char *url, const char *message,
                     struct err *err);
/* Whether the same request may fare better a little later. */
bool fetch_curl_is_transient(CURL *curl, CURLcode code);
