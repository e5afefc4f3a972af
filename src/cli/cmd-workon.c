/* sdk workon: a git work tree as a package's source. */
#include "workon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "env.h"
#include "fs.h"
#include "overlay.h"
#include "own.h"
#include "path.h"

static const struct option_spec options[] = {
	{"stop", 0, NULL, "go back to the recipe's source (also: `sdk workon PACKAGE stop`)"}, {0}};

static int list(struct cli *cli, struct err *err)
{
	own(worktree_list) trees = {0};
	own(json) json = {0};
	if (workon_load(&cli->workspace, &trees, err) < 0)
		return -1;
	json_array(&json, NULL);
	for (vec_each(tree, &trees)) {
		json_object(&json, NULL);
		json_string(&json, "package", tree->package);
		json_string(&json, "dir", tree->dir);
		json_end_object(&json);
		if (!cli->json)
			cli_print("%-20s %s\n", tree->package, tree->dir);
	}
	json_end_array(&json);
	if (cli->json)
		cli_print_json(&json);
	else if (!trees.count && !cli->quiet)
		cli_print("no package is worked on\n");
	return 0;
}

static int stop(struct cli *cli, const char *package, struct err *err)
{
	own_free char *dir = NULL;
	if (workon_stop(&cli->workspace, package, &dir, err) < 0)
		return -1;
	if (!cli->quiet)
		cli_print("%s is built from the recipe's source again; %s stays\n", package, dir);
	return 0;
}

/* Absolute and without symlinks, whether it exists or not. */
static int find_dir(const struct cli *cli, const char *package, const char *given, char **ret_dir,
                    struct err *err)
{
	if (!given) {
		*ret_dir = workspace_out(&cli->workspace, "src/%s", package);
		return 0;
	}
	*ret_dir = realpath(given, NULL);
	if (*ret_dir)
		return 0;
	own_free char *parent = path_dir(given);
	own_free char *real = realpath(parent, NULL);
	if (!real && errno == ENOENT)
		return err_set(err, ERR_INPUT, "%s: there is no directory %s", given, parent);
	if (!real)
		return err_errno(err, "%s", parent);
	*ret_dir = path_join(real, path_base(given));
	return 0;
}

static int make_tree(struct cli *cli, const struct recipe *recipe, const char *dir, struct err *err)
{
	own(env) env = {0};
	if (env_create(&cli->workspace, 0, &cli->sink, err) < 0 ||
	    env_open(&cli->workspace, &env, err) < 0)
		return -1;
	return workon_make(&cli->workspace, &env, recipe, dir, &cli->sink, err);
}

static int check_free(const struct workspace *workspace, const char *package, const char *dir,
                      struct err *err)
{
	own(worktree_list) trees = {0};
	if (workon_load(workspace, &trees, err) < 0)
		return -1;
	const struct worktree *tree = workon_find(&trees, package);
	if (!tree || str_equal(tree->dir, dir))
		return 0;
	err_set(err, ERR_USAGE, "%s is worked on in %s already", package, tree->dir);
	return err_hint(err, "sdk workon %s stop", package);
}

static int start(struct cli *cli, const char *package, const char *given, struct err *err)
{
	own(recipe_set) recipes = {0};
	own_free char *dir = NULL;
	const struct recipe *recipe;
	if (overlay_open_recipes(&cli->workspace, &recipes, err) < 0 ||
	    recipe_set_get(&recipes, package, &recipe, err) < 0 ||
	    find_dir(cli, package, given, &dir, err) < 0 ||
	    check_free(&cli->workspace, package, dir, err) < 0)
		return -1;
	if (!fs_exists(dir) && make_tree(cli, recipe, dir, err) < 0)
		return -1;
	if (workon_start(&cli->workspace, package, dir, err) < 0)
		return -1;
	if (!cli->quiet)
		cli_print("%s is built from %s now\n"
		          "  sdk build %s        builds what is there, committed or not\n"
		          "  sdk patch %s        makes patches of it, in the recipe\n"
		          "  sdk workon %s stop  goes back to the recipe's source\n",
		          package, dir, package, package, package);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	if (!argc && cli_has(cli, "stop"))
		return err_set(err, ERR_USAGE, "--stop: which package?");
	if (!argc)
		return list(cli, err);
	if (cli_has(cli, "stop") || (argc == 2 && str_equal(argv[1], "stop")))
		return stop(cli, argv[0], err);
	return start(cli, argv[0], argc == 2 ? argv[1] : NULL, err);
}

const struct command cmd_workon = {
	.name = "workon",
	.arguments = "[package [directory | stop]]",
	.summary = "Build a package from a git work tree of yours",
	.description =
		"Until it is stopped, the package is built from what git tracks or does not "
		"ignore\n"
		"in the directory, committed or not, in place of the recipe's source and "
		"patches.\n"
		"A directory that does not exist is made: the recipe's source, with its patches "
		"as\n"
		"commits; without one it is out/src/PACKAGE. A package that is worked on is "
		"never\n"
		"pushed to a binhost. Without arguments: which packages are worked on.",
	.examples = "sdk workon zlib                      # makes out/src/zlib\n"
		    "sdk workon zlib ~/zlib               # a clone of upstream's\n"
		    "sdk workon                           # what is worked on?\n"
		    "sdk workon zlib stop                 # the recipe's source again\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.max_args = 2,
	.run = run,
	.leases = true,
};
