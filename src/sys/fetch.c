/* Downloads, by libcurl: many at once, resumed, verified while they stream, published by rename. */
#include "fetch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fetch-curl.h"
#include "hash.h"
#include "log.h"
#include "own.h"
#include "part.h"
#include "str.h"

enum {
	FIRST_PAUSE_MS = 500, /* between rounds; doubled each time */
	LOCK_POLL_MS = 200,   /* for another process's download */
	GIVE_UP_SERVER_MS = 8000,
	ENOUGH_FAILURES = 5, /* and not one file that came: nothing will */
	PROGRESS_MS = 100,
};
#define DEFAULT_MAX_BYTES (UINT64_C(64) << 20)

enum state {
	WAITING, /* until not_before_ms: for a slot, a next round, or another process's download */
	RUNNING,
	DONE,
	FAILED,
};

/* What one address has shown in this round. */
enum url_state { URL_UNTRIED, URL_TRIED, URL_HOPELESS };

/* A file on its way. */
struct transfer {
	const struct fetch_file *file;
	enum state state;
	uint64_t not_before_ms, started_ms, shown_ms;
	struct part part;
	uint64_t resumed_from; /* bytes that were in the part when the request began */
	unsigned rounds_ended;
	enum url_state *urls; /* one for each address */
	size_t url;           /* the one in use */
	int write_errno;      /* why the write callback gave up; 0: it did not */
	bool too_long;        /* the server sends more than is allowed */
	bool answered;        /* the first bytes have come, the code has been looked at */
	bool waited;          /* said that another process has it */
	CURL *curl;           /* while RUNNING */
	char curl_error[CURL_ERROR_SIZE];
	struct err err; /* the latest failure */
};

/* A server that could not be reached: asked last, and given up when it stays away. */
struct server {
	char *name; /* "https://server:port" */
	unsigned failures;
	uint64_t since_ms;
};

/* One call of fetch_all. */
struct fetch {
	struct transfer *transfers;
	size_t count, running, left, came, failed;
	struct fetch_options options;
	const struct event_sink *sink;
	CURLM *multi;
	VEC(struct server) down;
	uint64_t total_bytes, shown_ms;
	bool stop; /* a failure of this machine: start nothing more */
	struct err err;
};

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- servers that are down */

static size_t server_length(const char *url)
{
	const char *host = strstr(url, "://");
	size_t length = host ? (size_t)(host - url) + 3 : 0;
	return length + strcspn(url + length, "/?#");
}

static struct server *find_down(const struct fetch *fetch, const char *url)
{
	size_t length = server_length(url);
	for (vec_each(server, &fetch->down))
		if (server->failures && strlen(server->name) == length &&
		    !strncmp(server->name, url, length))
			return server;
	return NULL;
}

static void note_down(struct fetch *fetch, const char *url)
{
	struct server *server = find_down(fetch, url);
	if (server) {
		server->failures++;
		return;
	}
	vec_push(&fetch->down, (struct server){.name = mem_strndup(url, server_length(url)),
	                                       .failures = 1,
	                                       .since_ms = now_ms()});
}

static void note_up(struct fetch *fetch, const char *url)
{
	struct server *server = find_down(fetch, url);
	if (server)
		server->failures = 0;
}

static bool is_given_up(const struct fetch *fetch, const char *url)
{
	const struct server *server = find_down(fetch, url);
	return server && server->failures >= fetch->options.rounds &&
	       now_ms() - server->since_ms > GIVE_UP_SERVER_MS;
}

/* ---- events */

static void emit_transfer(struct fetch *fetch, struct transfer *transfer, enum event_kind kind)
{
	uint64_t now = now_ms();
	struct event event = {
		.kind = kind,
		.task = transfer->file->name,
		.unit = "B",
		.done = transfer->part.received,
		.total = transfer->file->size_bytes,
	};
	if (kind == EVENT_END) {
		event.status = transfer->state == FAILED ? -1 : 0;
		event.text = transfer->state == FAILED ? transfer->err.message : NULL;
		event.seconds = (double)(now - transfer->started_ms) / 1000;
	}
	transfer->shown_ms = now;
	event_emit(fetch->sink, &event);
}

static void emit_total(struct fetch *fetch)
{
	uint64_t done = 0;
	for (size_t i = 0; i < fetch->count; i++) {
		const struct transfer *transfer = &fetch->transfers[i];
		done += transfer->state == DONE ? transfer->file->size_bytes
		                                : transfer->part.received;
	}
	fetch->shown_ms = now_ms();
	event_emit(fetch->sink, &(struct event){.kind = EVENT_TOTAL,
	                                        .unit = "B",
	                                        .done = done,
	                                        .total = fetch->total_bytes});
}

