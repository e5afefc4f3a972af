/* What the files run-*.c share: one emulated machine. */
#pragma once

#include <signal.h>

#include "env.h"
#include "proc.h"
#include "run.h"
#include "sandbox.h"

/* Paths inside the sandbox. */
#define RUN_IMAGE_DIR "/image" /* the image, read-only */
#define RUN_STATE_DIR "/vm"    /* what belongs to this machine: */
#define RUN_DISK "/vm/disk.qcow2"
#define RUN_VARIABLES "/vm/variables.fd"
#define RUN_KEY "/vm/key"
#define RUN_UNFINISHED "/vm/unfinished" /* a part that is being made */
#define RUN_LOG "/console.log"

struct run_machine {
	const struct workspace *workspace;
	const struct run_request *request;
	const struct event_sink *sink;
	struct env env;
	struct strv layers; /* of the group `emulator` */
	char *state;        /* directory on the host */
	char *log;          /* absolute */
	char *public_key;   /* for root's login; NULL with boards that know no SSH */
	bool kvm;
	unsigned ssh_port;
	struct proc qemu;
	int signal_fd;    /* readable when the user wants to stop */
	bool interrupted; /* it was */
	sigset_t old_mask;
};

/* A sandbox with the emulator's programs, the image and the machine's state; the host's network. */
void run_box_init(const struct run_machine *machine, struct sandbox *sandbox);
/* Waits for a process to end, at most wait_ms (-1: for ever), or for the user's signal, which sets
 * machine->interrupted. Whether it ended. */
bool run_wait(struct run_machine *machine, const struct proc *proc, int wait_ms);
/* Runs a program in one; its output is shown when it fails. */
int run_tool(const struct run_machine *machine, char *const *argv, struct err *err);

/* Runs a program that makes RUN_UNFINISHED, which then gets the name `name` in the state: whatever
 * is killed, no beginning of a file is taken for the file. */
int run_make_part(const struct run_machine *machine, char *const *argv, const char *name,
                  struct err *err);
/* Syncs a file of the state and names it. */
int run_name_part(const struct run_machine *machine, const char *from, const char *name,
                  struct err *err);

/* run-qemu.c: the emulator's arguments. `cmdline` is the kernel's, for boards without a loader. */
void run_qemu_argv(const struct run_machine *machine, const char *cmdline, struct strv *argv);
/* Where the firmware lies inside; NULL: the board needs none. */
const char *run_firmware_code(const struct board *board);
const char *run_firmware_variables(const struct board *board);
/* Whether KVM works for the board, by the request; sets machine->kvm. */
int run_choose_kvm(struct run_machine *machine, struct err *err);

/* run-ssh.c: makes the key. */
int run_ssh_make_key(struct run_machine *machine, struct err *err);
/* A port on the loopback that nothing listens on: the wanted one, ERR_USAGE when it is taken, or,
 * for 0, any. */
int run_ssh_find_port(unsigned wanted, unsigned *ret_port, struct err *err);
/* Whether an SSH server answers within wait_ms (-1: a minute, which is the most). */
bool run_ssh_answers(struct run_machine *machine, int wait_ms);
/* Runs the command as root, for at most wait_ms (-1: for ever); ret_status is its exit status, 255
 * when there was no connection, or when it was ended. */
int run_ssh_command(struct run_machine *machine, char *const *command, bool quiet, int wait_ms,
                    int *ret_status, struct err *err);
