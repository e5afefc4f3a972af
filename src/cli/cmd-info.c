/* sdk info: what a recipe says, and what is known of its last build. */
#include "commands.h"
#include "origin.h"
#include "own.h"
#include "session.h"

static const struct option_spec options[] = {
	{"arch", 'a', "ARCH", "for this architecture (this machine's)"}, {0}};

static void print_list(const char *title, const struct strv *list)
{
	if (!list->count)
		return;
	own_free char *text = strv_join(list, " ");
	cli_print("%-12s %s\n", title, text);
}

static void print_node(const struct recipe_set *set, const struct node *node)
{
	const struct recipe *recipe = node->recipe;
	const struct recipe_args *args = &node->config.args;
	char size[32];
	cli_print("%s %s - %s\n", recipe->name, recipe->version, recipe->summary);
	cli_print("%-12s %s\n%-12s %s\n%-12s %s (%s)\n", "homepage",
	          recipe->homepage ? recipe->homepage : "-", "license", recipe->license, "recipe",
	          recipe->path, recipe->build);
	own_free char *origin = origin_text(set, recipe);
	if (*origin)
		cli_print("%-12s %s\n", "from", origin);
	for (vec_each(source, &recipe->sources))
		cli_print("%-12s %s (%s)\n", "source", source->urls.items[0],
		          cli_bytes(source->size_bytes, size));
	if (node->worktree)
		cli_print("%-12s %s\n", "worked on", node->worktree->dir);
	print_list("tools", &args->tools);
	print_list("target", &args->target);
	print_list("runtime", &args->runtime);
	for (vec_each(option, &recipe->options))
		cli_print("%-12s %s (%s) %s\n", "option", option->name,
		          option->default_on ? "on" : "off", option->summary);
	for (vec_each(patch, &recipe->patches))
		cli_print("%-12s %s\n", "patch", patch->name);
	if (node->state == NODE_DONE) {
		cli_print("%-12s yes, in %.0f s\n", "built", node->record.seconds);
		for (vec_each(output, &node->record.outputs))
			cli_print("%-12s %-6s %8s  %.16s\n", "output", output->name,
			          cli_bytes(output->bytes, size), output->digest);
	} else {
		cli_print("%-12s no: %s\n", "built", node->reason);
	}
}

static void json_list(struct json *json, const char *name, const struct strv *list)
{
	json_array(json, name);
	for (size_t i = 0; i < list->count; i++)
		json_string(json, NULL, list->items[i]);
	json_end_array(json);
}

static void add_json(struct json *json, const struct recipe_set *set, const struct node *node)
{
	const struct recipe *recipe = node->recipe;
	json_object(json, NULL);
	json_string(json, "name", recipe->name);
	json_string(json, "version", recipe->version);
	json_string(json, "summary", recipe->summary);
	json_string(json, "homepage", recipe->homepage);
	json_string(json, "license", recipe->license);
	json_string(json, "build", recipe->build);
	json_string(json, "path", recipe->path);
	origin_json(json, set, recipe);
	json_string(json, "worktree", node->worktree ? node->worktree->dir : NULL);
	json_list(json, "tools", &node->config.args.tools);
	json_list(json, "target", &node->config.args.target);
	json_list(json, "runtime", &node->config.args.runtime);
	json_list(json, "options", &node->config.options);
	json_bool(json, "built", node->state == NODE_DONE);
	json_string(json, "reason", node->reason);
	json_array(json, "outputs");
	for (vec_each(output, &node->record.outputs)) {
		json_object(json, NULL);
		json_string(json, "name", output->name);
		json_string(json, "digest", output->digest);
		json_number(json, "bytes", (int64_t)output->bytes);
		json_end_object(json);
	}
	json_end_array(json);
	json_end_object(json);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(build_session) session = {0};
	own(strv) packages = {0};
	const char *arch = cli_option(cli, "arch");
	for (int i = 0; i < argc; i++)
		strv_add(&packages, argv[i]);
	struct build_request request = {.arch = arch ? arch : cli->workspace.build_arch,
	                                .packages = &packages};
	if (session_make(&cli->workspace, &request, &session, err) < 0)
		return -1;
	struct json json = {0};
	json_array(&json, NULL);
	for (int i = 0; i < argc; i++) {
		const struct node *node = graph_find(&session.graph, argv[i]);
		if (cli->json)
			add_json(&json, &session.recipes, node);
		else
			print_node(&session.recipes, node);
	}
	json_end_array(&json);
	if (cli->json)
		cli_print_json(&json);
	json_release(&json);
	return 0;
}

const struct command cmd_info = {
	.name = "info",
	.arguments = "<package…>",
	.summary = "Show what a recipe says and whether it is built",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
