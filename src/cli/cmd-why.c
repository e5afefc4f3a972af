/* sdk why: why a package is in an image, and why it will be built. */
#include "board.h"
#include "commands.h"
#include "key.h"
#include "own.h"
#include "session.h"
#include "wanted.h"

enum { SHOWN = 20 };

static const struct option_spec options[] = {
	{"board", 'b', "BOARD", "in this board (this machine's kind)"}, {0}};

/* What there is to say. */
struct answer {
	struct strv way;    /* from what the board names to the package; empty: not in the board */
	struct strv boards; /* that have it, when this one has not */
	bool is_built;
	char *reason;        /* why it is not */
	struct strv changes; /* since its last build */
	struct strv
		causes; /* when it waits: "openssl: why that will be built", for each first one */
};

static void answer_release(struct answer *answer)
{
	strv_release(&answer->way);
	strv_release(&answer->boards);
	free(answer->reason);
	strv_release(&answer->changes);
	strv_release(&answer->causes);
}

/* ---- why it is there */

/* The shortest way from what the board names, over what needs it to be built or to run. */
struct step {
	const struct node *node;
	size_t from; /* index of the step before; its own index at the start */
};

VEC_OF(steps, struct step);

static void visit(struct steps *steps, struct map *seen, struct node *node, size_t from)
{
	if (!map_set(seen, node->name, node))
		vec_push(steps, (struct step){node, from});
}

static void write_way(const struct steps *steps, size_t at, struct strv *way)
{
	size_t from = steps->items[at].from;
	if (from != at)
		write_way(steps, from, way);
	strv_add(way, steps->items[at].node->name);
}

static void find_way(const struct graph *graph, const struct node *wanted, struct strv *way)
{
	struct steps steps = {0};
	struct map seen = {0};
	for (vec_each(node, &graph->nodes))
		if ((*node)->wanted)
			visit(&steps, &seen, *node, steps.count);
	size_t at = 0;
	for (; at < steps.count && steps.items[at].node != wanted; at++) {
		const struct node *node = steps.items[at].node;
		for (vec_each(edge, &node->depends))
			visit(&steps, &seen, *edge, at);
		for (vec_each(edge, &node->runtime))
			visit(&steps, &seen, *edge, at);
	}
	if (at < steps.count)
		write_way(&steps, at, way);
	vec_release(&steps);
	map_release(&seen);
}

/* ---- why it will be built */

static void find_changes(const struct workspace *workspace, const struct graph *graph,
                         const struct node *node, struct answer *answer)
{
	answer->is_built = node->state == NODE_DONE;
	if (answer->is_built)
		return;
	answer->reason = mem_strdup(node->reason);
	own_free char *last = key_load_last(workspace, graph->arch, node->name);
	if (last && node->state == NODE_BUILD)
		key_difference(last, node->key_text, SHOWN, &answer->changes);
	/* What is to be built and waits for nothing is where it begins. */
	for (vec_each(below, &node->closure))
		if ((*below)->state == NODE_BUILD)
			strv_addf(&answer->causes, "%s: %s", (*below)->name, (*below)->reason);
}

/* ---- over boards */

/* 1 when the board has the package, 0 when it has not. */
static int ask_board(const struct workspace *workspace, const struct board *board, const char *name,
                     struct answer *answer, struct err *err)
{
	own(build_session) session = {0};
	struct build_request request = {
		.arch = board->arch, .packages = &board->packages, .options = &board->options};
	if (session_make(workspace, &request, &session, err) < 0)
		return -1;
	const struct node *node = graph_find(&session.graph, name);
	if (!node)
		return 0;
	find_way(&session.graph, node, &answer->way);
	find_changes(workspace, &session.graph, node, answer);
	return 1;
}

static int ask_by_name(const struct workspace *workspace, const char *board_name, const char *name,
                       struct err *err)
{
	own(answer) answer = {0};
	__attribute__((cleanup(board_free_ptr))) struct board *board = NULL;
	if (board_load(workspace, board_name, &board, err) < 0)
		return -1;
	return ask_board(workspace, board, name, &answer, err);
}

