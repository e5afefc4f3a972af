/* sdk sync: the checkout and its overlays, brought up to date. */
#include <stddef.h>

#include "board.h"
#include "commands.h"
#include "estimate.h"
#include "git.h"
#include "own.h"
#include "session.h"
#include "sync.h"

static const struct option_spec options[] = {
	{"channel", 0, "NAME", "switch the checkout to this branch: alpha, beta, stable, lts"},
	{"release", 0, "TAG", "pin the checkout to a release's tag"},
	{"dry-run", 'n', NULL, "fetch, and show what would change"},
	{0}};

/* ---- what it means for the next build */

struct impact {
	const char *board;
	size_t builds, waits;
	double seconds;
	unsigned jobs;
};

/* Of this machine's board. Nothing to say is no failure: the sync has been done. */
static bool find_impact(struct cli *cli, const char *name, struct impact *impact)
{
	__attribute__((cleanup(board_free_ptr))) struct board *board = NULL;
	own(build_session) session = {0};
	own(err) none = {0};
	if (board_load(&cli->workspace, name, &board, &none) < 0)
		return false;
	struct build_request request = {.arch = board->arch,
	                                .packages = &board->packages,
	                                .options = &board->options,
	                                .binhosts = BINHOST_RECENT};
	if (session_make(&cli->workspace, &request, &session, &none) < 0)
		return false;
	for (vec_each(node, &session.graph.nodes)) {
		impact->builds += (*node)->state == NODE_BUILD;
		impact->waits += (*node)->state == NODE_WAITS;
	}
	impact->board = name;
	impact->jobs = build_jobs(&request);
	estimate_nodes(&cli->workspace, &session.graph);
	impact->seconds = estimate_left(&session.graph, impact->jobs);
	return true;
}

static void print_impact(const struct impact *impact)
{
	char time[32];
	if (!impact->builds) {
		cli_print("%s: nothing to build\n", impact->board);
		return;
	}
	cli_print("%s: %zu to build", impact->board, impact->builds);
	if (impact->waits)
		cli_print(", %zu that follow unless nothing changes for them", impact->waits);
	cli_print(": up to %s with %u job%s\n", cli_seconds(impact->seconds, time), impact->jobs,
	          impact->jobs == 1 ? "" : "s");
}

/* ---- people */

