/* A package's process, from its start to its end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "sched-parts.h"

enum { TAIL_BYTES = 4096, SHOWN_LINES = 20 };
/* What is read of a job at a time, what is kept of a line without an end, phases that count. */
enum { READ_BYTES = 4096, MAX_READS = 1024, KEPT_BYTES = 64 << 10, MAX_PHASES = 64 };

/* ---- jobs */

static int send_error(int fd, const struct err *err)
{
	own(str) text = {0};
	str_addf(&text, "%c%d", 1, (int)err->kind);
	str_add_char(&text, '\n');
	str_addf(&text, "%zu\n", strlen(err->message));
	str_add(&text, err->message);
	str_add(&text, err->hint ? err->hint : "");
	return fs_write_all(fd, text.data, text.len, NULL);
}

struct child {
	const struct schedule *schedule;
	struct build_job job;
};

static int run_child(void *context)
{
	struct child *child = context;
	struct err err = {0};
	const struct schedule *schedule = child->schedule;
	int result = schedule->work ? schedule->work(schedule->context_of_work, &child->job, &err)
	                            : build_job_run(&child->job, &err);
	if (result == 0)
		return 0;
	send_error(child->job.report_fd, &err);
	return 1;
}

void sched_job_free(struct job *job)
{
	close(job->report_fd);
	str_release(&job->report);
	free(job->phase);
	history_build_release(&job->history);
	free(job);
}

/* The lowest place that no running job has. */
static uint64_t free_worker(const struct scheduler *s)
{
	for (uint64_t worker = 0;; worker++) {
		bool taken = false;
		for (vec_each(job, &s->running))
			taken = taken || (*job)->history.worker == worker;
		if (!taken)
			return worker;
	}
}

static char *log_path(const struct scheduler *s, const struct node *node)
{
	return workspace_out(s->schedule->context->workspace, "logs/%s/%s.log", s->graph->arch,
	                     node->name);
}

int sched_start_job(struct scheduler *s, struct node *node, struct err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	struct job *job = mem_alloc(sizeof *job);
	*job = (struct job){.node = node,
	                    .report_fd = fds[0],
	                    .history = {.worker = free_worker(s), .started_ms = history_now_ms()}};
	clock_gettime(CLOCK_MONOTONIC, &job->start);
	struct child child = {.schedule = s->schedule,
	                      .job = {.context = s->schedule->context,
	                              .node = node,
	                              .report_fd = fds[1],
	                              .force = s->schedule->planner->rebuild_wanted &&
	                                       node->wanted}};
	int result = proc_fork(run_child, &child, &job->proc, err);
	close(fds[1]);
	if (result < 0 || sched_watch(s, job->proc.pidfd, job, err) < 0) {
		sched_job_free(job);
		return -1;
	}
	vec_push(&s->running, job);
	node->state = NODE_BUILDING;
	own_free char *log = log_path(s, node);
	sched_emit(s, (struct event){.kind = EVENT_BEGIN,
	                             .task = node->name,
	                             .text = node->reason,
	                             .log = log});
	return 0;
}

/* ---- what jobs tell */

static void enter_phase(struct scheduler *s, struct job *job, const char *name)
{
	bool is_name = *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz-")];
	if (!is_name || job->history.phases.count >= MAX_PHASES)
		return;
	free(job->phase);
	job->phase = mem_strdup(name);
	history_add_phase(&job->history, job->phase,
	                  (uint64_t)(sched_seconds_since(&job->start) * 1000));
	sched_emit(s, (struct event){
			      .kind = EVENT_PHASE, .task = job->node->name, .text = job->phase});
}

/* What the package's own programs write there comes along: it may be anything, and without end. */
static void read_phases(struct scheduler *s, struct job *job)
{
	char *rest = job->report.data;
	if (!rest)
		return;
	for (char *end; rest[0] != 1 && (end = strchr(rest, '\n')); rest = end + 1) {
		*end = '\0';
		if (str_starts(rest, "phase "))
			enter_phase(s, job, rest + strlen("phase "));
	}
	size_t length = strlen(rest);
	own_free char *left = mem_strdup(rest + (length > KEPT_BYTES ? length - KEPT_BYTES : 0));
	str_reset(&job->report);
	str_add(&job->report, left);
}

static void read_report(struct scheduler *s, struct job *job)
{
	char bytes[READ_BYTES];
	ssize_t count;
	for (int n = 0; n < MAX_READS; n++) {
		if ((count = read(job->report_fd, bytes, sizeof bytes)) <= 0)
			return;
		for (ssize_t i = 0; i < count; i++)
			str_add_char(&job->report, bytes[i] ? bytes[i] : '?');
		read_phases(s, job);
	}
}

/* The end of the job's log: at most TAIL_BYTES of it. */
static void read_tail(const struct scheduler *s, const struct job *job, struct str *text)
{
	own_free char *path = log_path(s, job->node);
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	off_t from = st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0;
	char bytes[TAIL_BYTES];
	ssize_t count = pread(fd, bytes, sizeof bytes, from);
	for (ssize_t i = 0; i < count; i++)
		if (bytes[i] == '\n' || bytes[i] == '\t' || (unsigned char)bytes[i] >= ' ')
			str_add_char(text, bytes[i]);
}

void sched_show_last_lines(struct scheduler *s)
{
	for (vec_each(job, &s->running)) {
		own(str) tail = {0};
		own(strv) lines = {0};
		read_report(s, *job);
		read_tail(s, *job, &tail);
		strv_split(&lines, str_text(&tail), "\n");
		if (lines.count)
			sched_emit(s, (struct event){.kind = EVENT_OUTPUT,
			                             .task = (*job)->node->name,
			                             .text = lines.items[lines.count - 1]});
	}
}

/* ---- how jobs end */

