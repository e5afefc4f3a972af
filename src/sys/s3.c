/* An S3-compatible object store, by libcurl: signed requests (AWS Signature Version 4), many at
 * once, with the conditions that let several writers share a bucket. */
#include "s3.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs.h"
#include "log.h"
#include "own.h"

enum {
	CONNECT_SECONDS = 15,
	STALL_SECONDS = 60,
	STALL_BYTES_PER_SECOND = 1000,
	DEFAULT_PARALLEL = 8,
	MAX_TRIES = 4,
	FIRST_PAUSE_MS = 500, /* doubled each time */
	POLL_MS = 500,
	PROGRESS_MS = 100,
	MAX_ERROR_BYTES = 64 << 10,
};
#define DEFAULT_MAX_BYTES (UINT64_C(64) << 20)
static const char sha256_header[] = "x-amz-meta-sha256";

/* A call on its way. */
struct request {
	struct s3_call *call;
	CURL *curl; /* while it runs */
	struct curl_slist *headers;
	int body_fd;
	uint64_t body_sent, body_total;
	bool done, too_long;
	int write_errno;
	unsigned tries;
	uint64_t not_before_ms, started_ms, shown_ms;
	char curl_error[CURL_ERROR_SIZE];
};

struct batch {
	const struct s3 *s3;
	struct request *requests;
	size_t count, running, left;
	unsigned parallel;
	CURLM *multi;
	const struct event_sink *sink;
};

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void forget_answer(struct s3_call *call)
{
	str_reset(&call->answer);
	free(steal_ptr(call->etag));
	call->status = 0;
	call->length = 0;
	call->has_sha256 = false;
}

void s3_call_release(struct s3_call *call)
{
	forget_answer(call);
	str_release(&call->answer);
}

/* ---- events */

static void emit(const struct batch *batch, struct request *request, enum event_kind kind)
{
	uint64_t now = now_ms();
	if (!request->call->task)
		return;
	event_emit(batch->sink,
	           &(struct event){.kind = kind,
	                           .task = request->call->task,
	                           .unit = "B",
	                           .done = request->body_sent,
	                           .total = request->body_total,
	                           .seconds = (double)(now - request->started_ms) / 1000});
	request->shown_ms = now;
}

/* ---- what goes out */

static size_t read_body(char *bytes, size_t size, size_t count, void *context)
{
	struct request *request = context;
	const struct s3_call *call = request->call;
	uint64_t left = request->body_total - request->body_sent;
	size_t wanted = size * count < left ? size * count : (size_t)left;
	ssize_t got = (ssize_t)wanted;
	if (request->body_fd >= 0)
		got = pread(request->body_fd, bytes, wanted, (off_t)request->body_sent);
	else if (wanted)
		memcpy(bytes, call->body + request->body_sent, wanted);
	if (got < 0)
		return CURL_READFUNC_ABORT;
	request->body_sent += (uint64_t)got;
	return (size_t)got;
}

/* A server may ask for the body again (a redirect, a connection that had been closed). */
static int seek_body(void *context, curl_off_t offset, int origin)
{
	struct request *request = context;
	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > request->body_total)
		return CURL_SEEKFUNC_FAIL;
	request->body_sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static void add_header(struct request *request, const char *name, const char *value)
{
	own_free char *line = mem_printf("%s: %s", name, value);
	if (value)
		request->headers = curl_slist_append(request->headers, line);
}

static int open_body(struct request *request, struct err *err)
{
	const struct s3_call *call = request->call;
	struct stat st;
	request->body_total = call->body_bytes;
	if (!call->body_path)
		return 0;
	request->body_fd = open(call->body_path, O_RDONLY | O_CLOEXEC);
	if (request->body_fd < 0 || fstat(request->body_fd, &st) < 0)
		return err_errno(err, "%s", call->body_path);
	request->body_total = (uint64_t)st.st_size;
	return 0;
}

/* The body's digest is part of what is signed: a proxy can't change a byte. (It is given here since
 * libcurl before 8 would not hash an upload.) */
static void set_headers(const struct s3 *s3, struct request *request)
{
	const struct s3_call *call = request->call;
	struct digest digest = call->body_sha256;
	char hex[DIGEST_HEX];
	if (!call->body_path)
		digest_of(call->body ? call->body : "", call->body_bytes, &digest);
	digest_hex(&digest, hex);
	add_header(request, "x-amz-content-sha256", hex);
	if (call->body_path)
		add_header(request, sha256_header, hex);
	add_header(request, "x-amz-security-token", s3->session_token);
	add_header(request, "If-Match", call->if_match);
	add_header(request, "If-None-Match", call->if_none_match);
	/* (No "Expect:" to switch that off: libcurl before 8.3 would sign the header it does not
	 * send.) */
	curl_easy_setopt(request->curl, CURLOPT_HTTPHEADER, request->headers);
}

