/* The trees of finished builds, removed while others are built: that of a kernel takes half a
 * minute, for which a job would keep its token and its users waiting. */
#include <stdio.h>
#include <sys/epoll.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "sched-parts.h"

int build_work_retire(const char *work, struct err *err)
{
	own_free char *parent = path_dir(work);
	own_free char *inside = path_join(parent, "");
	own_free char *retired = fs_temporary_name(inside);
	return rename(work, retired) < 0 ? err_errno(err, "rename %s", work) : 0;
}

/* In a process of its own. What a killed run left goes as well; what can't be removed is seen again
 * by the next one. */
static int remove_retired(void *context)
{
	return fs_clean_temporaries(context, NULL) < 0;
}

int sched_sweep(struct scheduler *s, struct err *err)
{
	own_free char *dir =
		workspace_out(s->schedule->context->workspace, "work/%s", s->graph->arch);
	if (s->sweeper.pid) {
		s->sweep_again = true;
		return 0;
	}
	s->sweep_again = false;
	if (proc_fork(remove_retired, dir, &s->sweeper, err) < 0)
		return -1;
	return sched_watch(s, s->sweeper.pidfd, &s->sweeper, err);
}

int sched_sweep_ended(struct scheduler *s, struct err *err)
{
	int status;
	/* Jobs forked in the meantime have the descriptor as well: closing ours is not enough. */
	epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, s->sweeper.pidfd, NULL);
	if (proc_wait(&s->sweeper, &status, err) < 0)
		return -1;
	return s->sweep_again ? sched_sweep(s, err) : 0;
}

void sched_sweep_release(struct scheduler *s)
{
	int status;
	if (!s->sweeper.pid)
		return;
	proc_kill(&s->sweeper, SIGKILL);
	proc_wait(&s->sweeper, &status, NULL);
}
