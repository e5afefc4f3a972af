/* Archives of a binhost, fetched and looked at by several processes.
 *
 * Each process takes the next archive of the list, and finishes what it took even when another one
 * has failed: so nothing is left out before the first failure, whoever is quicker. */
#include "binhost-look.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binhost-fetch.h"
#include "history.h"
#include "own.h"
#include "path.h"
#include "proc.h"
#include "store-unpack.h"

/* What a process says of an archive. */
struct news {
	size_t process, index;
	bool is_begun; /* no more than that */
	enum err_kind kind;
	int sys_errno;
	char message[1024], hint[512];
};
_Static_assert(sizeof(struct news) <= PIPE_BUF, "news must be written atomically");

/* In memory that all processes share. */
struct common {
	_Atomic size_t next; /* of the list */
	_Atomic bool is_over;
};

struct looker {
	struct proc proc;
	bool is_busy;
	size_t index;
	uint64_t started_ms;
};

struct looking {
	const struct binhost_host *host;
	const char *scratch;
	const struct binhost_look_list *list;
	VEC(struct looker) lookers;
	struct common *common;
	int news[2]; /* pipe */
	uint64_t done_bytes, total_bytes;
	size_t failed; /* the first in the list; its count: none */
};

void binhost_look_free(struct binhost_look *look)
{
	free(look->task);
	free(look->what);
	free(look);
}

/* ---- in a process */

static int compare(const char *path, const struct binhost_object *object, const char *scratch,
                   struct err *err)
{
	struct stat st;
	struct digest digest;
	char hex[DIGEST_HEX];
	if (stat(path, &st) < 0)
		return err_errno(err, "%s", path);
	if (digest_file(path, &digest, err) < 0)
		return -1;
	if ((uint64_t)st.st_size != object->object_bytes)
		return err_set(err, ERR_TRUST, "%lld bytes instead of %llu", (long long)st.st_size,
		               (unsigned long long)object->object_bytes);
	digest_hex(&digest, hex);
	if (!str_equal(hex, object->sha256))
		return err_set(err, ERR_TRUST, "its SHA-256 is %.16s… instead of %.16s…", hex,
		               object->sha256);
	return store_check_archive(path, object->digest, scratch, err);
}

static int look_at(const struct looking *looking, size_t process,
                   const struct binhost_object *object, struct err *err)
{
	struct binhost_target *target = looking->host->target;
	own_free char *name = binhost_object_name(object->digest);
	own_free char *path = mem_printf("%s/object-%zu", looking->scratch, process);
	own_fd int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, "%s", path);
	if (target->ops->get(target, name, object->object_bytes, fd, err) < 0)
		return -1;
	return compare(path, object, looking->scratch, err);
}

static void tell(const struct looking *looking, const struct news *news)
{
	if (write(looking->news[1], news, sizeof *news) != sizeof *news)
		_exit(1);
}

/* Whether an archive is bad, or something kept us from finding out. */
static bool is_fault(enum err_kind kind)
{
	return kind == ERR_TRUST || kind == ERR_INPUT;
}

static void serve(const struct looking *looking, size_t process, size_t index)
{
	own(err) err = {0};
	struct news news = {.process = process, .index = index, .is_begun = true};
	tell(looking, &news);
	news.is_begun = false;
	if (look_at(looking, process, &looking->list->items[index]->object, &err) < 0) {
		news.kind = err.kind;
		news.sys_errno = err.sys_errno;
		snprintf(news.message, sizeof news.message, "%s", err.message);
		snprintf(news.hint, sizeof news.hint, "%s", err.hint ? err.hint : "");
		if (!is_fault(err.kind))
			looking->common->is_over = true;
	}
	tell(looking, &news);
}

struct job {
	const struct looking *looking;
	size_t process;
};

static int work(void *context)
{
	const struct job *job = context;
	const struct looking *looking = job->looking;
	/* (Asked in this order: what was taken is done.) */
	while (!looking->common->is_over) {
		size_t index = looking->common->next++;
		if (index >= looking->list->count)
			break;
		serve(looking, job->process, index);
	}
	return 0;
}

/* ---- in the one that asks */

static void looking_release(struct looking *looking)
{
	for (vec_each(looker, &looking->lookers)) {
		int status;
		proc_kill(&looker->proc, SIGKILL);
		if (looker->proc.pid)
			proc_wait(&looker->proc, &status, NULL);
	}
	vec_release(&looking->lookers);
	for (int end = 0; end < 2; end++)
		if (looking->news[end] >= 0)
			close(looking->news[end]);
	if (looking->common)
		munmap(looking->common, sizeof *looking->common);
}

