/* One download after another, as a stream that its user pulls at; by libcurl. */
#include "fetch-stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fetch-curl.h"
#include "log.h"
#include "mem.h"
#include "own.h"
#include "str.h"

enum {
	MAX_BUFFERED = 1 << 20,
	FILE_BYTES = 256 << 10,
	RETRIES = 4,
	CONNECT_SECONDS = 5,
	FIRST_PAUSE_MS = 500,
	POLL_MS = 1000
};

static const char FILE_SCHEME[] = "file://";

struct fetch_stream {
	CURLM *multi;
	CURL *curl; /* NULL: nothing is going on */
	const char *url;
	uint64_t received;  /* bytes of the file that have come, or were there before … */
	uint64_t begun;     /* … this request */
	uint64_t skip;      /* bytes to drop: the server sends what was not asked for */
	uint64_t max_bytes; /* of the file */
	unsigned failures;  /* without a byte in between */
	bool is_answered, is_paused, is_too_long, is_ended, is_down;
	struct str ready, shown; /* arrived; handed out last */
	int file;                /* of a file:// address: libcurl can't pause those; else -1 */
	char *file_bytes;
	char message[CURL_ERROR_SIZE];
};

struct fetch_stream *fetch_stream_new(void)
{
	struct fetch_stream *stream = mem_alloc(sizeof *stream);
	stream->file = -1;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	stream->multi = curl_multi_init();
	if (!stream->multi)
		abort(); /* out of memory */
	return stream;
}

static void stop(struct fetch_stream *stream)
{
	if (stream->file >= 0)
		close(stream->file);
	stream->file = -1;
	if (!stream->curl)
		return;
	curl_multi_remove_handle(stream->multi, stream->curl);
	curl_easy_cleanup(steal_ptr(stream->curl));
}

void fetch_stream_free(struct fetch_stream *stream)
{
	if (!stream)
		return;
	stop(stream);
	curl_multi_cleanup(stream->multi);
	str_release(&stream->ready);
	str_release(&stream->shown);
	free(stream->file_bytes);
	free(stream);
}

