/* sdk check-reproducible: builds again what is built, under other conditions, and compares. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "proc.h"
#include "reproduce.h"
#include "wanted.h"

static const struct option_spec options[] = {
	{"board", 'b', "BOARD", "all that its image is made of (default: this machine's kind)"},
	{"image", 'i', NULL, "the board's image, instead of packages"},
	{"arch", 'a', "ARCH", "for amd64 or arm64 (the board's, else this machine's)"},
	{"jobs", 'j', "N", "as `sdk build` would; the second builds take one more"},
	{"again", 0, NULL, "also what an earlier run has found to be the same"},
	{"report", 0, "FILE", "write the table as Markdown, for docs/reproducibility.md"},
	{"scratch", 0, "DIR", "make the second builds there: another file system"},
	{0},
};

static size_t count(const struct reproduction *r, enum reproduce_status status)
{
	size_t found = 0;
	for (vec_each(result, &r->results))
		found += result->status == status;
	return found;
}

/* ---- how it is told */

static void print_json(const struct reproduction *r)
{
	own(json) json = {0};
	json_object(&json, NULL);
	json_array(&json, "conditions");
	for (vec_each(condition, &r->conditions)) {
		json_object(&json, NULL);
		json_string(&json, "name", condition->name);
		json_string(&json, "first", condition->first);
		json_string(&json, "other", condition->other);
		json_string(&json, "why_not", condition->why_not);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_array(&json, "results");
	for (vec_each(result, &r->results)) {
		json_object(&json, NULL);
		json_string(&json, "package", result->package);
		json_string(&json, "version", result->version);
		json_string(&json, "key", result->key);
		json_string(&json, "result", reproduce_status_name(result->status));
		json_bool(&json, "earlier", result->earlier);
		json_double(&json, "seconds", result->seconds);
		json_string(&json, "note", result->note);
		json_array(&json, "findings");
		for (size_t i = 0; i < result->findings.count; i++)
			json_string(&json, NULL, result->findings.items[i]);
		json_end_array(&json);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_end_object(&json);
	cli_print_json(&json);
}

static void print_conditions(const struct reproduction *r)
{
	for (vec_each(condition, &r->conditions))
		if (condition->other)
			cli_print("varied: %s: %s, then %s\n", condition->name, condition->first,
			          condition->other);
	for (vec_each(condition, &r->conditions))
		if (!condition->other)
			cli_print("not varied: %s: %s\n", condition->name, condition->why_not);
}

static void print_plain(const struct cli *cli, const struct reproduction *r)
{
	if (!cli->quiet)
		print_conditions(r);
	for (vec_each(result, &r->results)) {
		char seconds[32];
		cli_print("%-9s  %-24s %-14s %s%s%s\n", reproduce_status_name(result->status),
		          result->package, result->version,
		          result->earlier ? "earlier" : cli_seconds(result->seconds, seconds),
		          result->note ? "  " : "", result->note ? result->note : "");
		for (size_t i = 0; i < result->findings.count; i++)
			cli_print("    %s\n", result->findings.items[i]);
	}
	cli_print("%zu checked: %zu same, %zu differ, %zu failed, %zu not built\n",
	          r->results.count, count(r, REPRODUCE_SAME), count(r, REPRODUCE_DIFFERS),
	          count(r, REPRODUCE_FAILED), count(r, REPRODUCE_UNBUILT));
}

/* The commit, when git can tell; else nothing. */
static void add_commit(const struct workspace *workspace, struct str *text)
{
	char *const argv[] = {"git",     "-C", workspace->root, "describe", "--always",
	                      "--dirty", NULL};
	struct proc_spec spec = {.argv = argv};
	own(str) commit = {0};
	if (proc_capture(&spec, 4096, &commit, NULL) == 0 && commit.len > 1)
		str_addf(text, ", commit `%.*s`", (int)commit.len - 1, commit.data);
}

static void add_findings(const struct reproduce_result *result, struct str *text)
{
	for (size_t i = 0; i < result->findings.count; i++)
		str_addf(text, "%s%s", i ? "<br>" : "", result->findings.items[i]);
	if (result->note)
		str_addf(text, "%s%s", result->findings.count ? "<br>" : "", result->note);
}

static void format_report(const struct cli *cli, const char *subject, const struct reproduction *r,
                          struct str *text)
{
	char day[32];
	time_t now = time(NULL);
	struct tm tm;
	strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&now, &tm));
	str_addf(text, "### %s, %s", subject, day);
	add_commit(&cli->workspace, text);
	str_addf(text, "\n\n%zu checked: %zu the same, %zu differ, %zu failed, %zu not built.\n\n",
	         r->results.count, count(r, REPRODUCE_SAME), count(r, REPRODUCE_DIFFERS),
	         count(r, REPRODUCE_FAILED), count(r, REPRODUCE_UNBUILT));
	str_add(text, "| condition | first | second |\n|---|---|---|\n");
	for (vec_each(condition, &r->conditions))
		str_addf(text, "| %s | %s | %s%s |\n", condition->name, condition->first,
		         condition->other ? "" : "not varied: ",
		         condition->other ? condition->other : condition->why_not);
	str_add(text, "\n| package | version | result | seconds | |\n|---|---|---|---|---|\n");
	for (vec_each(result, &r->results)) {
		str_addf(text, "| %s | %s | %s | %.0f | ", result->package, result->version,
		         reproduce_status_name(result->status), result->seconds);
		add_findings(result, text);
		str_add(text, " |\n");
	}
}

