/* sdk lint: recipes checked without building them. */
#include "commands.h"
#include "env.h"
#include "overlay.h"
#include "own.h"
#include "recipe.h"

struct findings {
	size_t count;
};

static void print_error(const struct err *err)
{
	cli_print("%s\n", err->message);
	if (err->hint)
		cli_print("  hint: %s\n", err->hint);
}

static void report_broken(void *context, const char *name, struct err *err)
{
	struct findings *findings = context;
	(void)name;
	findings->count++;
	print_error(err);
}

/* Tools are groups of the environment. */
static int check_tools(const struct env *env, const struct recipe *recipe, struct err *err)
{
	struct digest digest;
	if (env_groups_digest(env, &recipe->args.tools, &digest, err) < 0)
		return err_wrap(err, "%s:%u: depends.tools", recipe->path, recipe->args.line);
	return 0;
}

static void check(const struct env *env, struct recipe_set *set, const struct recipe *recipe,
                  struct findings *findings)
{
	own(err) err = {0};
	if (recipe_check(set, recipe, &err) == 0 && check_tools(env, recipe, &err) == 0)
		return;
	findings->count++;
	print_error(&err);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(recipe_set) set = {0};
	own(env) env = {0};
	struct findings findings = {0};
	if (env_open_lock(&cli->workspace, &env, err) < 0 ||
	    overlay_open_recipes(&cli->workspace, &set, err) < 0)
		return -1;
	for (int i = 0; i < argc; i++) {
		const struct recipe *recipe;
		if (recipe_set_get(&set, argv[i], &recipe, err) < 0)
			return -1;
		check(&env, &set, recipe, &findings);
	}
	if (argc == 0) {
		recipe_set_load_each(&set, report_broken, &findings);
		for (size_t i = 0; i < set.names.count; i++) {
			const struct recipe *recipe = map_get(&set.loaded, set.names.items[i]);
			if (recipe)
				check(&env, &set, recipe, &findings);
		}
	}
	if (findings.count)
		return err_set(err, ERR_INPUT, "%zu findings", findings.count);
	if (!cli->quiet)
		cli_print("%zu recipes are right\n", argc ? (size_t)argc : set.names.count);
	return 0;
}

const struct command cmd_lint = {
	.name = "lint",
	.arguments = "[package…]",
	.summary = "Check recipes without building them",
	.description =
		"Form, licences, dependencies that are no recipes, tools that are no groups of\n"
		"the environment, patterns that are none. Without names: all recipes.",
	.completes = COMPLETES_RECIPES,
	.max_args = -1,
	.run = run,
};
