/* sdk config: a board, looked at and changed on the whole terminal. */
#include "commands.h"
#include "config-open.h"
#include "config-screen.h"
#include "own.h"
#include "term.h"

static const struct option_spec options[] = {
	{"board", 'b', "BOARD", "this board (this machine's kind)"}, {0}};

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv;
	own(board_edit) edit = {0};
	own(board_sizes) sizes = {0};
	if (config_open(cli, &edit, err) < 0)
		return -1;
	config_open_sizes(cli, &edit, &sizes);
	if (!term_open(cli->color)) {
		err_set(err, ERR_USAGE, "this needs a terminal that can move its cursor");
		return err_hint(err,
		                "`sdk config list`, `add`, `remove`, `set` and `reset` do not");
	}
	own_free char *before = mem_strdup(str_text(&edit.saved));
	int result = config_screen_run(cli, &edit, &sizes, err);
	term_close();
	if (result < 0 || cli->quiet)
		return result;
	bool is_changed = !str_equal(before, str_text(&edit.saved));
	cli_print("%s is %s\n", config_shown_path(cli, &edit), is_changed ? "saved" : "unchanged");
	if (is_changed && edit.board->arch)
		cli_print("`sdk image --board=%s` makes an image of it\n", edit.name);
	return 0;
}

const struct command cmd_config = {
	.name = "config",
	.summary = "Choose a board's packages and options on the terminal",
	.description =
		"Shows the board as a tree: all packages with their options, and what the image is\n"
		"like; each with help, the board whose file says so, and by how much the image is\n"
		"larger with it. Keys: Space changes, / searches, s saves, ? tells the others. What\n"
		"is saved goes into the board's own file, where comments and everything else stay.\n"
		"Without a terminal: `sdk config list`, `add`, `remove`, `set`, `reset`.",
	.examples = "sdk config                        # this machine's kind\n"
		    "sdk config --board=arm64-usr\n",
	.options = options,
	.max_args = 0,
	.run = run,
};
