/* One archive from a binhost into the store, in one pass over its bytes. */
#include "binhost-object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fetch-stream.h"
#include "fs.h"
#include "own.h"
#include "part.h"
#include "store-unpack.h"
#include "store.h"

enum { REPLAY_BYTES = 128 << 10, PROGRESS_MS = 200, LOCK_POLL_MS = 200 };

struct binhost_fetch {
	const struct workspace *workspace;
	struct fetch_stream *stream;
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
	uint64_t shown_ms;
	/* the archive at hand */
	const struct binhost_source *source;
	struct part part;
	uint64_t replayed, left_over; /* bytes that an earlier download left in the part */
	bool is_requested;
	char *buffer;
};

struct binhost_fetch *
binhost_fetch_new(const struct workspace *workspace,
                  void (*progress)(void *context, uint64_t done, uint64_t total), void *context)
{
	struct binhost_fetch *fetch = mem_alloc(sizeof *fetch);
	fetch->workspace = workspace;
	fetch->stream = fetch_stream_new();
	fetch->progress = progress;
	fetch->context = context;
	fetch->buffer = mem_alloc(REPLAY_BYTES);
	return fetch;
}

void binhost_fetch_free(struct binhost_fetch *fetch)
{
	fetch_stream_free(fetch->stream);
	free(fetch->buffer);
	free(fetch);
}

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void show_progress(struct binhost_fetch *fetch)
{
	uint64_t now = now_ms();
	if (now - fetch->shown_ms < PROGRESS_MS)
		return;
	fetch->shown_ms = now;
	fetch->progress(fetch->context, fetch->part.received, fetch->source->object.object_bytes);
}

/* ---- the stream: what is in the part, then what comes, which is put into the part */

static ssize_t replay(struct binhost_fetch *fetch, const void **ret_bytes, struct err *err)
{
	uint64_t left = fetch->left_over - fetch->replayed;
	size_t wanted = left < REPLAY_BYTES ? (size_t)left : REPLAY_BYTES;
	ssize_t n = pread(fetch->part.fd, fetch->buffer, wanted, (off_t)fetch->replayed);
	if (n <= 0)
		return err_errno(err, "%s", fetch->part.part_path);
	fetch->replayed += (uint64_t)n;
	*ret_bytes = fetch->buffer;
	return n;
}

static int check_length(const struct binhost_fetch *fetch, struct err *err)
{
	const struct binhost_object *object = &fetch->source->object;
	if (fetch->part.received == object->object_bytes)
		return 0;
	return err_set(err, ERR_TRUST, "%s: %llu bytes instead of %llu", fetch->source->url,
	               (unsigned long long)fetch->part.received,
	               (unsigned long long)object->object_bytes);
}

static ssize_t read_stream(void *context, const void **ret_bytes, struct err *err)
{
	struct binhost_fetch *fetch = context;
	uint64_t size = fetch->source->object.object_bytes;
	show_progress(fetch);
	if (fetch->replayed < fetch->left_over)
		return replay(fetch, ret_bytes, err);
	if (!fetch->is_requested && fetch->part.received == size)
		return 0;
	if (!fetch->is_requested)
		fetch_stream_begin(fetch->stream, fetch->source->url, fetch->part.received, size);
	fetch->is_requested = true;
	ssize_t count = fetch_stream_read(fetch->stream, ret_bytes, err);
	if (count == 0)
		return check_length(fetch, err);
	if (count > 0 && part_write(&fetch->part, *ret_bytes, (size_t)count) < 0)
		return err_errno(err, "%s", fetch->part.part_path);
	return count;
}

/* ---- one attempt */

static int check_digest(struct binhost_fetch *fetch, struct err *err)
{
	struct digest digest;
	char hex[DIGEST_HEX];
	if (check_length(fetch, err) < 0)
		return -1;
	part_digest(&fetch->part, &digest);
	digest_hex(&digest, hex);
	if (str_equal(hex, fetch->source->object.sha256))
		return 0;
	return err_set(err, ERR_TRUST, "%s: its SHA-256 is %s instead of %s", fetch->source->url,
	               hex, fetch->source->object.sha256);
}

static int unpack(struct binhost_fetch *fetch, const char *staging, struct err *err)
{
	const struct binhost_object *object = &fetch->source->object;
	const struct archive_stream stream = {.read = read_stream, .context = fetch};
	if (store_unpack(&stream, object->digest, object->bytes, staging, err) < 0) {
		/* What is no archive at all is as little to be trusted as a wrong one. */
		if (err->kind == ERR_INPUT)
			err->kind = ERR_TRUST;
		return strstr(err->message, fetch->source->url)
		               ? -1
		               : err_wrap(err, "%s", fetch->source->url);
	}
	return check_digest(fetch, err);
}

static int fetch_open_part(struct binhost_fetch *fetch, struct err *err)
{
	own_free char *parent = workspace_out(fetch->workspace, "store");
	own_free char *staging = NULL;
	if (fetch->part.received > fetch->source->object.object_bytes &&
	    part_restart(&fetch->part) < 0)
		return err_errno(err, "%s", fetch->part.part_path);
	fetch->left_over = fetch->part.received;
	fetch->replayed = 0;
	fetch->is_requested = false;
	if (fs_make_dirs(parent, 0755, err) < 0 || fs_make_temporary(parent, &staging, err) < 0)
		return -1;
	int result = unpack(fetch, staging, err);
	if (result == 0)
		result = part_publish(&fetch->part, false, err);
	if (result == 0)
		return store_publish(fetch->workspace, staging, fetch->source->object.digest, err);
	fs_remove_tree(staging, NULL);
	if (err->kind == ERR_TRUST)
		part_drop(&fetch->part);
	return -1;
}

/* Opens the part, waiting for another process that writes it. */
static int attempt(struct binhost_fetch *fetch, struct err *err)
{
	const struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};
	enum part_state state;
	for (;;) {
		if (part_open(&fetch->part, true, &state, err) < 0)
			return -1;
		if (state == PART_OPEN)
			return fetch_open_part(fetch, err);
		if (state == PART_PUBLISHED)
			return store_ensure(fetch->workspace, fetch->source->object.digest, err);
		nanosleep(&pause, NULL);
	}
}

/* Bytes that an earlier download left may be the wrong ones: then once more without them. */
int binhost_fetch_object(struct binhost_fetch *fetch, const struct binhost_source *source,
                         struct err *err)
{
	own_free char *path = store_archive_path(fetch->workspace, source->object.digest);
	fetch->source = source;
	fetch->is_requested = false;
	part_init(&fetch->part, path);
	fetch->left_over = 0;
	int result = attempt(fetch, err);
	if (result < 0 && err->kind == ERR_TRUST && fetch->left_over) {
		err_release(err);
		result = attempt(fetch, err);
	}
	part_release(&fetch->part);
	return result;
}

bool binhost_fetch_is_down(const struct binhost_fetch *fetch)
{
	return fetch->is_requested && fetch_stream_is_down(fetch->stream);
}

void binhost_fetch_forget(const struct workspace *workspace, const char *digest)
{
	own_free char *path = store_archive_path(workspace, digest);
	enum part_state state;
	struct part part;
	part_init(&part, path);
	if (part_open(&part, false, &state, NULL) == 0 && state == PART_OPEN)
		part_drop(&part);
	part_release(&part);
}