static void set_method(struct request *request)
{
	const struct s3_call *call = request->call;
	CURL *curl = request->curl;
	if (str_equal(call->method, "HEAD")) {
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	} else if (str_equal(call->method, "PUT")) {
		curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_body);
		curl_easy_setopt(curl, CURLOPT_READDATA, request);
		curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, seek_body);
		curl_easy_setopt(curl, CURLOPT_SEEKDATA, request);
		curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_total);
	} else {
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
	}
}

/* ---- what comes back */

static int save_answer(struct request *request, const char *bytes, size_t count)
{
	if (fs_write_all(request->call->answer_fd, bytes, count, NULL) == 0)
		return 0;
	request->write_errno = errno;
	return -1;
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct request *request = context;
	struct s3_call *call = request->call;
	long status = 0;
	count *= size;
	curl_easy_getinfo(request->curl, CURLINFO_RESPONSE_CODE, &status);
	bool wanted = status >= 200 && status < 300;
	uint64_t most = !wanted           ? MAX_ERROR_BYTES
	                : call->max_bytes ? call->max_bytes
	                                  : DEFAULT_MAX_BYTES;
	if (call->length + count > most) {
		request->too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	call->length += count;
	if (!wanted || !call->answer_fd)
		str_add_bytes(&call->answer, bytes, count);
	else if (save_answer(request, bytes, count) < 0)
		return CURL_WRITEFUNC_ERROR;
	return count;
}

/* The header's value when `line` is one of that name; caller frees. */
static char *header_value(const char *line, size_t length, const char *name)
{
	size_t name_length = strlen(name);
	if (length <= name_length || line[name_length] != ':' ||
	    strncasecmp(line, name, name_length) != 0)
		return NULL;
	const char *from = line + name_length + 1, *to = line + length;
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (to > from && (to[-1] == '\r' || to[-1] == '\n' || to[-1] == ' '))
		to--;
	return mem_strndup(from, (size_t)(to - from));
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
	struct request *request = context;
	struct s3_call *call = request->call;
	size_t length = size * count;
	own_free char *etag = header_value(line, length, "ETag");
	own_free char *sha256 = header_value(line, length, sha256_header);
	if (etag) {
		free(call->etag);
		call->etag = steal_ptr(etag);
	}
	if (sha256)
		call->has_sha256 = digest_parse(sha256, &call->sha256);
	return length;
}

/* ---- one request */

static int start(struct batch *batch, struct request *request, struct err *err)
{
	const struct s3 *s3 = batch->s3;
	struct s3_call *call = request->call;
	own_free char *url = mem_printf("%s/%s%s%s%s%s", s3->endpoint, s3->bucket,
	                                call->key ? "/" : "", call->key ? call->key : "",
	                                call->query ? "?" : "", call->query ? call->query : "");
	own_free char *signature = mem_printf("aws:amz:%s:s3", s3->region);
	if (open_body(request, err) < 0)
		return -1;
	request->curl = curl_easy_init();
	if (!request->curl)
		abort(); /* out of memory */
	CURL *curl = request->curl;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, signature);
	curl_easy_setopt(curl, CURLOPT_USERNAME, s3->access_key);
	curl_easy_setopt(curl, CURLOPT_PASSWORD, s3->secret_key);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "dray-sdk");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_SECOND);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, request->curl_error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, request);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, request);
	set_method(request);
	set_headers(s3, request);
	forget_answer(call);
	if (call->answer_fd &&
	    (ftruncate(call->answer_fd, 0) < 0 || lseek(call->answer_fd, 0, SEEK_SET) < 0))
		return err_errno(err, "%s", call->key);
	if (!request->tries++) {
		request->started_ms = now_ms();
		emit(batch, request, EVENT_BEGIN);
	}
	curl_multi_add_handle(batch->multi, curl);
	batch->running++;
	return 0;
}

static void end_request(struct batch *batch, struct request *request)
{
	if (request->curl) {
		curl_multi_remove_handle(batch->multi, request->curl);
		curl_easy_cleanup(steal_ptr(request->curl));
		batch->running--;
	}
	curl_slist_free_all(request->headers);
	request->headers = NULL;
	own_close_fd(&request->body_fd);
	request->body_fd = -1;
}