/* 200 to a request for a part: the server sends the whole file. */
static void look_at_answer(struct fetch_stream *stream)
{
	long status = 0;
	curl_easy_getinfo(stream->curl, CURLINFO_RESPONSE_CODE, &status);
	stream->is_answered = true;
	stream->skip = status == 200 ? stream->received : 0;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct fetch_stream *stream = context;
	size_t length = size * count;
	if (!stream->is_answered)
		look_at_answer(stream);
	size_t dropped = stream->skip < length ? (size_t)stream->skip : length;
	if (stream->ready.len >= MAX_BUFFERED) {
		stream->is_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (length - dropped > stream->max_bytes - stream->received) {
		stream->is_too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	stream->skip -= dropped;
	stream->received += length - dropped;
	str_add_bytes(&stream->ready, bytes + dropped, length - dropped);
	return length;
}

static void start(struct fetch_stream *stream)
{
	CURL *curl = stream->curl = curl_easy_init();
	if (!curl)
		abort(); /* out of memory */
	stream->is_answered = stream->is_paused = stream->is_too_long = stream->is_ended = false;
	stream->message[0] = '\0';
	stream->skip = 0;
	stream->begun = stream->received;
	fetch_curl_options(curl, stream->url, CONNECT_SECONDS, 0, stream->message);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, stream);
	if (stream->received) {
		own_free char *range = mem_printf("%llu-", (unsigned long long)stream->received);
		curl_easy_setopt(curl, CURLOPT_RANGE, range); /* copied */
	}
	curl_multi_add_handle(stream->multi, curl);
}

static bool is_file(const char *url)
{
	return strncmp(url, FILE_SCHEME, strlen(FILE_SCHEME)) == 0;
}

void fetch_stream_begin(struct fetch_stream *stream, const char *url, uint64_t from,
                        uint64_t max_bytes)
{
	stop(stream);
	str_reset(&stream->ready);
	stream->url = url;
	stream->received = from;
	stream->max_bytes = max_bytes > from ? max_bytes : from;
	stream->failures = 0;
	stream->is_down = false;
	if (!is_file(url))
		start(stream);
}

static void pause_ms(long ms)
{
	struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	nanosleep(&pause, NULL);
}

static int too_long(const struct fetch_stream *stream, struct err *err)
{
	return err_set(err, ERR_TRUST, "%s: more than the %llu bytes that are wanted", stream->url,
	               (unsigned long long)stream->max_bytes);
}

/* The request has ended: well, or to be made again (0), or for good (-1). */
static int on_ended(struct fetch_stream *stream, CURLcode code, struct err *err)
{
	if (code == CURLE_OK) {
		stream->is_ended = true;
		return 0;
	}
	if (stream->is_too_long)
		return too_long(stream, err);
	if (stream->received > stream->begun)
		stream->failures = 0;
	bool is_transient = fetch_curl_is_transient(stream->curl, code);
	stream->is_down = is_transient && stream->failures == RETRIES;
	if (!is_transient || stream->is_down)
		return fetch_curl_error(stream->curl, code, stream->url, stream->message, err);
	log_debug("%s: %s; again", stream->url, stream->message);
	stop(stream);
	pause_ms(FIRST_PAUSE_MS << stream->failures++);
	start(stream);
	return 0;
}

static int take_messages(struct fetch_stream *stream, struct err *err)
{
	int queued;
	for (CURLMsg *message; (message = curl_multi_info_read(stream->multi, &queued));)
		if (message->msg == CURLMSG_DONE && message->easy_handle == stream->curl)
			return on_ended(stream, message->data.result, err);
	return 0;
}

/* Until bytes have come, or the end. */
static int wait_for_bytes(struct fetch_stream *stream, struct err *err)
{
	while (!stream->ready.len && !stream->is_ended) {
		int running = 0;
		curl_multi_perform(stream->multi, &running);
		if (take_messages(stream, err) < 0)
			return -1;
		if (running && !stream->ready.len)
			curl_multi_poll(stream->multi, NULL, 0, POLL_MS, NULL);
	}
	return 0;
}

/* ---- files of this machine */

static int open_file(struct fetch_stream *stream, struct err *err)
{
	struct stat st;
	stream->file = open(stream->url + strlen(FILE_SCHEME), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (stream->file < 0 || fstat(stream->file, &st) < 0)
		return err_set(err, ERR_NETWORK, "%s: %s", stream->url, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_NETWORK, "%s: not a regular file", stream->url);
	if (!stream->file_bytes)
		stream->file_bytes = mem_alloc(FILE_BYTES);
	return 0;
}

static ssize_t read_file(struct fetch_stream *stream, const void **ret_bytes, struct err *err)
{
	if (stream->file < 0 && open_file(stream, err) < 0)
		return -1;
	ssize_t count =
		pread(stream->file, stream->file_bytes, FILE_BYTES, (off_t)stream->received);
	if (count < 0)
		return err_set(err, ERR_NETWORK, "%s: %s", stream->url, strerror(errno));
	if ((uint64_t)count > stream->max_bytes - stream->received)
		return too_long(stream, err);
	stream->received += (uint64_t)count;
	*ret_bytes = stream->file_bytes;
	return count;
}

ssize_t fetch_stream_read(struct fetch_stream *stream, const void **ret_bytes, struct err *err)
{
	if (is_file(stream->url))
		return read_file(stream, ret_bytes, err);
	str_reset(&stream->shown);
	if (stream->is_paused) {
		stream->is_paused = false;
		curl_easy_pause(stream->curl, CURLPAUSE_CONT);
	}
	if (wait_for_bytes(stream, err) < 0)
		return -1;
	struct str shown = stream->shown;
	stream->shown = stream->ready;
	stream->ready = shown;
	*ret_bytes = str_text(&stream->shown);
	return (ssize_t)stream->shown.len;
}

bool fetch_stream_is_down(const struct fetch_stream *stream)
{
	return stream->is_down;
}
