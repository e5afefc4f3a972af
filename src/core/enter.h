/* The environment with people in it: a shell or a command, with the checkout at /sdk. */
#pragma once

#include "err.h"
#include "event.h"
#include "workspace.h"

/* Runs `argv` (NULL: a login shell) in the environment, with all of its groups but the emulator's
 * and the toolchains', network, and the user as root. Creates the environment and compiles the SDK
 * inside when that has not been done. The command's status is as for waitpid(2). */
int enter_run(const struct workspace *workspace, char *const *argv, const struct event_sink *sink,
              int *ret_status, struct err *err);
