/* sdk deps, sdk rdeps: what a package needs to be built and to run, and what needs it. */
#include "commands.h"
#include "dep-tree.h"
#include "graph-open.h"
#include "own.h"

static const struct option_spec options[] = {{"arch", 'a', "ARCH",
                                              "for this architecture (this machine's)"},
                                             {"all", 0, NULL, "indirect ones too, as a flat list"},
                                             {0}};

/* Names of what a node depends on, or of what depends on it. */
struct names {
	struct strv build, run; /* each in one of them only */
};

static void names_release(struct names *names)
{
	strv_release(&names->build);
	strv_release(&names->run);
}

/* What is needed to build is met first, so that what is left is needed to run only. */
static void collect(const struct graph *graph, const struct node *node, bool up, bool with_run,
                    struct map *seen, struct strv *names)
{
	struct node_list edges = {0}, run = {0};
	dep_tree_edges(graph, node, up, &edges, &run);
	for (vec_each(edge, &run))
		if (with_run)
			vec_push(&edges, *edge);
	for (vec_each(edge, &edges)) {
		if (map_get(seen, (*edge)->name))
			continue;
		map_set(seen, (*edge)->name, *edge);
		strv_add(names, (*edge)->name);
		collect(graph, *edge, up, with_run, seen, names);
	}
	vec_release(&edges);
	vec_release(&run);
}

static void find_all(const struct graph *graph, const struct node *node, bool up,
                     struct names *names)
{
	struct map seen = {0};
	own(strv) all = {0};
	collect(graph, node, up, false, &seen, &names->build);
	map_release(&seen);
	seen = (struct map){0};
	collect(graph, node, up, true, &seen, &all);
	map_release(&seen);
	for (size_t i = 0; i < all.count; i++)
		if (!strv_has(&names->build, all.items[i]))
			strv_add(&names->run, all.items[i]);
}

static void find_direct(const struct graph *graph, const struct node *node, bool up,
                        struct names *names)
{
	struct node_list build = {0}, run = {0};
	dep_tree_edges(graph, node, up, &build, &run);
	for (vec_each(edge, &build))
		strv_add(&names->build, (*edge)->name);
	for (vec_each(edge, &run))
		strv_add(&names->run, (*edge)->name);
	vec_release(&build);
	vec_release(&run);
}

static void add_json(struct json *json, const char *key, const struct strv *names)
{
	json_array(json, key);
	for (size_t i = 0; i < names->count; i++)
		json_string(json, NULL, names->items[i]);
	json_end_array(json);
}

static void print_json(const char *package, bool up, const struct names *names)
{
	own(json) json = {0};
	json_object(&json, NULL);
	json_string(&json, "package", package);
	add_json(&json, up ? "users" : "depends", &names->build);
	add_json(&json, up ? "runtime-users" : "runtime", &names->run);
	json_end_object(&json);
	cli_print_json(&json);
}

static void print_flat(struct cli *cli, const struct graph *graph, const struct node *node, bool up)
{
	own(names) names = {0};
	(cli_has(cli, "all") ? find_all : find_direct)(graph, node, up, &names);
	strv_sort(&names.build);
	strv_sort(&names.run);
	if (cli->json) {
		print_json(node->name, up, &names);
		return;
	}
	for (size_t i = 0; i < names.build.count; i++)
		cli_print("%s\n", names.build.items[i]);
	for (size_t i = 0; i < names.run.count; i++)
		cli_print("%s (to run)\n", names.run.items[i]);
}

/* One that is left out of the graph of all, alone: that says why. */
static int explain_missing(struct cli *cli, const char *arch, const struct strv *package,
                           struct err *err)
{
	own(graph_open) open = {0};
	if (graph_open(cli, arch, package, NULL, &open, err) < 0)
		return -1;
	return err_set(err, ERR_INPUT, "%s is not for %s", package->items[0], arch);
}

static int show(struct cli *cli, const char *name, bool up, struct err *err)
{
	own(graph_open) open = {0};
	own(dep_tree) tree = {.graph = &open.graph, .up = up};
	own(strv) packages = {0};
	const char *arch = cli_option(cli, "arch");
	arch = arch ? arch : cli->workspace.build_arch;
	/* Users may be anywhere; what one is built against is found from there. */
	strv_add(&packages, name);
	if (graph_open(cli, arch, up ? NULL : &packages, NULL, &open, err) < 0)
		return -1;
	const struct node *node = graph_find(&open.graph, name);
	if (!node)
		return explain_missing(cli, arch, &packages, err);
	if (cli->json || cli_has(cli, "all"))
		print_flat(cli, &open.graph, node, up);
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
	.summary = "Show what a package needs, to be built and to run",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.min_args = 1,
	.max_args = 1,
	.run = run_deps,
};

const struct command cmd_rdeps = {
	.name = "rdeps",
	.arguments = "<package>",
	.summary = "Show which packages need one, to be built or to run",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.min_args = 1,
	.max_args = 1,
	.run = run_rdeps,
};
