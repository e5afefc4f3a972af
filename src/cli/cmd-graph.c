/* sdk graph: how packages depend on each other, as a tree, for Graphviz, or drawn by it. */
#include <string.h>

#include "commands.h"
#include "dep-tree.h"
#include "graph-open.h"
#include "own.h"
#include "proc.h"
#include "wanted.h"

static const struct option_spec options[] = {
	{"arch", 'a', "ARCH", "for this architecture (the board's, else this machine's)"},
	{"board", 'b', "BOARD", "of this board's packages (all recipes)"},
	{"format", 'f', "FORMAT", "tree (default), dot for Graphviz, or svg, drawn by its dot"},
	{0}};

/* ---- which packages */

/* All recipes for the architecture, when neither a board nor a package narrows it down. */
static int open_wanted(const struct cli *cli, int argc, char **argv, struct graph_open *open,
                       struct err *err)
{
	own(wanted) wanted = {0};
	const char *arch = cli_option(cli, "arch");
	if (argc == 0 && !cli_has(cli, "board"))
		return graph_open(cli, arch ? arch : cli->workspace.build_arch, NULL, NULL, open,
		                  err);
	if (cli_wanted(cli, argc, argv, &wanted, err) < 0)
		return -1;
	return graph_open(cli, wanted.arch, &wanted.packages, &wanted.options, open, err);
}

/* ---- what it looks like */

static bool is_declared(const struct node *node, const struct node *edge)
{
	return strv_has(&node->config.args.target, edge->name);
}

/* From what was asked for, and is not below another one of that. */
static void print_tree(const struct graph *graph)
{
	own(dep_tree) tree = {.graph = graph, .declared = true};
	struct map below = {0};
	for (vec_each(node, &graph->nodes)) {
		for (vec_each(edge, &(*node)->depends))
			if (is_declared(*node, *edge))
				map_set(&below, (*edge)->name, *edge);
		for (vec_each(edge, &(*node)->runtime))
			map_set(&below, (*edge)->name, *edge);
	}
	for (vec_each(node, &graph->nodes)) {
		if (!(*node)->wanted || map_get(&below, (*node)->name))
			continue;
		cli_print("%s %s\n", (*node)->name, (*node)->recipe->version);
		dep_tree_print(&tree, *node, 1);
	}
	map_release(&below);
}

static void write_dot(const struct graph *graph, struct str *text)
{
	str_add(text, "digraph packages {\n\trankdir=LR;\n\tnode [shape=box];\n");
	for (vec_each(node, &graph->nodes)) {
		str_addf(text, "\t\"%s\" [label=\"%s\\n%s\"];\n", (*node)->name, (*node)->name,
		         (*node)->recipe->version);
		for (vec_each(edge, &(*node)->depends))
			if (is_declared(*node, *edge))
				str_addf(text, "\t\"%s\" -> \"%s\";\n", (*node)->name,
				         (*edge)->name);
		for (vec_each(edge, &(*node)->runtime))
			str_addf(text, "\t\"%s\" -> \"%s\" [style=dashed];\n", (*node)->name,
			         (*edge)->name);
	}
	str_add(text, "}\n");
}

static void print_json(const struct graph *graph)
{
	own(json) json = {0};
	json_array(&json, NULL);
	for (vec_each(node, &graph->nodes)) {
		json_object(&json, NULL);
		json_string(&json, "package", (*node)->name);
		json_string(&json, "version", (*node)->recipe->version);
		json_array(&json, "depends");
		for (vec_each(edge, &(*node)->depends))
			json_string(&json, NULL, (*edge)->name);
		json_end_array(&json);
		json_array(&json, "runtime");
		for (vec_each(edge, &(*node)->runtime))
			json_string(&json, NULL, (*edge)->name);
		json_end_array(&json);
		json_end_object(&json);
	}
	json_end_array(&json);
	cli_print_json(&json);
}

static int draw(const struct graph *graph, struct err *err)
{
	own(str) text = {0};
	char *argv[] = {"dot", "-Tsvg", NULL};
	struct proc_spec spec = {.argv = argv};
	write_dot(graph, &text);
	if (proc_feed(&spec, str_text(&text), text.len, err) == 0)
		return 0;
	return err_hint(err, "svg is drawn by Graphviz (Debian: apt install graphviz)");
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(graph_open) open = {0};
	own(str) text = {0};
	const char *format = cli_option(cli, "format");
	bool as_tree = !format || str_equal(format, "tree"),
	     as_dot = format && str_equal(format, "dot");
	if (!as_tree && !as_dot && !str_equal(format, "svg"))
		return err_set(err, ERR_USAGE, "--format=%s: wanted tree, dot or svg", format);
	if (open_wanted(cli, argc, argv, &open, err) < 0)
		return -1;
	if (cli->json) {
		print_json(&open.graph);
	} else if (as_tree) {
		print_tree(&open.graph);
	} else if (as_dot) {
		write_dot(&open.graph, &text);
		cli_print("%s", str_text(&text));
	} else {
		return draw(&open.graph, err);
	}
	return 0;
}

const struct command cmd_graph = {
	.name = "graph",
	.arguments = "[package…]",
	.summary = "Show how packages depend on each other: tree, Graphviz, SVG",
	.description =
		"Of the named packages, of a board's, or of all recipes. The tree tells the edges\n"
		"of a package where it stands first. Dashed edges of a drawing, \"to run\" in the\n"
		"tree, are what a package needs to run and is not built against.",
	.examples = "sdk graph curl\n"
		    "sdk graph --board=amd64-usr --format=svg >graph.svg\n"
		    "sdk graph --format=dot | dot -Tpng >graph.png\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.max_args = -1,
	.run = run,
};
