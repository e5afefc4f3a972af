/* One closed world for one command: namespaces, a root put together from read-only layers, the
 * declared mounts, nothing else. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs.h"
#include "mount.h"
#include "own.h"
#include "path.h"
#include "userns.h"
#include "watch.h"

/* While the root is put together, on a tmpfs: the host's root, a layer of mount points, the root
 * to be. */
#define OLD "/old"
#define SKELETON "/skeleton"
#define ROOT "/root"

static void add_mount(struct sandbox *sandbox, enum sandbox_mount_kind kind, const char *source,
                      const struct strv *layers, const char *target)
{
	struct sandbox_mount mount = {.kind = kind, .target = mem_strdup(target)};
	mount.source = source ? mem_strdup(source) : NULL;
	if (layers)
		strv_add_all(&mount.layers, layers);
	vec_push(&sandbox->mounts, mount);
}

void sandbox_bind(struct sandbox *sandbox, const char *source, const char *target, bool writable)
{
	add_mount(sandbox, writable ? SANDBOX_BIND_RW : SANDBOX_BIND_RO, source, NULL, target);
}

void sandbox_tmpfs(struct sandbox *sandbox, const char *target)
{
	add_mount(sandbox, SANDBOX_TMPFS, NULL, NULL, target);
}

void sandbox_overlay(struct sandbox *sandbox, const struct strv *layers, const char *target)
{
	add_mount(sandbox, SANDBOX_OVERLAY, NULL, layers, target);
}

void sandbox_release(struct sandbox *sandbox)
{
	for (vec_each(mount, &sandbox->mounts)) {
		free((char *)mount->target);
		free((char *)mount->source);
		strv_release(&mount->layers);
	}
	vec_release(&sandbox->mounts);
	strv_release(&sandbox->root_layers);
}

/* ---- before the namespaces: where the host's paths really lie */

/* "/old/<real path>": symlinks must be followed while the host's root is still the root. */
static int below_old(char **path, struct err *err)
{
	char real[PATH_MAX];
	if (!realpath(*path, real))
		return err_errno(err, "%s", *path);
	free(*path);
	*path = path_join(OLD, real + 1);
	return 0;
}

static int resolve_layers(const struct strv *layers, struct strv *ret_layers, struct err *err)
{
	for (size_t i = 0; i < layers->count; i++) {
		char *path = mem_strdup(layers->items[i]);
		if (below_old(&path, err) < 0) {
			free(path);
			return -1;
		}
		strv_take(ret_layers, path);
	}
	return 0;
}

static int resolve_mount(const struct sandbox_mount *mount, struct sandbox *resolved,
                         struct err *err)
{
	add_mount(resolved, mount->kind, mount->source, NULL, mount->target);
	struct sandbox_mount *copy = &resolved->mounts.items[resolved->mounts.count - 1];
	if (mount->source && below_old((char **)&copy->source, err) < 0)
		return -1;
	return resolve_layers(&mount->layers, &copy->layers, err);
}

/* A copy whose sources are as they will be seen from the scratch root. */
static int resolve(const struct sandbox *sandbox, struct sandbox *resolved, struct err *err)
{
	*resolved = *sandbox;
	resolved->root_layers = (struct strv){0};
	memset(&resolved->mounts, 0, sizeof resolved->mounts);
	strv_add(&resolved->root_layers, SKELETON);
	if (resolve_layers(&sandbox->root_layers, &resolved->root_layers, err) < 0)
		return -1;
	for (vec_each(mount, &sandbox->mounts))
		if (resolve_mount(mount, resolved, err) < 0)
			return -1;
	/* A link to what no service has written yet names no servers. */
	if (sandbox->network && fs_is_file("/etc/resolv.conf")) {
		struct sandbox_mount names = {.kind = SANDBOX_BIND_RO,
		                              .target = "/etc/resolv.conf",
		                              .source = "/etc/resolv.conf"};
		return resolve_mount(&names, resolved, err);
	}
	return 0;
}

/* ---- inside: the root */

static bool is_file_source(const struct sandbox_mount *mount)
{
	return mount->source && fs_exists(mount->source) && !fs_is_dir(mount->source);
}

