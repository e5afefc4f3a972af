/* sdk sync: the checkout and its overlays, brought up to date. */
#include <stdlib.h>

#include "commands.h"
#include "fs.h"
#include "git.h"
#include "impact.h"
#include "own.h"
#include "path.h"
#include "sync.h"
#include "wanted.h"

static const struct option_spec options[] = {
	{"channel", 0, "NAME", "switch the checkout to this branch: alpha, beta, stable, lts"},
	{"release", 0, "TAG", "pin the checkout to a release's tag"},
	{"dry-run", 'n', NULL, "fetch, and show what would change"},
	{0}};

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* ---- what it means for the next build of this machine's board */

struct meaning {
	const struct workspace *workspace;
	char *board;
	struct impact_before before;
	struct impact impact;
	bool is_known; /* nothing to say is no failure: the sync has been done */
};

static void meaning_release(struct meaning *meaning)
{
	free(meaning->board);
	impact_before_release(&meaning->before);
	impact_release(&meaning->impact);
}

static void look_before(void *context)
{
	struct meaning *meaning = context;
	impact_look(meaning->workspace, meaning->board, &meaning->before);
}

/* Of a new overlay: all it has. */
static void add_recipes(const struct sync_item *item, struct strv *changed)
{
	own_free char *recipes = path_join(item->dir, "recipes");
	if (item->status == SYNC_CLONED && fs_is_dir(recipes))
		fs_list(recipes, changed, NULL);
	for (vec_each(recipe, &item->changes.recipes))
		strv_add(changed, recipe->name);
}

static void find_meaning(const struct sync_result *result, struct meaning *meaning)
{
	own(strv) changed = {0};
	size_t others = 0;
	for (vec_each(item, &result->items)) {
		add_recipes(item, &changed);
		others += item->changes.others.count;
	}
	meaning->is_known = changed.count + others > 0 &&
	                    impact_find(meaning->workspace, meaning->board, &meaning->before,
	                                &changed, &meaning->impact);
}

static void print_names(const struct strv *names)
{
	enum { SHOWN = 8 };
	for (size_t i = 0; i < names->count && i < SHOWN; i++)
		cli_print("%s%s", i ? ", " : " (", names->items[i]);
	if (names->count > SHOWN)
		cli_print(" and %zu others", names->count - SHOWN);
	if (names->count)
		cli_print(")");
}

static void print_meaning(const struct meaning *meaning)
{
	const struct impact *impact = &meaning->impact;
	size_t all = impact->builds.count + impact->follows;
	char time[32];
	if (!all) {
		cli_print("%s: nothing to build for that\n", meaning->board);
		return;
	}
	cli_print("%s: %zu to build", meaning->board, impact->builds.count);
	print_names(&impact->builds);
	if (impact->follows)
		cli_print(", %zu that follow unless nothing changes for them", impact->follows);
	cli_print("\n  up to %s with %u job%s, ", cli_seconds(impact->seconds, time), impact->jobs,
	          plural(impact->jobs));
	if (!impact->guessed)
		cli_print("by what they took here before\n");
	else if (impact->guessed == all)
		cli_print("which is a guess: nothing of it was built here before\n");
	else
		cli_print("by what they took here before, and a guess for %zu of them\n",
		          impact->guessed);
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
	if (item->is_checkout && item->changes.has_tool)
		cli_print("  the SDK itself has changed: make\n");
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

static void add_meaning(struct json *json, const struct meaning *meaning)
{
	const struct impact *impact = &meaning->impact;
	json_object(json, "build");
	json_string(json, "board", meaning->board);
	json_array(json, "packages");
	for (size_t i = 0; i < impact->builds.count; i++)
		json_string(json, NULL, impact->builds.items[i]);
	json_end_array(json);
	json_number(json, "following", (int64_t)impact->follows);
	json_number(json, "guessed", (int64_t)impact->guessed);
	json_number(json, "seconds", (int64_t)(impact->seconds + 0.5));
	json_end_object(json);
}

static void print_json(const struct sync_result *result, const struct meaning *meaning)
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
	if (meaning->is_known)
		add_meaning(&json, meaning);
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

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(sync_result) result = {0};
	own(strv) only = {0};
	own(meaning) meaning = {.workspace = &cli->workspace};
	if (check_options(cli, err) < 0)
		return -1;
	meaning.board = cli_board_name(cli, NULL);
	for (int i = 0; i < argc; i++)
		strv_add(&only, argv[i]);
	struct sync_request request = {.channel = cli_option(cli, "channel"),
	                               .release = cli_option(cli, "release"),
	                               .only = &only,
	                               .dry_run = cli_has(cli, "dry-run"),
	                               .before_change = look_before,
	                               .context = &meaning};
	int status = sync_run(&cli->workspace, &request, &cli->sink, &result, err);
	if (!request.dry_run)
		find_meaning(&result, &meaning);
	if (cli->json && result.items.count)
		print_json(&result, &meaning);
	bool said = status < 0 && result.items.count == 1; /* by the error itself */
	for (vec_each(item, &result.items))
		if (!said && !cli->json && (!cli->quiet || item->status == SYNC_FAILED))
			print_item(item, request.dry_run);
	if (meaning.is_known && !cli->json && !cli->quiet)
		print_meaning(&meaning);
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
