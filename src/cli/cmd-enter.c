/* sdk enter: a shell, or one command, in the environment. */
#include <signal.h>
#include <sys/wait.h>

#include "commands.h"
#include "enter.h"

/* As a shell tells it: the exit status, or 128 and the signal. */
static int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	int status;
	/* Ctrl-C is for the command; it decides whether it ends. */
	signal(SIGINT, SIG_IGN);
	if (enter_run(&cli->workspace, argc ? argv : NULL, &cli->sink, &status, err) < 0)
		return -1;
	cli->exit_status = exit_status(status);
	return 0;
}

const struct command cmd_enter = {
	.name = "enter",
	.arguments = "[-- command…]",
	.summary = "Open a shell in the environment, or run a command there",
	.description =
		"The environment is the pinned Debian that everything is built in. The checkout "
		"is\n"
		"at /sdk, its state at /sdk/out; `sdk`, `build-packages` and `build-image` are "
		"the\n"
		"same program as outside, compiled there the first time and whenever its sources\n"
		"have changed. You are root inside, and yourself outside. Nothing that is written\n"
		"elsewhere than below /sdk stays, but for the cache. The first time, the\n"
		"environment is created. Exits with the command's status.",
	.examples = "sdk enter                            # a shell\n"
		    "sdk enter -- gcc --version           # one command\n",
	.max_args = -1,
	.run = run,
	.leases = true,
	.passes_rest = true,
};
