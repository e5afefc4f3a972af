/* sdk bump --check: the table of what is newer. */
#include "bump-check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "overlay.h"
#include "own.h"
#include "str.h"
#include "version.h"

void bump_scope_release(struct bump_scope *scope)
{
	vec_release(&scope->recipes);
	recipe_set_release(&scope->set);
}

static void warn_broken(void *context, const char *name, struct err *err)
{
	const struct cli *cli = context;
	(void)name;
	event_warn(&cli->sink, "%s", err->message);
}

static void take_all(struct cli *cli, struct bump_scope *scope)
{
	scope->broken = recipe_set_load_each(&scope->set, warn_broken, cli);
	for (size_t i = 0; i < scope->set.names.count; i++) {
		const struct recipe *recipe =
			map_get(&scope->set.loaded, scope->set.names.items[i]);
		if (recipe && recipe->sources.count)
			vec_push(&scope->recipes, recipe);
	}
}

int bump_scope_open(struct cli *cli, int argc, char **argv, struct bump_scope *scope,
                    struct err *err)
{
	if (overlay_open_recipes(&cli->workspace, &scope->set, err) < 0)
		return -1;
	if (argc == 0)
		take_all(cli, scope);
	for (int i = 0; i < argc; i++) {
		const struct recipe *recipe;
		if (recipe_set_get(&scope->set, argv[i], &recipe, err) < 0)
			return -1;
		vec_push(&scope->recipes, recipe);
	}
	return 0;
}

/* Days since it was published; -1: not known. */
static int64_t age_days(const struct upstream *upstream)
{
	return upstream->date ? (int64_t)(time(NULL) - upstream->date) / 86400 : -1;
}

static const char *age_text(const struct upstream *upstream, char text[32])
{
	int64_t days = age_days(upstream);
	if (days < 0)
		snprintf(text, 32, "-");
	else if (days < 100)
		snprintf(text, 32, "%lld d", (long long)days);
	else if (days < 730)
		snprintf(text, 32, "%lld mon", (long long)days / 30);
	else
		snprintf(text, 32, "%lld y", (long long)days / 365);
	return text;
}

static void add_json(struct json *json, const struct upstream *upstream)
{
	json_object(json, NULL);
	json_string(json, "name", upstream->recipe->name);
	json_string(json, "current", upstream->recipe->version);
	json_string(json, "new", upstream->newest);
	json_string(json, "from", upstream->from);
	if (upstream->date) {
		char date[16];
		struct tm tm;
		strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&upstream->date, &tm));
		json_string(json, "date", date);
		json_number(json, "age_days", age_days(upstream));
	}
	json_string(json, "debian", upstream->debian);
	json_string(json, "debian_url", upstream->debian_url);
	json_string(json, "security", upstream->security);
	json_bool(json, "checked", upstream->is_checked);
	json_string(json, "note", upstream->note);
	json_end_object(json);
}

static void print_json(const struct upstream_list *list)
{
	struct json json = {0};
	json_array(&json, NULL);
	for (vec_each(upstream, list))
		add_json(&json, upstream);
	json_end_array(&json);
	cli_print_json(&json);
	json_release(&json);
}

/* What a mirror's recipe can be bumped to, when upstream is further. */
static const char *lag(const struct upstream *upstream, char text[64])
{
	const struct recipe *recipe = upstream->recipe;
	bool mirrored = recipe->sources.count &&
	                str_starts(recipe->sources.items[0].urls.items[0], "mirror://debian");
	*text = '\0';
	if (!mirrored || str_starts(upstream->from, "debian"))
		return text;
	if (!upstream->debian)
		snprintf(text, 64, " (not in Debian yet)");
	else if (version_compare(upstream->debian, upstream->newest) < 0)
		snprintf(text, 64, " (Debian: %.40s)", upstream->debian);
	return text;
}

static void print_row(const struct upstream *upstream, bool shown_all)
{
	char age[32], behind[64];
	const struct recipe *recipe = upstream->recipe;
	if (upstream->newest)
		cli_print("%-18s %-16s %-16s %-7s %-9s %s%s\n", recipe->name, recipe->version,
		          upstream->newest, age_text(upstream, age),
		          upstream->security ? "security" : "", upstream->from,
		          lag(upstream, behind));
	else if (shown_all || !upstream->is_checked)
		cli_print("%-18s %-16s %-16s %-7s %-9s %s\n", recipe->name, recipe->version,
		          upstream->is_checked ? "=" : "?", "-", "",
		          upstream->note ? upstream->note : "");
}

static void print_table(const struct cli *cli, const struct upstream_list *list, bool shown_all)
{
	size_t newer = 0, security = 0, unknown = 0;
	if (!cli->quiet)
		cli_print("%-18s %-16s %-16s %-7s %-9s %s\n", "package", "current", "new", "age",
		          "mark", "from");
	for (vec_each(upstream, list)) {
		newer += upstream->newest != NULL;
		security += upstream->security != NULL;
		unknown += !upstream->is_checked;
		print_row(upstream, shown_all);
	}
	if (!cli->quiet)
		cli_print("%zu checked: %zu newer (%zu with security fixes), %zu at the newest, "
		          "%zu unknown\n",
		          list->count, newer, security, list->count - newer - unknown, unknown);
}

/* Warns of recipes that can't be asked for as they say; returns how many. */
static size_t tell_broken(const struct cli *cli, const struct upstream_list *list)
{
	size_t broken = 0;
	for (vec_each(upstream, list)) {
		broken += upstream->is_broken;
		if (upstream->is_broken)
			event_warn(&cli->sink, "%s: %s", upstream->recipe->path, upstream->note);
	}
	return broken;
}

int bump_check(struct cli *cli, const struct bump_scope *scope,
               const struct upstream_options *options, bool shown_all, struct err *err)
{
	own(upstream_list) list = {0};
	if (upstream_check(&cli->workspace, scope->recipes.items, scope->recipes.count, options,
	                   &cli->sink, &list, err) < 0)
		return -1;
	if (cli->json)
		print_json(&list);
	else
		print_table(cli, &list, shown_all);
	size_t broken = scope->broken + tell_broken(cli, &list);
	return broken ? err_set(err, ERR_INPUT, "%zu recipe%s could not be looked at", broken,
	                        broken == 1 ? "" : "s")
	              : 0;
}
