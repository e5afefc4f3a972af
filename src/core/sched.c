/* The scheduler: one event loop over the jobs' pidfds and pipes, a jobserver, signals, a clock. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "archive.h"
#include "estimate.h"
#include "own.h"
#include "sched-parts.h"

enum { TICK_MS = 250, ESTIMATE_SECONDS = 1 };

double sched_seconds_since(const struct timespec *start)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

void sched_emit(struct scheduler *s, struct event event)
{
	event_emit(s->schedule->sink, &event);
}

/* ---- the jobserver: each running job holds one token, its make takes more */

bool sched_take_token(const struct build_context *context)
{
	char token;
	return context->jobserver_fd < 0 || read(context->jobserver_fd, &token, 1) == 1;
}

void sched_put_token(const struct build_context *context)
{
	if (context->jobserver_fd >= 0)
		(void)!write(context->jobserver_fd, "+", 1);
}

/* A job that waited for a token would wait as long as another one's make has files to compile. So
 * it starts, and its token is taken when one comes free. */
static void pay_debt(struct scheduler *s)
{
	while (s->debt && sched_take_token(s->schedule->context))
		s->debt--;
}

static void give_back(struct scheduler *s)
{
	if (s->debt)
		s->debt--;
	else
		sched_put_token(s->schedule->context);
}

/* Jobs that were killed may have kept tokens: with nothing running, all must be there. */
static void refill_tokens(struct scheduler *s)
{
	const struct build_context *context = s->schedule->context;
	s->debt = 0;
	while (context->jobserver_fd >= 0 && sched_take_token(context))
		;
	for (unsigned i = 0; i < context->jobs; i++)
		sched_put_token(context);
}

/* ---- starting and ending jobs */

int sched_watch(const struct scheduler *s, int fd, void *pointer, struct err *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = pointer};
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_errno(err, "epoll");
	return 0;
}

static struct node *next_node(const struct scheduler *s)
{
	struct node *best = NULL;
	for (vec_each(node, &s->graph->nodes))
		if ((*node)->state == NODE_BUILD && (*node)->is_ready &&
		    (!best || (*node)->weight > best->weight))
			best = *node;
	return best;
}

/* What jobs need is made ready before the first of them: a run that only fetches needs none of it.
 * That may take long, so Ctrl-C ends the program there as it does anywhere. */
static int prepare(struct scheduler *s, const struct node *node, struct err *err)
{
	if (s->schedule->binhost_only) {
		err_set(err, ERR_BUILD, "%s would have to be built: %s", node->name, node->reason);
		return err_hint(err, "without --binhost-only it is built from source");
	}
	if (s->is_prepared || !s->schedule->prepare)
		return 0;
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
	int result = s->schedule->prepare(s->schedule->prepare_context, err);
	sigprocmask(SIG_BLOCK, &s->mask, NULL);
	s->is_prepared = result == 0;
	return result;
}

static int start_jobs(struct scheduler *s, struct err *err)
{
	const struct build_context *context = s->schedule->context;
	bool may_start = !s->stopping && !sched_is_paused(s);
	for (struct node *node; may_start && (node = next_node(s));) {
		if (s->running.count >= context->jobs)
			break;
		if (prepare(s, node, err) < 0)
			return -1;
		if (!s->running.count)
			refill_tokens(s);
		if (sched_start_job(s, node, err) < 0)
			return -1;
		s->debt++;
	}
	pay_debt(s);
	return 0;
}

/* For many packages it takes a while to tell, so not each time. */
static double seconds_left(struct scheduler *s)
{
	double since = sched_seconds_since(&s->estimated);
	if (since > ESTIMATE_SECONDS) {
		for (vec_each(job, &s->running))
			(*job)->node->ran = sched_seconds_since(&(*job)->start);
		s->left = estimate_left(s->graph, s->schedule->context->jobs);
		clock_gettime(CLOCK_MONOTONIC, &s->estimated);
		since = 0;
	}
	return s->left > since ? s->left - since : 0;
}

