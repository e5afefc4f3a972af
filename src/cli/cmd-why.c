/* sdk why: why a package is in an image, and why it will be built. */
#include "board.h"
#include "commands.h"
#include "key.h"
#include "own.h"
#include "session.h"

enum { SHOWN = 20 };

static const struct option_spec options[] = {{"board", 'b', "BOARD", "in this board (amd64-usr)"},
                                             {0}};

/* The shortest way from what the board names, over what needs it to be built or to run. */
struct step {
	const struct node *node;
	size_t from; /* index of the step before; its own index at the start */
};

static bool depends_on(const struct node *node, const struct node *target)
{
	for (vec_each(edge, &node->depends))
		if (*edge == target)
			return true;
	for (vec_each(edge, &node->runtime))
		if (*edge == target)
			return true;
	return false;
}

static void print_way(const struct graph *graph, const struct node *wanted)
{
	VEC(struct step) steps = {0};
	struct map seen = {0};
	vec_push(&steps, (struct step){wanted, 0});
	map_set(&seen, wanted->name, &seen);
	size_t at = 0;
	for (; at < steps.count && !steps.items[at].node->wanted; at++) {
		for (vec_each(node, &graph->nodes)) {
			if (map_get(&seen, (*node)->name) ||
			    !depends_on(*node, steps.items[at].node))
				continue;
			map_set(&seen, (*node)->name, &seen);
			vec_push(&steps, (struct step){*node, at});
		}
	}
	for (; at < steps.count; at = steps.items[at].from) {
		cli_print("%s%s", steps.items[at].node->name, at ? " → " : "\n");
		if (!at)
			break;
	}
	vec_release(&steps);
	map_release(&seen);
}

static void print_build_reason(const struct workspace *workspace, const struct graph *graph,
                               const struct node *node)
{
	if (node->state == NODE_DONE) {
		cli_print("built: yes\n");
		return;
	}
	cli_print("built: no, %s\n", node->reason);
	own_free char *last = key_load_last(workspace, graph->arch, node->name);
	if (!last || node->state != NODE_BUILD)
		return;
	own(strv) lines = {0};
	key_difference(last, node->key_text, SHOWN, &lines);
	for (size_t i = 0; i < lines.count; i++)
		cli_print("  %s\n", lines.items[i]);
}

static int explain(struct cli *cli, const struct board *board, const char *name, struct err *err)
{
	own(build_session) session = {0};
	struct build_request request = {
		.arch = board->arch, .packages = &board->packages, .options = &board->options};
	if (session_make(&cli->workspace, &request, &session, err) < 0)
		return -1;
	const struct node *node = graph_find(&session.graph, name);
	const struct recipe *recipe;
	if (!node) {
		if (recipe_set_get(&session.recipes, name, &recipe, err) < 0)
			return -1;
		cli_print("%s: nothing in %s needs %s\n", board->name, board->name, name);
		return 0;
	}
	cli_print("%s: ", board->name);
	print_way(&session.graph, node);
	print_build_reason(&cli->workspace, &session.graph, node);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc;
	const char *name = cli_option(cli, "board");
	struct board *board;
	if (board_load(&cli->workspace, name ? name : "amd64-usr", &board, err) < 0)
		return -1;
	int result = explain(cli, board, argv[0], err);
	board_free(board);
	return result;
}

const struct command cmd_why = {
	.name = "why",
	.arguments = "<package>",
	.summary = "Say why a package is in an image, and why it will be built",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