/* Makes the place a mount goes to; one that exists is fine. */
static int make_target(const char *root, const struct sandbox_mount *mount, struct err *err)
{
	own_free char *path = path_join(root, mount->target + 1);
	if (fs_exists(path))
		return 0;
	if (!is_file_source(mount))
		return fs_make_dirs(path, 0755, err);
	if (fs_make_parents(path, err) < 0)
		return -1;
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	return fd < 0 ? err_errno(err, "%s", path) : 0;
}

static int write_users(const struct sandbox *sandbox, struct err *err)
{
	own(str) users = {0}, groups = {0};
	str_add(&users, "root:x:0:0:root:/root:/bin/bash\n");
	str_add(&groups, "root:x:0:\ntty:x:5:\n");
	if (sandbox->uid)
		str_addf(&users, "build:x:%u:%u:build:/build:/bin/bash\n", sandbox->uid,
		         sandbox->gid);
	if (sandbox->gid)
		str_addf(&groups, "build:x:%u:\n", sandbox->gid);
	str_add(&users, "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
	str_add(&groups, "nogroup:x:65534:\n");
	if (fs_make_dirs(SKELETON "/etc", 0755, err) < 0 ||
	    fs_write_text(SKELETON "/etc/passwd", str_text(&users), err) < 0)
		return -1;
	return fs_write_text(SKELETON "/etc/group", str_text(&groups), err);
}

/* The layer on top of all others: mount points, users. */
static int make_skeleton(const struct sandbox *sandbox, struct err *err)
{
	static const char *const dirs[] = {"/proc", "/dev", "/tmp", "/run", "/root"};
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		own_free char *path = path_join(SKELETON, dirs[i] + 1);
		if (fs_make_dirs(path, 0755, err) < 0)
			return -1;
	}
	for (vec_each(mount, &sandbox->mounts))
		if (make_target(SKELETON, mount, err) < 0)
			return -1;
	return write_users(sandbox, err);
}

static int apply_mount(const struct sandbox_mount *mount, struct err *err)
{
	own_free char *target = path_join(ROOT, mount->target + 1);
	/* Below another mount the skeleton's place is hidden. */
	if (make_target(ROOT, mount, err) < 0)
		return -1;
	switch (mount->kind) {
	case SANDBOX_BIND_RO:
	case SANDBOX_BIND_RW:
		return mount_bind(mount->source, target, mount->kind == SANDBOX_BIND_RW, err);
	case SANDBOX_OVERLAY:
		return mount_overlay(&mount->layers, target, err);
	case SANDBOX_TMPFS:
		return mount_tmpfs(target, 0755, err);
	}
	return err_set(err, ERR_SYSTEM, "unknown kind of mount");
}

static int make_root(const struct sandbox *sandbox, struct err *err)
{
	if (mount_enter_scratch(OLD, err) < 0 || make_skeleton(sandbox, err) < 0 ||
	    fs_make_dirs(ROOT, 0755, err) < 0 ||
	    mount_overlay(&sandbox->root_layers, ROOT, err) < 0 ||
	    mount_proc(ROOT "/proc", err) < 0 || mount_dev(OLD "/dev", ROOT "/dev", err) < 0 ||
	    mount_tmpfs(ROOT "/tmp", 01777, err) < 0 || mount_tmpfs(ROOT "/run", 0755, err) < 0)
		return -1;
	for (vec_each(mount, &sandbox->mounts))
		if (apply_mount(mount, err) < 0)
			return -1;
	return mount_finish(ROOT, err);
}

/* ---- inside: the process */

/* Counted in the user namespace since Linux 5.14, for the user before. The machine's root is bound
 * by no such limit (fork(2), EAGAIN). */
static int limit_processes(uint64_t most, struct err *err)
{
	struct rlimit rlimit;
	if (!most)
		return 0;
	if (getrlimit(RLIMIT_NPROC, &rlimit) < 0)
		return err_errno(err, "limit processes");
	if (rlimit.rlim_max > most)
		rlimit.rlim_max = most;
	rlimit.rlim_cur = rlimit.rlim_max;
	if (setrlimit(RLIMIT_NPROC, &rlimit) < 0)
		return err_errno(err, "limit processes");
	return 0;
}