static void show_progress(struct fetch *fetch, struct transfer *transfer)
{
	uint64_t now = now_ms();
	if (now - transfer->shown_ms >= PROGRESS_MS)
		emit_transfer(fetch, transfer, EVENT_PROGRESS);
	if (now - fetch->shown_ms >= PROGRESS_MS)
		emit_total(fetch);
}

/* ---- the end of a file */

static const char *current_url(const struct transfer *transfer)
{
	return transfer->file->urls->items[transfer->url];
}

/* Where nothing can be had, one need not hear it of every file. */
static void give_up(struct fetch *fetch)
{
	fetch->stop = true;
	err_hint(&fetch->err,
	         "none of the first %d files came, %zu more were not asked for; `sdk doctor` "
	         "looks at the mirrors",
	         ENOUGH_FAILURES, fetch->left);
}

static void finish(struct fetch *fetch, struct transfer *transfer, enum state state)
{
	transfer->state = state;
	fetch->left--;
	fetch->came += state == DONE && transfer->started_ms > 0;
	fetch->failed += state == FAILED;
	if (transfer->started_ms)
		emit_transfer(fetch, transfer, EVENT_END);
	part_release(&transfer->part);
	if (state == FAILED) {
		err_wrap(&transfer->err, "fetch %s", transfer->file->name);
		if (!fetch->err.kind)
			err_move(&fetch->err, &transfer->err);
		if (fetch->failed >= ENOUGH_FAILURES && fetch->came == 0 && fetch->left > 0)
			give_up(fetch);
		return;
	}
	size_t index = (size_t)(transfer - fetch->transfers);
	own(err) err = {0};
	if (fetch->options.done && !fetch->stop &&
	    fetch->options.done(fetch->options.context, index, &err) < 0) {
		fetch->stop = true;
		err_move(&fetch->err, &err);
	}
}

/* Disk full and the like: no other address helps, and no other file will fare better. */
static void fail_machine(struct fetch *fetch, struct transfer *transfer)
{
	if (transfer->err.sys_errno == ENOSPC || transfer->err.sys_errno == EDQUOT)
		err_hint(&transfer->err, "make room, then run it again: it goes on where it was");
	err_release(&fetch->err);
	fetch->stop = true;
	finish(fetch, transfer, FAILED);
}

static void pause_transfer(struct transfer *transfer, uint64_t pause_ms)
{
	transfer->state = WAITING;
	transfer->not_before_ms = now_ms() + pause_ms;
}

/* Whether a round of all addresses is over without one worth another try. */
static bool is_hopeless(const struct fetch *fetch, const struct transfer *transfer)
{
	for (size_t i = 0; i < transfer->file->urls->count; i++)
		if (transfer->urls[i] != URL_HOPELESS &&
		    !is_given_up(fetch, transfer->file->urls->items[i]))
			return false;
	return true;
}

/* Chooses the next address, servers known to be down last; false when the round is over. */
static bool choose_url(const struct fetch *fetch, struct transfer *transfer)
{
	for (int down_too = 0; down_too < 2; down_too++) {
		for (size_t i = 0; i < transfer->file->urls->count; i++) {
			const char *url = transfer->file->urls->items[i];
			if (transfer->urls[i] != URL_UNTRIED ||
			    (!down_too && find_down(fetch, url)))
				continue;
			transfer->url = i;
			return true;
		}
	}
	return false;
}

/* After a failure that is in transfer->err: another address, another round, or the end. */
static void try_again(struct fetch *fetch, struct transfer *transfer, enum url_state url_state)
{
	transfer->urls[transfer->url] = url_state;
	log_debug("fetch %s: %s", transfer->file->name, transfer->err.message);
	part_release(&transfer->part);
	part_init(&transfer->part, transfer->file->path);
	if (is_hopeless(fetch, transfer)) {
		finish(fetch, transfer, FAILED);
		return;
	}
	if (choose_url(fetch, transfer)) {
		pause_transfer(transfer, 0);
		return;
	}
	if (++transfer->rounds_ended >= fetch->options.rounds) {
		finish(fetch, transfer, FAILED);
		return;
	}
	for (size_t i = 0; i < transfer->file->urls->count; i++)
		if (transfer->urls[i] == URL_TRIED)
			transfer->urls[i] = URL_UNTRIED;
	pause_transfer(transfer, (uint64_t)FIRST_PAUSE_MS << (transfer->rounds_ended - 1));
}

