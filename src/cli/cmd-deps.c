/* sdk deps, sdk rdeps, sdk graph: how packages depend on each other. */
#include <string.h>

#include "board.h"
#include "commands.h"
#include "overlay.h"
#include "own.h"
#include "session.h"

enum { MAX_DEPTH = 64 };

static const struct option_spec options[] = {{"arch", 'a', "ARCH",
                                              "for this architecture (this machine's)"},
                                             {"all", 0, NULL, "indirect ones too, as a flat list"},
                                             {0}};

static const struct option_spec graph_options[] = {
	{"arch", 'a', "ARCH", "for this architecture (this machine's)"},
	{"board", 'b', "BOARD", "of this board's packages (all recipes)"},
	{0}};

/* Every recipe that is for the architecture. */
static int open_all(struct cli *cli, struct build_session *session, struct err *err)
{
	const char *arch = cli_option(cli, "arch");
	own(recipe_set) set = {0};
	own(strv) packages = {0};
	arch = arch ? arch : cli->workspace.build_arch;
	if (overlay_open_recipes(&cli->workspace, &set, err) < 0 ||
	    recipe_set_load_all(&set, err) < 0)
		return -1;
	for (size_t i = 0; i < set.names.count; i++)
		if (recipe_has_arch(map_get(&set.loaded, set.names.items[i]), arch))
			strv_add(&packages, set.names.items[i]);
	struct build_request request = {.arch = arch, .packages = &packages};
	return session_make(&cli->workspace, &request, session, err);
}

static int find(const struct build_session *session, const char *name, struct node **ret_node,
                struct err *err)
{
	const struct recipe *recipe;
	*ret_node = graph_find(&session->graph, name);
	if (*ret_node)
		return 0;
	if (recipe_set_get((struct recipe_set *)&session->recipes, name, &recipe, err) < 0)
		return -1;
	return err_set(err, ERR_INPUT, "%s is not for %s", name, session->graph.arch);
}

static void print_tree(const struct node *node, bool up, unsigned depth)
{
	const struct node_list *edges = up ? &node->users : &node->depends;
	for (vec_each(edge, edges)) {
		cli_print("%*s%s %s\n", (int)(2 * depth), "", (*edge)->name,
		          (*edge)->recipe->version);
		/* Users' users are a forest that nobody reads; those of one level are enough. */
		if (!up && depth < MAX_DEPTH)
			print_tree(*edge, up, depth + 1);
	}
}

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
	own(build_session) session = {0};
	struct node *node;
	if (open_all(cli, &session, err) < 0 || find(&session, name, &node, err) < 0)
		return -1;
	if (cli->json || cli_has(cli, "all"))
		print_flat(cli, node, up);
	else
		print_tree(node, up, 0);
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

static int open_board(struct cli *cli, const char *name, struct build_session *session,
                      struct err *err)
{
	struct board *board;
	if (board_load(&cli->workspace, name, &board, err) < 0)
		return -1;
	struct build_request request = {
		.arch = board->arch, .packages = &board->packages, .options = &board->options};
	int result = session_make(&cli->workspace, &request, session, err);
	/* The graph borrows the name of the architecture from the toolchain, not from the board. */
	board_free(board);
	return result;
}

static int run_graph(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv;
	own(build_session) session = {0};
	const char *board = cli_option(cli, "board");
	if ((board ? open_board(cli, board, &session, err) : open_all(cli, &session, err)) < 0)
		return -1;
	cli_print("digraph packages {\n\trankdir=LR;\n\tnode [shape=box];\n");
	for (vec_each(node, &session.graph.nodes)) {
		cli_print("\t\"%s\" [label=\"%s\\n%s\"];\n", (*node)->name, (*node)->name,
		          (*node)->recipe->version);
		for (vec_each(edge, &(*node)->depends))
			if (strv_has(&(*node)->config.args.target, (*edge)->name))
				cli_print("\t\"%s\" -> \"%s\";\n", (*node)->name, (*edge)->name);
		for (vec_each(edge, &(*node)->runtime))
			cli_print("\t\"%s\" -> \"%s\" [style=dashed];\n", (*node)->name,
			          (*edge)->name);
	}
	cli_print("}\n");
	return 0;
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

const struct command cmd_graph = {
	.name = "graph",
	.summary = "Print the packages' dependencies for Graphviz",
	.examples = "sdk graph --board=amd64-usr | dot -Tsvg >graph.svg\n",
	.options = graph_options,
	.run = run_graph,
};
