/* sdk binhost prune: removes what is old from a binhost. */
#include <time.h>

#include "binhost-prune.h"
#include "commands.h"
#include "own.h"

enum { OPT_TO, OPT_DAYS, OPT_RELEASES, OPT_GRACE, OPT_DRY_RUN };

static const struct option_spec options[] = {
	[OPT_TO] = {"to", 0, "NAME|URL",
                    "the binhost: its name in sdk.yaml, file:///dir or s3://bucket/prefix"},
	[OPT_DAYS] = {"keep-days", 0, "N", "entries pushed longer ago go (all stay)"},
	[OPT_RELEASES] = {"keep-releases", 0, "N", "the newest N releases stay (all)"},
	[OPT_GRACE] = {"grace-hours", 0, "N", "how long archives that nothing names stay (24)"},
	[OPT_DRY_RUN] = {"dry-run", 'n', NULL, "show what would go, remove nothing"},
	{0}};

static void print_plain(const struct prune_result *result, bool dry_run)
{
	char size[32], date[24];
	for (vec_each(entry, &result->entries)) {
		binhost_date_text(entry->pushed, date);
		cli_print("%-16s %-20s %-14s %.10s\n", entry->index, entry->package, entry->version,
		          date);
	}
	for (size_t i = 0; i < result->releases.count; i++)
		cli_print("%-16s %s\n", "release", result->releases.items[i]);
	cli_print("%zu entries, %zu releases, %zu archives with %s %s; %zu archives wait\n",
	          result->entries.count, result->releases.count, result->objects.count,
	          cli_bytes(result->bytes, size), dry_run ? "would go" : "removed",
	          result->waiting);
}

static void print_json(const struct prune_result *result, bool dry_run)
{
	struct json json = {0};
	json_object(&json, NULL);
	json_bool(&json, "dry_run", dry_run);
	json_array(&json, "entries");
	for (vec_each(entry, &result->entries)) {
		json_object(&json, NULL);
		json_string(&json, "index", entry->index);
		json_string(&json, "package", entry->package);
		json_string(&json, "version", entry->version);
		json_number(&json, "pushed", entry->pushed);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_array(&json, "releases");
	for (size_t i = 0; i < result->releases.count; i++)
		json_string(&json, NULL, result->releases.items[i]);
	json_end_array(&json);
	json_array(&json, "objects");
	for (size_t i = 0; i < result->objects.count; i++)
		json_string(&json, NULL, result->objects.items[i]);
	json_end_array(&json);
	json_number(&json, "bytes", (int64_t)result->bytes);
	json_number(&json, "waiting", (int64_t)result->waiting);
	json_end_object(&json);
	cli_print_json(&json);
	json_release(&json);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(binhost_host) host = {0};
	own(prune_result) result = {0};
	struct prune_options prune_options = {.dry_run = cli_has(cli, "dry-run")};
	int64_t hours;
	(void)argc, (void)argv;
	if (cli_number(cli, "keep-days", 0, 36500, -1, &prune_options.keep_days, err) < 0 ||
	    cli_number(cli, "keep-releases", 0, 100000, -1, &prune_options.keep_releases, err) <
	            0 ||
	    cli_number(cli, "grace-hours", 0, 100000, 24, &hours, err) < 0)
		return -1;
	prune_options.grace_seconds = hours * 3600;
	if (binhost_host_open(&cli->workspace, cli_option(cli, "to"), &cli->sink, &host, err) < 0 ||
	    binhost_prune(&host, &prune_options, &result, err) < 0)
		return -1;
	if (cli->json)
		print_json(&result, prune_options.dry_run);
	else if (!cli->quiet)
		print_plain(&result, prune_options.dry_run);
	return 0;
}

const struct command cmd_binhost_prune = {
	.name = "binhost prune",
	.summary = "Remove old entries and releases from a binhost, then their archives",
	.description =
		"Entries leave the index at once; their archives follow with a later prune, when\n"
		"no index has named them for --grace-hours, so that readers with an older index\n"
		"find what it names. What a release that stays was made of stays with it. Run it\n"
		"daily; a push that takes longer than the grace may lose archives to it.",
	.examples = "sdk binhost prune --to=ci --keep-days=90 --keep-releases=5 --dry-run\n",
	.options = options,
	.run = run,
};
