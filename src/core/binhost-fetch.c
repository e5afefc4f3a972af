/* Fetchers: processes that bring outputs into the store while others are built. */
#include "binhost-fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binhost-object.h"
#include "fs.h"
#include "own.h"
#include "proc.h"
#include "store.h"

_Static_assert(sizeof(struct fetch_news) <= PIPE_BUF, "news must be written atomically");

enum { ASKED_EACH = 2 /* requests that wait for each fetcher, so that none is idle */ };

struct request {
	char key[DIGEST_HEX], digest[DIGEST_HEX];
};

struct fetchers {
	const struct workspace *workspace;
	const struct binhosts *binhosts;
	VEC(struct proc) procs;
	pid_t parent;
	int requests[2], news[2]; /* pipes; [0] to read, [1] to write */
	size_t asked;             /* not yet answered */
};

/* ---- in a fetcher */

struct teller {
	int fd;
	struct fetch_news news; /* of the object at hand */
};

static void tell(struct teller *teller, enum fetch_kind what, const struct err *err)
{
	struct fetch_news *news = &teller->news;
	news->what = what;
	news->kind = err ? err->kind : ERR_NONE;
	news->sys_errno = err ? err->sys_errno : 0;
	snprintf(news->message, sizeof news->message, "%s",
	         err && err->message ? err->message : "");
	if (write(teller->fd, news, sizeof *news) != sizeof *news)
		_exit(1);
}

static void on_progress(void *context, uint64_t done, uint64_t total)
{
	struct teller *teller = context;
	teller->news.done = done;
	teller->news.total = total;
	tell(teller, FETCH_MOVED, NULL);
}

/* From the cache, if its archive is whole; one that isn't is removed. */
static bool from_cache(const struct fetchers *fetchers, const char *digest, struct teller *teller,
                       struct err *err)
{
	own(err) cache_err = {0};
	own_free char *path = store_archive_path(fetchers->workspace, digest);
	if (!store_has(fetchers->workspace, digest))
		return false;
	if (store_ensure(fetchers->workspace, digest, &cache_err) == 0)
		return true;
	if (cache_err.kind != ERR_TRUST && cache_err.kind != ERR_INPUT) {
		err_move(err, &cache_err);
		return false;
	}
	unlink(path);
	err_wrap(&cache_err, "removed from the cache");
	tell(teller, FETCH_WARNED, &cache_err);
	return false;
}

/* A failure of this machine would be the same with every host. */
static bool is_ours(const struct err *err)
{
	return err->kind == ERR_SYSTEM;
}

static int from_hosts(const struct fetchers *fetchers, const struct request *request,
                      struct binhost_fetch *fetch, struct teller *teller, struct err *err)
{
	own(binhost_source_list) sources = {0};
	binhosts_locate(fetchers->binhosts, request->key, request->digest, &sources);
	err_set(err, ERR_NETWORK, "no binhost has it");
	for (vec_each(source, &sources)) {
		own(err) host_err = {0};
		snprintf(teller->news.host, sizeof teller->news.host, "%s", source->host);
		if (binhost_fetch_object(fetch, source, &host_err) == 0)
			return 0;
		err_wrap(&host_err, "binhost %s", source->host);
		err_release(err);
		if (is_ours(&host_err) || source + 1 == sources.items + sources.count)
			return err_move(err, &host_err);
		tell(teller, FETCH_WARNED, &host_err);
		err_set(err, host_err.kind, "%s", host_err.message);
	}
	return -1;
}

static void serve(const struct fetchers *fetchers, const struct request *request,
                  struct binhost_fetch *fetch, struct teller *teller)
{
	own(err) err = {0};
	teller->news = (struct fetch_news){0};
	memcpy(teller->news.digest, request->digest, DIGEST_HEX);
	tell(teller, FETCH_BEGUN, NULL);
	if (from_cache(fetchers, request->digest, teller, &err) ||
	    (err.kind == ERR_NONE && from_hosts(fetchers, request, fetch, teller, &err) == 0))
		tell(teller, FETCH_HERE, NULL);
	else
		tell(teller, FETCH_FAILED, &err);
}

