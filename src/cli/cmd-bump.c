/* sdk bump: newer upstream versions, found and taken over. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bump-check.h"
#include "commands.h"
#include "own.h"

enum { OPT_CHECK, OPT_ALL, OPT_PRE, OPT_FROM };

static const struct option_spec options[] = {
	[OPT_CHECK] = {"check", 'c', NULL, "show what is newer, change nothing"},
	[OPT_ALL] = {"all", 'A', NULL, "all recipes that have sources"},
	[OPT_PRE] = {"pre", 0, NULL, "propose alpha, beta and rc versions too"},
	[OPT_FROM] = {"from", 0, "WHERE", "ask `upstream` or `debian` alone (both)"},
	{0}};

static int read_options(const struct cli *cli, struct upstream_options *ret_options,
                        struct err *err)
{
	const char *from = cli_option(cli, "from");
	bool upstream = from && str_equal(from, "upstream"),
	     debian = from && str_equal(from, "debian");
	if (from && !upstream && !debian)
		return err_set(err, ERR_USAGE, "--from=%s: wanted upstream or debian", from);
	*ret_options = (struct upstream_options){
		.prereleases = cli_has(cli, "pre"), .no_page = debian, .no_debian = upstream};
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(recipe_set) set = {0};
	own_free const struct recipe **recipes = NULL;
	size_t count = 0;
	struct upstream_options asked;
	own_free char *dir = workspace_root(&cli->workspace, "recipes");
	bool all = cli_has(cli, "all") || argc == 0;
	if (read_options(cli, &asked, err) < 0 || recipe_set_open(dir, &set, err) < 0 ||
	    bump_recipes(&set, argc, argv, all, &recipes, &count, err) < 0)
		return -1;
	return bump_check(cli, recipes, count, &asked, argc > 0 || cli->verbose > 0, err);
}

const struct command cmd_bump = {
	.name = "bump",
	.arguments = "[package…]",
	.summary = "Find newer upstream versions",
	.description =
		"Asks each recipe's upstream.check page (all at once) and Debian's signed source\n"
		"index for versions newer than the recipe's. upstream.match keeps a recipe to its\n"
		"series. The mark \"security\" says that a security suite of Debian has a newer\n"
		"version; ages come from the dates that listings and feeds show.",
	.examples = "sdk bump --check                     # all recipes\n"
		    "sdk bump --check curl --json         # one, for a program\n"
		    "sdk bump --check --from=debian       # where upstream can't be reached\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.max_args = -1,
	.run = run,
};
