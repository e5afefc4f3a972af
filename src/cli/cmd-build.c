/* sdk build: packages, for one architecture or all of a board. */
#include <stddef.h>

#include "build.h"
#include "commands.h"
#include "estimate.h"
#include "needs.h"
#include "own.h"
#include "session.h"
#include "wanted.h"

enum {
	OPT_BOARD,
	OPT_ARCH,
	OPT_OPTION,
	OPT_JOBS,
	OPT_DRY_RUN,
	OPT_KEEP_GOING,
	OPT_REBUILD,
	OPT_NO_BINHOST,
	OPT_BINHOST_ONLY,
	OPT_REFRESH
};

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
	[OPT_NO_BINHOST] = {"no-binhost", 0, NULL, "build from source what was not built here"},
	[OPT_BINHOST_ONLY] = {"binhost-only", 0, NULL,
                              "build nothing: fail, naming what no binhost has"},
	[OPT_REFRESH] = {"refresh", 0, NULL,
                         "ask the binhosts anew, though it was done within five minutes"},
	{0}};

/* ---- --dry-run */

/* What would be fetched of one package: the sum of its archives. */
struct parcel {
	const struct node *node;
	uint64_t bytes;
};

struct dry_plan {
	const struct graph *graph;
	struct needs needs;
	VEC(struct parcel) parcels;
	uint64_t bytes;
	unsigned jobs;
	double seconds; /* what building takes, not fetching */
};

static void dry_plan_release(struct dry_plan *plan)
{
	needs_release(&plan->needs);
	vec_release(&plan->parcels);
}

static const struct parcel *find_parcel(const struct dry_plan *plan, const struct node *node)
{
	for (vec_each(parcel, &plan->parcels))
		if (parcel->node == node)
			return parcel;
	return NULL;
}

static void add_needs(struct dry_plan *plan, const struct need_list *missing)
{
	for (vec_each(item, missing)) {
		struct need *need = *item;
		if (need->state != NEED_REMOTE || need->is_asked)
			continue;
		struct parcel *parcel = (struct parcel *)find_parcel(plan, need->node);
		if (!parcel) {
			struct parcel fresh = {.node = need->node};
			vec_push(&plan->parcels, fresh);
			parcel = &plan->parcels.items[plan->parcels.count - 1];
		}
		need->is_asked = true;
		parcel->bytes += need->archive_bytes;
		plan->bytes += need->archive_bytes;
	}
}

/* What of the wanted packages isn't here, and what the sysroots take of those that are built. */
static int find_parcels(const struct build_session *session, struct dry_plan *plan, struct err *err)
{
	struct need_list missing = {0};
	plan->graph = &session->graph;
	plan->needs.workspace = session->workspace;
	plan->needs.binhosts = &session->binhosts;
	for (vec_each(node, &session->graph.nodes))
		if ((*node)->state == NODE_BUILD)
			needs_sysroot(&plan->needs, *node, &missing);
	int result = needs_wanted(&plan->needs, &session->graph, true, &missing, err);
	if (result == 0)
		add_needs(plan, &missing);
	vec_release(&missing);
	return result;
}

static const char *state_name(const struct dry_plan *plan, const struct node *node)
{
	if (node->state == NODE_DONE)
		return find_parcel(plan, node) ? "fetch" : node->is_remote ? "remote" : "built";
	return node->state == NODE_BUILD ? "build" : "wait";
}

