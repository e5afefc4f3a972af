/* sdk patch: edits become numbered patches of a recipe. */
#include <string.h>

#include "commands.h"
#include "env.h"
#include "overlay.h"
#include "own.h"
#include "patch-make.h"
#include "wanted.h"
#include "workon.h"

static const struct option_spec options[] = {
	{"message", 'm', "TEXT", "what the patch does: its subject, and more after an empty line"},
	{"since", 0, "REVISION", "work tree: a patch of each commit after this one"},
	{"board", 'b', "BOARD", "of the shell for this board"},
	{"arch", 'a', "ARCH", "of the shell for this architecture (this machine's)"},
	{0}};

static const char *shown(const struct cli *cli, const char *path)
{
	size_t length = strlen(cli->workspace.root);
	bool below = !strncmp(path, cli->workspace.root, length) && path[length] == '/';
	return below ? path + length + 1 : path;
}

static void print_made(struct cli *cli, const struct patches_made *made)
{
	own(json) json = {0};
	json_object(&json, NULL);
	json_array(&json, "patches");
	for (size_t i = 0; i < made->paths.count; i++) {
		json_string(&json, NULL, made->paths.items[i]);
		if (!cli->json)
			cli_print("%s\n", shown(cli, made->paths.items[i]));
	}
	json_end_array(&json);
	json_array(&json, "left_out");
	for (size_t i = 0; i < made->left.count; i++)
		json_string(&json, NULL, made->left.items[i]);
	json_end_array(&json);
	json_end_object(&json);
	if (cli->json)
		cli_print_json(&json);
	if (made->left.count)
		event_note(&cli->sink,
		           "%zu new files are left out, \"%s\" for one: name those that belong "
		           "to the patch",
		           made->left.count, made->left.items[0]);
}

static int make(struct cli *cli, const struct wanted *wanted, struct patch_request *request,
                struct err *err)
{
	own(env) env = {0};
	own(worktree_list) trees = {0};
	own(patches_made) made = {0};
	own_free char *work =
		workspace_out(&cli->workspace, "work/%s/%s", wanted->arch, request->recipe->name);
	if (workon_load(&cli->workspace, &trees, err) < 0)
		return -1;
	const struct worktree *tree = workon_find(&trees, request->recipe->name);
	request->worktree = tree ? tree->dir : NULL;
	request->work = work;
	if (!tree && request->since)
		return err_set(err, ERR_USAGE, "--since: %s is not worked on",
		               request->recipe->name);
	if (patch_check_tree(request, err) < 0 ||
	    env_create(&cli->workspace, 0, &cli->sink, err) < 0 ||
	    env_open(&cli->workspace, &env, err) < 0 ||
	    patch_make(&cli->workspace, &env, request, &cli->sink, &made, err) < 0)
		return -1;
	print_made(cli, &made);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(wanted) wanted = {0};
	own(recipe_set) recipes = {0};
	struct patch_request request = {.message = cli_option(cli, "message"),
	                                .since = cli_option(cli, "since")};
	if (request.message && !*request.message)
		return err_set(err, ERR_USAGE, "--message: wanted a text");
	if (cli_wanted(cli, 1, argv, &wanted, err) < 0 ||
	    overlay_open_recipes(&cli->workspace, &recipes, err) < 0 ||
	    recipe_set_get(&recipes, argv[0], &request.recipe, err) < 0)
		return -1;
	for (int i = 1; i < argc; i++)
		strv_add(&request.files, argv[i]);
	int result = make(cli, &wanted, &request, err);
	strv_release(&request.files);
	return result;
}

const struct command cmd_patch = {
	.name = "patch",
	.arguments = "<package> [file…]",
	.summary = "Make patches of what was edited in a package's tree",
	.description =
		"Of a package that is worked on, each commit that is no patch yet becomes one; "
		"edits\n"
		"that are not committed are committed first, with --message. Otherwise the edits "
		"that\n"
		"were made in `sdk shell` become one patch: of all files of the source that were\n"
		"changed, or of those that are named (new files have to be). Patches are written "
		"to\n"
		"the recipe's patches/, numbered, with a head as git makes it, and only when they\n"
		"apply to the source with the patches that are there already.",
	.examples = "sdk patch zlib -m \"Fix the build with newer compilers\"\n"
		    "sdk patch zlib                       # commits of the tree of `sdk workon`\n"
		    "sdk patch zlib --since=v1.3.1        # of a clone of upstream's\n"
		    "sdk patch zlib -m \"Add a file\" new.c old.c\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.min_args = 1,
	.max_args = -1,
	.run = run,
	.leases = true,
};
