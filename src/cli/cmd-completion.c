/* sdk completion: the script of a shell. */
#include <stdio.h>

#include "commands.h"
#include "help.h"
#include "own.h"

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)cli, (void)argc;
	own(str) text = {0};
	if (help_completion(argv[0], &text, err) < 0)
		return -1;
	fputs(str_text(&text), stdout);
	return 0;
}

const struct command cmd_completion = {
	.name = "completion",
	.arguments = "bash|zsh|fish",
	.summary = "Print the completion script of a shell",
	.description =
		"It asks `sdk` itself at each Tab: commands, options, their values, recipes, boards.",
	.examples = "source <(sdk completion bash)        # in ~/.bashrc\n"
		    "source <(sdk completion zsh)         # in ~/.zshrc, after compinit\n"
		    "sdk completion fish | source         # in config.fish\n",
	.no_workspace = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
