/* sdk lint: recipes checked without building them. */
#include <stddef.h>

#include "commands.h"
#include "env.h"
#include "lint.h"
#include "overlay.h"
#include "own.h"
#include "recipe.h"

static const struct option_spec options[] = {
	{"fix", 'f', NULL, "put right what can be: order, addresses, licences, blanks"},
	{"deep", 'd', NULL, "also fetch the sources, check them and their signatures, try patches"},
	{"strict", 's', NULL, "advice counts as wrong"},
	{0}};

/* What is checked, and what was found. */
struct linting {
	struct cli *cli;
	struct env env;
	struct recipe_set set;
	struct lint lint;
	VEC(const struct recipe *) recipes; /* those that can be read */
	size_t total, fixed;
	bool shown_all, is_named;
};

static void linting_release(struct linting *linting)
{
	vec_release(&linting->recipes);
	lint_release(&linting->lint);
	recipe_set_release(&linting->set);
	env_release(&linting->env);
}

static void add_error(struct linting *linting, const char *name, const struct err *err)
{
	char *text = err->hint ? mem_printf("%s\n  hint: %s", err->message, err->hint)
	                       : mem_strdup(err->message);
	vec_push(&linting->lint.findings,
	         (struct lint_finding){.recipe = mem_strdup(name), .text = text, .is_wrong = true});
}

static void on_broken(void *context, const char *name, struct err *err)
{
	add_error(context, name, err);
}

/* ---- the checks */

/* Tools are groups of the environment. */
static int check_tools(const struct env *env, const struct recipe *recipe, struct err *err)
{
	struct digest digest;
	if (env_groups_digest(env, &recipe->args.tools, &digest, err) < 0)
		return err_wrap(err, "%s:%u: depends.tools", recipe->path, recipe->args.line);
	return 0;
}

static int check_one(struct linting *linting, const struct recipe *recipe, struct err *err)
{
	own(err) wrong = {0};
	bool changed = false;
	if (cli_has(linting->cli, "fix")) {
		if (lint_fix(recipe, &changed, err) < 0)
			return -1;
		linting->fixed += changed;
	}
	if (changed)
		event_note(&linting->cli->sink, "%s: put right", recipe->path);
	if (recipe_check(&linting->set, recipe, &wrong) < 0 ||
	    check_tools(&linting->env, recipe, &wrong) < 0)
		add_error(linting, recipe->name, &wrong);
	return lint_form(recipe, &linting->lint, err);
}

static bool has_wrong(const struct lint *lint)
{
	for (vec_each(finding, &lint->findings))
		if (finding->is_wrong)
			return true;
	return false;
}

static int check_deep(struct linting *linting, const struct recipe *recipe, struct err *err)
{
	const struct cli *cli = linting->cli;
	bool there;
	if (lint_sources(&cli->workspace, recipe, &linting->lint, &cli->sink, &there, err) < 0)
		return -1;
	if (!there)
		return 0;
	if (lint_signatures(&cli->workspace, recipe, &linting->lint, &cli->sink, err) < 0)
		return -1;
	if (lint_patches(&cli->workspace, recipe, &linting->lint, &cli->sink, err) < 0)
		return err_wrap(err, "%s: patches", recipe->name);
	return 0;
}

static int check_more(struct linting *linting, struct err *err)
{
	struct cli *cli = linting->cli;
	const struct recipe *const *recipes = linting->recipes.items;
	size_t count = linting->recipes.count;
	bool deep = cli_has(cli, "deep"), missing;
	if (!deep && !linting->is_named)
		return 0;
	/* What is wrong so far may be what a plan would fail at. */
	if (!has_wrong(&linting->lint) &&
	    lint_dependencies(&cli->workspace, recipes, count, &linting->lint, err) < 0)
		return -1;
	if (lint_phases(&cli->workspace, recipes, count, &linting->lint, &missing, err) < 0)
		return -1;
	if (missing)
		event_note(&cli->sink, "phases were not looked at: there is no shellcheck here");
	for (size_t i = 0; deep && i < count; i++)
		if (check_deep(linting, recipes[i], err) < 0)
			return -1;
	return 0;
}

