/* sdk history: what builds took, package by package or run by run. */
#include <inttypes.h>
#include <time.h>

#include "commands.h"
#include "history.h"
#include "own.h"
#include "toolchain.h"
#include "wanted.h"

enum { OPT_ARCH, OPT_LAST, OPT_RUNS };

static const struct option_spec options[] = {
	[OPT_ARCH] = {"arch", 'a', "ARCH", "of builds for this architecture (all)"},
	[OPT_LAST] = {"last", 'l', "N", "at most the newest N (20; with --json all)"},
	[OPT_RUNS] = {"runs", 'r', NULL, "runs of `sdk build` instead of packages"},
	{0}};

static bool is_asked_for(const char *package, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (str_equal(package, argv[i]))
			return true;
	return argc == 0;
}

static const char *local_time(uint64_t ms, char *text, size_t size)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	strftime(text, size, "%Y-%m-%d %H:%M", localtime_r(&seconds, &tm));
	return text;
}

static void print_build(const struct history_build *build)
{
	char when[32], took[32], cpu[32], memory[32], size[32];
	uint64_t bytes = 0;
	for (vec_each(output, &build->outputs))
		bytes += output->bytes;
	cli_print("%s  %-20s %-14s %-6s %-8s %12s %12s %8s %8s\n",
	          local_time(build->started_ms, when, sizeof when), build->package, build->version,
	          build->arch, build->result, cli_seconds((double)build->duration_ms / 1000, took),
	          cli_seconds((double)(build->user_ms + build->system_ms) / 1000, cpu),
	          cli_bytes(build->peak_bytes, memory), cli_bytes(bytes, size));
}

static void print_run(const struct history_run *run)
{
	char when[32], took[32], saved[32];
	cli_print("%s  %-6s %12s  %" PRIu64 " built, %" PRIu64 " fetched, %zu reused",
	          local_time(run->started_ms, when, sizeof when), run->arch,
	          cli_seconds((double)run->duration_ms / 1000, took), run->built, run->fetched,
	          run->reused.count);
	if (run->failed)
		cli_print(", %" PRIu64 " failed, %" PRIu64 " not tried", run->failed, run->skipped);
	cli_print(" (%s spared)  %s\n", cli_seconds((double)run->saved_ms / 1000, saved), run->run);
}

static void print_json(const struct history *history, bool runs, const bool *chosen)
{
	struct json json = {0};
	json_array(&json, NULL);
	for (size_t i = 0; i < (runs ? history->runs.count : history->builds.count); i++) {
		if (!chosen[i])
			continue;
		if (runs)
			history_format_run(&history->runs.items[i], &json);
		else
			history_format_build(&history->builds.items[i], &json);
	}
	json_end_array(&json);
	cli_print_json(&json);
	json_release(&json);
}

static void print_table(const struct history *history, bool runs, const bool *chosen)
{
	if (!runs)
		cli_print("%-16s  %-20s %-14s %-6s %-8s %12s %12s %8s %8s\n", "started", "package",
		          "version", "arch", "result", "time", "processors", "memory", "size");
	for (size_t i = 0; i < (runs ? history->runs.count : history->builds.count); i++) {
		if (!chosen[i])
			continue;
		if (runs)
			print_run(&history->runs.items[i]);
		else
			print_build(&history->builds.items[i]);
	}
}

/* Marks the newest `last` of what was asked for; returns how many. */
static size_t choose(const struct history *history, bool runs, size_t last, int argc, char **argv,
                     bool *chosen)
{
	size_t count = 0;
	for (size_t i = runs ? history->runs.count : history->builds.count; i > 0; i--) {
		bool wanted =
			runs || is_asked_for(history->builds.items[i - 1].package, argc, argv);
		chosen[i - 1] = wanted && count < last;
		count += chosen[i - 1];
	}
	return count;
}

/* A name of which nothing is known must be a recipe's. */
static int check_names(const struct cli *cli, const struct history *history, int argc, char **argv,
                       struct err *err)
{
	for (int i = 0; i < argc; i++) {
		bool is_known = false;
		for (vec_each(build, &history->builds))
			is_known = is_known || str_equal(build->package, argv[i]);
		if (!is_known && cli_check_recipe(cli, argv[i], err) < 0)
			return -1;
	}
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(history) history = {0};
	struct history_filter filter = {.arch = cli_option(cli, "arch"),
	                                .package = argc == 1 ? argv[0] : NULL};
	bool runs = cli_has(cli, "runs");
	int64_t last;
	if (runs && argc)
		return err_set(err, ERR_USAGE, "--runs takes no packages");
	if (cli_number(cli, "last", 1, 1000000, cli->json ? 1000000 : 20, &last, err) < 0 ||
	    (filter.arch && toolchain_check(&cli->workspace, filter.arch, err) < 0) ||
	    history_load(&cli->workspace, &filter, &history, err) < 0 ||
	    check_names(cli, &history, argc, argv, err) < 0)
		return -1;
	if (history.unreadable)
		event_warn(&cli->sink, "%zu lines of out/history.jsonl can't be read",
		           history.unreadable);
	own_free bool *chosen = mem_alloc(history.builds.count + history.runs.count + 1);
	size_t count = choose(&history, runs, (size_t)last, argc, argv, chosen);
	if (cli->json) {
		print_json(&history, runs, chosen);
		return 0;
	}
	if (count == 0 && argc)
		return cli_not_built(cli, argv[0], filter.arch, err);
	if (count == 0) {
		err_set(err, ERR_INPUT, "nothing has been built here%s%s yet",
		        filter.arch ? " for " : "", filter.arch ? filter.arch : "");
		return err_hint(err, "out/history.jsonl is written by `sdk build`");
	}
	print_table(&history, runs, chosen);
	return 0;
}

const struct command cmd_history = {
	.name = "history",
	.arguments = "[package…]",
	.summary = "Show what builds took: time, processors, memory, sizes",
	.description = "Lists the packages that `sdk build` built or fetched here, newest last. "
		       "Processor\n"
		       "time is that of all of the build's processes; memory is the most that the "
		       "biggest\n"
		       "of them had at once. See docs/reports.md.",
	.examples = "sdk history                          # the last 20\n"
		    "sdk history glibc --arch=arm64       # of one package\n"
		    "sdk history --runs                   # whole runs, and what reuse spared\n"
		    "sdk history --json | jq 'max_by(.[\"peak-bytes\"])'\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.max_args = -1,
	.run = run,
};
