/* One download after another, as a stream that its user pulls at; by libcurl. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

/* Keeps connections open from one download to the next. For one thread. */
struct fetch_stream;

struct fetch_stream *fetch_stream_new(void);
/* NULL is fine. */
void fetch_stream_free(struct fetch_stream *stream);
/* Begins a download at byte `from`; what was going on before ends. More than `max_bytes` in all is
 * an error as soon as it shows. The address (http, https or file) is borrowed until the end. */
void fetch_stream_begin(struct fetch_stream *stream, const char *url, uint64_t from,
                        uint64_t max_bytes);
/* The next bytes, valid until the next call: their number, 0 at the end, -1 with the error set
 * (ERR_NETWORK; ERR_TRUST when there are too many). A connection that breaks is made again where it
 * broke, up to four times, 0.5 to 4 s apart; a server gets five seconds to be reached. */
ssize_t fetch_stream_read(struct fetch_stream *stream, const void **ret_bytes, struct err *err);
/* After a failure: whether the server could not be reached, or not do it now, so that another file
 * would fare no better. */
bool fetch_stream_is_down(const struct fetch_stream *stream);
