/* Booting an image in QEMU, which comes from the environment's group `emulator`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "err.h"
#include "event.h"
#include "image.h"
#include "workspace.h"

enum run_kvm {
	RUN_KVM_AUTO, /* where it is of the board's architecture and a guest really runs */
	RUN_KVM_YES,
	RUN_KVM_NO,
};

struct run_request {
	const struct board *board;
	const struct image *image;
	enum run_kvm kvm;
	bool persist;         /* keep what the machine writes, for the next run of this image */
	unsigned memory_mib;  /* 0: the board's */
	unsigned cpus;        /* 0: 2 */
	unsigned ssh_port;    /* on this machine's loopback; 0: a free one */
	unsigned timeout_s;   /* 0: none */
	const char *log;      /* the console's text goes here too; NULL: out/logs/run/<board>.log */
	const char *until;    /* end well when the console shows this; NULL: none */
	char *const *command; /* run by SSH, then the machine ends; NULL: none */
};

/* Boots and waits for the end. The console is on stdin and stdout unless there is a command, whose
 * exit status is then ret_status. A timeout, or an end before `until` was seen or the command could
 * run, is ERR_BUILD with the console's last lines. */
int run_image(const struct workspace *workspace, const struct run_request *request,
              const struct event_sink *sink, int *ret_status, struct err *err);
