/* One closed world for one command: namespaces, a root put together from read-only layers, the
 * declared mounts, nothing else. See namespaces(7), user_namespaces(7), overlayfs.rst. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "proc.h"
#include "vec.h"

enum sandbox_mount_kind {
	SANDBOX_BIND_RO,
	SANDBOX_BIND_RW,
	SANDBOX_OVERLAY, /* read-only overlay of `layers`, first one on top; one layer: a bind */
	SANDBOX_TMPFS,
};

struct sandbox_mount {
	enum sandbox_mount_kind kind;
	const char
		*target; /* absolute, inside; made if missing (targets need not be in the layers) */
	const char *source; /* for binds: directory or file */
	struct strv layers; /* for overlays: absolute directories; borrowed text */
};

struct sandbox {
	struct strv root_layers;          /* the root, first on top */
	VEC(struct sandbox_mount) mounts; /* in order */
	const char *hostname;             /* NULL: "dray" */
	unsigned uid, gid;                /* inside; outside it is the caller's */
	bool network;                     /* false: a new namespace with loopback alone */
	bool interactive;                 /* a controlling terminal, host's pts */
	bool die_with_parent;             /* killed when the sdk dies; builds set it */
	const char *cwd;
	char *const *argv; /* looked up in envp's PATH, inside */
	char *const *envp;
	int stdin_fd, stdout_fd, stderr_fd; /* as in proc_spec */
	int extra_fd;                       /* >0: becomes descriptor 3 inside */
	/* A directory inside, of which the files that are opened are told to watch_fd (a file,
	 * above descriptor 9) when the command has ended, as watch_write does. NULL: none. Nothing
	 * of it can be seen by the command, and that it can't be watched is no error. */
	const char *watch;
	int watch_fd;
	uint64_t max_processes; /* RLIMIT_NPROC, see setrlimit(2); 0: the caller's */
};

void sandbox_release(struct sandbox *sandbox);
/* Adders copy the text they are given. */
void sandbox_bind(struct sandbox *sandbox, const char *source, const char *target, bool writable);
void sandbox_tmpfs(struct sandbox *sandbox, const char *target);
void sandbox_overlay(struct sandbox *sandbox, const struct strv *layers, const char *target);

/* Inside always: /proc of the new pid namespace, a minimal private /dev (null zero full random
 * urandom tty pts shm fd std*), tmpfs /tmp and /run, no /sys. Set-up failures are reported here,
 * with what to do (sysctl, AppArmor profile); the command's own failure is its exit status. The
 * returned process is the sandbox's supervisor: killing it kills everything inside. */
int sandbox_spawn(const struct sandbox *sandbox, struct proc *ret_proc, struct err *err);
/* Spawns and waits; ret_status as for waitpid(2). */
int sandbox_run(const struct sandbox *sandbox, int *ret_status, struct err *err);
/* Whether sandboxes can be made here; else ERR_SYSTEM with the reason and a hint. */
int sandbox_probe(struct err *err);
