/* Child processes: spawned with exact descriptors, waited for by pidfd (pidfd_open(2)). */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own.h"

static int open_pidfd(pid_t pid, struct proc *ret_proc, struct err *err)
{
	/* The child is ours and not yet waited for, so its pid can't be another's. */
	int fd = pidfd_open(pid, 0);
	if (fd < 0) {
		err_errno(err, "pidfd_open");
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return -1;
	}
	*ret_proc = (struct proc){.pid = pid, .pidfd = fd};
	return 0;
}

/* Moves `from` to descriptor `to`; a descriptor that is there already loses its close-on-exec. */
static int place_fd(int from, int to)
{
	if (from == to)
		return fcntl(to, F_SETFD, 0);
	return dup2(from, to) < 0 ? -1 : 0;
}

/* In the child. The three sources may lie on each other's targets: lift them out of the way. */
static int place_stdio(const struct proc_spec *spec)
{
	int in = spec->stdin_fd ? spec->stdin_fd : open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fds[3] = {in, spec->stdout_fd ? spec->stdout_fd : 1,
	              spec->stderr_fd ? spec->stderr_fd : 2};
	for (int i = 0; i < 3; i++)
		if (fds[i] < 3 && fds[i] != i && (fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3)) < 0)
			return -1;
	for (int i = 0; i < 3; i++)
		if (place_fd(fds[i], i) < 0)
			return -1;
	return 0;
}

static void reset_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

static void exec_child(const struct proc_spec *spec, int report_fd)
{
	reset_signals();
	if (spec->new_session)
		setsid();
	if (place_stdio(spec) == 0 && (!spec->cwd || chdir(spec->cwd) == 0))
		execvpe(spec->argv[0], spec->argv, spec->envp ? spec->envp : environ);
	int failed = errno;
	(void)!write(report_fd, &failed, sizeof failed);
	_exit(127);
}

int proc_spawn(const struct proc_spec *spec, struct proc *ret_proc, struct err *err)
{
	int pipe_fds[2];
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	own_fd int read_end = pipe_fds[0], write_end = pipe_fds[1];
	/* The child writes its errno there; an exec that works closes it. */
	pid_t pid = fork();
	if (pid < 0)
		return err_errno(err, "fork");
	if (pid == 0)
		exec_child(spec, write_end);
	close(steal_fd(write_end));
	int failed = 0;
	ssize_t count;
	while ((count = read(read_end, &failed, sizeof failed)) < 0 && errno == EINTR)
		;
	if (count == (ssize_t)sizeof failed) {
		waitpid(pid, NULL, 0);
		errno = failed;
		return err_errno(err, "%s", spec->argv[0]);
	}
	return open_pidfd(pid, ret_proc, err);
}

int proc_fork(int (*child)(void *context), void *context, struct proc *ret_proc, struct err *err)
{
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		return err_errno(err, "fork");
	if (pid == 0) {
		reset_signals();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(getppid() == parent ? child(context) : 1);
	}
	return open_pidfd(pid, ret_proc, err);
}

static uint64_t milliseconds(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000 + (uint64_t)time->tv_usec / 1000;
}

int proc_wait_usage(struct proc *proc, int *ret_status, struct proc_usage *ret_usage,
                    struct err *err)
{
	int status;
	struct rusage usage;
	while (wait4(proc->pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			return err_errno(err, "wait for process %d", (int)proc->pid);
	close(proc->pidfd);
	*proc = (struct proc){.pidfd = -1};
	*ret_status = status;
	*ret_usage = (struct proc_usage){.user_ms = milliseconds(&usage.ru_utime),
	                                 .system_ms = milliseconds(&usage.ru_stime),
	                                 .peak_bytes = (uint64_t)usage.ru_maxrss * 1024};
	return 0;
}

int proc_wait(struct proc *proc, int *ret_status, struct err *err)
{
	struct proc_usage usage;
	return proc_wait_usage(proc, ret_status, &usage, err);
}

void proc_end_signals(sigset_t *ret_signals)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	sigemptyset(ret_signals);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct sigaction now;
		if (sigaction(ends[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(ret_signals, ends[i]);
	}
}

void proc_kill(const struct proc *proc, int signal)
{
	if (proc->pid)
		pidfd_send_signal(proc->pidfd, signal, NULL, 0);
}

void proc_describe_status(int status, struct str *text)
{
	if (WIFEXITED(status))
		str_addf(text, "exit status %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		str_addf(text, "killed by SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		str_add(text, "stopped");
}

static int check_status(const char *program, int status, struct err *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	own(str) text = {0};
	proc_describe_status(status, &text);
	return err_set(err, ERR_BUILD, "%s: %s", program, str_text(&text));
}

int proc_run(const struct proc_spec *spec, struct err *err)
{
	struct proc proc;
	int status;
	if (proc_spawn(spec, &proc, err) < 0 || proc_wait(&proc, &status, err) < 0)
		return -1;
	return check_status(spec->argv[0], status, err);
}

static int read_all(int fd, size_t max_bytes, struct str *text, struct err *err)
{
	for (;;) {
		ssize_t count = read(fd, str_room(text, 4096), 4096);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return err_errno(err, "read from a pipe");
		if (count == 0)
			return 0;
		text->len += (size_t)count;
		text->data[text->len] = '\0';
		if (text->len > max_bytes)
			return err_set(err, ERR_BUILD, "printed more than %zu bytes", max_bytes);
	}
}

int proc_capture(const struct proc_spec *spec, size_t max_bytes, struct str *ret_output,
                 struct err *err)
{
	int pipe_fds[2];
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	own_fd int read_end = pipe_fds[0], write_end = pipe_fds[1];
	struct proc_spec with_pipe = *spec;
	with_pipe.stdout_fd = write_end;
	struct proc proc;
	if (proc_spawn(&with_pipe, &proc, err) < 0)
		return -1;
	close(steal_fd(write_end));
	int status, result = read_all(read_end, max_bytes, ret_output, err);
	if (result < 0)
		proc_kill(&proc, SIGKILL);
	if (proc_wait(&proc, &status, result < 0 ? NULL : err) < 0 || result < 0)
		return err_wrap(err, "%s", spec->argv[0]);
	return check_status(spec->argv[0], status, err);
}

int proc_feed(const struct proc_spec *spec, const void *bytes, size_t count, struct err *err)
{
	own_fd int fd = memfd_create(spec->argv[0], MFD_CLOEXEC);
	struct proc_spec with_input = *spec;
	with_input.stdin_fd = fd;
	if (fd < 0)
		return err_errno(err, "memfd");
	for (size_t done = 0; done < count;) {
		ssize_t written = write(fd, (const char *)bytes + done, count - done);
		if (written < 0)
			return err_errno(err, "memfd");
		done += (size_t)written;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(err, "memfd");
	return proc_run(&with_input, err);
}
