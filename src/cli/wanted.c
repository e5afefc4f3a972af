/* Which packages a command is about: those it names, or all of a board's. */
#include "wanted.h"

#include "overlay.h"
#include "own.h"
#include "recipe.h"
#include "toolchain.h"

void wanted_release(struct wanted *wanted)
{
	board_free(wanted->board);
	strv_release(&wanted->packages);
	strv_release(&wanted->options);
}

char *cli_board_name(const struct cli *cli, const char *arch)
{
	const char *board = cli_option(cli, "board");
	return board ? mem_strdup(board)
	             : mem_printf("%s-usr", arch ? arch : cli->workspace.build_arch);
}

int cli_board(const struct cli *cli, struct board **ret_board, struct err *err)
{
	own_free char *name = cli_board_name(cli, NULL);
	return board_load(&cli->workspace, name, ret_board, err);
}

/* The board that is named or, where nothing is, the one for the architecture. */
static int choose_board(const struct cli *cli, bool named, struct wanted *wanted, struct err *err)
{
	const char *arch = wanted->arch;
	own_free char *name = cli_board_name(cli, arch);
	if (arch && toolchain_check(&cli->workspace, arch, err) < 0)
		return -1;
	if (!cli_option(cli, "board") && named)
		return 0;
	return board_load(&cli->workspace, name, &wanted->board, err);
}

static int add_options(const struct cli *cli, const char *text, struct strv *options,
                       struct err *err)
{
	own(strv) choices = {0};
	own(recipe_set) recipes = {0};
	strv_split(&choices, text, ",");
	if (overlay_open_recipes(&cli->workspace, &recipes, err) < 0)
		return -1;
	for (size_t i = 0; i < choices.count; i++)
		if (recipe_set_check_choice(&recipes, choices.items[i], err) < 0)
			return err_wrap(err, "--option=%s", choices.items[i]);
	strv_add_all(options, &choices);
	return 0;
}

int cli_wanted(const struct cli *cli, int argc, char **argv, struct wanted *wanted, struct err *err)
{
	const char *extra = cli_option(cli, "option");
	wanted->arch = cli_option(cli, "arch");
	if (choose_board(cli, argc > 0, wanted, err) < 0)
		return -1;
	if (wanted->board)
		strv_add_all(&wanted->options, &wanted->board->options);
	if (extra && add_options(cli, extra, &wanted->options, err) < 0)
		return -1;
	for (int i = 0; i < argc; i++)
		strv_add(&wanted->packages, argv[i]);
	if (wanted->board && argc == 0)
		strv_add_all(&wanted->packages, &wanted->board->packages);
	if (wanted->arch && wanted->board && !str_equal(wanted->arch, wanted->board->arch))
		return err_set(err, ERR_USAGE, "--arch=%s: board %s is for %s", wanted->arch,
		               wanted->board->name, wanted->board->arch);
	if (!wanted->arch)
		wanted->arch = wanted->board ? wanted->board->arch : cli->workspace.build_arch;
	return 0;
}

int cli_check_recipe(const struct cli *cli, const char *name, struct err *err)
{
	own(recipe_set) recipes = {0};
	const struct recipe *recipe;
	if (overlay_open_recipes(&cli->workspace, &recipes, err) < 0)
		return -1;
	return recipe_set_get(&recipes, name, &recipe, err);
}

int cli_not_built(const struct cli *cli, const char *package, const char *arch, struct err *err)
{
	if ((arch && toolchain_check(&cli->workspace, arch, err) < 0) ||
	    cli_check_recipe(cli, package, err) < 0)
		return -1;
	err_set(err, ERR_INPUT, "%s has not been built here%s%s", package, arch ? " for " : "",
	        arch ? arch : "");
	return err_hint(err, "sdk build %s%s%s%s", arch ? "--arch=" : "", arch ? arch : "",
	                arch ? " " : "", package);
}
