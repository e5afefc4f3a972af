/* Child processes: spawned with exact descriptors, waited for by pidfd (pidfd_open(2)). */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "str.h"

struct proc {
	pid_t pid; /* 0: none */
	int pidfd; /* readable (epoll) when the process has ended; -1: none */
};

/* What to run; zeroed members mean: inherit. Descriptors are dup'ed in the child; all others close
 * on exec. */
struct proc_spec {
	char *const *argv; /* argv[0] is looked up in PATH; NULL-terminated */
	char *const *envp; /* NULL: this process's environment */
	const char *cwd;   /* NULL: stay */
	int stdin_fd;      /* 0: /dev/null */
	int stdout_fd;     /* 0: this process's stdout */
	int stderr_fd;     /* 0: this process's stderr */
	bool new_session;  /* setsid(2): a group of its own, to be killed as a whole */
};

/* Starts it. A failed exec is reported here, with the program's name. */
int proc_spawn(const struct proc_spec *spec, struct proc *ret_proc, struct err *err);
/* Runs `child` in a forked process; its return value (0..255) becomes the exit code. It dies with
 * the process that forked it: an orphan would hold locks, or go on with a sandbox. */
int proc_fork(int (*child)(void *context), void *context, struct proc *ret_proc, struct err *err);
/* Waits; ret_status as for waitpid(2). Closes the pidfd. */
int proc_wait(struct proc *proc, int *ret_status, struct err *err);
/* What a process and all its descendants used that were waited for (wait4(2)). Those of a pid
 * namespace count once its first process has been waited for: it reaps all others. */
struct proc_usage {
	uint64_t user_ms, system_ms; /* processor time */
	uint64_t peak_bytes;         /* resident memory of the biggest of them */
};
int proc_wait_usage(struct proc *proc, int *ret_status, struct proc_usage *ret_usage,
                    struct err *err);
/* The signals by which people end a program: SIGINT, SIGTERM, SIGHUP; to be blocked and read by
 * signalfd(2) or sigwait(3). Without those that who started it ignores (nohup(1), `trap '' HUP`): a
 * blocked signal is kept even when it is ignored, and would end the program after all. */
void proc_end_signals(sigset_t *ret_signals);
/* Sends a signal by pidfd (no reuse race); a process that has gone is fine. */
void proc_kill(const struct proc *proc, int signal);
/* "exit status 2", "killed by SIGKILL"; for messages; static or appended to `text`. */
void proc_describe_status(int status, struct str *text);

/* Spawns, waits, and turns a failure into ERR_BUILD "<argv[0]>: exit status 2". */
int proc_run(const struct proc_spec *spec, struct err *err);
/* The same, reading all of stdout (at most max_bytes). */
int proc_capture(const struct proc_spec *spec, size_t max_bytes, struct str *ret_output,
                 struct err *err);
/* proc_run with these bytes to read on stdin. */
int proc_feed(const struct proc_spec *spec, const void *bytes, size_t count, struct err *err);
