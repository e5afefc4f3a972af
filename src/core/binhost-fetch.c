/* Fetchers: processes that bring outputs into the store while others are built. */
#include "binhost-fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive.h"
#include "binhost-object.h"
#include "fs.h"
#include "own.h"
#include "proc.h"
#include "store.h"

_Static_assert(sizeof(struct fetch_news) <= PIPE_BUF, "news must be written atomically");

enum {
	MIN_FETCHERS = 4,
	MAX_FETCHERS = 16,
	ASKED_EACH = 2,   /* requests in all for each fetcher, so that the next is at hand */
	MAX_FAILURES = 3, /* of a host on end, or processes that it ended: then it is left alone */
	MAX_RESTARTS = 10 /* of fetchers that ended for no host's fault */
};

struct request {
	char key[DIGEST_HEX], digest[DIGEST_HEX];
	size_t skip;     /* sources that have had their chance */
	unsigned deaths; /* of who read it from the cache */
};

/* A process, and what it is at. */
struct fetcher {
	struct proc proc;
	int requests[2]; /* pipe; [0] to read, [1] to write. Both stay open here: writing to a dead
	                  * process is no SIGPIPE */
	bool is_busy, has_ended;
	int status; /* how it ended */
	struct request request;
	bool is_at_host;
	size_t source;
};

/* What is known of a host; in memory that all processes share. */
struct host_health {
	_Atomic unsigned failures; /* on end: it was down */
	_Atomic unsigned deaths;   /* of processes that read what it sent */
};

struct fetchers {
	const struct workspace *workspace;
	const struct binhosts *binhosts;
	VEC(struct fetcher) fetchers;
	VEC(struct request) waiting;
	int news[2];                /* pipe */
	struct host_health *health; /* of binhosts->hosts */
	unsigned restarts;
};

/* ---- hosts that are down */

/* (A host may be there twice: with the index of a release and with its current one.) */
static struct host_health *health_of(const struct fetchers *fetchers, const char *host)
{
	size_t i = 0;
	while (!str_equal(fetchers->binhosts->hosts.items[i].config->name, host))
		i++;
	return &fetchers->health[i];
}

static bool is_left_alone(const struct host_health *health)
{
	return health->failures >= MAX_FAILURES || health->deaths >= MAX_FAILURES;
}

/* One more; whoever it is the last straw for says so. */
static void note_failure(_Atomic unsigned *count, struct err *err)
{
	if (++*count != MAX_FAILURES)
		return;
	own_free char *message = mem_printf("%s; the host is left alone from now on", err->message);
	err_set(err, err->kind, "%s", message);
}

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

/* From the cache, if its archive is whole (store_ensure removes one that isn't). */
static bool from_cache(const struct fetchers *fetchers, const char *digest, struct teller *teller,
                       struct err *err)
{
	own(err) cache_err = {0};
	if (!store_has(fetchers->workspace, digest))
		return false;
	if (store_ensure(fetchers->workspace, digest, &cache_err) == 0)
		return true;
	if (cache_err.kind == ERR_SYSTEM)
		err_move(err, &cache_err);
	else if (cache_err.kind == ERR_TRUST) {
		err_wrap(&cache_err, "removed from the cache");
		tell(teller, FETCH_WARNED, &cache_err);
	}
	return false;
}

/* A failure of this machine would be the same with every host. */
static bool is_ours(const struct err *err)
{
	return err->kind == ERR_SYSTEM;
}

static int from_source(const struct fetchers *fetchers, const struct binhost_source *source,
                       struct binhost_fetch *fetch, struct teller *teller, struct err *err)
{
	struct host_health *health = health_of(fetchers, source->host);
	snprintf(teller->news.host, sizeof teller->news.host, "%s", source->host);
	tell(teller, FETCH_BEGUN, NULL);
	if (binhost_fetch_object(fetch, source, err) == 0) {
		health->failures = 0;
		return 0;
	}
	err_wrap(err, "binhost %s", source->host);
	if (binhost_fetch_is_down(fetch))
		note_failure(&health->failures, err);
	return -1;
}