static int work(void *context)
{
	const struct fetchers *fetchers = context;
	struct teller teller = {.fd = fetchers->news[1]};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != fetchers->parent)
		return 1;
	close(fetchers->requests[1]);
	close(fetchers->news[0]);
	struct binhost_fetch *fetch = binhost_fetch_new(fetchers->workspace, on_progress, &teller);
	for (;;) {
		struct request request;
		ssize_t n = read(fetchers->requests[0], &request, sizeof request);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof request)
			break;
		serve(fetchers, &request, fetch, &teller);
	}
	binhost_fetch_free(fetch);
	return 0;
}

/* ---- in the scheduler */

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void fetchers_free(struct fetchers *fetchers)
{
	if (!fetchers)
		return;
	for (vec_each(proc, &fetchers->procs))
		proc_kill(proc, SIGKILL);
	for (vec_each(proc, &fetchers->procs)) {
		int status;
		proc_wait(proc, &status, NULL);
	}
	vec_release(&fetchers->procs);
	for (int end = 0; end < 2; end++) {
		close_end(&fetchers->requests[end]);
		close_end(&fetchers->news[end]);
	}
	free(fetchers);
}

static int open_pipes(struct fetchers *fetchers, struct err *err)
{
	if (pipe2(fetchers->requests, O_CLOEXEC) < 0 || pipe2(fetchers->news, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	return 0;
}

struct fetchers *fetchers_start(const struct workspace *workspace, const struct binhosts *binhosts,
                                unsigned count, struct err *err)
{
	struct fetchers *fetchers = mem_alloc(sizeof *fetchers);
	*fetchers = (struct fetchers){.workspace = workspace,
	                              .binhosts = binhosts,
	                              .parent = getpid(),
	                              .requests = {-1, -1},
	                              .news = {-1, -1}};
	int result = open_pipes(fetchers, err);
	for (unsigned i = 0; i < count && result == 0; i++) {
		struct proc proc;
		result = proc_fork(work, fetchers, &proc, err);
		if (result == 0)
			vec_push(&fetchers->procs, proc);
	}
	if (result < 0) {
		fetchers_free(fetchers);
		return NULL;
	}
	/* The reading end of the requests stays open: writing to dead processes is no SIGPIPE. */
	close_end(&fetchers->news[1]);
	fcntl(fetchers->news[0], F_SETFL, O_NONBLOCK);
	return fetchers;
}

int fetchers_fd(const struct fetchers *fetchers)
{
	return fetchers->news[0];
}

bool fetchers_ask(struct fetchers *fetchers, const char *key, const char *digest)
{
	struct request request;
	if (fetchers->asked >= fetchers->procs.count * ASKED_EACH)
		return false;
	memcpy(request.key, key, sizeof request.key);
	memcpy(request.digest, digest, sizeof request.digest);
	if (write(fetchers->requests[1], &request, sizeof request) != sizeof request)
		return false;
	fetchers->asked++;
	return true;
}

/* The pipe has ended: all are gone. One that died alone took its object along, which never gets
 * here; so each death is one of the whole. */
static int find_dead(struct fetchers *fetchers, struct err *err)
{
	own(str) how = {0};
	for (vec_each(proc, &fetchers->procs)) {
		int status = 0;
		if (proc->pid <= 0 || waitpid(proc->pid, &status, WNOHANG) != proc->pid)
			continue;
		proc_describe_status(status, &how);
		return err_set(err, ERR_SYSTEM, "a process that fetches ended early: %s",
		               str_text(&how));
	}
	return 0;
}

int fetchers_read(struct fetchers *fetchers, struct fetch_news *ret_news, struct err *err)
{
	ssize_t n = read(fetchers->news[0], ret_news, sizeof *ret_news);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return fetchers->asked ? find_dead(fetchers, err) : 0;
	if (n != sizeof *ret_news)
		return err_set(err, ERR_SYSTEM, "the processes that fetch have ended");
	if (ret_news->what == FETCH_HERE || ret_news->what == FETCH_FAILED)
		fetchers->asked--;
	return 1;
}
