/* sdk reference: what recipes and boards may hold, as Markdown. */
#include "commands.h"
#include "own.h"
#include "reference.h"
#include "str.h"

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)cli, (void)argc;
	own(str) text = {0};
	if (str_equal(argv[0], "recipe"))
		reference_recipes(&text);
	else if (str_equal(argv[0], "board"))
		reference_boards(&text);
	else
		return err_set(err, ERR_USAGE, "%s: wanted recipe or board", argv[0]);
	cli_print("%s", str_text(&text));
	return 0;
}

const struct command cmd_reference = {
	.name = "reference",
	.arguments = "recipe|board",
	.summary = "Print the reference of recipes or boards",
	.description = "The same text is docs/recipe-reference.md and docs/board-reference.md.",
	.no_workspace = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
