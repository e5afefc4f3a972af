/* Booting an image in QEMU: state, emulator, and what ends the run. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "run-parts.h"

enum {
	POLL_MS = 200,
	POWER_OFF_S = 90,
	LOG_LINES = 20,
	LOG_MAX_BYTES = 64 << 20,
	OUTPUT_MAX_BYTES = 1 << 20,
};

static void run_machine_release(struct run_machine *machine)
{
	env_release(&machine->env);
	strv_release(&machine->layers);
	free(machine->state);
	free(machine->log);
	free(machine->public_key);
	if (machine->signal_fd > 0)
		close(machine->signal_fd);
	sigprocmask(SIG_SETMASK, &machine->old_mask, NULL);
}

/* ---- sandboxes */

static char *const box_env[] = {"PATH=/usr/bin:/usr/sbin", "LC_ALL=C.UTF-8", "HOME=/root",
                                "TERM=xterm", NULL};

void run_box_init(const struct run_machine *machine, struct sandbox *sandbox)
{
	sandbox->network = true;
	sandbox->die_with_parent = true;
	sandbox->envp = box_env;
	strv_add_all(&sandbox->root_layers, &machine->layers);
	sandbox_bind(sandbox, machine->request->image->dir, RUN_IMAGE_DIR, false);
	sandbox_bind(sandbox, machine->state, RUN_STATE_DIR, true);
}

static int read_back(int fd, struct str *text, struct err *err)
{
	own_free char *path = mem_printf("/proc/self/fd/%d", fd);
	return fs_read(path, OUTPUT_MAX_BYTES, text, err);
}

int run_tool(const struct run_machine *machine, char *const *argv, struct err *err)
{
	own(sandbox) sandbox = {.argv = argv};
	own_fd int output = memfd_create("output", MFD_CLOEXEC);
	own(str) text = {0};
	int status;
	if (output < 0)
		return err_errno(err, "memfd_create");
	run_box_init(machine, &sandbox);
	sandbox.stdout_fd = sandbox.stderr_fd = output;
	if (sandbox_run(&sandbox, &status, err) < 0)
		return -1;
	if (status == 0)
		return 0;
	read_back(output, &text, NULL);
	return err_set(err, ERR_SYSTEM, "%s failed: %s", argv[0], str_text(&text));
}

/* ---- state: the disk's overlay, the firmware's variables, the key */

/* A persistent state belongs to one image: its disk is a difference to that image's. */
static int open_state(struct run_machine *machine, int *ret_lock, struct err *err)
{
	const struct run_request *request = machine->request;
	own_free char *parent = workspace_out(machine->workspace, "run/%s", request->board->name);
	if (fs_make_dirs(parent, 0755, err) < 0 || fs_clean_temporaries(parent, err) < 0)
		return -1;
	if (!request->persist)
		return fs_make_temporary(parent, &machine->state, err);
	machine->state = path_printf("%s/%.16s", parent, request->image->key);
	own_free char *lock = path_join(machine->state, "lock");
	if (fs_lock(lock, true, false, ret_lock, err) == 0)
		return 0;
	if (err && err->sys_errno == EWOULDBLOCK)
		return err_set(err, ERR_USAGE, "the machine kept in %s is running already",
		               machine->state);
	return -1;
}

int run_name_part(const struct run_machine *machine, const char *from, const char *name,
                  struct err *err)
{
	own_free char *unfinished = path_join(machine->state, from);
	own_free char *path = path_join(machine->state, name);
	own_fd int fd = open(unfinished, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fsync(fd) < 0)
		return err_errno(err, "%s", unfinished);
	return fs_publish(unfinished, path, err);
}

int run_make_part(const struct run_machine *machine, char *const *argv, const char *name,
                  struct err *err)
{
	own_free char *left_over = path_join(machine->state, path_base(RUN_UNFINISHED));
	if (fs_remove_tree(left_over, err) < 0 || run_tool(machine, argv, err) < 0)
		return -1;
	return run_name_part(machine, path_base(RUN_UNFINISHED), name, err);
}