static enum fetch_kind from_hosts(const struct fetchers *fetchers, const struct request *request,
                                  struct binhost_fetch *fetch, struct teller *teller,
                                  struct err *err)
{
	own(binhost_source_list) sources = {0};
	const char *left_alone = NULL;
	binhosts_locate(fetchers->binhosts, request->key, request->digest, &sources);
	for (size_t i = request->skip; i < sources.count; i++) {
		const struct binhost_source *source = &sources.items[i];
		own(err) host_err = {0};
		if (is_left_alone(health_of(fetchers, source->host))) {
			left_alone = source->host;
			continue;
		}
		if (err->kind != ERR_NONE)
			tell(teller, FETCH_WARNED, err);
		teller->news.source = i;
		if (from_source(fetchers, source, fetch, teller, &host_err) == 0)
			return FETCH_HERE;
		err_move(err, &host_err);
		if (is_ours(err))
			break;
	}
	if (err->kind != ERR_NONE)
		return FETCH_FAILED;
	err_set(err, ERR_NETWORK, left_alone ? "binhost %s is left alone" : "no binhost has it",
	        left_alone);
	return left_alone ? FETCH_SKIPPED : FETCH_FAILED;
}

static void serve(const struct fetchers *fetchers, const struct request *request,
                  struct binhost_fetch *fetch, struct teller *teller)
{
	own(err) err = {0};
	teller->news = (struct fetch_news){.fetcher = teller->news.fetcher};
	memcpy(teller->news.digest, request->digest, DIGEST_HEX);
	tell(teller, FETCH_BEGUN, NULL);
	enum fetch_kind what = FETCH_HERE;
	if (!from_cache(fetchers, request->digest, teller, &err))
		what = err.kind ? FETCH_FAILED : from_hosts(fetchers, request, fetch, teller, &err);
	tell(teller, what, what == FETCH_HERE ? NULL : &err);
}

struct job {
	const struct fetchers *fetchers;
	size_t number;
};

static int work(void *context)
{
	const struct job *job = context;
	const struct fetchers *fetchers = job->fetchers;
	const struct fetcher *self = &fetchers->fetchers.items[job->number];
	struct teller teller = {.fd = fetchers->news[1], .news.fetcher = job->number};
	struct binhost_fetch *fetch = binhost_fetch_new(fetchers->workspace, on_progress, &teller);
	for (;;) {
		struct request request;
		ssize_t n = read(self->requests[0], &request, sizeof request);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof request)
			break;
		serve(fetchers, &request, fetch, &teller);
	}
	binhost_fetch_free(fetch);
	return 0;
}

/* ---- in the scheduler: starting and ending */

static void close_pipe(int *fds)
{
	for (int end = 0; end < 2; end++) {
		if (fds[end] >= 0)
			close(fds[end]);
		fds[end] = -1;
	}
}

static size_t health_bytes(const struct fetchers *fetchers)
{
	return (fetchers->binhosts->hosts.count + 1) * sizeof *fetchers->health;
}

void fetchers_free(struct fetchers *fetchers)
{
	if (!fetchers)
		return;
	for (vec_each(fetcher, &fetchers->fetchers))
		proc_kill(&fetcher->proc, SIGKILL);
	for (vec_each(fetcher, &fetchers->fetchers)) {
		int status;
		if (fetcher->proc.pid)
			proc_wait(&fetcher->proc, &status, NULL);
		close_pipe(fetcher->requests);
	}
	vec_release(&fetchers->fetchers);
	vec_release(&fetchers->waiting);
	close_pipe(fetchers->news);
	if (fetchers->health)
		munmap(fetchers->health, health_bytes(fetchers));
	free(fetchers);
}

