/* The scheduler: one event loop over the jobs' pidfds and pipes, a jobserver, signals, a clock. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "build-parts.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "store.h"

enum { TICK_MS = 250, TAIL_BYTES = 4096, SHOWN_LINES = 20 };

/* One running package. */
struct job {
	struct node *node;
	struct proc proc;
	int report_fd;     /* "phase NAME" lines, then, behind a 0x01, the error */
	struct str report; /* what was read and not yet understood */
	char *phase;       /* the last one it entered */
	struct timespec start;
	struct history_build history; /* what it cost */
};

struct scheduler {
	const struct schedule *schedule;
	struct graph *graph;
	VEC(struct job *) running;
	sigset_t old_mask;
	int signal_fd, epoll_fd;
	size_t done, total;
	unsigned debt;    /* tokens that running jobs hold but could not take yet */
	bool stopping;    /* start nothing more */
	struct err first; /* what went wrong first */
};

static double seconds_since(const struct timespec *start)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void emit(struct scheduler *s, struct event event)
{
	event_emit(s->schedule->sink, &event);
}

/* ---- priorities: the longest way to the end goes first */

/* Seconds by experience, else a guess by the size of the sources. */
static double own_weight(const struct history *history, const struct node *node)
{
	const struct history_build *last = history_newest(history, node->name);
	if (last)
		return (double)last->duration_ms / 1000;
	uint64_t bytes = 0;
	for (vec_each(source, &node->recipe->sources))
		bytes += source->size_bytes;
	return 2 + (double)bytes / 150000;
}

/* Users come behind what they use in graph->nodes, so one pass from the end is enough. */
static void weigh(struct scheduler *s)
{
	own(history) history = {0};
	struct history_filter filter = {.arch = s->graph->arch, .newest = true};
	/* Without experience the order is worse, and the build goes on. */
	history_load(s->schedule->context->workspace, &filter, &history, NULL);
	for (size_t i = s->graph->nodes.count; i > 0; i--) {
		struct node *node = s->graph->nodes.items[i - 1];
		double longest = 0;
		for (vec_each(user, &node->users))
			if ((*user)->weight > longest)
				longest = (*user)->weight;
		node->weight =
			longest + (node->state == NODE_DONE ? 0 : own_weight(&history, node));
	}
}

/* ---- the jobserver: each running job holds one token, its make takes more */

static bool take_token(const struct build_context *context)
{
	char token;
	return context->jobserver_fd < 0 || read(context->jobserver_fd, &token, 1) == 1;
}

static void put_token(const struct build_context *context)
{
	if (context->jobserver_fd >= 0)
		(void)!write(context->jobserver_fd, "+", 1);
}

/* A job that waited for a token would wait as long as another one's make has files to compile. So
 * it starts, and its token is taken when one comes free. */
static void pay_debt(struct scheduler *s)
{
	while (s->debt && take_token(s->schedule->context))
		s->debt--;
}

static void give_back(struct scheduler *s)
{
	if (s->debt)
		s->debt--;
	else
		put_token(s->schedule->context);
}

/* Jobs that were killed may have kept tokens: with nothing running, all must be there. */
static void refill_tokens(struct scheduler *s)
{
	const struct build_context *context = s->schedule->context;
	s->debt = 0;
	while (context->jobserver_fd >= 0 && take_token(context))
		;
	for (unsigned i = 0; i < context->jobs; i++)
		put_token(context);
}

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
	pid_t parent;
};