static void print_plan_json(const struct dry_plan *plan)
{
	struct json json = {0};
	json_object(&json, NULL);
	json_string(&json, "arch", plan->graph->arch);
	json_number(&json, "fetch_bytes", (int64_t)plan->bytes);
	json_number(&json, "seconds", (int64_t)(plan->seconds + 0.5));
	json_array(&json, "packages");
	for (vec_each(node, &plan->graph->nodes)) {
		const struct parcel *parcel = find_parcel(plan, *node);
		json_object(&json, NULL);
		json_string(&json, "name", (*node)->name);
		json_string(&json, "version", (*node)->recipe->version);
		json_string(&json, "state", state_name(plan, *node));
		json_string(&json, "reason", (*node)->reason);
		json_string(&json, "key", (*node)->state == NODE_WAITS ? NULL : (*node)->key);
		if (parcel)
			json_number(&json, "fetch_bytes", (int64_t)parcel->bytes);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_end_object(&json);
	cli_print_json(&json);
	json_release(&json);
}

static void print_node(const struct dry_plan *plan, const struct node *node)
{
	char size[32];
	const struct parcel *parcel = find_parcel(plan, node);
	cli_print("%-5s  %-20s %-14s %s\n", state_name(plan, node), node->name,
	          node->recipe->version,
	          node->state == NODE_DONE ? cli_bytes(parcel->bytes, size) : node->reason);
}

/* How long it would take, as far as that is known from earlier builds. */
static void print_time(double seconds, unsigned jobs)
{
	char text[32];
	if (seconds >= 60)
		cli_print("about %s with %u job%s\n", cli_seconds(seconds, text), jobs,
		          jobs == 1 ? "" : "s");
}

static void print_plan(const struct dry_plan *plan)
{
	char size[32];
	size_t builds = 0, waits = 0, done = 0, fetches = plan->parcels.count;
	for (vec_each(node, &plan->graph->nodes)) {
		builds += (*node)->state == NODE_BUILD;
		waits += (*node)->state == NODE_WAITS;
		done += (*node)->state == NODE_DONE;
		if ((*node)->state != NODE_DONE || find_parcel(plan, *node))
			print_node(plan, *node);
	}
	cli_print("%zu package%s for %s: %zu built, %zu to build", plan->graph->nodes.count,
	          plan->graph->nodes.count == 1 ? "" : "s", plan->graph->arch, done - fetches,
	          builds);
	if (fetches)
		cli_print(", %zu to fetch (%s)", fetches, cli_bytes(plan->bytes, size));
	if (waits)
		cli_print(", %zu that follow unless nothing changes for them", waits);
	cli_print("\n");
	print_time(plan->seconds, plan->jobs);
}

static int dry_run(struct cli *cli, const struct build_request *request, struct err *err)
{
	own(build_session) session = {0};
	own(dry_plan) plan = {0};
	if (session_make_telling(&cli->workspace, request, &cli->sink, &session, err) < 0 ||
	    find_parcels(&session, &plan, err) < 0)
		return -1;
	plan.jobs = build_jobs(request);
	estimate_nodes(session.workspace, &session.graph);
	plan.seconds = estimate_left(&session.graph, plan.jobs);
	if (cli->json)
		print_plan_json(&plan);
	else
		print_plan(&plan);
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
		cli_print(set->outputs.count == 1 ? "%zu package is built\n"
		                                  : "%zu packages are built\n",
		          set->outputs.count);
	}
}

/* A build asks the servers now and then; --dry-run only those that never were asked. */
static enum binhost_ask ask_how(const struct cli *cli)
{
	if (cli_has(cli, "no-binhost"))
		return BINHOST_NONE;
	if (cli_has(cli, "refresh"))
		return BINHOST_NOW;
	return cli_has(cli, "dry-run") ? BINHOST_MISSING : BINHOST_RECENT;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(wanted) wanted = {0};
	own(built_set) set = {0};
	int64_t jobs;
	if (cli_has(cli, "no-binhost") && cli_has(cli, "binhost-only"))
		return err_set(err, ERR_USAGE, "--no-binhost and --binhost-only: nothing is left");
	if (cli_number(cli, "jobs", 1, 1024, 0, &jobs, err) < 0 ||
	    cli_wanted(cli, argc, argv, &wanted, err) < 0)
		return -1;
	struct build_request request = {.arch = wanted.arch,
	                                .packages = &wanted.packages,
	                                .options = &wanted.options,
	                                .jobs = (unsigned)jobs,
	                                .keep_going = cli_has(cli, "keep-going"),
	                                .rebuild = cli_has(cli, "rebuild"),
	                                .binhosts = ask_how(cli),
	                                .binhost_only = cli_has(cli, "binhost-only")};
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
		"without either, all of the board of that architecture, amd64-usr or arm64-usr.\n"
		"What was built before from the same inputs is not built again; a dependency that\n"
		"comes out unchanged stops the rebuild of those that use it. What a binhost of\n"
		"sdk.yaml has built from the same inputs is fetched, if it is needed here, and\n"
		"checked byte by byte. A failed build keeps its tree for `sdk shell`. On a terminal\n"
		"there are keys to see a log (Enter), to pause (p), to stop one package (x): ? tells.\n"
		"Inside the environment this is also `build-packages`.",
	.examples = "sdk build zlib                       # one package for this machine's kind\n"
		    "sdk build --board=arm64-usr          # all of a board\n"
		    "sdk build --board=amd64-usr -n       # what would be built, and why\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.max_args = -1,
	.run = run,
	.leases = true,
};