static int start(struct looking *looking, struct err *err)
{
	unsigned count = fetchers_count();
	void *shared = mmap(NULL, sizeof *looking->common, PROT_READ | PROT_WRITE,
	                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return err_errno(err, "mmap");
	looking->common = shared;
	if (pipe2(looking->news, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	for (size_t i = 0; i < count && i < looking->list->count; i++) {
		struct job job = {looking, i};
		vec_push(&looking->lookers, (struct looker){.proc.pidfd = -1});
		if (proc_fork(work, &job, &looking->lookers.items[i].proc, err) < 0)
			return -1;
	}
	/* So that the news end when they all have. */
	close(looking->news[1]);
	looking->news[1] = -1;
	return 0;
}

static void show_total(const struct looking *looking)
{
	event_emit(looking->host->sink, &(struct event){.kind = EVENT_TOTAL,
	                                                .done = looking->done_bytes,
	                                                .total = looking->total_bytes,
	                                                .unit = "B"});
}

static void begin(struct looking *looking, const struct news *news)
{
	struct looker *looker = &looking->lookers.items[news->process];
	looker->is_busy = true;
	looker->index = news->index;
	looker->started_ms = history_now_ms();
	event_emit(looking->host->sink,
	           &(struct event){.kind = EVENT_BEGIN,
	                           .task = looking->list->items[news->index]->task});
}

static void fail(struct looking *looking, size_t index, struct err *failure, struct err *err)
{
	if (index < looking->failed) {
		looking->failed = index;
		err_release(err);
		err_move(err, failure);
	}
	err_release(failure);
}

static void end(struct looking *looking, const struct news *news, struct err *err)
{
	struct looker *looker = &looking->lookers.items[news->process];
	struct binhost_look *look = looking->list->items[news->index];
	bool is_bad = news->kind != ERR_NONE;
	uint64_t passed_ms = history_now_ms() - looker->started_ms;
	looker->is_busy = false;
	event_emit(looking->host->sink, &(struct event){.kind = EVENT_END,
	                                                .task = look->task,
	                                                .text = is_bad ? news->message : NULL,
	                                                .status = is_bad ? -1 : 0,
	                                                .seconds = (double)passed_ms / 1000});
	looking->done_bytes += look->object.object_bytes;
	show_total(looking);
	look->is_done = !is_bad || is_fault(news->kind);
	if (look->is_done) {
		look->what = is_bad ? mem_strdup(news->message) : NULL;
		return;
	}
	struct err failure = {0};
	err_set(&failure, news->kind, "%s", news->message);
	failure.sys_errno = news->sys_errno;
	if (*news->hint)
		err_hint(&failure, "%s", news->hint);
	fail(looking, news->index, &failure, err);
}

static int hear(struct looking *looking, struct err *err)
{
	for (;;) {
		struct news news;
		ssize_t n = read(looking->news[0], &news, sizeof news);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			return 0;
		if (n != sizeof news)
			return err_set(err, ERR_SYSTEM,
			               "the processes that look at archives can't be heard");
		if (news.is_begun)
			begin(looking, &news);
		else
			end(looking, &news, err);
	}
}

/* Those that ended in the middle of an archive. */
static void find_dead(struct looking *looking, struct err *err)
{
	for (vec_each(looker, &looking->lookers)) {
		own(str) how = {0};
		struct err failure = {0};
		int status = 0;
		proc_wait(&looker->proc, &status, NULL);
		if (!looker->is_busy)
			continue;
		proc_describe_status(status, &how);
		err_set(&failure, ERR_SYSTEM, "%s: the process that looked at it ended early: %s",
		        looking->list->items[looker->index]->task, str_text(&how));
		fail(looking, looker->index, &failure, err);
	}
}

int binhost_look(const struct binhost_host *host, const char *scratch,
                 const struct binhost_look_list *list, struct err *err)
{
	own(looking) looking = {.host = host,
	                        .scratch = scratch,
	                        .list = list,
	                        .news = {-1, -1},
	                        .failed = list->count};
	for (vec_each(look, list))
		looking.total_bytes += (*look)->object.object_bytes;
	show_total(&looking);
	int result = start(&looking, err) < 0 ? -1 : hear(&looking, err);
	if (result == 0)
		find_dead(&looking, err);
	event_emit(host->sink, &(struct event){.kind = EVENT_FINISHED});
	return looking.failed < list->count ? -1 : result;
}
