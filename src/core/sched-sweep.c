/* The trees of finished builds, removed while others are built: that of a kernel takes half a
 * minute, for which a job would keep its token and its users waiting. */
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fs.h"
#include "log.h"
#include "own.h"
#include "path.h"
#include "sched-parts.h"

#define RETIRED ".done-"

int build_work_retire(const char *work, struct err *err)
{
	own_free char *retired = mem_printf("%s" RETIRED "%d", work, (int)getpid());
	return rename(work, retired) < 0 ? err_errno(err, "rename %s", work) : 0;
}

/* In a process of its own. What a killed run left goes as well; another run may be removing the
 * same. What can't be removed is seen again by the next one. */
static int remove_retired(void *context)
{
	const char *dir = context;
	own(strv) names = {0};
	if (fs_list(dir, &names, NULL) < 0)
		return 1;
	for (size_t i = 0; i < names.count; i++) {
		own_free char *path = path_join(dir, names.items[i]);
		own(err) failed = {0};
		if (strstr(names.items[i], RETIRED) && fs_remove_tree(path, &failed) < 0)
			log_debug("remove %s: %s", path, failed.message);
	}
	return 0;
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
