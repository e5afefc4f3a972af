/* sdk owns: which built package a file comes from. */
#include <fnmatch.h>
#include <string.h>

#include "commands.h"
#include "contents.h"
#include "graph-open.h"
#include "overlay.h"
#include "own.h"
#include "session.h"
#include "toolchain.h"
#include "wanted.h"

static const struct option_spec options[] = {
	{"board", 'b', "BOARD", "among this board's packages (all recipes)"},
	{"arch", 'a', "ARCH", "built for this architecture (the board's, else this machine's)"},
	{0}};

struct search {
	const struct cli *cli;
	struct json json;
	char **patterns;
	int count;
	size_t found;
};

/* A name without a slash is looked for in every directory, and is not one: directories of that name
 * are many. "/usr/include/linux" may be one, with a slash at the end or without. */
static bool matches(const char *typed, const struct manifest_entry *entry)
{
	const char *path = entry->path, *base = strrchr(path, '/');
	if (!strchr(typed, '/'))
		return entry->type != 'd' && fnmatch(typed, base ? base + 1 : path, 0) == 0;
	own_free char *pattern = mem_strdup(typed + strspn(typed, "/"));
	size_t length = strlen(pattern);
	if (entry->type == 'd' && length && pattern[length - 1] == '/')
		pattern[length - 1] = '\0';
	return fnmatch(pattern, path, FNM_PATHNAME) == 0;
}

static void show(struct search *search, const struct contents_item *item)
{
	search->found++;
	if (!search->cli->json) {
		cli_print("%-20s %-6s /%s%s\n", item->node->name, item->output, item->entry->path,
		          item->entry->type == 'd' ? "/" : "");
		return;
	}
	json_object(&search->json, NULL);
	json_string(&search->json, "package", item->node->name);
	json_string(&search->json, "version", item->node->recipe->version);
	json_string(&search->json, "output", item->output);
	json_string(&search->json, "path", item->entry->path);
	json_string(&search->json, "type", contents_type(item->entry));
	json_end_object(&search->json);
}

static int visit(void *context, const struct contents_item *item)
{
	struct search *search = context;
	for (int i = 0; i < search->count; i++) {
		if (!matches(search->patterns[i], item->entry))
			continue;
		show(search, item);
		break;
	}
	return 0;
}

/* All recipes for the architecture, when no board narrows it down. */
static int choose(struct cli *cli, struct wanted *wanted, struct err *err)
{
	own(recipe_set) set = {0};
	const char *arch = cli_option(cli, "arch");
	if (cli_has(cli, "board"))
		return cli_wanted(cli, 0, NULL, wanted, err);
	wanted->arch = arch ? arch : cli->workspace.build_arch;
	if (toolchain_check(&cli->workspace, wanted->arch, err) < 0 ||
	    overlay_open_recipes(&cli->workspace, &set, err) < 0)
		return -1;
	graph_open_names(cli, &set, wanted->arch, &wanted->packages);
	return 0;
}

static int search_all(struct cli *cli, const struct graph *graph, struct search *search,
                      struct err *err)
{
	size_t unbuilt = 0;
	for (vec_each(node, &graph->nodes)) {
		if ((*node)->state != NODE_DONE)
			unbuilt++;
		else if (contents_each(&cli->workspace, *node, NULL, visit, search, err) < 0)
			return -1;
	}
	if (unbuilt)
		event_warn(&cli->sink,
		           "%zu of %zu packages are not built: nobody knows their files", unbuilt,
		           graph->nodes.count);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(build_session) session = {0};
	own(wanted) wanted = {0};
	for (int i = 0; i < argc; i++)
		if (!*argv[i])
			return err_set(err, ERR_USAGE, "a path or a name can't be empty");
	if (choose(cli, &wanted, err) < 0)
		return -1;
	struct build_request request = {
		.arch = wanted.arch, .packages = &wanted.packages, .options = &wanted.options};
	if (session_make(&cli->workspace, &request, &session, err) < 0)
		return -1;
	struct search search = {.cli = cli, .patterns = argv, .count = argc};
	json_array(&search.json, NULL);
	int result = search_all(cli, &session.graph, &search, err);
	json_end_array(&search.json);
	if (result == 0 && cli->json)
		cli_print_json(&search.json);
	json_release(&search.json);
	if (result == 0 && !search.found)
		return err_set(err, ERR_INPUT, "no built package has %s", argv[0]);
	return result;
}

const struct command cmd_owns = {
	.name = "owns",
	.arguments = "<path or glob…>",
	.summary = "Find the package that a file comes from",
	.description =
		"A path is looked for as it stands, and may be a directory's; a name without\n"
		"a slash is looked for in every directory. Both may be patterns.",
	.examples = "sdk owns /usr/bin/ls                 # who installs it?\n"
		    "sdk owns 'libz*' --board=arm64-usr   # by name, in one board\n",
	.options = options,
	.completes = COMPLETES_FILES,
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