/* One that can't be read, or whose recipes can't, is nothing that was asked about. */
static int ask_others(const struct cli *cli, const char *name, struct strv *boards, struct err *err)
{
	own(strv) names = {0};
	if (board_list(&cli->workspace, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own(err) broken = {0};
		int found = ask_by_name(&cli->workspace, names.items[i], name, &broken);
		if (found < 0)
			event_warn(&cli->sink, "board %s is left out: %s", names.items[i],
			           broken.message);
		if (found > 0)
			strv_add(boards, names.items[i]);
	}
	return 0;
}

/* A package of no board can be built all the same. */
static int ask_alone(const struct workspace *workspace, const char *arch, const char *name,
                     struct answer *answer, struct err *err)
{
	own(build_session) session = {0};
	own(strv) packages = {0};
	strv_add(&packages, name);
	struct build_request request = {.arch = arch, .packages = &packages};
	if (session_make(workspace, &request, &session, err) < 0)
		return -1;
	find_changes(workspace, &session.graph, graph_find(&session.graph, name), answer);
	return 0;
}

static int find_answer(const struct cli *cli, const struct board *board, const char *name,
                       struct answer *answer, struct err *err)
{
	const struct workspace *workspace = &cli->workspace;
	int found = ask_board(workspace, board, name, answer, err);
	if (found)
		return found < 0 ? -1 : 0;
	if (ask_alone(workspace, board->arch, name, answer, err) < 0)
		return -1;
	return ask_others(cli, name, &answer->boards, err);
}

/* ---- what is printed */

static void print_list(struct json *json, const char *name, const struct strv *list)
{
	json_array(json, name);
	for (size_t i = 0; i < list->count; i++)
		json_string(json, NULL, list->items[i]);
	json_end_array(json);
}

static void print_json(const char *board, const char *name, const struct answer *answer)
{
	struct json json = {0};
	json_object(&json, NULL);
	json_string(&json, "package", name);
	json_string(&json, "board", board);
	print_list(&json, "way", &answer->way);
	print_list(&json, "other-boards", &answer->boards);
	json_bool(&json, "built", answer->is_built);
	json_string(&json, "reason", answer->reason);
	print_list(&json, "changes", &answer->changes);
	print_list(&json, "causes", &answer->causes);
	json_end_object(&json);
	cli_print_json(&json);
	json_release(&json);
}

static void print_text(const char *board, const char *name, const struct answer *answer)
{
	own_free char *way = strv_join(&answer->way, " → ");
	own_free char *boards = strv_join(&answer->boards, ", ");
	if (answer->way.count)
		cli_print("%s: %s\n", board, way);
	else
		cli_print("%s: nothing in it needs %s\n", board, name);
	if (!answer->way.count)
		cli_print("other boards that do: %s\n", answer->boards.count ? boards : "none");
	cli_print("built: %s%s\n", answer->is_built ? "yes" : "no, ",
	          answer->is_built ? "" : answer->reason);
	for (size_t i = 0; i < answer->changes.count; i++)
		cli_print("  %s\n", answer->changes.items[i]);
	for (size_t i = 0; i < answer->causes.count; i++)
		cli_print("  %s\n", answer->causes.items[i]);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc;
	own(answer) answer = {0};
	struct board *board;
	if (cli_board(cli, &board, err) < 0)
		return -1;
	int result = find_answer(cli, board, argv[0], &answer, err);
	if (result == 0 && cli->json)
		print_json(board->name, argv[0], &answer);
	else if (result == 0)
		print_text(board->name, argv[0], &answer);
	board_free(board);
	return result;
}

const struct command cmd_why = {
	.name = "why",
	.arguments = "<package>",
	.summary = "Say why a package is in an image, and why it will be built",
	.description =
		"Shows the shortest way from what the board names to the package, and how\n"
		"the inputs of its next build differ from those of its last one. Where it only\n"
		"waits for others, these are named, down to those whose own inputs differ.",
	.examples = "sdk why zlib                         # in this machine's kind of board\n"
		    "sdk why json-c --board=arm64-usr     # in another\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