static int make_disk(const struct run_machine *machine, struct err *err)
{
	const struct board *board = machine->request->board;
	own_free char *path = path_join(machine->state, "disk.qcow2");
	own_free char *backing = mem_printf(RUN_IMAGE_DIR "/dray-%s.img", board->name);
	own_free char *size = mem_printf("%llu", (unsigned long long)board->image->disk_bytes);
	char *argv[] = {"qemu-img",
	                "create",
	                "-q",
	                "-f",
	                "qcow2",
	                "-F",
	                "raw",
	                "-b",
	                backing,
	                RUN_UNFINISHED,
	                board->image->disk_bytes ? size : NULL,
	                NULL};
	return fs_is_file(path) ? 0 : run_make_part(machine, argv, path_base(path), err);
}

static int make_variables(const struct run_machine *machine, struct err *err)
{
	own_free char *path = path_join(machine->state, "variables.fd");
	const char *from = run_firmware_variables(machine->request->board);
	char *argv[] = {"cp", "--sparse=always", (char *)from, RUN_UNFINISHED, NULL};
	if (!from || fs_is_file(path))
		return 0;
	return run_make_part(machine, argv, path_base(path), err);
}

static int make_log(struct run_machine *machine, struct err *err)
{
	const struct run_request *request = machine->request;
	machine->log = request->log ? mem_strdup(request->log)
	                            : workspace_out(machine->workspace, "logs/run/%s.log",
	                                            request->board->name);
	if (fs_make_parents(machine->log, err) < 0)
		return -1;
	own_fd int fd = open(machine->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return fd < 0 ? err_errno(err, "%s", machine->log) : 0;
}

static bool has_ssh(const struct board *board)
{
	return board->image->loader == BOARD_LOADER_UKI;
}

/* Before anything is made. */
static int check_request(struct run_machine *machine, struct err *err)
{
	const struct run_request *request = machine->request;
	if (request->command && request->until)
		return err_set(err, ERR_USAGE,
		               "a command ends the run, and so does --until: give one of them");
	if (!request->command && !request->ssh_port)
		return 0;
	if (!has_ssh(request->board))
		return err_set(err, ERR_USAGE, "board %s has no SSH server%s", request->board->name,
		               request->command ? " to run a command by" : "");
	if (!request->ssh_port)
		return 0;
	return run_ssh_find_port(request->ssh_port, &machine->ssh_port, err);
}

static int prepare(struct run_machine *machine, struct err *err)
{
	if (make_log(machine, err) < 0 || make_disk(machine, err) < 0 ||
	    make_variables(machine, err) < 0 || run_choose_kvm(machine, err) < 0)
		return -1;
	if (!has_ssh(machine->request->board))
		return 0;
	if (!machine->ssh_port && run_ssh_find_port(0, &machine->ssh_port, err) < 0)
		return -1;
	return run_ssh_make_key(machine, err);
}

/* ---- the emulator */

static int read_cmdline(const struct run_machine *machine, struct str *cmdline, struct err *err)
{
	own_free char *path = path_join(machine->request->image->dir, "cmdline");
	if (machine->request->board->image->loader == BOARD_LOADER_UKI)
		return 0;
	return fs_read(path, 1 << 16, cmdline, err);
}

static int start(struct run_machine *machine, struct err *err)
{
	own(strv) argv = {0};
	own(str) cmdline = {0};
	own(sandbox) sandbox = {0};
	bool console = !machine->request->command;
	own_fd int input = console ? dup(STDIN_FILENO) : -1;
	if (read_cmdline(machine, &cmdline, err) < 0)
		return -1;
	run_qemu_argv(machine, str_text(&cmdline), &argv);
	run_box_init(machine, &sandbox);
	sandbox_bind(&sandbox, machine->log, RUN_LOG, true);
	if (machine->kvm)
		sandbox_bind(&sandbox, "/dev/kvm", "/dev/kvm", true);
	sandbox.argv = strv_argv(&argv);
	sandbox.interactive = console && isatty(STDIN_FILENO);
	sandbox.stdin_fd = input > 0 ? input : 0;
	return sandbox_spawn(&sandbox, &machine->qemu, err);
}

/* ---- what ends the run */

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool run_wait(struct run_machine *machine, const struct proc *proc, int wait_ms)
{
	struct pollfd events[] = {{.fd = proc->pidfd, .events = POLLIN},
	                          {.fd = machine->signal_fd, .events = POLLIN}};
	if (poll(events, 2, wait_ms) > 0 && events[1].revents)
		machine->interrupted = true;
	return events[0].revents != 0;
}

/* The machine, that is; an interrupted run is over as well. */
static bool has_ended(struct run_machine *machine, int wait_ms)
{
	return run_wait(machine, &machine->qemu, wait_ms) || machine->interrupted;
}

static bool log_shows(const struct run_machine *machine, const char *text)
{
	own(str) log = {0};
	return fs_read(machine->log, LOG_MAX_BYTES, &log, NULL) == 0 && log.len &&
	       memmem(log.data, log.len, text, strlen(text));
}

/* The console's last lines tell best what went wrong; terminal sequences are left out. */
static int fail(const struct run_machine *machine, struct err *err, const char *what)
{
	own(str) log = {0}, tail = {0};
	if (machine->interrupted)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	err_set(err, ERR_BUILD, "%s: %s; the console is in %s", machine->request->board->name, what,
	        machine->log);
	if (fs_read(machine->log, LOG_MAX_BYTES, &log, NULL) < 0 || !log.len)
		return -1;
	const char *start = log.data + log.len;
	for (int lines = 0; start > log.data; start--)
		if (start[-1] == '\n' && ++lines > LOG_LINES)
			break;
	for (const char *c = start; *c; c++)
		if (*c == '\n' || *c == '\t' || (unsigned char)*c >= ' ')
			str_add_char(&tail, *c);
	return err_hint(err, "its last lines:\n%s", str_text(&tail));
}

static bool is_late(const struct run_machine *machine, double started_s)
{
	unsigned limit = machine->request->timeout_s;
	return limit && now_s() - started_s >= limit;
}

/* For run_wait. */
static int left_ms(const struct run_machine *machine, double started_s)
{
	double left_s = started_s + machine->request->timeout_s - now_s();
	if (!machine->request->timeout_s)
		return -1;
	return left_s > 0 ? (int)(left_s * 1000) + 1 : 0;
}

static int wait_for_console(struct run_machine *machine, struct err *err)
{
	const char *until = machine->request->until;
	double started_s = now_s();
	for (;;) {
		bool ended = has_ended(machine, POLL_MS);
		if (until && log_shows(machine, until))
			return 0;
		if (ended)
			return until || machine->interrupted
			               ? fail(machine, err, "it ended too early")
			               : 0;
		if (is_late(machine, started_s))
			return fail(machine, err, "it took too long");
	}
}

/* An answer may come from a server that is not ready to let anyone in: a first login proves it. */
static int wait_for_login(struct run_machine *machine, double started_s, struct err *err)
{
	char *const probe[] = {"true", NULL};
	for (;;) {
		int status = 255;
		if (has_ended(machine, POLL_MS))
			return fail(machine, err, "it ended before one could log in");
		if (is_late(machine, started_s))
			return fail(machine, err, "it took too long until one could log in");
		if (!run_ssh_answers(machine, left_ms(machine, started_s)))
			continue;
		if (run_ssh_command(machine, probe, true, left_ms(machine, started_s), &status,
		                    err) < 0)
			return -1;
		if (status == 0)
			return 0;
		has_ended(machine, 1000);
	}
}

/* A disk that is kept is left in order. */
static int power_off(struct run_machine *machine, struct err *err)
{
	char *const command[] = {"systemctl poweroff", NULL};
	int status;
	if (run_ssh_command(machine, command, true, POWER_OFF_S * 1000, &status, err) < 0)
		return -1;
	return has_ended(machine, POWER_OFF_S * 1000) ? 0
	                                              : fail(machine, err, "it does not power off");
}

static int run_command(struct run_machine *machine, int *ret_status, struct err *err)
{
	double started_s = now_s();
	if (wait_for_login(machine, started_s, err) < 0)
		return -1;
	event_note(machine->sink, "logged in after %.0f s", now_s() - started_s);
	if (run_ssh_command(machine, machine->request->command, false, left_ms(machine, started_s),
	                    ret_status, err) < 0)
		return -1;
	if (machine->interrupted || is_late(machine, started_s))
		return fail(machine, err, "the command took too long");
	return machine->request->persist ? power_off(machine, err) : 0;
}

static int stop(struct run_machine *machine, struct err *err)
{
	int status;
	bool ended = run_wait(machine, &machine->qemu, 0);
	if (!ended)
		proc_kill(&machine->qemu, SIGKILL);
	if (proc_wait(&machine->qemu, &status, err) < 0)
		return -1;
	if (ended && status)
		return err_set(err, ERR_SYSTEM, "QEMU ended with an error (its message is above)");
	return 0;
}

/* Ctrl-C ends the machine and leaves nothing behind; on a terminal of its own QEMU gets the key. */
static int watch_signals(struct run_machine *machine, struct err *err)
{
	sigset_t mask;
	proc_end_signals(&mask);
	sigprocmask(SIG_BLOCK, &mask, &machine->old_mask);
	machine->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC);
	return machine->signal_fd < 0 ? err_errno(err, "signalfd") : 0;
}

