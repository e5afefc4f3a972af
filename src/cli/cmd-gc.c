/* sdk gc: removes what nothing needs any more. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "gc.h"
#include "own.h"

enum { KEEP_DAYS = 14, KEEP_BUILDS = 2 };

static const struct option_spec options[] = {
	{"keep-days", 0, "N", "keep what was used in the last N days (14)"},
	{"keep-builds", 0, "N", "keep the last N builds of each package, images of each board (2)"},
	{"max-size", 0, "SIZE", "then remove unneeded things, oldest first, down to SIZE (20GB)"},
	{"dry-run", 'n', NULL, "show what would be removed, and why the rest stays"},
	{0},
};

static int read_size(const char *text, uint64_t *ret_bytes, struct err *err)
{
	static const struct {
		const char *unit;
		uint64_t bytes;
	} units[] = {{"", 1},          {"B", 1},           {"kB", 1000},
	             {"MB", 1000000},  {"GB", 1000000000}, {"KiB", 1 << 10},
	             {"MiB", 1 << 20}, {"GiB", 1 << 30},   {"K", 1 << 10},
	             {"M", 1 << 20},   {"G", 1 << 30}};
	char *end = NULL;
	double number = strtod(text, &end);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (end == text || number < 0 || number > 1e9 || !str_equal(end, units[i].unit))
			continue;
		*ret_bytes = (uint64_t)(number * (double)units[i].bytes);
		return 0;
	}
	err_set(err, ERR_USAGE, "--max-size=%s: wanted a size", text);
	return err_hint(err, "like 500MB, 20GB or 10GiB");
}

static int read_policy(const struct cli *cli, struct gc_policy *policy, struct err *err)
{
	int64_t days, builds;
	const char *size = cli_option(cli, "max-size");
	if (cli_number(cli, "keep-days", 0, 36500, KEEP_DAYS, &days, err) < 0 ||
	    cli_number(cli, "keep-builds", 0, 1000, KEEP_BUILDS, &builds, err) < 0 ||
	    (size && read_size(size, &policy->max_bytes, err) < 0))
		return -1;
	policy->keep_days = (unsigned)days;
	policy->keep_builds = (unsigned)builds;
	if (size && policy->max_bytes == 0)
		policy->max_bytes = 1;
	return 0;
}

/* ---- the table */

static const char *const verdicts[] = {
	[GC_NEEDED] = "needed",   [GC_IN_USE] = "in use", [GC_YOUNG] = "young",
	[GC_EXPIRED] = "expired", [GC_BROKEN] = "broken", [GC_OVER_SIZE] = "over size",
};

static double age_days(const struct gc_item *item)
{
	double days = (double)(time(NULL) - item->used.tv_sec) / 86400;
	return days > 0 ? days : 0;
}

static void print_row(const char *action, uint64_t bytes, const char *age, const char *area,
                      const char *name, const char *why)
{
	char size[32];
	cli_print("%-7s %8s %6s  %-17s %s: %s\n", action, cli_bytes(bytes, size), age, area, name,
	          why);
}

static void print_item(const char *action, const struct gc_item *item)
{
	char age[32];
	snprintf(age, sizeof age, "%.0f d", age_days(item));
	print_row(action, item->bytes, age, item->area, item->name, item->why);
}

static bool is_alike(const struct gc_item *a, const struct gc_item *b)
{
	return a->verdict == b->verdict && str_equal(a->area, b->area) && str_equal(a->why, b->why);
}

/* What stays for one reason is one row. */
static void print_kept(const struct gc *gc, size_t first)
{
	const struct gc_item *item = &gc->items.items[first];
	uint64_t bytes = 0;
	size_t count = 0;
	double oldest = 0;
	char age[32], name[64];
	for (size_t i = 0; i < first; i++)
		if (is_alike(&gc->items.items[i], item))
			return; /* told already */
	for (vec_each(other, &gc->items)) {
		if (!is_alike(other, item))
			continue;
		count++;
		bytes += other->bytes;
		oldest = age_days(other) > oldest ? age_days(other) : oldest;
	}
	if (count == 1) {
		print_item("keep", item);
		return;
	}
	snprintf(age, sizeof age, "%.0f d", oldest);
	snprintf(name, sizeof name, "%zu entries", count);
	print_row("keep", bytes, age, item->area, name, item->why);
}

