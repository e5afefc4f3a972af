/* A person's shell in the sandbox of a package's build. */
#pragma once

#include "build.h"
#include "event.h"

/* Opens an interactive shell in the tree that a failed build left, with all variables, functions
 * and mounts of its phases. Without such a tree the sources are unpacked, and nothing is run. All
 * dependencies must be built. `argv` NULL: the shell; else a command. */
int build_shell(const struct workspace *workspace, const struct build_request *request,
                const char *package, char *const *argv, const struct event_sink *sink,
                int *ret_status, struct err *err);