/* QEMU sets the terminal raw, and cannot set it back when it is killed. */
static int boot(struct run_machine *machine, int *ret_status, struct err *err)
{
	struct termios terminal;
	bool is_terminal = tcgetattr(STDIN_FILENO, &terminal) == 0;
	own(err) ignored = {0};
	*ret_status = 0;
	if (watch_signals(machine, err) < 0 || start(machine, err) < 0)
		return -1;
	int result = machine->request->command ? run_command(machine, ret_status, err)
	                                       : wait_for_console(machine, err);
	int stopped = stop(machine, result < 0 ? &ignored : err);
	if (is_terminal)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal);
	return result < 0 ? result : stopped;
}

static void announce(const struct run_machine *machine)
{
	if (machine->request->command || machine->request->until)
		return;
	event_note(machine->sink, "Ctrl-A X ends the machine, Ctrl-A C is QEMU's prompt");
	if (machine->ssh_port)
		event_note(machine->sink, "ssh -p %u -i %s/key root@127.0.0.1", machine->ssh_port,
		           machine->state);
}

static int prepare_and_boot(struct run_machine *machine, int *ret_status, struct err *err)
{
	own(strv) groups = {0};
	own_fd int lock = -1;
	strv_add(&groups, "emulator");
	if (check_request(machine, err) < 0 ||
	    env_create(machine->workspace, 0, machine->sink, err) < 0 ||
	    env_open(machine->workspace, &machine->env, err) < 0 ||
	    env_layers(&machine->env, &groups, &machine->layers, err) < 0 ||
	    open_state(machine, &lock, err) < 0)
		return -1;
	int result = prepare(machine, err);
	if (result == 0) {
		announce(machine);
		result = boot(machine, ret_status, err);
	}
	if (!machine->request->persist)
		fs_remove_tree(machine->state, NULL);
	return result;
}

int run_image(const struct workspace *workspace, const struct run_request *request,
              const struct event_sink *sink, int *ret_status, struct err *err)
{
	own(run_machine) machine = {.workspace = workspace, .request = request, .sink = sink};
	sigprocmask(SIG_BLOCK, NULL, &machine.old_mask);
	return prepare_and_boot(&machine, ret_status, err);
}