/* What stands between <name> and </name>; caller frees; NULL if it is not there. */
static char *element(const char *xml, const char *name, const char **ret_end)
{
	own_free char *open_tag = mem_printf("<%s>", name);
	own_free char *close_tag = mem_printf("</%s>", name);
	const char *from = strstr(xml, open_tag);
	const char *to = from ? strstr(from, close_tag) : NULL;
	if (!to)
		return NULL;
	if (ret_end)
		*ret_end = to + strlen(close_tag);
	from += strlen(open_tag);
	return mem_strndup(from, (size_t)(to - from));
}

static int describe(const struct batch *batch, const struct request *request, CURLcode code,
                    struct err *err)
{
	const struct s3_call *call = request->call;
	own_free char *name = mem_printf("%s s3://%s/%s", call->method, batch->s3->bucket,
	                                 call->key ? call->key : "");
	own_free char *word = element(str_text(&call->answer), "Code", NULL);
	own_free char *text = element(str_text(&call->answer), "Message", NULL);
	if (request->write_errno) {
		errno = request->write_errno;
		return err_errno(err, "%s: write what comes", name);
	}
	if (request->too_long)
		return err_set(err, ERR_TRUST, "%s: the answer is longer than wanted", name);
	if (code != CURLE_OK)
		return err_set(err, ERR_NETWORK, "%s at %s: %s", name, batch->s3->endpoint,
		               request->curl_error[0] ? request->curl_error
		                                      : curl_easy_strerror(code));
	err_set(err, ERR_NETWORK, "%s: HTTP %ld%s%s%s%s", name, call->status, word ? " " : "",
	        word ? word : "", text ? ": " : "", text ? text : "");
	if (call->status == 401 || call->status == 403)
		err_hint(err, "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the profile "
		              "in ~/.aws/credentials), the region and this machine's clock");
	return -1;
}

static bool is_worth_another_try(CURLcode code, const struct request *request)
{
	long status = request->call->status;
	if (request->too_long || request->write_errno)
		return false;
	if (code != CURLE_OK)
		return code != CURLE_UNSUPPORTED_PROTOCOL && code != CURLE_URL_MALFORMAT &&
		       code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_ABORTED_BY_CALLBACK;
	return status >= 500 || status == 408 || status == 429;
}

static bool is_answer(long status)
{
	return (status >= 200 && status < 300) || status == 304 || status == 404 || status == 409 ||
	       status == 412;
}