/* Starts one in its place, with a pipe that holds nothing of who was there before. */
static int start(struct fetchers *fetchers, size_t number, struct err *err)
{
	struct fetcher *fetcher = &fetchers->fetchers.items[number];
	struct job job = {fetchers, number};
	close_pipe(fetcher->requests);
	*fetcher = (struct fetcher){.proc.pidfd = -1, .requests = {-1, -1}};
	if (pipe2(fetcher->requests, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	return proc_fork(work, &job, &fetcher->proc, err);
}

static int open_shared(struct fetchers *fetchers, struct err *err)
{
	void *shared = mmap(NULL, health_bytes(fetchers), PROT_READ | PROT_WRITE,
	                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return err_errno(err, "mmap");
	fetchers->health = shared;
	if (pipe2(fetchers->news, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	/* A description of its own for who reads: the fetchers' writes are to block. */
	return fcntl(fetchers->news[0], F_SETFL, O_NONBLOCK) < 0 ? err_errno(err, "pipe") : 0;
}

unsigned fetchers_count(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = processors > 0 ? 2 * (unsigned)processors : MIN_FETCHERS;
	return count < MIN_FETCHERS ? MIN_FETCHERS : count > MAX_FETCHERS ? MAX_FETCHERS : count;
}

struct fetchers *fetchers_start(const struct workspace *workspace, const struct binhosts *binhosts,
                                unsigned count, struct err *err)
{
	struct fetchers *fetchers = mem_alloc(sizeof *fetchers);
	*fetchers =
		(struct fetchers){.workspace = workspace, .binhosts = binhosts, .news = {-1, -1}};
	archive_load();
	int result = open_shared(fetchers, err);
	for (unsigned i = 0; i < count && result == 0; i++) {
		vec_push(&fetchers->fetchers,
		         (struct fetcher){.proc.pidfd = -1, .requests = {-1, -1}});
		result = start(fetchers, i, err);
	}
	if (result == 0)
		return fetchers;
	fetchers_free(fetchers);
	return NULL;
}

int fetchers_fd(const struct fetchers *fetchers)
{
	return fetchers->news[0];
}

/* ---- asking */

/* Each is given one at a time: then it is known what a dead one held. */
static void hand_out(struct fetchers *fetchers)
{
	for (vec_each(fetcher, &fetchers->fetchers)) {
		if (!fetchers->waiting.count)
			return;
		struct request *first = &fetchers->waiting.items[0];
		if (fetcher->is_busy || fetcher->has_ended ||
		    write(fetcher->requests[1], first, sizeof *first) != sizeof *first)
			continue;
		fetcher->request = *first;
		fetcher->is_busy = true;
		fetcher->is_at_host = false;
		memmove(first, first + 1, --fetchers->waiting.count * sizeof *first);
	}
}

static size_t count_asked(const struct fetchers *fetchers)
{
	size_t count = fetchers->waiting.count;
	for (vec_each(fetcher, &fetchers->fetchers))
		count += fetcher->is_busy;
	return count;
}

bool fetchers_ask(struct fetchers *fetchers, const char *key, const char *digest)
{
	struct request request = {0};
	if (count_asked(fetchers) >= fetchers->fetchers.count * ASKED_EACH)
		return false;
	memcpy(request.key, key, sizeof request.key);
	memcpy(request.digest, digest, sizeof request.digest);
	vec_push(&fetchers->waiting, request);
	hand_out(fetchers);
	return true;
}

/* ---- those that died */

static bool find_dead(struct fetchers *fetchers)
{
	bool found = false;
	for (vec_each(fetcher, &fetchers->fetchers)) {
		struct pollfd end = {.fd = fetcher->proc.pidfd, .events = POLLIN};
		if (fetcher->has_ended || poll(&end, 1, 0) <= 0)
			continue;
		proc_wait(&fetcher->proc, &fetcher->status, NULL);
		fetcher->has_ended = found = true;
	}
	return found;
}

/* What a host sent has ended its reader: that host's archive is refused. True: there is another. */
static bool blame_host(struct fetchers *fetchers, struct fetcher *dead, struct fetch_news *news,
                       struct err *err)
{
	own(binhost_source_list) sources = {0};
	binhosts_locate(fetchers->binhosts, dead->request.key, dead->request.digest, &sources);
	const struct binhost_source *source = &sources.items[dead->source];
	snprintf(news->host, sizeof news->host, "%s", source->host);
	err_wrap(err, "binhost %s: %s", source->host, source->url);
	note_failure(&health_of(fetchers, source->host)->deaths, err);
	binhost_fetch_forget(fetchers->workspace, dead->request.digest);
	dead->request.skip = dead->source + 1;
	return dead->request.skip < sources.count;
}

/* The cache's archive is not given up for what may have been the lack of memory of a moment. */
static void blame_cache(const struct fetchers *fetchers, struct fetcher *dead, struct err *err)
{
	own_free char *path = store_archive_path(fetchers->workspace, dead->request.digest);
	err_wrap(err, "%s", path);
	if (dead->request.deaths++ && unlink(path) == 0)
		err_wrap(err, "removed from the cache");
}

static void tell_death(struct fetchers *fetchers, struct fetcher *dead, const char *how,
                       struct fetch_news *ret_news)
{
	own(err) err = {0};
	err_set(&err, ERR_TRUST, "the process that read it ended early: %s", how);
	bool again = true;
	*ret_news = (struct fetch_news){.kind = err.kind};
	if (dead->is_at_host)
		again = blame_host(fetchers, dead, ret_news, &err);
	else
		blame_cache(fetchers, dead, &err);
	ret_news->what = again ? FETCH_WARNED : FETCH_FAILED;
	memcpy(ret_news->digest, dead->request.digest, DIGEST_HEX);
	snprintf(ret_news->message, sizeof ret_news->message, "%s", err.message);
	if (again)
		vec_push(&fetchers->waiting, dead->request);
}

/* Another takes its place. How many a host can end is bounded by its being left alone. */
static int bury(struct fetchers *fetchers, size_t number, struct fetch_news *ret_news,
                struct err *err)
{
	struct fetcher *dead = &fetchers->fetchers.items[number];
	bool is_told = dead->is_busy;
	own(str) how = {0};
	proc_describe_status(dead->status, &how);
	if (!(is_told && dead->is_at_host) && ++fetchers->restarts > MAX_RESTARTS)
		return err_set(err, ERR_SYSTEM,
		               "processes that fetch end early, again and again: %s",
		               str_text(&how));
	if (is_told)
		tell_death(fetchers, dead, str_text(&how), ret_news);
	if (start(fetchers, number, err) < 0)
		return -1;
	hand_out(fetchers);
	return is_told;
}

/* ---- news */

static void take_note(struct fetchers *fetchers, const struct fetch_news *news)
{
	struct fetcher *fetcher = &fetchers->fetchers.items[news->fetcher];
	switch (news->what) {
	case FETCH_BEGUN:
		fetcher->is_at_host = news->host[0];
		fetcher->source = news->source;
		return;
	case FETCH_MOVED:
	case FETCH_WARNED:
		return;
	default:
		fetcher->is_busy = false;
		hand_out(fetchers);
	}
}

/* Deaths after news: what a fetcher told before it died is in the pipe. */
int fetchers_read(struct fetchers *fetchers, struct fetch_news *ret_news, struct err *err)
{
	do {
		ssize_t n = read(fetchers->news[0], ret_news, sizeof *ret_news);
		if (n == sizeof *ret_news) {
			take_note(fetchers, ret_news);
			return 1;
		}
		if (n >= 0 || (errno != EAGAIN && errno != EINTR))
			return err_set(err, ERR_SYSTEM, "the processes that fetch can't be heard");
		for (size_t i = 0; i < fetchers->fetchers.count; i++)
			if (fetchers->fetchers.items[i].has_ended)
				return bury(fetchers, i, ret_news, err);
	} while (find_dead(fetchers));
	return 0;
}
