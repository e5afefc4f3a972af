/* Commands in the machine, by SSH with a key that is made for it. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "run-parts.h"

enum { KEY_MAX_BYTES = 4096, ANSWER_MS = 60000 };

/* The public half comes last: it says that both are there. */
static int make_key(const struct run_machine *machine, struct err *err)
{
	char *const argv[] = {"ssh-keygen", "-q",      "-t", "ed25519",      "-N", "",
	                      "-C",         "sdk-run", "-f", RUN_UNFINISHED, NULL};
	return run_make_part(machine, argv, "key", err) < 0 ||
	                       run_name_part(machine, "unfinished.pub", "key.pub", err) < 0
	               ? -1
	               : 0;
}

int run_ssh_make_key(struct run_machine *machine, struct err *err)
{
	own_free char *path = path_join(machine->state, "key.pub");
	own(str) text = {0};
	if (!fs_is_file(path) && make_key(machine, err) < 0)
		return -1;
	if (fs_read(path, KEY_MAX_BYTES, &text, err) < 0)
		return -1;
	while (text.len && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	machine->public_key = str_steal(&text);
	return 0;
}

static int loopback_socket(unsigned port, struct sockaddr_in *ret_address)
{
	*ret_address = (struct sockaddr_in){.sin_family = AF_INET,
	                                    .sin_port = htons((uint16_t)port),
	                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int no_port(unsigned wanted, struct err *err)
{
	if (!wanted)
		return err_errno(err, "find a free port");
	if (errno != EADDRINUSE)
		return err_errno(err, "port %u of 127.0.0.1", wanted);
	err_set(err, ERR_USAGE, "port %u of 127.0.0.1 is taken", wanted);
	return err_hint(err, "without --ssh-port a free one is found");
}

/* Connections to the last machine on that port may not be over yet; that hinders nobody, so
 * SO_REUSEADDR is set, as QEMU does it. */
int run_ssh_find_port(unsigned wanted, unsigned *ret_port, struct err *err)
{
	struct sockaddr_in address;
	socklen_t length = sizeof address;
	int reuse = wanted != 0;
	own_fd int fd = loopback_socket(wanted, &address);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return no_port(wanted, err);
	*ret_port = ntohs(address.sin_port);
	return 0;
}

/* QEMU accepts connections before anything listens inside: only the server's greeting counts. On an
 * emulated machine that is busy its server takes many seconds to start, and one that is given up
 * and asked anew only keeps the machine busy: so the first that was asked is waited for. */
bool run_ssh_answers(struct run_machine *machine, int wait_ms)
{
	struct sockaddr_in address;
	char greeting[4] = {0};
	own_fd int fd = loopback_socket(machine->ssh_port, &address);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return false;
	struct pollfd events[] = {{.fd = fd, .events = POLLIN},
	                          {.fd = machine->qemu.pidfd, .events = POLLIN},
	                          {.fd = machine->signal_fd, .events = POLLIN}};
	if (wait_ms < 0 || wait_ms > ANSWER_MS)
		wait_ms = ANSWER_MS;
	if (poll(events, 3, wait_ms) <= 0 || !events[0].revents)
		return false;
	return recv(fd, greeting, sizeof greeting, MSG_DONTWAIT) == sizeof greeting &&
	       memcmp(greeting, "SSH-", 4) == 0;
}

/* 'it'\''s': one word for the machine's shell. */
static void add_quoted(struct str *text, const char *word)
{
	str_add_char(text, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			str_add(text, "'\\''");
		else
			str_add_char(text, *word);
	}
	str_add_char(text, '\'');
}

/* One word is a line for the shell; several are a program and its arguments. */
static char *remote_line(char *const *command)
{
	own(str) text = {0};
	if (!command[1])
		return mem_strdup(command[0]);
	for (size_t i = 0; command[i]; i++) {
		if (i)
			str_add_char(&text, ' ');
		add_quoted(&text, command[i]);
	}
	return str_steal(&text);
}

int run_ssh_command(struct run_machine *machine, char *const *command, bool quiet, int wait_ms,
                    int *ret_status, struct err *err)
{
	static const char *const options[] = {
		"StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null",
		"LogLevel=ERROR",           "BatchMode=yes",
		"ConnectTimeout=120",       "IdentitiesOnly=yes"};
	own(strv) argv = {0};
	own(sandbox) sandbox = {0};
	own_fd int input = quiet ? -1 : dup(STDIN_FILENO);
	own_fd int null = quiet ? memfd_create("output", MFD_CLOEXEC) : -1;
	run_box_init(machine, &sandbox);
	strv_add(&argv, "ssh");
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		strv_add(&argv, "-o");
		strv_add(&argv, options[i]);
	}
	strv_add(&argv, "-i");
	strv_add(&argv, RUN_KEY);
	strv_addf(&argv, "-p%u", machine->ssh_port);
	strv_add(&argv, "root@127.0.0.1");
	strv_add(&argv, "--");
	strv_take(&argv, remote_line(command));
	sandbox.argv = strv_argv(&argv);
	sandbox.stdin_fd = input > 0 ? input : 0;
	sandbox.stdout_fd = sandbox.stderr_fd = null > 0 ? null : 0;
	struct proc ssh;
	int status;
	if (sandbox_spawn(&sandbox, &ssh, err) < 0)
		return -1;
	if (!run_wait(machine, &ssh, wait_ms))
		proc_kill(&ssh, SIGKILL);
	if (proc_wait(&ssh, &status, err) < 0)
		return -1;
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
	return 0;
}