void sched_show_total(struct scheduler *s)
{
	sched_emit(s, (struct event){.kind = EVENT_TOTAL,
	                             .done = s->done,
	                             .total = s->total,
	                             .unit = "packages",
	                             .seconds = seconds_left(s)});
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

static int end_one(struct scheduler *s, struct job *job, struct err *err)
{
	for (size_t i = 0; i < s->running.count; i++)
		if (s->running.items[i] == job)
			s->running.items[i] = s->running.items[--s->running.count];
	give_back(s);
	s->done++;
	s->has_changed = true;
	int result = sched_end_job(s, job, err);
	sched_show_total(s);
	return result < 0 ? -1 : sched_sweep(s, err);
}

/* ---- the loop */

static int setup(struct scheduler *s, struct err *err)
{
	proc_end_signals(&s->mask);
	sigprocmask(SIG_BLOCK, &s->mask, &s->old_mask);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->signal_fd = signalfd(-1, &s->mask, SFD_CLOEXEC);
	if (s->epoll_fd < 0 || s->signal_fd < 0)
		return err_errno(err, "epoll");
	return sched_watch(s, s->signal_fd, NULL, err);
}

static void stop_all(struct scheduler *s)
{
	for (vec_each(job, &s->running))
		proc_kill(&(*job)->proc, SIGKILL);
	for (vec_each(job, &s->running)) {
		int status;
		proc_wait(&(*job)->proc, &status, NULL);
		sched_job_free(*job);
	}
	s->running.count = 0;
}

static void teardown(struct scheduler *s)
{
	stop_all(s);
	sched_sweep_release(s);
	sched_fetch_release(s);
	vec_release(&s->running);
	close(s->epoll_fd);
	close(s->signal_fd);
	/* The signal that interrupted waits until all has been said: main ends by it. */
	if (!s->is_interrupted)
		sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
	err_release(&s->first);
}

static int handle(struct scheduler *s, void *pointer, struct err *err)
{
	if (!pointer) {
		s->is_interrupted = true;
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	}
	if (s->schedule->sink && pointer == s->schedule->sink->control)
		return 0; /* sched_obey reads it */
	if (pointer == s->fetchers)
		return sched_fetch_news(s, err);
	if (pointer == &s->sweeper)
		return sched_sweep_ended(s, err);
	return end_one(s, pointer, err);
}

/* What the latest events have made possible. To find out, all packages are walked through: not when
 * a download only moves on, or nothing happens. */
static int go_on(struct scheduler *s, struct err *err)
{
	if (!s->has_changed)
		return 0;
	s->has_changed = false;
	if (plan_users(s, err) < 0 || sched_fetch_ask(s, err) < 0)
		return -1;
	return start_jobs(s, err);
}

static int loop(struct scheduler *s, struct err *err)
{
	sched_show_total(s);
	if (go_on(s, err) < 0)
		return -1;
	while (s->running.count || s->sweeper.pid ||
	       ((s->asked || (sched_is_paused(s) && next_node(s))) && !s->stopping)) {
		bool was_paused = sched_is_paused(s);
		struct epoll_event events[16];
		int count = epoll_wait(s->epoll_fd, events, 16, TICK_MS);
		if (count < 0 && errno != EINTR)
			return err_errno(err, "epoll");
		for (int i = 0; i < count; i++)
			if (handle(s, events[i].data.ptr, err) < 0)
				return -1;
		sched_show_last_lines(s);
		/* One that died says nothing, so its silence is looked into. */
		if (count == 0 && s->fetchers && sched_fetch_news(s, err) < 0)
			return -1;
		if (sched_obey(s, err) < 0)
			return -1;
		s->has_changed |= was_paused && !sched_is_paused(s);
		if (go_on(s, err) < 0)
			return -1;
		pay_debt(s);
	}
	return 0;
}

int sched_run(const struct schedule *schedule, struct err *err)
{
	struct scheduler s = {.schedule = schedule,
	                      .graph = schedule->planner->graph,
	                      .signal_fd = -1,
	                      .epoll_fd = -1,
	                      .control_fd = -1,
	                      .has_changed = true,
	                      .needs = {.workspace = schedule->planner->workspace,
	                                .binhosts = schedule->binhosts}};
	for (vec_each(node, &s.graph->nodes))
		s.total += (*node)->state != NODE_DONE;
	estimate_nodes(s.schedule->context->workspace, s.graph);
	if (s.total)
		archive_load();
	int result = setup(&s, err) < 0 ? -1 : loop(&s, err);
	if (result == 0 && s.first.kind != ERR_NONE)
		result = err_move(err, &s.first);
	if (result < 0 && err && err->kind == ERR_INTERRUPTED)
		err_hint(err, "what was finished is kept; the same command goes on");
	sched_emit(&s, (struct event){.kind = EVENT_FINISHED});
	teardown(&s);
	return result;
}
