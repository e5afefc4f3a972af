/* A board as a tree of rows. */
#include "board-tree.h"

#include <stdlib.h>
#include <string.h>

#include "own.h"

void board_tree_release(struct board_tree *tree)
{
	for (vec_each(row, &tree->rows)) {
		free(row->key);
		free(row->label);
		free(row->value);
		free(row->from);
		free(row->help);
	}
	vec_release(&tree->rows);
}

bool board_tree_has_children(const struct board_tree *tree, size_t index)
{
	return index + 1 < tree->rows.count &&
	       tree->rows.items[index + 1].depth > tree->rows.items[index].depth;
}

static char *copy(const char *text)
{
	return text ? mem_strdup(text) : NULL;
}

static struct board_row *add(struct board_tree *tree, enum board_row_kind kind, int depth,
                             const char *key, const char *label, const char *help)
{
	struct board_row row = {.kind = kind,
	                        .depth = depth,
	                        .key = mem_strdup(key),
	                        .label = mem_strdup(label),
	                        .help = copy(help)};
	vec_push(&tree->rows, row);
	return &tree->rows.items[tree->rows.count - 1];
}

/* ---- packages */

/* What one board is made of, looked up for each row. */
struct making {
	struct board_edit *edit;
	const struct board_sizes *sizes;
	struct board_tree *tree;
	struct board_items items;
	struct map in_image; /* by name: packages, also those that come along */
	struct map is_sure;  /* those of them that no declaration alone brings in */
};

static void add_option(const struct making *making, const struct recipe *recipe,
                       const struct recipe_option *option)
{
	own_free char *key = mem_printf("options.%s.%s", recipe->name, option->name);
	const char *from, *value = board_edit_value(making->edit, key, &from);
	struct board_row *row =
		add(making->tree, BOARD_ROW_OPTION, 2, key, option->name, option->summary);
	row->is_on = value ? str_equal(value, "on") : option->default_on;
	row->from = copy(from);
	row->is_own = board_edit_is_own(making->edit, key);
}

static const struct board_item *find_item(const struct board_items *items, const char *text)
{
	for (vec_each(item, items))
		if (str_equal(item->text, text))
			return item;
	return NULL;
}

static void add_package(const struct making *making, const struct recipe *recipe)
{
	own_free char *help =
		mem_printf("%s %s: %s", recipe->name, recipe->version, recipe->summary);
	const struct board_item *item = find_item(&making->items, recipe->name);
	struct board_row *row =
		add(making->tree, BOARD_ROW_PACKAGE, 1, "packages", recipe->name, help);
	row->is_on = item && !item->removed;
	row->comes_along = !row->is_on && map_get(&making->in_image, recipe->name);
	row->is_guess = row->comes_along && !map_get(&making->is_sure, recipe->name);
	row->from = copy(!item ? NULL : item->removed ? item->removed : item->from);
	row->is_own = item && item->is_own;
	row->has_bytes = board_sizes_effect(making->sizes, &making->edit->board->packages,
	                                    recipe->name, &row->bytes);
	for (vec_each(option, &recipe->options))
		add_option(making, recipe, option);
}

/* Returns how large they are. `names` live as long as ret_map. */
static uint64_t find_in_image(const struct making *making, bool guess, struct strv *names,
                              struct map *ret_map)
{
	const struct strv *packages = &making->edit->board->packages;
	uint64_t bytes = board_sizes_total(making->sizes, packages, guess, names);
	for (size_t i = 0; i < names->count; i++)
		map_set(ret_map, names->items[i], names);
	return bytes;
}

static void add_packages(struct making *making)
{
	struct board_edit *edit = making->edit;
	const char *arch = edit->board->arch;
	own(strv) all = {0}, sure = {0};
	making->tree->bytes = find_in_image(making, true, &all, &making->in_image);
	find_in_image(making, false, &sure, &making->is_sure);
	board_edit_items(edit, "packages", &making->items);
	add(making->tree, BOARD_ROW_GROUP, 0, "packages", "packages", board_edit_help("packages"));
	for (size_t i = 0; i < edit->recipes.names.count; i++) {
		own(err) broken = {0};
		const struct recipe *recipe;
		if (recipe_set_get(&edit->recipes, edit->recipes.names.items[i], &recipe,
		                   &broken) == 0 &&
		    (!arch || recipe_has_arch(recipe, arch)))
			add_package(making, recipe);
	}
	vec_release(&making->items);
	map_release(&making->in_image);
	map_release(&making->is_sure);
}

/* ---- the image */

static void add_value(const struct making *making, const char *key, const char *label, int depth,
                      const char *help)
{
	const char *from, *value = board_edit_value(making->edit, key, &from);
	struct board_row *row = add(making->tree, BOARD_ROW_VALUE, depth, key, label, help);
	row->value = copy(value);
	row->from = copy(from);
	row->is_own = board_edit_is_own(making->edit, key);
}

static void add_list(const struct making *making, const char *key, const char *label,
                     const char *help)
{
	struct board_items items = {0};
	add(making->tree, BOARD_ROW_GROUP, 1, key, label, help);
	board_edit_items(making->edit, key, &items);
	for (vec_each(item, &items)) {
		struct board_row *row = add(making->tree, BOARD_ROW_ITEM, 2, key, item->text, help);
		row->is_on = !item->removed;
		row->from = mem_strdup(item->removed ? item->removed : item->from);
		row->is_own = item->is_own;
	}
	vec_release(&items);
}

static void add_os_release(const struct making *making, const char *help)
{
	const struct strv *pairs = &making->edit->board->image->os_release;
	add(making->tree, BOARD_ROW_GROUP, 1, "image.os-release", "os-release", help);
	for (size_t i = 0; i < pairs->count; i++) {
		const char *pair = pairs->items[i];
		own_free char *name = mem_strndup(pair, strcspn(pair, "="));
		own_free char *key = mem_printf("image.os-release.%s", name);
		add_value(making, key, name, 2, help);
	}
}

static void add_image(const struct making *making)
{
	add(making->tree, BOARD_ROW_GROUP, 0, "image", "image", board_edit_help("image"));
	for (size_t i = 0; i < board_image_field_count; i++) {
		const struct yaml_field *field = &board_image_fields[i];
		own_free char *key = mem_printf("image.%s", field->key);
		own_free char *list = board_edit_list(key, NULL);
		if (list)
			add_list(making, key, field->key, field->help);
		else if (str_equal(field->key, "os-release"))
			add_os_release(making, field->help);
		else
			add_value(making, key, field->key, 1, field->help);
	}
}

void board_tree_make(struct board_edit *edit, const struct board_sizes *sizes,
                     struct board_tree *ret_tree)
{
	struct board_tree tree = {0};
	struct making making = {.edit = edit, .sizes = sizes, .tree = &tree};
	add_value(&making, "summary", "summary", 0, board_edit_help("summary"));
	add_packages(&making);
	add_image(&making);
	*ret_tree = tree;
}