/* The bytes behind the last 0x01, which the job itself writes: an error. False: there is none. */
static bool read_error(const struct job *job, struct err *err)
{
	const char *report = strrchr(str_text(&job->report), 1);
	char *end = NULL;
	long kind = report ? strtol(report + 1, &end, 10) : 0;
	if (kind <= ERR_NONE || kind > ERR_INTERRUPTED)
		return false;
	size_t length = strtoul(end, &end, 10);
	if (*end == '\n')
		end++;
	size_t there = strlen(end);
	own_free char *message = mem_strndup(end, length < there ? length : there);
	err_set(err, (enum err_kind)kind, "%s", message);
	if (there > length)
		err_hint(err, "%s", end + length);
	return true;
}

static void take_error(const struct job *job, int status, struct err *err)
{
	own(str) text = {0};
	if (read_error(job, err))
		return;
	proc_describe_status(status, &text);
	err_set(err, ERR_BUILD, "%s", str_text(&text));
}

/* The phase, the end of the log, where the rest is: what a person needs to go on. */
static void describe_failure(const struct scheduler *s, const struct job *job, struct err *err)
{
	own(str) tail = {0};
	own(strv) lines = {0};
	const char *phase = job->phase ? job->phase : "start";
	bool in_log = err->kind == ERR_BUILD && !str_equal(phase, "package");
	if (in_log) {
		read_tail(s, job, &tail);
		strv_split(&lines, str_text(&tail), "\n");
	}
	own(str) text = {0};
	str_addf(&text, "build %s: %s: %s", job->node->name, phase, err->message);
	size_t first = lines.count > SHOWN_LINES ? lines.count - SHOWN_LINES : 0;
	for (size_t i = first; i < lines.count; i++)
		str_addf(&text, "\n  │ %s", lines.items[i]);
	own_free char *hint = err->hint ? mem_strdup(err->hint) : NULL;
	err_set(err, err->kind, "%s", str_text(&text));
	own_free char *advice =
		in_log ? build_hint(s->schedule->context, job->node, str_text(&tail)) : NULL;
	if (hint || advice)
		err_hint(err, "%s", hint ? hint : advice);
	else if (in_log)
		err_hint(err, "`sdk log %s` shows all of it, `sdk shell %s` opens its tree",
		         job->node->name, job->node->name);
}

/* Everything above a failure can't be built. */
static void skip_users(struct scheduler *s, struct node *node)
{
	for (vec_each(user, &node->users)) {
		if ((*user)->state != NODE_WAITS)
			continue;
		(*user)->state = NODE_SKIPPED;
		s->done++;
		skip_users(s, *user);
	}
}

static void fail(struct scheduler *s, struct job *job, int status)
{
	struct err err = {0};
	if (job->is_stopped) {
		err_set(&err, ERR_BUILD, "build %s: it was stopped", job->node->name);
	} else {
		take_error(job, status, &err);
		describe_failure(s, job, &err);
	}
	job->node->state = NODE_FAILED;
	sched_emit(s, (struct event){.kind = EVENT_END,
	                             .task = job->node->name,
	                             .text = job->phase,
	                             .status = -1,
	                             .seconds = sched_seconds_since(&job->start)});
	skip_users(s, job->node);
	if (s->schedule->keep_going && s->first.kind != ERR_NONE)
		event_warn(s->schedule->sink, "%s", err.message);
	if (s->first.kind == ERR_NONE)
		err_move(&s->first, &err);
	err_release(&err);
	/* Who stops one package wants the others. */
	s->stopping = s->stopping || !(s->schedule->keep_going || job->is_stopped);
}

static int succeed(struct scheduler *s, struct job *job, struct err *err)
{
	struct planner planner = *s->schedule->planner;
	double seconds = sched_seconds_since(&job->start);
	planner.rebuild_wanted = false;
	if (s->schedule->is_done)
		job->node->state = s->schedule->is_done(s->schedule->context_of_work, job->node)
		                           ? NODE_DONE
		                           : NODE_FAILED;
	else if (plan_node(&planner, job->node, err) < 0)
		return -1;
	if (job->node->state != NODE_DONE)
		return err_set(err, ERR_SYSTEM, "build %s: its outputs are gone", job->node->name);
	uint64_t bytes = 0;
	for (vec_each(output, &job->node->record.outputs))
		bytes += output->bytes;
	sched_emit(s, (struct event){.kind = EVENT_END,
	                             .task = job->node->name,
	                             .text = job->node->recipe->version,
	                             .done = bytes,
	                             .unit = "B",
	                             .seconds = seconds});
	return 0;
}

static void take_note(struct scheduler *s, struct job *job, const struct proc_usage *usage)
{
	struct history_build *build = &job->history;
	/* Another run had built it while this one waited for its lock. */
	if (job->node->state == NODE_DONE && build->phases.count == 0)
		return;
	bool well = job->node->state == NODE_DONE;
	build->result = mem_strdup(well ? "built" : "failed");
	build->duration_ms = (uint64_t)(sched_seconds_since(&job->start) * 1000);
	build->user_ms = usage->user_ms;
	build->system_ms = usage->system_ms;
	build->peak_bytes = usage->peak_bytes;
	build_run_note(s->schedule->run, job->node, build, s->schedule->sink);
}

int sched_end_job(struct scheduler *s, struct job *job, struct err *err)
{
	int status;
	struct proc_usage usage;
	read_report(s, job);
	epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, job->proc.pidfd, NULL);
	if (proc_wait_usage(&job->proc, &status, &usage, err) < 0)
		return -1;
	int result = 0;
	if (status)
		fail(s, job, status);
	else
		result = succeed(s, job, err);
	take_note(s, job, &usage);
	sched_job_free(job);
	return result;
}
