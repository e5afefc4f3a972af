/* sdk build: packages, for one architecture or all of a board. */
#include <stddef.h>

#include "build.h"
#include "commands.h"
#include "own.h"
#include "session.h"
#include "wanted.h"

enum { OPT_BOARD, OPT_ARCH, OPT_OPTION, OPT_JOBS, OPT_DRY_RUN, OPT_KEEP_GOING, OPT_REBUILD };

static const struct option_spec options[] = {
	[OPT_BOARD] = {"board", 'b', "BOARD",
                       "build what its image is made of (default: this machine's kind)"},
	[OPT_ARCH] = {"arch", 'a', "ARCH",
                      "build for amd64 or arm64 (the board's, else this machine's)"},
	[OPT_OPTION] = {"option", 'o', "LIST", "recipe.option=on|off, separated by commas"},
	[OPT_JOBS] = {"jobs", 'j', "N", "run at most N jobs (the number of processors)"},
	[OPT_DRY_RUN] = {"dry-run", 'n', NULL, "show what would be built, and why"},
	[OPT_KEEP_GOING] = {"keep-going", 'k', NULL,
                            "after a failure, build what does not need it"},
	[OPT_REBUILD] = {"rebuild", 0, NULL, "build the named packages even if nothing changed"},
	{0}};

/* ---- --dry-run */

static const char *state_name(enum node_state state)
{
	return state == NODE_DONE ? "built" : state == NODE_BUILD ? "build" : "wait";
}

static void print_plan_json(const struct graph *graph)
{
	struct json json = {0};
	json_object(&json, NULL);
	json_string(&json, "arch", graph->arch);
	json_array(&json, "packages");
	for (vec_each(node, &graph->nodes)) {
		json_object(&json, NULL);
		json_string(&json, "name", (*node)->name);
		json_string(&json, "version", (*node)->recipe->version);
		json_string(&json, "state", state_name((*node)->state));
		json_string(&json, "reason", (*node)->reason);
		json_string(&json, "key", (*node)->state == NODE_WAITS ? NULL : (*node)->key);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_end_object(&json);
	cli_print_json(&json);
	json_release(&json);
}

static void print_plan(const struct graph *graph)
{
	size_t builds = 0, waits = 0;
	for (vec_each(node, &graph->nodes)) {
		if ((*node)->state == NODE_DONE)
			continue;
		*((*node)->state == NODE_BUILD ? &builds : &waits) += 1;
		cli_print("%-5s  %-20s %-14s %s\n", state_name((*node)->state), (*node)->name,
		          (*node)->recipe->version, (*node)->reason);
	}
	cli_print("%zu packages for %s: %zu built, %zu to build", graph->nodes.count, graph->arch,
	          graph->nodes.count - builds - waits, builds);
	if (waits)
		cli_print(", %zu that follow unless nothing changes for them", waits);
	cli_print("\n");
}

static int dry_run(struct cli *cli, const struct build_request *request, struct err *err)
{
	own(build_session) session = {0};
	if (session_make(&cli->workspace, request, &session, err) < 0)
		return -1;
	if (cli->json)
		print_plan_json(&session.graph);
	else
		print_plan(&session.graph);
	return 0;
}

/* ---- building */

/* What the run did, where the time went, what was spared. */
static void print_summary(const struct build_summary *summary)
{
	char text[32];
	if (summary->built + summary->fetched == 0)
		return;
	cli_print("%zu built, %zu fetched, %zu reused in %s", summary->built, summary->fetched,
	          summary->reused, cli_seconds(summary->seconds, text));
	if (summary->saved_seconds >= 1)
		cli_print("; building the others took %s once",
		          cli_seconds(summary->saved_seconds, text));
	cli_print("\n");
	if (summary->built > 1) {
		cli_print("slowest:");
		for (vec_each(slow, &summary->slowest))
			cli_print("%s %s %s", slow == summary->slowest.items ? "" : ",",
			          slow->package, cli_seconds(slow->seconds, text));
		cli_print("\n");
	}
}

static void print_result(const struct cli *cli, const struct built_set *set)
{
	if (cli->json) {
		struct json json = {0};
		json_array(&json, NULL);
		for (vec_each(output, &set->outputs)) {
			json_object(&json, NULL);
			json_string(&json, "package", output->package);
			json_string(&json, "version", output->version);
			json_string(&json, "digest", output->digest);
			json_string(&json, "dir", output->dir);
			json_end_object(&json);
		}
		json_end_array(&json);
		cli_print_json(&json);
		json_release(&json);
	} else if (!cli->quiet) {
		print_summary(&set->summary);
		cli_print("%zu packages are built\n", set->outputs.count);
	}
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(wanted) wanted = {0};
	own(built_set) set = {0};
	int64_t jobs;
	if (cli_number(cli, "jobs", 1, 1024, 0, &jobs, err) < 0 ||
	    cli_wanted(cli, argc, argv, &wanted, err) < 0)
		return -1;
	struct build_request request = {.arch = wanted.arch,
	                                .packages = &wanted.packages,
	                                .options = &wanted.options,
	                                .jobs = (unsigned)jobs,
	                                .keep_going = cli_has(cli, "keep-going"),
	                                .rebuild = cli_has(cli, "rebuild")};
	if (cli_has(cli, "dry-run"))
		return dry_run(cli, &request, err);
	if (build_packages(&cli->workspace, &request, &cli->sink, &set, err) < 0)
		return -1;
	print_result(cli, &set);
	return 0;
}

const struct command cmd_build = {
	.name = "build",
	.arguments = "[package…]",
	.summary = "Build packages from source, with what they need",
	.description =
		"Builds the named packages, or all of a board's, and everything they depend on;\n"
		"without either, all of the board for this machine's kind, amd64-usr or "
		"arm64-usr.\n"
		"What was built before from the same inputs is not built again; a dependency that\n"
		"comes out unchanged stops the rebuild of those that use it. A failed build keeps\n"
		"its tree for `sdk shell`. Inside the environment this is also `build-packages`.",
	.examples = "sdk build zlib                       # one package for this machine's kind\n"
		    "sdk build --board=arm64-usr          # all of a board\n"
		    "sdk build --board=amd64-usr -n       # what would be built, and why\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.max_args = -1,
	.run = run,
	.leases = true,
};