static void print_changes(const struct sync_item *item)
{
	for (vec_each(recipe, &item->changes.recipes)) {
		if (!recipe->old_version)
			cli_print("  new      %-20s %s\n", recipe->name, recipe->new_version);
		else if (!recipe->new_version)
			cli_print("  gone     %-20s %s\n", recipe->name, recipe->old_version);
		else if (str_equal(recipe->old_version, recipe->new_version))
			cli_print("  changed  %-20s %s\n", recipe->name, recipe->new_version);
		else
			cli_print("  changed  %-20s %s → %s\n", recipe->name, recipe->old_version,
			          recipe->new_version);
	}
	for (size_t i = 0; i < item->changes.others.count; i++)
		cli_print("  %s\n", item->changes.others.items[i]);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void print_way(const struct sync_item *item, bool dry_run)
{
	cli_print("%s%.12s → %.12s, ", dry_run ? "would go " : "", item->old_id, item->new_id);
	if (item->back && !item->commits)
		cli_print("%zu commit%s back", item->back, plural(item->back));
	else
		cli_print("%zu commit%s", item->commits, plural(item->commits));
	if (item->own)
		cli_print(", %zu of your own", item->own);
}

static void print_item(const struct sync_item *item, bool dry_run)
{
	const char *sign = item->is_signed ? ", signature good" : "";
	cli_print("%-12s %-12s ", item->name, item->ref ? item->ref : "");
	switch (item->status) {
	case SYNC_SAME:
		cli_print("up to date%s\n", sign);
		break;
	case SYNC_CLONED:
		cli_print("%s %.12s%s\n", dry_run ? "would be cloned at" : "cloned at",
		          item->new_id, sign);
		break;
	case SYNC_MOVED:
		print_way(item, dry_run);
		cli_print("%s\n", sign);
		print_changes(item);
		break;
	case SYNC_AHEAD:
		cli_print("up to date, with %zu commit%s of your own%s\n", item->own,
		          plural(item->own), sign);
		break;
	case SYNC_FAILED:
		cli_print("left as it was: %s\n", item->err.message);
		if (item->err.hint)
			cli_print("  %s\n", item->err.hint);
		break;
	}
}

/* ---- programs */

static void add_changes(struct json *json, const struct sync_item *item)
{
	json_array(json, "recipes");
	for (vec_each(recipe, &item->changes.recipes)) {
		json_object(json, NULL);
		json_string(json, "name", recipe->name);
		json_string(json, "old", recipe->old_version);
		json_string(json, "new", recipe->new_version);
		json_end_object(json);
	}
	json_end_array(json);
	json_array(json, "others");
	for (size_t i = 0; i < item->changes.others.count; i++)
		json_string(json, NULL, item->changes.others.items[i]);
	json_end_array(json);
}

static void print_json(const struct sync_result *result, const struct impact *impact)
{
	own(json) json = {0};
	json_object(&json, NULL);
	json_array(&json, "repositories");
	for (vec_each(item, &result->items)) {
		json_object(&json, NULL);
		json_string(&json, "name", item->name);
		json_string(&json, "dir", item->dir);
		json_string(&json, item->is_tag ? "tag" : "branch", item->ref);
		json_string(&json, "status", sync_status_name(item->status));
		json_string(&json, "old", *item->old_id ? item->old_id : NULL);
		json_string(&json, "new", *item->new_id ? item->new_id : NULL);
		json_number(&json, "commits", (int64_t)item->commits);
		json_number(&json, "back", (int64_t)item->back);
		json_number(&json, "own", (int64_t)item->own);
		json_bool(&json, "signed", item->is_signed);
		json_string(&json, "error", item->err.message);
		json_string(&json, "hint", item->err.hint);
		add_changes(&json, item);
		json_end_object(&json);
	}
	json_end_array(&json);
	if (impact->board) {
		json_object(&json, "build");
		json_string(&json, "board", impact->board);
		json_number(&json, "packages", (int64_t)impact->builds);
		json_number(&json, "following", (int64_t)impact->waits);
		json_number(&json, "seconds", (int64_t)(impact->seconds + 0.5));
		json_end_object(&json);
	}
	json_end_object(&json);
	cli_print_json(&json);
}

/* ---- the command */

static int check_options(const struct cli *cli, struct err *err)
{
	const char *channel = cli_option(cli, "channel"), *release = cli_option(cli, "release");
	if (channel && release)
		return err_set(err, ERR_USAGE, "--channel and --release: wanted one of them");
	if (channel && !git_is_ref_name(channel))
		return err_set(err, ERR_USAGE, "--channel=%s: not the name of a branch", channel);
	if (release && !git_is_ref_name(release))
		return err_set(err, ERR_USAGE, "--release=%s: not the name of a tag", release);
	return 0;
}

static bool has_moved(const struct sync_result *result)
{
	for (vec_each(item, &result->items))
		if (item->status == SYNC_MOVED || item->status == SYNC_CLONED)
			return true;
	return false;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(sync_result) result = {0};
	own(strv) only = {0};
	struct impact impact = {0};
	own_free char *board = mem_printf("%s-usr", cli->workspace.build_arch);
	if (check_options(cli, err) < 0)
		return -1;
	for (int i = 0; i < argc; i++)
		strv_add(&only, argv[i]);
	struct sync_request request = {.channel = cli_option(cli, "channel"),
	                               .release = cli_option(cli, "release"),
	                               .only = &only,
	                               .dry_run = cli_has(cli, "dry-run")};
	int status = sync_run(&cli->workspace, &request, &cli->sink, &result, err);
	bool told = result.items.count && !request.dry_run && has_moved(&result) &&
	            find_impact(cli, board, &impact);
	if (cli->json && result.items.count)
		print_json(&result, &impact);
	bool said = status < 0 && result.items.count == 1; /* by the error itself */
	for (vec_each(item, &result.items))
		if (!said && !cli->json && (!cli->quiet || item->status == SYNC_FAILED))
			print_item(item, request.dry_run);
	if (told && !cli->json && !cli->quiet)
		print_impact(&impact);
	return status;
}

const struct command cmd_sync = {
	.name = "sync",
	.arguments = "[checkout | overlay …]",
	.summary = "Bring the checkout and its overlays up to date",
	.description =
		"Fetches the checkout and the overlays of sdk.yaml (or those that are named) at "
		"the\n"
		"same time, clones overlays that are not here yet, and moves each forward. It "
		"never\n"
		"merges and never touches what was edited: what is in the way is named, with "
		"what\n"
		"to do. Where keys are configured, the newest commit, or the tag, must be signed "
		"by\n"
		"one of them. Then it tells which recipes changed, and what that will rebuild.\n"
		"\n"
		"Channels are branches of the checkout, releases are tags. A pinned checkout "
		"takes\n"
		"the release's own versions of everything: recipes, seed and toolchains, and of\n"
		"binhosts the index of the release. --channel ends that.",
	.examples = "sdk sync                             # everything\n"
		    "sdk sync company                     # one overlay\n"
		    "sdk sync --dry-run                   # what is new?\n"
		    "sdk sync --channel=stable\n"
		    "sdk sync --release=v1.4.0\n",
	.options = options,
	.max_args = -1,
	.run = run,
	.leases = true,
};