/* ---- the answer */

static uint64_t allowed_bytes(const struct fetch_file *file)
{
	if (file->size_bytes)
		return file->size_bytes;
	return file->max_bytes ? file->max_bytes : DEFAULT_MAX_BYTES;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	count *= size;
	if (!transfer->answered) {
		long code = 0;
		curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &code);
		transfer->answered = true;
		/* 200 to a request for a part: the server sends the whole file. */
		if (transfer->resumed_from && code != 206) {
			transfer->resumed_from = 0;
			if (part_restart(&transfer->part) < 0) {
				transfer->write_errno = errno;
				return CURL_WRITEFUNC_ERROR;
			}
		}
	}
	if (count > allowed_bytes(transfer->file) - transfer->part.received) {
		transfer->too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	if (part_write(&transfer->part, bytes, count) < 0) {
		transfer->write_errno = errno;
		return CURL_WRITEFUNC_ERROR;
	}
	return count;
}

/* The bytes are not the wanted ones. If some came from an earlier run, those may be to blame:
 * then once more from the beginning. */
static void reject_bytes(struct fetch *fetch, struct transfer *transfer)
{
	bool again = transfer->resumed_from > 0;
	part_drop(&transfer->part);
	if (again)
		err_hint(&transfer->err, "the partial download was dropped");
	try_again(fetch, transfer, again ? URL_UNTRIED : URL_HOPELESS);
}

/* All has come: checks it against what was wanted and publishes it. */
static void verify(struct fetch *fetch, struct transfer *transfer)
{
	const struct fetch_file *file = transfer->file;
	const char *url = current_url(transfer);
	if (file->size_bytes && transfer->part.received != file->size_bytes) {
		err_set(&transfer->err, ERR_TRUST, "%s: %" PRIu64 " bytes instead of %" PRIu64, url,
		        transfer->part.received, file->size_bytes);
		reject_bytes(fetch, transfer);
		return;
	}
	struct digest digest;
	char hex[DIGEST_HEX];
	part_digest(&transfer->part, &digest);
	digest_hex(&digest, hex);
	if (file->sha256 && strcasecmp(hex, file->sha256) != 0) {
		err_set(&transfer->err, ERR_TRUST, "%s: its SHA-256 is %s instead of %s", url, hex,
		        file->sha256);
		reject_bytes(fetch, transfer);
		return;
	}
	if (part_publish(&transfer->part, true, &transfer->err) < 0)
		fail_machine(fetch, transfer);
	else
		finish(fetch, transfer, DONE);
}

/* What a failed request says about the address: try it again later, or never. */
static enum url_state judge(CURLcode code, long status)
{
	switch (code) {
	case CURLE_HTTP_RETURNED_ERROR:
		return status >= 500 || status == 408 || status == 416 || status == 429
		               ? URL_TRIED
		               : URL_HOPELESS;
	case CURLE_TOO_MANY_REDIRECTS:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_FILESIZE_EXCEEDED:
	case CURLE_FILE_COULDNT_READ_FILE:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_WRITE_ERROR:
		return URL_HOPELESS;
	default:
		return URL_TRIED;
	}
}

static bool is_unreachable(CURL *curl, CURLcode code)
{
	curl_off_t connect_us = 0;
	curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connect_us);
	return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
	       code == CURLE_COULDNT_RESOLVE_PROXY ||
	       (code == CURLE_OPERATION_TIMEDOUT && connect_us == 0);
}

/* A server that had other bytes says more than one that is down: that error is not replaced. */
static void describe(struct transfer *transfer, CURLcode code, long status)
{
	const char *url = current_url(transfer);
	struct err *err = &transfer->err;
	if (err->kind == ERR_TRUST)
		return;
	err_release(err);
	if (code == CURLE_HTTP_RETURNED_ERROR)
		err_set(err, ERR_NETWORK, "%s: HTTP %ld", url, status);
	else if (transfer->too_long || code == CURLE_FILESIZE_EXCEEDED)
		err_set(err, ERR_TRUST, "%s: more than the %" PRIu64 " bytes that are wanted", url,
		        allowed_bytes(transfer->file));
	else if (code == CURLE_TOO_MANY_REDIRECTS)
		err_set(err, ERR_NETWORK, "%s: more than %d redirects", url, FETCH_MAX_REDIRECTS);
	else
		err_set(err, ERR_NETWORK, "%s: %s", url,
		        transfer->curl_error[0] ? transfer->curl_error : curl_easy_strerror(code));
	if (is_unreachable(transfer->curl, code))
		err_hint(err, "check the network; SDK_MIRROR_DEBIAN names another Debian mirror");
}