static void print_table(const struct cli *cli, const struct gc *gc)
{
	cli_print("%-7s %8s %6s  %-17s %s\n", "", "size", "used", "what", "");
	for (size_t i = 0; i < gc->items.count; i++)
		if (!gc_drops(&gc->items.items[i])) {
			if (cli->verbose)
				print_item("keep", &gc->items.items[i]);
			else
				print_kept(gc, i);
		}
	for (vec_each(item, &gc->items))
		if (gc_drops(item))
			print_item("remove", item);
}

static void print_json(const struct gc *gc, bool dry_run)
{
	own(json) json = {0};
	json_object(&json, NULL);
	json_bool(&json, "dry_run", dry_run);
	json_number(&json, "kept_bytes", (int64_t)gc->kept_bytes);
	json_number(&json, "dropped_bytes", (int64_t)gc->dropped_bytes);
	json_number(&json, "running_commands", (int64_t)gc->holders);
	json_array(&json, "items");
	for (vec_each(item, &gc->items)) {
		json_object(&json, NULL);
		json_string(&json, "area", item->area);
		json_bool(&json, "shared", item->is_cache);
		json_string(&json, "name", item->name);
		json_string(&json, "path", item->path);
		json_number(&json, "bytes", (int64_t)item->bytes);
		json_number(&json, "used", (int64_t)item->used.tv_sec);
		json_bool(&json, "keep", !gc_drops(item));
		json_string(&json, "verdict", verdicts[item->verdict]);
		json_string(&json, "why", item->why);
		json_bool(&json, "removed", item->removed);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_end_object(&json);
	cli_print_json(&json);
}

static void print_plain(const struct cli *cli, const struct gc *gc, bool dry_run)
{
	char dropped[32], kept[32];
	size_t count = 0;
	for (vec_each(item, &gc->items))
		count += gc_drops(item);
	if (dry_run)
		print_table(cli, gc);
	else if (!cli->quiet)
		for (vec_each(item, &gc->items))
			if (item->removed)
				print_item("removed", item);
	if (cli->quiet)
		return;
	cli_print("%s%zu entries, %s; %s stay", dry_run ? "would remove " : "removed ", count,
	          cli_bytes(gc->dropped_bytes, dropped), cli_bytes(gc->kept_bytes, kept));
	if (gc->holders)
		cli_print(" (%zu running commands may use some of it)", gc->holders);
	cli_print("\n");
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv;
	own(gc) gc = {0};
	struct gc_policy policy = {0};
	bool dry_run = cli_has(cli, "dry-run");
	if (read_policy(cli, &policy, err) < 0 ||
	    gc_plan(&cli->workspace, &policy, &cli->sink, &gc, err) < 0 ||
	    (!dry_run && gc_run(&cli->workspace, &gc, &cli->sink, err) < 0))
		return -1;
	if (cli->json)
		print_json(&gc, dry_run);
	else
		print_plain(cli, &gc, dry_run);
	return 0;
}

const struct command cmd_gc = {
	.name = "gc",
	.summary = "Remove what nothing needs any more",
	.description =
		"Keeps what the current plans of all boards count on, what images that stay are "
		"made\n"
		"of, the last builds of each package, and the files that recipes and seed name; "
		"of\n"
		"the rest, what was used in the last days. Removes everything else from out/ and\n"
		"from the cache that checkouts share: what another checkout uses shows in its "
		"age.\n"
		"Builds, shells and machines that run meanwhile keep what they use. What is "
		"removed\n"
		"can be made or fetched again.",
	.examples = "sdk gc -n                            # what would go, and why the rest stays\n"
		    "sdk gc --keep-days=3                 # what was used in three days stays\n"
		    "sdk gc --max-size=20GB               # and all of it fits in 20 GB\n",
	.options = options,
	.run = run,
};
