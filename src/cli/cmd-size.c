/* sdk size: what takes up the room. */
#include <string.h>

#include "commands.h"
#include "own.h"
#include "session.h"
#include "wanted.h"

static const struct option_spec options[] = {
	{"board", 'b', "BOARD", "of what this board's image is made of (this machine's kind)"},
	{"arch", 'a', "ARCH", "built for this architecture (the board's, else this machine's)"},
	{"output", 'o', "NAME", "of this output (run: what images get)"},
	{0}};

struct size {
	const struct node *node;
	uint64_t bytes;
};
VEC_OF(size_list, struct size);

static int largest_first(const void *a, const void *b)
{
	const struct size *left = a, *right = b;
	if (left->bytes != right->bytes)
		return left->bytes < right->bytes ? 1 : -1;
	return strcmp(left->node->name, right->node->name);
}

static void collect(const struct graph *graph, const char *output, struct size_list *sizes)
{
	for (vec_each(node, &graph->nodes)) {
		const struct record_output *found =
			(*node)->state == NODE_DONE ? record_find(&(*node)->record, output) : NULL;
		if (found)
			vec_push(sizes, (struct size){.node = *node, .bytes = found->bytes});
	}
	vec_sort(sizes, largest_first);
}

/* One of the packages must have an output of that name; else it is a slip. */
static int check_output(const struct graph *graph, const char *output, struct err *err)
{
	own(strv) names = {0};
	for (vec_each(node, &graph->nodes)) {
		own(strv) outputs = {0};
		recipe_outputs((*node)->recipe, &outputs);
		for (size_t i = 0; i < outputs.count; i++)
			if (!strv_has(&names, outputs.items[i]))
				strv_add(&names, outputs.items[i]);
	}
	if (strv_has(&names, output))
		return 0;
	own_free char *list = strv_join(&names, ", ");
	err_set(err, ERR_INPUT, "none of the packages has an output \"%s\"", output);
	return err_hint(err, "they have: %s", list);
}

static void print_text(const struct size_list *sizes)
{
	char text[32];
	uint64_t total = 0;
	for (vec_each(size, sizes)) {
		total += size->bytes;
		cli_print("%10s  %s %s\n", cli_bytes(size->bytes, text), size->node->name,
		          size->node->recipe->version);
	}
	cli_print("%10s  %zu packages\n", cli_bytes(total, text), sizes->count);
}

static void print_json(const struct size_list *sizes)
{
	struct json json = {0};
	json_array(&json, NULL);
	for (vec_each(size, sizes)) {
		json_object(&json, NULL);
		json_string(&json, "package", size->node->name);
		json_string(&json, "version", size->node->recipe->version);
		json_number(&json, "bytes", (int64_t)size->bytes);
		json_end_object(&json);
	}
	json_end_array(&json);
	cli_print_json(&json);
	json_release(&json);
}

static void warn_unbuilt(const struct cli *cli, const struct graph *graph)
{
	size_t unbuilt = 0;
	for (vec_each(node, &graph->nodes))
		unbuilt += (*node)->state != NODE_DONE;
	if (unbuilt)
		event_warn(&cli->sink, "%zu of %zu packages are not built and not counted", unbuilt,
		           graph->nodes.count);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(build_session) session = {0};
	own(wanted) wanted = {0};
	struct size_list sizes = {0};
	const char *output = cli_option(cli, "output");
	if (cli_wanted(cli, argc, argv, &wanted, err) < 0)
		return -1;
	struct build_request request = {
		.arch = wanted.arch, .packages = &wanted.packages, .options = &wanted.options};
	if (session_make(&cli->workspace, &request, &session, err) < 0)
		return -1;
	if (output && check_output(&session.graph, output, err) < 0)
		return -1;
	collect(&session.graph, output ? output : "run", &sizes);
	if (cli->json)
		print_json(&sizes);
	else
		print_text(&sizes);
	warn_unbuilt(cli, &session.graph);
	vec_release(&sizes);
	return 0;
}

const struct command cmd_size = {
	.name = "size",
	.arguments = "[package…]",
	.summary = "Show how large packages are, the largest first",
	.description = "Counts the named packages or all of a board's, with what they are built\n"
		       "against, as their files are before compression.",
	.examples = "sdk size                             # the packages of this machine's board\n"
		    "sdk size --board=arm64-usr --json    # another's, for programs\n"
		    "sdk size bash --output=dev           # headers of bash and what it needs\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.max_args = -1,
	.run = run,
};