static int run_child(void *context)
{
	struct child *child = context;
	struct err err = {0};
	/* With the scheduler dies the job, and with the job its sandbox. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != child->parent)
		return 1;
	const struct schedule *schedule = child->schedule;
	int result = schedule->work ? schedule->work(schedule->context_of_work, &child->job, &err)
	                            : build_job_run(&child->job, &err);
	if (result == 0)
		return 0;
	send_error(child->job.report_fd, &err);
	return 1;
}

static int watch(const struct scheduler *s, int fd, void *pointer, struct err *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = pointer};
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_errno(err, "epoll");
	return 0;
}

static void job_free(struct job *job)
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

static int start_job(struct scheduler *s, struct node *node, struct err *err)
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
	                              .force =
	                                      s->schedule->planner->rebuild_wanted && node->wanted},
	                      .parent = getpid()};
	int result = proc_fork(run_child, &child, &job->proc, err);
	close(fds[1]);
	if (result < 0 || watch(s, job->proc.pidfd, job, err) < 0) {
		job_free(job);
		return -1;
	}
	vec_push(&s->running, job);
	node->state = NODE_BUILDING;
	emit(s, (struct event){.kind = EVENT_BEGIN, .task = node->name, .text = node->reason});
	return 0;
}

static struct node *next_node(const struct scheduler *s)
{
	struct node *best = NULL;
	for (vec_each(node, &s->graph->nodes))
		if ((*node)->state == NODE_BUILD && (!best || (*node)->weight > best->weight))
			best = *node;
	return best;
}

static int start_jobs(struct scheduler *s, struct err *err)
{
	const struct build_context *context = s->schedule->context;
	if (s->running.count == 0)
		refill_tokens(s);
	for (struct node *node; !s->stopping && (node = next_node(s));) {
		if (s->running.count >= context->jobs)
			break;
		if (start_job(s, node, err) < 0)
			return -1;
		s->debt++;
	}
	pay_debt(s);
	return 0;
}

/* ---- what jobs tell */

static void read_phases(struct scheduler *s, struct job *job)
{
	char *line, *rest = job->report.data;
	if (!rest)
		return;
	for (char *end; rest[0] != 1 && (end = strchr(rest, '\n')); rest = end + 1) {
		line = rest;
		*end = '\0';
		if (!str_starts(line, "phase "))
			continue;
		free(job->phase);
		job->phase = mem_strdup(line + strlen("phase "));
		history_add_phase(&job->history, job->phase,
		                  (uint64_t)(seconds_since(&job->start) * 1000));
		emit(s, (struct event){
				.kind = EVENT_PHASE, .task = job->node->name, .text = job->phase});
	}
	own_free char *left = mem_strdup(rest);
	str_reset(&job->report);
	str_add(&job->report, left);
}

static void read_report(struct scheduler *s, struct job *job)
{
	char bytes[4096];
	for (ssize_t count; (count = read(job->report_fd, bytes, sizeof bytes)) > 0;)
		for (ssize_t i = 0; i < count; i++)
			str_add_char(&job->report, bytes[i] ? bytes[i] : '?');
	read_phases(s, job);
}

/* The end of the job's log: at most TAIL_BYTES of it. */
static void read_tail(const struct scheduler *s, const struct job *job, struct str *text)
{
	own_free char *path = workspace_out(s->schedule->context->workspace, "logs/%s/%s.log",
	                                    s->graph->arch, job->node->name);
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

static void show_last_lines(struct scheduler *s)
{
	for (vec_each(job, &s->running)) {
		own(str) tail = {0};
		own(strv) lines = {0};
		read_report(s, *job);
		read_tail(s, *job, &tail);
		strv_split(&lines, str_text(&tail), "\n");
		if (lines.count)
			emit(s, (struct event){.kind = EVENT_OUTPUT,
			                       .task = (*job)->node->name,
			                       .text = lines.items[lines.count - 1]});
	}
}

/* ---- how jobs end */

static void show_total(struct scheduler *s)
{
	emit(s,
	     (struct event){
		     .kind = EVENT_TOTAL, .done = s->done, .total = s->total, .unit = "packages"});
}

/* Turns the bytes behind the 0x01 into an error. */
static void take_error(const struct job *job, int status, struct err *err)
{
	own(str) text = {0};
	const char *report = str_text(&job->report);
	if (report[0] != 1) {
		proc_describe_status(status, &text);
		err_set(err, ERR_BUILD, "%s", str_text(&text));
		return;
	}
	char *end;
	enum err_kind kind = (enum err_kind)strtol(report + 1, &end, 10);
	size_t length = strtoul(end, &end, 10);
	if (*end == '\n')
		end++;
	own_free char *message = mem_strndup(end, length);
	err_set(err, kind, "%s", message);
	if (strlen(end) > length)
		err_hint(err, "%s", end + length);
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
	take_error(job, status, &err);
	describe_failure(s, job, &err);
	job->node->state = NODE_FAILED;
	emit(s, (struct event){.kind = EVENT_END,
	                       .task = job->node->name,
	                       .text = job->phase,
	                       .status = -1,
	                       .seconds = seconds_since(&job->start)});
	skip_users(s, job->node);
	if (s->schedule->keep_going && s->first.kind != ERR_NONE)
		event_warn(s->schedule->sink, "%s", err.message);
	if (s->first.kind == ERR_NONE)
		err_move(&s->first, &err);
	err_release(&err);
	s->stopping = s->stopping || !s->schedule->keep_going;
}

static int succeed(struct scheduler *s, struct job *job, struct err *err)
{
	struct planner planner = *s->schedule->planner;
	double seconds = seconds_since(&job->start);
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
	emit(s, (struct event){.kind = EVENT_END,
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
	build->duration_ms = (uint64_t)(seconds_since(&job->start) * 1000);
	build->user_ms = usage->user_ms;
	build->system_ms = usage->system_ms;
	build->peak_bytes = usage->peak_bytes;
	build_run_note(s->schedule->run, job->node, build, s->schedule->sink);
}

/* Keys of users may be known now; an output that stayed equal may make them known at once, and
 * theirs in turn. */
static int plan_users(struct scheduler *s, struct err *err)
{
	for (vec_each(node, &s->graph->nodes)) {
		if ((*node)->state != NODE_WAITS || !plan_is_ready(*node))
			continue;
		if (plan_node(s->schedule->planner, *node, err) < 0)
			return -1;
		if ((*node)->state == NODE_DONE)
			s->done++;
	}
	return 0;
}

static int end_job(struct scheduler *s, struct job *job, struct err *err)
{
	int status;
	struct proc_usage usage;
	read_report(s, job);
	epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, job->proc.pidfd, NULL);
	if (proc_wait_usage(&job->proc, &status, &usage, err) < 0)
		return -1;
	for (size_t i = 0; i < s->running.count; i++)
		if (s->running.items[i] == job)
			s->running.items[i] = s->running.items[--s->running.count];
	give_back(s);
	s->done++;
	int result = 0;
	if (status)
		fail(s, job, status);
	else
		result = succeed(s, job, err);
	take_note(s, job, &usage);
	job_free(job);
	show_total(s);
	return result < 0 ? -1 : plan_users(s, err);
}

/* ---- the loop */

static int setup(struct scheduler *s, struct err *err)
{
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &s->old_mask);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC);
	if (s->epoll_fd < 0 || s->signal_fd < 0)
		return err_errno(err, "epoll");
	return watch(s, s->signal_fd, NULL, err);
}

static void stop_all(struct scheduler *s)
{
	for (vec_each(job, &s->running))
		proc_kill(&(*job)->proc, SIGKILL);
	for (vec_each(job, &s->running)) {
		int status;
		proc_wait(&(*job)->proc, &status, NULL);
		job_free(*job);
	}
	s->running.count = 0;
}

static void teardown(struct scheduler *s)
{
	stop_all(s);
	vec_release(&s->running);
	close(s->epoll_fd);
	close(s->signal_fd);
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
	err_release(&s->first);
}

static int handle(struct scheduler *s, struct epoll_event *events, int count, struct err *err)
{
	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr == NULL) {
			err_set(err, ERR_INTERRUPTED, "interrupted");
			return err_hint(err, "what was finished is kept; the same command goes on");
		}
		if (end_job(s, events[i].data.ptr, err) < 0)
			return -1;
	}
	return 0;
}

static int loop(struct scheduler *s, struct err *err)
{
	show_total(s);
	if (start_jobs(s, err) < 0)
		return -1;
	while (s->running.count) {
		struct epoll_event events[16];
		int count = epoll_wait(s->epoll_fd, events, 16, TICK_MS);
		if (count < 0 && errno != EINTR)
			return err_errno(err, "epoll");
		if (count > 0 && handle(s, events, count, err) < 0)
			return -1;
		show_last_lines(s);
		if (start_jobs(s, err) < 0)
			return -1;
	}
	return 0;
}

int sched_run(const struct schedule *schedule, struct err *err)
{
	struct scheduler s = {.schedule = schedule,
	                      .graph = schedule->planner->graph,
	                      .signal_fd = -1,
	                      .epoll_fd = -1};
	for (vec_each(node, &s.graph->nodes))
		s.total += (*node)->state != NODE_DONE;
	if (s.total == 0)
		return 0;
	weigh(&s);
	int result = setup(&s, err) < 0 ? -1 : loop(&s, err);
	if (result == 0 && s.first.kind != ERR_NONE)
		result = err_move(err, &s.first);
	teardown(&s);
	return result;
}
