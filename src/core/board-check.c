/* What a board's files say of packages, held against the recipes. */
#include "board-parts.h"

#include "overlay.h"
#include "own.h"
#include "recipe.h"

struct checking {
	struct recipe_set recipes;
	const struct board *board;
	const struct yaml *yaml; /* the file at hand */
};

static void checking_release(struct checking *checking)
{
	recipe_set_release(&checking->recipes);
}

/* In front of a message: where the file says so. */
static int wrap(const struct checking *checking, const struct yaml_node *node, struct err *err)
{
	return err_wrap(err, "%s:%u:%u", checking->yaml->path, node->line, node->column);
}

/* NULL when it can't be read: those who need it will tell, and `sdk run` does not. */
static int get_recipe(struct checking *checking, const struct yaml_node *node, const char *name,
                      const struct recipe **ret_recipe, struct err *err)
{
	own(err) ignored = {0};
	if (!recipe_set_has(&checking->recipes, name)) {
		recipe_set_unknown(&checking->recipes, name, err);
		return wrap(checking, node, err);
	}
	if (recipe_set_get(&checking->recipes, name, ret_recipe, &ignored) < 0)
		*ret_recipe = NULL;
	return 0;
}

static int check_package(struct checking *checking, const struct yaml_node *node, struct err *err)
{
	const struct recipe *recipe;
	const char *arch = checking->board->arch;
	/* "-name", or one that another file has taken away. */
	if (!strv_has(&checking->board->packages, node->text))
		return 0;
	if (get_recipe(checking, node, node->text, &recipe, err) < 0)
		return -1;
	if (!recipe || recipe_has_arch(recipe, arch))
		return 0;
	yaml_error(checking->yaml, node, err, "%s is not for %s", node->text, arch);
	return err_hint(err, "the key `arches` of %s says what it is for", recipe->path);
}

/* The decoder has seen that it is "recipe.option", and on or off. */
static int check_option(struct checking *checking, const struct yaml_node *node, const char *value,
                        struct err *err)
{
	own_free char *choice = mem_printf("%s=%s", node->text, value);
	if (recipe_set_check_choice(&checking->recipes, choice, err) < 0)
		return wrap(checking, node, err);
	return 0;
}

static int check_file(struct checking *checking, struct err *err)
{
	const struct yaml_node *packages = yaml_get(checking->yaml->root, "packages");
	const struct yaml_node *options = yaml_get(checking->yaml->root, "options");
	for (size_t i = 0; packages && i < packages->count; i++)
		if (check_package(checking, packages->items[i], err) < 0)
			return -1;
	for (size_t i = 0; options && i < options->count; i++)
		if (check_option(checking, options->key_nodes[i], options->items[i]->text, err) < 0)
			return -1;
	return 0;
}

int board_chain_check(const struct workspace *workspace, const struct board_chain *chain,
                      const struct board *board, struct err *err)
{
	own(checking) checking = {.board = board};
	if (overlay_open_recipes(workspace, &checking.recipes, err) < 0)
		return -1;
	for (size_t i = 0; i < chain->count; i++) {
		checking.yaml = &chain->files[i];
		if (check_file(&checking, err) < 0)
			return -1;
	}
	return 0;
}
