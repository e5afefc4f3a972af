/* sdk reference: what recipes and boards may hold, as Markdown, and the manual pages. */
#include "commands.h"
#include "fs.h"
#include "manual.h"
#include "own.h"
#include "path.h"
#include "reference.h"
#include "str.h"

static int write_page(const char *dir, const char *name, const struct str *page, struct err *err)
{
	own_free char *path = path_join(dir, name);
	return fs_write_text(path, str_text(page), err);
}

static int write_manual(const char *dir, struct err *err)
{
	own(str) overview = {0};
	manual_overview(&overview);
	if (fs_make_dirs(dir, 0755, err) < 0 || write_page(dir, "sdk.1", &overview, err) < 0)
		return -1;
	for (size_t i = 0; commands[i]; i++) {
		own(str) page = {0};
		own_free char *name = manual_name(commands[i]);
		if (!commands[i]->summary)
			continue;
		manual_command(commands[i], &page);
		if (write_page(dir, name, &page, err) < 0)
			return -1;
	}
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)cli;
	own(str) text = {0};
	bool is_manual = str_equal(argv[0], "manual");
	if (is_manual != (argc == 2))
		return err_set(err, ERR_USAGE, "%s",
		               is_manual ? "manual: wanted the directory for its pages"
		                         : "too many arguments");
	if (is_manual)
		return write_manual(argv[1], err);
	if (str_equal(argv[0], "recipe"))
		reference_recipes(&text);
	else if (str_equal(argv[0], "board"))
		reference_boards(&text);
	else
		return err_set(err, ERR_USAGE, "%s: wanted recipe, board or manual", argv[0]);
	cli_print("%s", str_text(&text));
	return 0;
}

const struct command cmd_reference = {
	.name = "reference",
	.arguments = "recipe | board | manual <directory>",
	.summary = "Print the reference of recipes or boards, or write the manual pages",
	.description = "What it prints is docs/recipe-reference.md and docs/board-reference.md.\n"
		       "`make install` installs the manual pages.",
	.examples = "sdk reference recipe                 # all keys of a recipe\n"
		    "sdk reference manual /tmp/man/man1   # then: man -M /tmp/man sdk-build\n",
	.no_workspace = true,
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
