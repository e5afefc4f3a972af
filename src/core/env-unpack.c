/* Unpackers: processes that unpack packages into layers while others still arrive.
 *
 * Processes, not threads: libarchive touches process-wide state (umask, locale), and a package that
 * crashes its decompressor is a failed job here. Jobs go through one pipe from which every process
 * takes the next number; writes and reads of up to PIPE_BUF bytes are atomic (pipe(7)).
 */
#include "env-unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "fs.h"
#include "hash.h"
#include "mem.h"
#include "own.h"
#include "proc.h"
#include "str.h"
#include "vec.h"

/* What a process says of a job. */
struct result {
	uint32_t failed;
	int32_t kind, sys_errno;
	char message[1024];
};
_Static_assert(sizeof(struct result) <= PIPE_BUF, "results must be written atomically");

struct unpackers {
	const struct unpack_job *jobs;
	VEC(struct proc) procs;
	int job_pipe[2], result_pipe[2]; /* [0] to read, [1] to write */
	size_t pushed, done;
};

/* ---- in the process that unpacks */

static int verify(const struct unpack_job *job, struct err *err)
{
	struct digest digest, wanted;
	if (!job->sha256)
		return 0;
	if (digest_file(job->path, &digest, err) < 0)
		return -1;
	if (digest_parse(job->sha256, &wanted) && digest_equal(&digest, &wanted))
		return 0;
	unlink(job->path);
	return err_set(err, ERR_TRUST,
	               "%s: damaged in the download cache; it was removed: run this again",
	               job->path);
}

static void unpack(const struct unpack_job *job, struct result *result)
{
	own(err) err = {0};
	*result = (struct result){0};
	if (verify(job, &err) == 0 && archive_unpack_deb(job->path, job->dest, &err) == 0)
		return;
	*result = (struct result){.failed = 1, .kind = err.kind, .sys_errno = err.sys_errno};
	snprintf(result->message, sizeof result->message, "%s", err.message);
}

static int work(void *context)
{
	const struct unpackers *unpackers = context;
	/* Our copy of the writing end would keep us from ever seeing the end of the jobs. */
	close(unpackers->job_pipe[1]);
	close(unpackers->result_pipe[0]);
	for (;;) {
		uint32_t index;
		struct result result;
		ssize_t n = read(unpackers->job_pipe[0], &index, sizeof index);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof index)
			return n == 0 ? 0 : 1;
		unpack(&unpackers->jobs[index], &result);
		if (write(unpackers->result_pipe[1], &result, sizeof result) != sizeof result)
			return 1;
	}
}

/* ---- in the process that downloads */

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void unpackers_free(struct unpackers *unpackers)
{
	if (!unpackers)
		return;
	for (vec_each(proc, &unpackers->procs)) {
		int status;
		if (proc->pid <= 0)
			continue;
		proc_kill(proc, SIGKILL);
		proc_wait(proc, &status, NULL);
	}
	vec_release(&unpackers->procs);
	for (int end = 0; end < 2; end++) {
		close_end(&unpackers->job_pipe[end]);
		close_end(&unpackers->result_pipe[end]);
	}
	free(unpackers);
}

struct unpackers *unpackers_start(const struct unpack_job *jobs, size_t job_count, unsigned count,
                                  struct err *err)
{
	struct unpackers *unpackers = mem_alloc(sizeof *unpackers);
	*unpackers = (struct unpackers){
		.jobs = jobs,
		.job_pipe = {-1, -1},
		.result_pipe = {-1, -1},
	};
	if (pipe2(unpackers->job_pipe, O_CLOEXEC) < 0 ||
	    pipe2(unpackers->result_pipe, O_CLOEXEC) < 0) {
		err_errno(err, "pipe");
		goto fail;
	}
	/* So that unpackers_push never blocks on processes that wait for us. */
	int room = (int)(job_count * sizeof(uint32_t));
	if (room > 64 << 10 && fcntl(unpackers->job_pipe[1], F_SETPIPE_SZ, room) < 0) {
		err_errno(err, "pipe for %zu packages", job_count);
		goto fail;
	}
	archive_load();
	for (unsigned i = 0; i < count; i++) {
		struct proc proc;
		if (proc_fork(work, unpackers, &proc, err) < 0)
			goto fail;
		vec_push(&unpackers->procs, proc);
	}
	/* The reading end of the jobs stays open: writing to dead processes is no SIGPIPE. */
	close_end(&unpackers->result_pipe[1]);
	fcntl(unpackers->result_pipe[0], F_SETFL, O_NONBLOCK);
	return unpackers;
fail:
	unpackers_free(unpackers);
	return NULL;
}

int unpackers_push(struct unpackers *unpackers, size_t index, struct err *err)
{
	uint32_t number = (uint32_t)index;
	if (write(unpackers->job_pipe[1], &number, sizeof number) != sizeof number)
		return err_errno(err, "unpack");
	unpackers->pushed++;
	return 0;
}

int unpackers_fd(const struct unpackers *unpackers)
{
	return unpackers->result_pipe[0];
}

size_t unpackers_done(const struct unpackers *unpackers)
{
	return unpackers->done;
}

static int fail_as(const struct result *result, struct err *err)
{
	err_set(err, (enum err_kind)result->kind, "unpack %.*s", (int)sizeof result->message,
	        result->message);
	if (err)
		err->sys_errno = result->sys_errno;
	if (result->sys_errno == ENOSPC || result->sys_errno == EDQUOT)
		err_hint(err, "make room, or put out/ elsewhere with --out or SDK_OUT");
	return -1;
}

/* One of them ended although there may be jobs: says how. */
static int lost_process(struct unpackers *unpackers, struct err *err)
{
	own(str) how = {0};
	for (vec_each(proc, &unpackers->procs)) {
		int status = 0;
		if (proc->pid > 0 && proc_wait(proc, &status, NULL) == 0 && status != 0 &&
		    how.len == 0)
			proc_describe_status(status, &how);
		proc->pid = 0;
	}
	return err_set(err, ERR_SYSTEM, "a process that unpacks packages ended early: %s",
	               how.len ? str_text(&how) : "nobody knows why");
}

/* One result; 1 when there was one, 0 when none is there now. */
static int read_result(struct unpackers *unpackers, struct err *err)
{
	struct result result;
	ssize_t n = read(unpackers->result_pipe[0], &result, sizeof result);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return err_errno(err, "unpack");
	if (n != sizeof result)
		return lost_process(unpackers, err);
	unpackers->done++;
	return result.failed ? fail_as(&result, err) : 1;
}

int unpackers_collect(struct unpackers *unpackers, struct err *err)
{
	int got;
	while (unpackers->done < unpackers->pushed && (got = read_result(unpackers, err)) != 0)
		if (got < 0)
			return -1;
	return 0;
}

int unpackers_finish(struct unpackers *unpackers, void (*progress)(void *context), void *context,
                     struct err *err)
{
	close_end(&unpackers->job_pipe[1]);
	fcntl(unpackers->result_pipe[0], F_SETFL,
	      0); /* from now on there is only this to wait for */
	while (unpackers->done < unpackers->pushed) {
		if (read_result(unpackers, err) < 0)
			return -1;
		if (progress)
			progress(context);
	}
	return 0;
}
