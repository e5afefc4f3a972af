/* sdk shell: into the sandbox of one package's build. */
#include <sys/wait.h>

#include "build-shell.h"
#include "commands.h"
#include "own.h"
#include "wanted.h"

static const struct option_spec options[] = {
	{"board", 'b', "BOARD", "with this board's options and architecture"},
	{"arch", 'a', "ARCH", "for amd64 or arm64 (the board's, else this machine's)"},
	{"phase", 'p', "PHASE", "make the tree anew, and stop before this phase"},
	{0}};

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(wanted) wanted = {0};
	if (cli_wanted(cli, 1, argv, &wanted, err) < 0)
		return -1;
	struct build_request request = {
		.arch = wanted.arch, .packages = &wanted.packages, .options = &wanted.options};
	struct build_shell_request shell = {.package = argv[0],
	                                    .phase = cli_option(cli, "phase"),
	                                    .board = cli_option(cli, "board"),
	                                    .argv = argc > 1 ? argv + 1 : NULL};
	int status = 0;
	int result = build_shell(&cli->workspace, &request, &shell, &cli->sink, &status, err);
	if (result == 0)
		cli->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return result;
}

const struct command cmd_shell = {
	.name = "shell",
	.arguments = "<package> [-- command…]",
	.summary = "Open a shell in the sandbox of a package's build",
	.description =
		"In the tree that its failed build left, or else in its unpacked source: the same\n"
		"mounts, variables and functions that its phases see. `sdk_run_phase compile` "
		"runs\n"
		"one again. --phase makes the tree anew and runs all phases before that one. "
		"Builds\n"
		"of the package wait while the shell is open; the tree stays until the next "
		"build,\n"
		"so that `sdk patch` can make a patch of what was edited there.",
	.examples = "sdk shell zlib                       # look around after a failure\n"
		    "sdk shell --board=arm64-usr zlib     # the other architecture's\n"
		    "sdk shell zlib --phase=install       # just before it is installed\n"
		    "sdk shell zlib -- make -n            # one command\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.min_args = 1,
	.max_args = -1,
	.run = run,
	.leases = true,
	.passes_rest = true,
};
