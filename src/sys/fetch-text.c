/* Small files that may have changed since they were fetched last, by libcurl. */
#include "fetch-text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "fetch-curl.h"
#include "log.h"
#include "mem.h"
#include "own.h"

enum { ROUNDS = 3, CONNECT_SECONDS = 5, STALL_SECONDS = 15, FIRST_PAUSE_MS = 500, POLL_MS = 1000 };

/* A request on its way. */
struct request {
	struct fetch_text *text;
	CURL *curl; /* NULL: done, or waiting for the next round */
	struct curl_slist *headers;
	char *etag, *modified; /* the answer's */
	bool is_over, is_too_long;
	char message[CURL_ERROR_SIZE];
};

void fetch_text_release(struct fetch_text *text)
{
	free(text->etag);
	free(text->modified);
	str_release(&text->text);
	err_release(&text->err);
}

/* ---- the answer */

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct request *request = context;
	struct fetch_text *text = request->text;
	if (size * count > text->max_bytes - text->text.len) {
		request->is_too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	str_add_bytes(&text->text, bytes, size * count);
	return size * count;
}

static void take_header(const char *line, const char *name, char **value)
{
	size_t length = strlen(name);
	if (strncasecmp(line, name, length) != 0 || line[length] != ':')
		return;
	const char *start = line + length + 1;
	start += strspn(start, " \t");
	free(*value);
	*value = mem_strndup(start, strcspn(start, "\r\n"));
}

/* A redirect's headers come too; those of the last answer stay. */
static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct request *request = context;
	own_free char *line = mem_strndup(bytes, size * count);
	if (str_starts(line, "HTTP/")) {
		free(steal_ptr(request->etag));
		free(steal_ptr(request->modified));
	}
	take_header(line, "ETag", &request->etag);
	take_header(line, "Last-Modified", &request->modified);
	return size * count;
}

static void succeed(struct request *request)
{
	struct fetch_text *text = request->text;
	long status = 0;
	curl_easy_getinfo(request->curl, CURLINFO_RESPONSE_CODE, &status);
	err_release(&text->err);
	request->is_over = true;
	text->is_changed = status != 304;
	if (!text->is_changed)
		return;
	free(text->etag);
	free(text->modified);
	text->etag = steal_ptr(request->etag);
	text->modified = steal_ptr(request->modified);
}

static void end(CURLM *multi, struct request *request, CURLcode code)
{
	struct err *err = &request->text->err;
	curl_multi_remove_handle(multi, request->curl);
	if (code == CURLE_OK) {
		succeed(request);
	} else {
		err_release(err);
		fetch_curl_error(request->curl, code, request->text->url, request->message, err);
		if (request->is_too_long)
			err_set(err, ERR_TRUST, "%s: more than %llu bytes", request->text->url,
			        (unsigned long long)request->text->max_bytes);
		log_debug("%s", err->message);
		request->is_over = !fetch_curl_is_transient(request->curl, code);
	}
	curl_easy_cleanup(steal_ptr(request->curl));
	curl_slist_free_all(steal_ptr(request->headers));
}

/* ---- the request */

static void add_condition(struct request *request, const char *name, const char *value)
{
	if (!value || !str_starts(request->text->url, "http"))
		return;
	own_free char *line = mem_printf("%s: %s", name, value);
	request->headers = curl_slist_append(request->headers, line); /* copied */
}

static void begin(CURLM *multi, struct request *request)
{
	struct fetch_text *text = request->text;
	CURL *curl = request->curl = curl_easy_init();
	if (!curl)
		abort(); /* out of memory */
	request->message[0] = '\0';
	request->is_too_long = false;
	str_reset(&text->text);
	add_condition(request, "If-None-Match", text->etag);
	add_condition(request, "If-Modified-Since", text->modified);
	fetch_curl_options(curl, text->url, CONNECT_SECONDS, STALL_SECONDS, request->message);
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)text->max_bytes);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, request->headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, request);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, request);
	curl_multi_add_handle(multi, curl);
}

static void end_some(CURLM *multi)
{
	int queued;
	for (CURLMsg *message; (message = curl_multi_info_read(multi, &queued));) {
		struct request *request = NULL;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
		if (message->msg == CURLMSG_DONE && request)
			end(multi, request, message->data.result);
	}
}

/* All that are not over yet, once. False when none is left for another round. */
static bool run_round(CURLM *multi, struct request *requests, size_t count)
{
	int running = 0;
	bool left = false;
	for (size_t i = 0; i < count; i++)
		if (!requests[i].is_over)
			begin(multi, &requests[i]);
	do {
		curl_multi_perform(multi, &running);
		end_some(multi);
		if (running)
			curl_multi_poll(multi, NULL, 0, POLL_MS, NULL);
	} while (running);
	for (size_t i = 0; i < count; i++)
		left = left || !requests[i].is_over;
	return left;
}

void fetch_texts(struct fetch_text *texts, size_t count)
{
	if (!count)
		return;
	struct request *requests = mem_alloc(count * sizeof *requests);
	for (size_t i = 0; i < count; i++)
		requests[i].text = &texts[i];
	curl_global_init(CURL_GLOBAL_DEFAULT);
	CURLM *multi = curl_multi_init();
	if (!multi)
		abort(); /* out of memory */
	for (int i = 0; run_round(multi, requests, count) && i + 1 < ROUNDS; i++) {
		long ms = FIRST_PAUSE_MS << i;
		struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
		nanosleep(&pause, NULL);
	}
	curl_multi_cleanup(multi);
	for (size_t i = 0; i < count; i++) {
		free(requests[i].etag);
		free(requests[i].modified);
	}
	free(requests);
}
