/* A person's shell in the sandbox of a package's build. */
#pragma once

#include "build.h"
#include "event.h"

struct build_shell_request {
	const char *package;
	const char *phase; /* stop before this one; NULL: where the last build failed */
	const char *board; /* for the prompt; NULL: the architecture is named there */
	char *const *argv; /* a command; NULL: the shell */
};

/* Opens an interactive shell in the tree that a failed build left, with all variables, functions
 * and mounts of its phases. Without such a tree the sources are unpacked, and nothing is run. With
 * a phase, the tree is made anew and the phases before it are run; ERR_BUILD when one of them
 * fails. All dependencies must be built. While the shell is open, no build takes the tree away; a
 * tree that is in use is ERR_USAGE. It stays when the shell is left, until the next build. */
int build_shell(const struct workspace *workspace, const struct build_request *request,
                const struct build_shell_request *shell, const struct event_sink *sink,
                int *ret_status, struct err *err);