static int set_process(const struct sandbox *sandbox, struct err *err)
{
	const char *name = sandbox->hostname ? sandbox->hostname : "dray";
	if (sethostname(name, strlen(name)) < 0)
		return err_errno(err, "set the host name");
	if (!sandbox->network && userns_loopback_up(err) < 0)
		return -1;
	/* Some programs' output depends on addresses; make them the same every time. */
	personality(PER_LINUX | ADDR_NO_RANDOMIZE);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, "no_new_privs");
	if (limit_processes(sandbox->max_processes, err) < 0)
		return -1;
	if (sandbox->cwd && chdir(sandbox->cwd) < 0)
		return err_errno(err, "change to %s", sandbox->cwd);
	return 0;
}

static int spawn_command(const struct sandbox *sandbox, struct proc *ret_proc, struct err *err)
{
	struct proc_spec spec = {.argv = sandbox->argv,
	                         .stdin_fd = sandbox->stdin_fd,
	                         .stdout_fd = sandbox->stdout_fd,
	                         .stderr_fd = sandbox->stderr_fd};
	if (sandbox->extra_fd > 0) {
		if (dup2(sandbox->extra_fd, 3) < 0 || fcntl(3, F_SETFD, 0) < 0)
			return err_errno(err, "pass descriptor 3");
	}
	if (sandbox->envp)
		environ = (char **)sandbox->envp;
	return proc_spawn(&spec, ret_proc, err);
}

/* Pid 1: waits for the command, reaping what it leaves behind; then the kernel ends the rest. The
 * command's exit code; -1, with WNOHANG, while it runs. */
static int reap(pid_t command, int flags)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, flags);
		if (pid == 0)
			return -1;
		if (pid < 0 && errno != EINTR)
			return 127;
		if (pid == command)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

/* What is watched is told once the command has ended. A watch that fails fails no command: what
 * it would have told is missing, and that shows. */
static int reap_watching(pid_t command, struct watch *watch, int report_fd)
{
	sigset_t child;
	int code;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	int signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return reap(command, 0);
	while ((code = reap(command, WNOHANG)) < 0) {
		struct signalfd_siginfo told;
		watch_wait(watch, signal_fd);
		(void)!read(signal_fd, &told, sizeof told);
	}
	watch_take(watch);
	watch_write(watch, report_fd, NULL);
	return code;
}

/* Keeps nothing open that others wait to see closed. */
static int supervise(const struct sandbox *sandbox, struct watch *watch, pid_t command)
{
	if (watch->fd < 0 || dup2(watch->fd, 0) < 0 || dup2(sandbox->watch_fd, 1) < 0) {
		close_range(0, ~0U, 0);
		return reap(command, 0);
	}
	close_range(2, ~0U, 0);
	watch->fd = 0;
	return reap_watching(command, watch, 1);
}

/* Out of the way of descriptor 3, which is the command's. */
static void start_watch(const struct sandbox *sandbox, struct watch *ret_watch)
{
	if (!sandbox->watch || watch_open(sandbox->watch, ret_watch, NULL) < 0)
		return;
	int fd = fcntl(ret_watch->fd, F_DUPFD_CLOEXEC, 10);
	close(ret_watch->fd);
	ret_watch->fd = fd;
}

static int prepare_inside(const struct sandbox *sandbox, uid_t outer_uid, gid_t outer_gid,
                          struct watch *ret_watch, struct proc *ret_proc, struct err *err)
{
	if (sandbox->die_with_parent)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	umask(022); /* the user's would show in the modes of mount points */
	if (!sandbox->interactive)
		setsid();
	if (userns_map_ids(outer_uid, outer_gid, sandbox->uid, sandbox->gid, err) < 0 ||
	    make_root(sandbox, err) < 0 || set_process(sandbox, err) < 0)
		return -1;
	start_watch(sandbox, ret_watch);
	return spawn_command(sandbox, ret_proc, err);
}

