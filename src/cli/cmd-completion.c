/* sdk completion, and the hidden sdk __complete that the scripts call. */
#include <stdio.h>

#include "board.h"
#include "commands.h"
#include "help.h"
#include "overlay.h"
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

/* One a line. */
static int run_complete(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc;
	own(strv) boards = {0};
	own(recipe_set) set = {0};
	bool is_boards = str_equal(argv[0], "boards");
	int result = is_boards ? board_list(&cli->workspace, &boards, err)
	                       : overlay_open_recipes(&cli->workspace, &set, err);
	const struct strv *names = is_boards ? &boards : &set.names;
	for (size_t i = 0; i < names->count; i++)
		puts(names->items[i]);
	return result;
}

const struct command cmd_complete = {
	.name = "__complete",
	.min_args = 1,
	.max_args = 1,
	.run = run_complete,
};
