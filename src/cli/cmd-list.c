/* sdk list: all recipes. */
#include <fnmatch.h>

#include "commands.h"
#include "origin.h"
#include "overlay.h"
#include "own.h"
#include "recipe.h"

struct listing {
	struct cli *cli;
	int argc;
	char **argv;
	size_t broken; /* of those that were asked for */
};

static bool is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (fnmatch(argv[i], name, 0) == 0)
			return true;
	return argc == 0;
}

static void report_broken(void *context, const char *name, struct err *err)
{
	struct listing *listing = context;
	if (!is_wanted(name, listing->argc, listing->argv))
		return;
	event_warn(&listing->cli->sink, "%s", err->message);
	listing->broken++;
}

/* A pattern that nothing matches is a mistake, or a script's question: both want to be told. */
static int check_patterns(const struct recipe_set *set, int argc, char **argv, struct err *err)
{
	for (int i = 0; i < argc; i++) {
		bool found = false;
		for (size_t j = 0; j < set->names.count; j++)
			found = found || fnmatch(argv[i], set->names.items[j], 0) == 0;
		if (!found)
			return recipe_set_unknown(set, argv[i], err);
	}
	return 0;
}

static void print_json(const struct recipe_set *set, int argc, char **argv)
{
	struct json json = {0};
	json_array(&json, NULL);
	for (size_t i = 0; i < set->names.count; i++) {
		const struct recipe *recipe = map_get(&set->loaded, set->names.items[i]);
		if (!recipe || !is_wanted(recipe->name, argc, argv))
			continue;
		json_object(&json, NULL);
		json_string(&json, "name", recipe->name);
		json_string(&json, "version", recipe->version);
		json_string(&json, "summary", recipe->summary);
		json_string(&json, "license", recipe->license);
		json_string(&json, "path", recipe->path);
		origin_json(&json, set, recipe);
		json_end_object(&json);
	}
	json_end_array(&json);
	cli_print_json(&json);
	json_release(&json);
}

static void print_text(const struct recipe_set *set, int argc, char **argv)
{
	for (size_t i = 0; i < set->names.count; i++) {
		const struct recipe *recipe = map_get(&set->loaded, set->names.items[i]);
		if (!recipe || !is_wanted(recipe->name, argc, argv))
			continue;
		own_free char *origin = origin_text(set, recipe);
		cli_print("%-20s %-16s %s%s%s%s\n", recipe->name, recipe->version, recipe->summary,
		          *origin ? " [" : "", origin, *origin ? "]" : "");
	}
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(recipe_set) set = {0};
	struct listing listing = {.cli = cli, .argc = argc, .argv = argv};
	if (overlay_open_recipes(&cli->workspace, &set, err) < 0)
		return -1;
	recipe_set_load_each(&set, report_broken, &listing);
	if (check_patterns(&set, argc, argv, err) < 0)
		return -1;
	(cli->json ? print_json : print_text)(&set, argc, argv);
	if (listing.broken)
		return err_set(err, ERR_INPUT, "%zu recipes can't be read", listing.broken);
	return 0;
}

const struct command cmd_list = {
	.name = "list",
	.arguments = "[glob…]",
	.summary = "List the recipes",
	.description =
		"Behind a recipe of an overlay stands which one it is, and whose recipe of the\n"
		"same name it takes the place of.",
	.examples = "sdk list                             # all\n"
		    "sdk list 'lib*' --json               # some, for programs\n",
	.completes = COMPLETES_RECIPES,
	.max_args = -1,
	.run = run,
};
