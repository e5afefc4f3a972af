/* What somebody who watches a build asks for: pause, stop a package, end. */
#include <stdlib.h>
#include <sys/epoll.h>

#include "sched-parts.h"

static struct event_control *control_of(const struct scheduler *s)
{
	return s->schedule->sink ? s->schedule->sink->control : NULL;
}

bool sched_is_paused(const struct scheduler *s)
{
	const struct event_control *control = control_of(s);
	return control && control->pause;
}

/* While paused no package is started, and the makes of those that run get no token for another
 * process: each goes on with one. To stop them wholly would take a signal to every process of their
 * namespaces, which we have no way to send, and would let tools run into their time limits. */
static void hold_tokens(struct scheduler *s)
{
	const struct build_context *context = s->schedule->context;
	if (sched_is_paused(s)) {
		while (sched_take_token(context))
			s->held++;
		return;
	}
	for (; s->held; s->held--)
		sched_put_token(context);
}

static void stop_job(struct scheduler *s, const char *name)
{
	for (vec_each(job, &s->running)) {
		if (!str_equal((*job)->node->name, name))
			continue;
		(*job)->is_stopped = true;
		proc_kill(&(*job)->proc, SIGKILL);
	}
}

static int watch(struct scheduler *s, const struct event_control *control, struct err *err)
{
	if (control->fd == s->control_fd)
		return 0;
	if (s->control_fd >= 0)
		epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, s->control_fd, NULL);
	s->control_fd = control->fd;
	return control->fd < 0 ? 0 : sched_watch(s, control->fd, (void *)control, err);
}

int sched_obey(struct scheduler *s, struct err *err)
{
	struct event_control *control = control_of(s);
	if (!control || watch(s, control, err) < 0)
		return control ? -1 : 0;
	if (control->fd < 0)
		return 0;
	control->read(control->context);
	if (control->quit)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	if (control->stop)
		stop_job(s, control->stop);
	free(control->stop);
	control->stop = NULL;
	hold_tokens(s);
	return 0;
}