static int choose(struct linting *linting, int argc, char **argv, struct err *err)
{
	for (int i = 0; i < argc; i++) {
		const struct recipe *recipe;
		if (recipe_set_get(&linting->set, argv[i], &recipe, err) < 0)
			return -1;
		vec_push(&linting->recipes, recipe);
	}
	linting->total = argc ? (size_t)argc : linting->set.names.count;
	if (argc)
		return 0;
	recipe_set_load_each(&linting->set, on_broken, linting);
	for (size_t i = 0; i < linting->set.names.count; i++) {
		const struct recipe *recipe =
			map_get(&linting->set.loaded, linting->set.names.items[i]);
		if (recipe)
			vec_push(&linting->recipes, recipe);
	}
	return 0;
}

/* ---- the answer */

static const char *level_of(const struct lint_finding *finding)
{
	return finding->is_wrong ? "wrong" : finding->is_note ? "note" : "advice";
}

static void print_json(const struct linting *linting)
{
	struct json json = {0};
	json_array(&json, NULL);
	for (vec_each(finding, &linting->lint.findings)) {
		json_object(&json, NULL);
		json_string(&json, "recipe", finding->recipe);
		json_string(&json, "level", level_of(finding));
		json_bool(&json, "fixable", finding->can_fix);
		json_string(&json, "text", finding->text);
		json_end_object(&json);
	}
	json_end_array(&json);
	cli_print_json(&json);
	json_release(&json);
}

static int finish(const struct linting *linting, struct err *err)
{
	const struct cli *cli = linting->cli;
	bool strict = cli_has(cli, "strict");
	size_t wrong = 0, advice = 0, fixable = 0;
	for (vec_each(finding, &linting->lint.findings)) {
		wrong += finding->is_wrong;
		advice += !finding->is_wrong && !finding->is_note;
		fixable += finding->can_fix;
		if (!cli->json && finding->is_wrong)
			cli_print("%s\n", finding->text);
		else if (!cli->json && linting->shown_all)
			cli_print("%s: %s\n", level_of(finding), finding->text);
	}
	if (cli->json)
		print_json(linting);
	if (fixable && linting->shown_all)
		event_note(&cli->sink, "sdk lint --fix puts %zu of them right", fixable);
	if (wrong || (strict && advice))
		return err_set(err, ERR_INPUT, "%zu findings", strict ? wrong + advice : wrong);
	if (cli->quiet || cli->json)
		return 0;
	cli_print(linting->total == 1 ? "%zu recipe is right" : "%zu recipes are right",
	          linting->total);
	if (linting->fixed)
		cli_print(", %zu of them were put right", linting->fixed);
	if (advice && !linting->shown_all)
		cli_print("; there are %zu pieces of advice (-v)", advice);
	cli_print("\n");
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(linting) linting = {.cli = cli, .is_named = argc > 0};
	linting.shown_all = argc > 0 || cli->verbose > 0 || cli_has(cli, "strict");
	if (env_open_lock(&cli->workspace, &linting.env, err) < 0 ||
	    overlay_open_recipes(&cli->workspace, &linting.set, err) < 0 ||
	    choose(&linting, argc, argv, err) < 0)
		return -1;
	for (vec_each(recipe, &linting.recipes))
		if (check_one(&linting, *recipe, err) < 0)
			return -1;
	if (check_more(&linting, err) < 0)
		return -1;
	return finish(&linting, err);
}

const struct command cmd_lint = {
	.name = "lint",
	.arguments = "[package…]",
	.summary = "Check recipes without building them",
	.description =
		"What is wrong: form, licences that the SPDX list does not know, dependencies that\n"
		"are no recipes, tools that are no groups of the environment, patterns that are\n"
		"none, errors that shellcheck sees in phases; with --deep, sources that no address\n"
		"has, whose bytes are others or that upstream did not sign, and patches that don't\n"
		"apply.\n"
		"Advice: keys in another order than usual, addresses that don't follow\n"
		"the version, dependencies of which the last build read no file (unused), or that it\n"
		"read and that are not declared (missing); of a package that was not built here a\n"
		"note says that this is not known. Without names: all recipes, by their form alone\n"
		"unless --deep is given. --fix moves keys, with the comments in front of them,\n"
		"writes ${version} in addresses and licences as the SPDX list has them, and cleans\n"
		"ends of lines; no build changes by it.",
	.examples = "sdk lint                             # all recipes\n"
		    "sdk lint curl --fix                  # one, put right\n"
		    "sdk lint --deep --strict             # everything there is to say\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.max_args = -1,
	.run = run,
	.leases = true,
};