static int write_report(const struct cli *cli, const struct wanted *wanted, const char *path,
                        const struct reproduction *r, struct err *err)
{
	own(str) text = {0};
	if (!path)
		return 0;
	format_report(cli, wanted->board ? wanted->board->name : "packages", r, &text);
	return fs_write_text(path, str_text(&text), err);
}

/* It is made when there is something to build there; a wrong one is told before. */
static int check_scratch(const char *dir, struct err *err)
{
	own_free char *at = dir ? mem_strdup(dir) : NULL;
	while (at && !fs_exists(at)) {
		char *above = path_dir(at);
		free(at);
		at = above;
	}
	if (!at || (*dir && fs_is_dir(at)))
		return 0;
	return err_set(err, ERR_INPUT, "--scratch=%s: wanted a directory", dir);
}

static int judge(const struct reproduction *r, struct err *err)
{
	size_t differ = count(r, REPRODUCE_DIFFERS), failed = count(r, REPRODUCE_FAILED);
	size_t unbuilt = count(r, REPRODUCE_UNBUILT);
	if (differ || failed) {
		err_set(err, ERR_BUILD, "%zu differ, %zu failed", differ, failed);
		return err_hint(err, "docs/reproducibility.md tells what to do about a difference");
	}
	if (unbuilt) {
		err_set(err, ERR_BUILD, "%zu of %zu are not built, so there is nothing to compare",
		        unbuilt, r->results.count);
		return err_hint(err, "`sdk build` first");
	}
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(wanted) wanted = {0};
	own(reproduction) r = {0};
	const char *report, *scratch = cli_option(cli, "scratch");
	int64_t jobs;
	if (cli_has(cli, "image") && argc)
		return err_set(err, ERR_USAGE, "--image is the board's: name no packages");
	if (cli_number(cli, "jobs", 1, 1024, 0, &jobs, err) < 0 ||
	    cli_wanted(cli, argc, argv, &wanted, err) < 0 ||
	    cli_output(cli, "report", &report, err) < 0 || check_scratch(scratch, err) < 0)
		return -1;
	struct reproduce_request request = {
		.build = {.arch = wanted.arch,
	                  .packages = &wanted.packages,
	                  .options = &wanted.options,
	                  .jobs = (unsigned)jobs},
		.closure = argc == 0,
		.again = cli_has(cli, "again"),
		.scratch = scratch,
	};
	int result = cli_has(cli, "image")
	                     ? reproduce_image(&cli->workspace, wanted.board, &request, &cli->sink,
	                                       &r, err)
	                     : reproduce_packages(&cli->workspace, &request, &cli->sink, &r, err);
	if (result < 0)
		return -1;
	if (cli->json)
		print_json(&r);
	else
		print_plain(cli, &r);
	return write_report(cli, &wanted, report, &r, err) < 0 ? -1 : judge(&r, err);
}

const struct command cmd_check_reproducible = {
	.name = "check-reproducible",
	.arguments = "[package…]",
	.summary = "Build again under other conditions, and compare to the bit",
	.description =
		"Builds the named packages, or all of a board's, a second time: elsewhere, with\n"
		"another user, host name, time since boot, time zone, locale, umask, number of "
		"jobs\n"
		"and of processors, and directories in another order; with another date where the\n"
		"environment can (what was varied, and what not, is told). Of what differs, it "
		"names\n"
		"the files and shows what differs in them. The store is not touched. What an "
		"earlier\n"
		"run has found to be the same, for the same key and conditions, is not built "
		"again:\n"
		"an interrupted run goes on.",
	.examples = "sdk check-reproducible zlib          # one package\n"
		    "sdk check-reproducible --board=arm64-usr --report=table.md\n"
		    "sdk check-reproducible --image --board=amd64-usr\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.max_args = -1,
	.run = run,
	.leases = true,
};
