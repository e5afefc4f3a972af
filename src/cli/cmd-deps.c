/* sdk deps, sdk rdeps: what a package is built against, and what is built against it. */
#include "commands.h"
#include "dep-tree.h"
#include "graph-open.h"
#include "own.h"

static const struct option_spec options[] = {{"arch", 'a', "ARCH",
                                              "for this architecture (this machine's)"},
                                             {"all", 0, NULL, "indirect ones too, as a flat list"},
                                             {0}};

static void collect(const struct node *node, bool up, struct strv *names)
{
	const struct node_list *edges = up ? &node->users : &node->depends;
	for (vec_each(edge, edges)) {
		if (strv_has(names, (*edge)->name))
			continue;
		strv_add(names, (*edge)->name);
		collect(*edge, up, names);
	}
}

static void print_flat(struct cli *cli, const struct node *node, bool up)
{
	own(strv) names = {0};
	struct json json = {0};
	const struct node_list *edges = up ? &node->users : &node->depends;
	if (cli_has(cli, "all"))
		collect(node, up, &names);
	else
		for (vec_each(edge, edges))
			strv_add(&names, (*edge)->name);
	strv_sort(&names);
	json_array(&json, NULL);
	for (size_t i = 0; i < names.count; i++) {
		if (cli->json)
			json_string(&json, NULL, names.items[i]);
		else
			cli_print("%s\n", names.items[i]);
	}
	json_end_array(&json);
	if (cli->json)
		cli_print_json(&json);
	json_release(&json);
}

static int show(struct cli *cli, const char *name, bool up, struct err *err)
{
	own(graph_open) open = {0};
	own(dep_tree) tree = {.up = up};
	own(strv) packages = {0};
	const char *arch = cli_option(cli, "arch");
	const struct recipe *recipe;
	arch = arch ? arch : cli->workspace.build_arch;
	/* Users may be anywhere; what one is built against is found from there. */
	strv_add(&packages, name);
	if (graph_open(cli, arch, up ? NULL : &packages, NULL, &open, err) < 0)
		return -1;
	const struct node *node = graph_find(&open.graph, name);
	if (!node && recipe_set_get(&open.recipes, name, &recipe, err) < 0)
		return -1;
	if (!node)
		return err_set(err, ERR_INPUT, "%s is not for %s", name, arch);
	if (cli->json || cli_has(cli, "all"))
		print_flat(cli, node, up);
	else
		dep_tree_print(&tree, node, 0);
	return 0;
}

static int run_deps(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc;
	return show(cli, argv[0], false, err);
}

static int run_rdeps(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc;
	return show(cli, argv[0], true, err);
}

const struct command cmd_deps = {
	.name = "deps",
	.arguments = "<package>",
	.summary = "Show what a package is built against",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.min_args = 1,
	.max_args = 1,
	.run = run_deps,
};

const struct command cmd_rdeps = {
	.name = "rdeps",
	.arguments = "<package>",
	.summary = "Show which packages are built against one",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.min_args = 1,
	.max_args = 1,
	.run = run_rdeps,
};