static void on_ended(struct fetch *fetch, struct transfer *transfer, CURLcode code)
{
	long status = 0;
	curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
	bool unreachable = is_unreachable(transfer->curl, code);
	if (code != CURLE_OK)
		describe(transfer, code, status);
	curl_multi_remove_handle(fetch->multi, transfer->curl);
	curl_easy_cleanup(transfer->curl);
	transfer->curl = NULL;
	fetch->running--;
	if (unreachable)
		note_down(fetch, current_url(transfer));
	else
		note_up(fetch, current_url(transfer));
	if (code == CURLE_OK) {
		verify(fetch, transfer);
	} else if (transfer->write_errno) {
		errno = transfer->write_errno;
		err_errno(&transfer->err, "write %s", transfer->part.part_path);
		fail_machine(fetch, transfer);
	} else {
		if (status == 416 || transfer->too_long || !transfer->file->sha256)
			part_drop(&transfer->part);
		try_again(fetch, transfer, judge(code, status));
	}
}

/* ---- the request */

static void set_options(const struct fetch *fetch, struct transfer *transfer)
{
	CURL *curl = transfer->curl;
	const char *url = current_url(transfer);
	fetch_curl_options(curl, url, fetch->options.connect_seconds, fetch->options.stall_seconds,
	                   transfer->curl_error);
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE,
	                 (curl_off_t)allowed_bytes(transfer->file));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
	if (transfer->resumed_from) {
		own_free char *range = mem_printf("%" PRIu64 "-", transfer->resumed_from);
		curl_easy_setopt(curl, CURLOPT_RANGE, range); /* copied */
	}
}

static void request(struct fetch *fetch, struct transfer *transfer)
{
	transfer->curl = curl_easy_init();
	if (!transfer->curl)
		abort(); /* out of memory */
	transfer->resumed_from = transfer->part.received;
	transfer->curl_error[0] = '\0';
	transfer->write_errno = 0;
	transfer->too_long = transfer->answered = false;
	transfer->state = RUNNING;
	fetch->running++;
	set_options(fetch, transfer);
	curl_multi_add_handle(fetch->multi, transfer->curl);
}