static int on_ended(struct batch *batch, struct request *request, CURLcode code, struct err *err)
{
	struct s3_call *call = request->call;
	curl_off_t length = -1;
	curl_easy_getinfo(request->curl, CURLINFO_RESPONSE_CODE, &call->status);
	curl_easy_getinfo(request->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	end_request(batch, request);
	if (code == CURLE_OK && is_answer(call->status)) {
		if (str_equal(call->method, "HEAD") && length >= 0)
			call->length = (uint64_t)length;
		request->done = true;
		batch->left--;
		emit(batch, request, EVENT_END);
		return 0;
	}
	if (!is_worth_another_try(code, request) || request->tries >= MAX_TRIES)
		return describe(batch, request, code, err);
	log_debug("s3: %s %s: once more after %d, HTTP %ld", call->method,
	          call->key ? call->key : "", (int)code, call->status);
	request->not_before_ms = now_ms() + ((uint64_t)FIRST_PAUSE_MS << (request->tries - 1));
	request->body_sent = 0;
	return 0;
}

/* ---- all of them */

static int start_some(struct batch *batch, struct err *err)
{
	uint64_t now = now_ms();
	for (size_t i = 0; i < batch->count && batch->running < batch->parallel; i++) {
		struct request *request = &batch->requests[i];
		if (!request->done && !request->curl && request->not_before_ms <= now &&
		    start(batch, request, err) < 0)
			return -1;
	}
	return 0;
}

static int end_some(struct batch *batch, struct err *err)
{
	int queued;
	for (CURLMsg *message; (message = curl_multi_info_read(batch->multi, &queued));) {
		struct request *request = NULL;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
		if (message->msg == CURLMSG_DONE && request &&
		    on_ended(batch, request, message->data.result, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < batch->count; i++)
		if (batch->requests[i].curl &&
		    now_ms() - batch->requests[i].shown_ms >= PROGRESS_MS)
			emit(batch, &batch->requests[i], EVENT_PROGRESS);
	return 0;
}

static int loop(struct batch *batch, struct err *err)
{
	while (batch->left) {
		int running = 0;
		if (start_some(batch, err) < 0)
			return -1;
		curl_multi_perform(batch->multi, &running);
		if (end_some(batch, err) < 0)
			return -1;
		if (batch->left)
			curl_multi_poll(batch->multi, NULL, 0, POLL_MS, NULL);
	}
	return 0;
}

int s3_perform(const struct s3 *s3, struct s3_call *calls, size_t count, unsigned parallel,
               const struct event_sink *sink, struct err *err)
{
	struct batch batch = {.s3 = s3,
	                      .count = count,
	                      .left = count,
	                      .parallel = parallel ? parallel : DEFAULT_PARALLEL,
	                      .sink = sink};
	if (count == 0)
		return 0;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	batch.multi = curl_multi_init();
	if (!batch.multi)
		abort(); /* out of memory */
	batch.requests = mem_alloc(count * sizeof *batch.requests);
	for (size_t i = 0; i < count; i++) {
		batch.requests[i].call = &calls[i];
		batch.requests[i].body_fd = -1;
	}
	int result = loop(&batch, err);
	for (size_t i = 0; i < count; i++)
		end_request(&batch, &batch.requests[i]);
	curl_multi_cleanup(batch.multi);
	free(batch.requests);
	return result;
}

/* ---- listings */

void s3_object_list_release(struct s3_object_list *list)
{
	for (vec_each(object, list))
		free(object->key);
	vec_release(list);
}

/* Keys of ours need no entities of XML; one with them is somebody else's, and passed over. */
static int parse_object(const char *xml, struct s3_object_list *list, struct err *err)
{
	own_free char *key = element(xml, "Key", NULL);
	own_free char *size = element(xml, "Size", NULL);
	if (!key || !size)
		return err_set(err, ERR_NETWORK, "a listing without keys or sizes");
	errno = 0;
	uint64_t bytes = strtoull(size, NULL, 10);
	if (!*size || size[strspn(size, "0123456789")] || errno)
		return err_set(err, ERR_NETWORK, "a listing with the size \"%s\"", size);
	if (!strpbrk(key, "&<>"))
		vec_push(list, (struct s3_object){steal_ptr(key), bytes});
	return 0;
}

int s3_parse_listing(const char *xml, struct s3_object_list *list, char **ret_next, struct err *err)
{
	own_free char *truncated = element(xml, "IsTruncated", NULL);
	own_free char *token = element(xml, "NextContinuationToken", NULL);
	if (!truncated)
		return err_set(err, ERR_NETWORK, "a listing that is none");
	const char *rest = xml;
	for (char *contents; (contents = element(rest, "Contents", &rest));) {
		own_free char *owned = contents;
		if (parse_object(owned, list, err) < 0)
			return -1;
	}
	bool more = str_equal(truncated, "true");
	if (more && !token)
		return err_set(err, ERR_NETWORK, "a listing that is cut, without a token");
	*ret_next = more ? steal_ptr(token) : NULL;
	return 0;
}

static void add_encoded(struct str *text, const char *raw)
{
	for (; *raw; raw++) {
		bool plain = (*raw >= 'a' && *raw <= 'z') || (*raw >= 'A' && *raw <= 'Z') ||
		             (*raw >= '0' && *raw <= '9') || strchr("-._~", *raw);
		if (plain)
			str_add_char(text, *raw);
		else
			str_addf(text, "%%%02X", (unsigned char)*raw);
	}
}

static int list_page(const struct s3 *s3, const char *prefix, struct s3_object_list *list,
                     char **token, struct err *err)
{
	own(str) query = {0};
	own(s3_call) call = {.method = "GET"};
	if (*token) {
		str_add(&query, "continuation-token=");
		add_encoded(&query, *token);
		str_add_char(&query, '&');
	}
	str_add(&query, "list-type=2&prefix=");
	add_encoded(&query, prefix);
	call.query = str_text(&query);
	free(steal_ptr(*token));
	if (s3_perform(s3, &call, 1, 1, NULL, err) < 0)
		return -1;
	if (call.status != 200)
		return err_set(err, ERR_NETWORK, "list s3://%s: HTTP %ld%s", s3->bucket,
		               call.status, call.status == 404 ? " (no such bucket)" : "");
	return s3_parse_listing(str_text(&call.answer), list, token, err);
}

int s3_list(const struct s3 *s3, const char *prefix, struct s3_object_list *list, struct err *err)
{
	own_free char *token = NULL;
	do {
		if (list_page(s3, prefix, list, &token, err) < 0)
			return err_wrap(err, "list s3://%s/%s", s3->bucket, prefix);
	} while (token);
	return 0;
}
