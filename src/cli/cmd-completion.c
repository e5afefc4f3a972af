/* sdk completion, and the hidden sdk __complete that the scripts call. */
#include <stdio.h>

#include "commands.h"
#include "fs.h"
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
	.examples = "  source <(sdk completion bash)    # for this shell\n",
	.no_workspace = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};

/* Directories that hold `file`, one a line. */
static int print_dirs_with(const char *dir, const char *file, struct err *err)
{
	own(strv) names = {0};
	if (fs_list(dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own_free char *path = mem_printf("%s/%s/%s", dir, names.items[i], file);
		if (fs_is_file(path))
			puts(names.items[i]);
	}
	return 0;
}

static int run_complete(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc;
	bool boards = str_equal(argv[0], "boards");
	own_free char *dir = workspace_root(&cli->workspace, boards ? "board-configs" : "recipes");
	return print_dirs_with(dir, boards ? "board.yaml" : "recipe.yaml", err);
}

const struct command cmd_complete = {
	.name = "__complete",
	.min_args = 1,
	.max_args = 1,
	.run = run_complete,
};
