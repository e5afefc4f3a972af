/* sdk files: what a built package installs. */
#include "commands.h"
#include "contents.h"
#include "own.h"
#include "session.h"
#include "str.h"
#include "wanted.h"

static const struct option_spec options[] = {
	{"arch", 'a', "ARCH", "built for this architecture (this machine's)"},
	{"output", 'o', "NAME", "of this output only: run, dev, doc, debug or a recipe's own"},
	{"long", 'l', NULL, "with mode, size and output"},
	{0}};

struct listing {
	const struct cli *cli;
	struct json json;
	bool is_long;
};

static void add_json(struct json *json, const struct contents_item *item)
{
	const struct manifest_entry *entry = item->entry;
	own_free char *mode = mem_printf("%04o", entry->mode);
	json_object(json, NULL);
	json_string(json, "package", item->node->name);
	json_string(json, "output", item->output);
	json_string(json, "path", entry->path);
	json_string(json, "type", contents_type(entry));
	json_string(json, "mode", mode);
	json_number(json, "bytes", (int64_t)entry->size);
	json_string(json, entry->type == 'f' ? "sha256" : "target", entry->value);
	json_end_object(json);
}

static int visit(void *context, const struct contents_item *item)
{
	struct listing *listing = context;
	const struct manifest_entry *entry = item->entry;
	bool is_link = entry->type == 'l';
	if (entry->type == 'd')
		return 0;
	if (listing->cli->json)
		add_json(&listing->json, item);
	else if (listing->is_long)
		cli_print("%c%04o %10llu  %-6s /%s%s%s\n", is_link ? 'l' : '-', entry->mode,
		          (unsigned long long)entry->size, item->output, entry->path,
		          is_link ? " -> " : "", is_link ? entry->value : "");
	else
		cli_print("/%s\n", entry->path);
	return 0;
}

static int list_all(const struct cli *cli, const struct build_session *session, int argc,
                    char **argv, struct listing *listing, struct err *err)
{
	const char *output = cli_option(cli, "output");
	for (int i = 0; i < argc; i++)
		if (contents_each(&cli->workspace, graph_find(&session->graph, argv[i]), output,
		                  visit, listing, err) < 0)
			return -1;
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(build_session) session = {0};
	own(wanted) wanted = {0};
	if (cli_wanted(cli, argc, argv, &wanted, err) < 0)
		return -1;
	struct build_request request = {.arch = wanted.arch, .packages = &wanted.packages};
	if (session_make(&cli->workspace, &request, &session, err) < 0)
		return -1;
	struct listing listing = {.cli = cli, .is_long = cli_has(cli, "long")};
	json_array(&listing.json, NULL);
	int result = list_all(cli, &session, argc, argv, &listing, err);
	json_end_array(&listing.json);
	if (result == 0 && cli->json)
		cli_print_json(&listing.json);
	json_release(&listing.json);
	return result;
}

const struct command cmd_files = {
	.name = "files",
	.arguments = "<package…>",
	.summary = "List the files of built packages",
	.examples = "sdk files zlib                       # all of its files\n"
		    "sdk files zlib -l --output=run       # those that images get, with sizes\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