/* Whether an earlier run has fetched it; one of the wrong size can't be it. */
static bool is_there(const struct fetch_file *file)
{
	struct stat st;
	if (stat(file->path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (!file->size_bytes || (uint64_t)st.st_size == file->size_bytes)
		return true;
	unlink(file->path);
	return false;
}

static void wait_for_other(struct fetch *fetch, struct transfer *transfer)
{
	if (!transfer->waited)
		event_note(fetch->sink, "%s: another process is fetching it; waiting",
		           transfer->file->name);
	transfer->waited = true;
	pause_transfer(transfer, LOCK_POLL_MS);
}

static void start(struct fetch *fetch, struct transfer *transfer)
{
	const struct fetch_file *file = transfer->file;
	enum part_state part_state;
	if (is_there(file)) {
		finish(fetch, transfer, DONE);
		return;
	}
	if (!choose_url(fetch, transfer)) {
		err_set(&transfer->err, ERR_INPUT, "no address to fetch it from");
		finish(fetch, transfer, FAILED);
		return;
	}
	/* A part can be trusted to fit only by a digest; file:// is not worth resuming. */
	bool resume = file->sha256 && !str_starts(current_url(transfer), "file:");
	if (part_open(&transfer->part, resume, &part_state, &transfer->err) < 0) {
		fail_machine(fetch, transfer);
		return;
	}
	if (part_state == PART_BUSY) {
		wait_for_other(fetch, transfer);
		return;
	}
	if (part_state == PART_PUBLISHED) {
		finish(fetch, transfer, DONE);
		return;
	}
	if (!transfer->started_ms) {
		transfer->started_ms = now_ms();
		emit_transfer(fetch, transfer, EVENT_BEGIN);
	}
	if (transfer->part.received > allowed_bytes(file) && part_restart(&transfer->part) < 0) {
		err_errno(&transfer->err, "%s", transfer->part.part_path);
		fail_machine(fetch, transfer);
		return;
	}
	if (file->size_bytes && transfer->part.received == file->size_bytes) {
		transfer->resumed_from = transfer->part.received;
		verify(fetch, transfer);
		return;
	}
	request(fetch, transfer);
}

/* ---- the loop */

/* Starts what may start; returns the milliseconds until something else may, at most a second. */
static int start_some(struct fetch *fetch)
{
	uint64_t now = now_ms();
	uint64_t next = now + 1000;
	for (size_t i = 0; i < fetch->count; i++) {
		struct transfer *transfer = &fetch->transfers[i];
		if (fetch->stop || fetch->running >= fetch->options.parallel)
			break;
		if (transfer->state == WAITING && transfer->not_before_ms <= now)
			start(fetch, transfer);
		if (transfer->state == WAITING && transfer->not_before_ms < next)
			next = transfer->not_before_ms;
	}
	now = now_ms();
	return next > now ? (int)(next - now) : 0;
}

/* Whether any ended, so that others may start. */
static bool end_some(struct fetch *fetch)
{
	int queued;
	size_t running = fetch->running;
	for (CURLMsg *message; (message = curl_multi_info_read(fetch->multi, &queued));) {
		struct transfer *transfer = NULL;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		if (message->msg == CURLMSG_DONE && transfer)
			on_ended(fetch, transfer, message->data.result);
	}
	for (size_t i = 0; i < fetch->count; i++)
		if (fetch->transfers[i].state == RUNNING)
			show_progress(fetch, &fetch->transfers[i]);
	return fetch->running < running;
}

/* Waits for the network, the watched descriptor, or the time. */
static void wait_some(struct fetch *fetch, int timeout_ms)
{
	struct curl_waitfd watch = {.fd = fetch->options.watch_fd, .events = CURL_WAIT_POLLIN};
	unsigned watches = fetch->options.watch_fd > 0 ? 1 : 0;
	curl_multi_poll(fetch->multi, watches ? &watch : NULL, watches, timeout_ms, NULL);
	own(err) err = {0};
	if (watches && watch.revents && !fetch->stop &&
	    fetch->options.watched(fetch->options.context, &err) < 0) {
		fetch->stop = true;
		err_release(&fetch->err);
		err_move(&fetch->err, &err);
	}
}

static void loop(struct fetch *fetch)
{
	while (fetch->left > 0 && !fetch->stop) {
		int timeout_ms = start_some(fetch);
		int running = 0;
		curl_multi_perform(fetch->multi, &running);
		bool ended = end_some(fetch);
		if (fetch->left > 0 && !fetch->stop)
			wait_some(fetch, ended ? 0 : timeout_ms);
	}
}

static void fetch_init(struct fetch *fetch, const struct fetch_file *files,
                       const struct fetch_options *options)
{
	struct fetch_options *chosen = &fetch->options;
	if (options)
		*chosen = *options;
	chosen->parallel = chosen->parallel ? chosen->parallel : 8;
	chosen->connect_seconds = chosen->connect_seconds ? chosen->connect_seconds : 15;
	chosen->stall_seconds = chosen->stall_seconds ? chosen->stall_seconds : 30;
	chosen->rounds = chosen->rounds ? chosen->rounds : 4;
	fetch->transfers = mem_alloc(fetch->count * sizeof *fetch->transfers);
	for (size_t i = 0; i < fetch->count; i++) {
		struct transfer *transfer = &fetch->transfers[i];
		transfer->file = &files[i];
		transfer->urls = mem_alloc(files[i].urls->count * sizeof *transfer->urls);
		part_init(&transfer->part, files[i].path);
		fetch->total_bytes += files[i].size_bytes;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	fetch->multi = curl_multi_init();
	if (!fetch->multi)
		abort(); /* out of memory */
}

static void fetch_release(struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->count; i++) {
		struct transfer *transfer = &fetch->transfers[i];
		if (transfer->curl) {
			curl_multi_remove_handle(fetch->multi, transfer->curl);
			curl_easy_cleanup(transfer->curl);
		}
		part_release(&transfer->part);
		err_release(&transfer->err);
		free(transfer->urls);
	}
	free(fetch->transfers);
	for (vec_each(server, &fetch->down))
		free(server->name);
	vec_release(&fetch->down);
	curl_multi_cleanup(fetch->multi);
	err_release(&fetch->err);
}

int fetch_all(const struct fetch_file *files, size_t count, const struct fetch_options *options,
              const struct event_sink *sink, struct err *err)
{
	if (count == 0)
		return 0;
	own(fetch) fetch = {.count = count, .left = count, .sink = sink};
	fetch_init(&fetch, files, options);
	emit_total(&fetch);
	loop(&fetch);
	if (fetch.err.kind)
		return err_move(err, &fetch.err);
	emit_total(&fetch);
	return 0;
}