/* An error crosses the pipe as kind, errno, message and hint, each text ended by a NUL. */
static void send_error(int fd, const struct err *err)
{
	own(str) text = {0};
	str_addf(&text, "%d %d", (int)err->kind, err->sys_errno);
	str_add_char(&text, '\0');
	str_add(&text, err->message);
	str_add_char(&text, '\0');
	str_add(&text, err->hint ? err->hint : "");
	fs_write_all(fd, text.data, text.len + 1, NULL);
}

static int read_error(int fd, struct err *err)
{
	char text[4096];
	size_t count = 0;
	for (ssize_t got; count < sizeof text - 1; count += (size_t)got) {
		got = read(fd, text + count, sizeof text - 1 - count);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			break;
	}
	if (count == 0)
		return 0;
	text[count] = '\0';
	const char *message = text + strlen(text) + 1;
	if (message >= text + count)
		return err_set(err, ERR_SYSTEM, "sandbox: died while it was set up");
	char *end;
	enum err_kind kind = (enum err_kind)strtol(text, &end, 10);
	err_set(err, kind, "sandbox: %s", message);
	err->sys_errno = (int)strtol(end, NULL, 10);
	const char *hint = message + strlen(message) + 1;
	if (hint < text + count && *hint)
		err_hint(err, "%s", hint);
	return -1;
}

static void run_inside(const struct sandbox *sandbox, uid_t outer_uid, gid_t outer_gid, int pipe_fd)
{
	struct err err = {0};
	struct watch watch = {.fd = -1};
	struct proc command;
	if (prepare_inside(sandbox, outer_uid, outer_gid, &watch, &command, &err) < 0) {
		send_error(pipe_fd, &err);
		_exit(127);
	}
	_exit(supervise(sandbox, &watch, command.pid));
}

int sandbox_spawn(const struct sandbox *sandbox, struct proc *ret_proc, struct err *err)
{
	own(sandbox) resolved = {0};
	int pipe_fds[2];
	if (resolve(sandbox, &resolved, err) < 0)
		return err_wrap(err, "sandbox");
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	own_fd int read_end = pipe_fds[0];
	/* Out of the way of descriptor 3, which is the command's. */
	own_fd int write_end = fcntl(pipe_fds[1], F_DUPFD_CLOEXEC, 10);
	close(pipe_fds[1]);
	uid_t uid = geteuid();
	gid_t gid = getegid();
	pid_t pid = userns_fork(sandbox->network, err);
	if (pid < 0)
		return err_wrap(err, "sandbox");
	if (pid == 0)
		run_inside(&resolved, uid, gid, write_end);
	close(steal_fd(write_end));
	if (read_error(read_end, err) < 0) {
		waitpid(pid, NULL, 0);
		return -1;
	}
	int pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		err_errno(err, "pidfd_open");
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return -1;
	}
	*ret_proc = (struct proc){.pid = pid, .pidfd = pidfd};
	return 0;
}

/* A shell gives the terminal back to the process group that had it, as it knows that: in a process
 * namespace of its own it doesn't see ours, and who read from the terminal then would get EIO. */
static void take_terminal_back(void)
{
	sigset_t ttou, before;
	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &ttou, &before);
	tcsetpgrp(STDIN_FILENO, getpgrp());
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int sandbox_run(const struct sandbox *sandbox, int *ret_status, struct err *err)
{
	struct proc proc;
	bool has_terminal = sandbox->interactive && tcgetpgrp(STDIN_FILENO) == getpgrp();
	if (sandbox_spawn(sandbox, &proc, err) < 0)
		return -1;
	int result = proc_wait(&proc, ret_status, err);
	if (has_terminal)
		take_terminal_back();
	return result;
}

int sandbox_probe(struct err *err)
{
	/* /usr alone makes a root that programs run in, and unlike "/" it can be a layer: an
	 * overlay takes nothing that other mounts lie on. */
	char *const argv[] = {"/bin/true", NULL};
	own(sandbox) sandbox = {.argv = argv, .uid = 1000, .gid = 1000, .stdin_fd = 0};
	strv_add(&sandbox.root_layers, "/usr");
	int status;
	if (sandbox_run(&sandbox, &status, err) < 0)
		return -1;
	if (status)
		return err_set(err, ERR_SYSTEM, "sandbox: true exited with status %d", status);
	return 0;
}
