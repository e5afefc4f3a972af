/* sdk bump: newer upstream versions, found and taken over. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bump-check.h"
#include "bump-run.h"
#include "bump.h"
#include "commands.h"
#include "own.h"

static const struct option_spec options[] = {
	{"check", 'c', NULL, "show what is newer, change nothing"},
	{"all", 'A', NULL, "all recipes that have sources"},
	{"pre", 0, NULL, "propose alpha, beta and rc versions too"},
	{"from", 0, "WHERE", "ask `upstream` or `debian` alone (both)"},
	{"arch", 'a', "ARCH", "build for amd64 or arm64 alone (both)"},
	{"no-build", 0, NULL, "edit the recipe and its patches, build nothing"},
	{"no-compare", 0, NULL, "do not build the old version where it is missing"},
	{"jobs", 'j', "N", "run at most N downloads and jobs (the number of processors)"},
	{"commit", 0, NULL, "commit what came out well, the summary as its message"},
	{"signoff", 's', NULL, "the same with a Signed-off-by line"},
	{"retry", 0, NULL, "with --all: try what failed before again"},
	{"undo", 0, NULL, "put back the recipe of a bump that failed"},
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

static int check_words(const struct cli *cli, int argc, struct err *err)
{
	bool all = cli_has(cli, "all");
	const char *arch = cli_option(cli, "arch");
	int64_t jobs; /* read again where it is used */
	if (cli_number(cli, "jobs", 1, 1024, 0, &jobs, err) < 0)
		return -1;
	if (arch && !str_equal(arch, "amd64") && !str_equal(arch, "arm64"))
		return err_set(err, ERR_USAGE, "--arch=%s: wanted amd64 or arm64", arch);
	if (cli_has(cli, "check"))
		return 0;
	if (cli_has(cli, "undo") && argc != 1)
		return err_set(err, ERR_USAGE, "--undo: wanted one package");
	if (all && argc > 0)
		return err_set(err, ERR_USAGE, "--all and a package: wanted one of them");
	if (all || (argc >= 1 && argc <= 2))
		return 0;
	err_set(err, ERR_USAGE,
	        argc ? "wanted one package and perhaps its version"
	             : "which package? wanted its name, or --all");
	return err_hint(err, "sdk bump --check shows what is newer");
}

static int change(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(bump_scope) scope = {0};
	bool all = cli_has(cli, "all");
	if (cli_has(cli, "undo"))
		return bump_undo(&cli->workspace, argv[0], err);
	if ((all && bump_undo_interrupted(cli, err) < 0) ||
	    bump_scope_open(cli, argc ? 1 : 0, argv, &scope, err) < 0)
		return -1;
	if (all)
		return bump_everything(cli, &scope, err);
	const struct recipe *recipe = scope.recipes.items[0];
	if (!recipe->sources.count)
		return err_set(err, ERR_INPUT, "%s: it has no sources", recipe->path);
	return bump_one(cli, recipe, argc == 2 ? argv[1] : NULL, err);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(bump_scope) scope = {0};
	struct upstream_options asked;
	if (read_options(cli, &asked, err) < 0 || check_words(cli, argc, err) < 0)
		return -1;
	if (!cli_has(cli, "check"))
		return change(cli, argc, argv, err);
	if (bump_scope_open(cli, cli_has(cli, "all") ? 0 : argc, argv, &scope, err) < 0)
		return -1;
	return bump_check(cli, &scope, &asked, argc > 0 || cli->verbose > 0, err);
}

const struct command cmd_bump = {
	.name = "bump",
	.arguments = "[package [version]]",
	.summary = "Take packages to newer upstream versions",
	.description =
		"Changes version, addresses, sizes and digests of the recipe in place (comments and\n"
		"all else stay), downloads, checks upstream's signature where the recipe names\n"
		"one, tries the patches (those that moved are written anew; where a hunk fails a\n"
		"terminal gets a shell in the source), builds for both architectures, compares\n"
		"with the old package and prints what a reviewer wants to know. What failed can\n"
		"be mended and gone on with by the same command. Without a version: the newest.\n"
		"--check asks each recipe's upstream.check page (all at once) and Debian's signed\n"
		"source index; upstream.match keeps a recipe to its series. The mark \"security\"\n"
		"says that a security suite of Debian has a newer version.",
	.examples = "sdk bump --check                     # what is newer, of all recipes\n"
		    "sdk bump --check curl --json         # one, for a program\n"
		    "sdk bump zlib                        # to the newest\n"
		    "sdk bump zlib 1.3.2 --arch=amd64     # to this one, built for amd64 alone\n"
		    "sdk bump --all --signoff             # all, a commit each\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.max_args = -1,
	.run = run,
	.leases = true,
};
