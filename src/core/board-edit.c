/* A board's own file, changed in place. */
#include "board-edit.h"

#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "nearest.h"
#include "overlay.h"
#include "own.h"
#include "path.h"
#include "yaml-change.h"

static const char *const lists[] = {"packages", "image.cmdline", "image.remove", "image.initrd"};

enum { LISTS = sizeof lists / sizeof *lists };

/* ---- keys */

static bool is_list(const char *key)
{
	for (size_t i = 0; i < LISTS; i++)
		if (str_equal(key, lists[i]))
			return true;
	return false;
}

void board_edit_keys(struct strv *ret_keys)
{
	strv_add(ret_keys, "summary");
	for (size_t i = 0; i < board_image_field_count; i++) {
		own_free char *key = mem_printf("image.%s", board_image_fields[i].key);
		if (!is_list(key) && !str_equal(key, "image.os-release"))
			strv_add(ret_keys, key);
	}
}

static const char *help_in(const struct yaml_field *fields, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(fields[i].key, key))
			return fields[i].help;
	return NULL;
}

const char *board_edit_help(const char *key)
{
	if (str_starts(key, "image."))
		return help_in(board_image_fields, board_image_field_count, key + 6);
	return help_in(board_fields, board_field_count, key);
}

static const char *without_image(const char *key)
{
	return str_starts(key, "image.") ? key + strlen("image.") : key;
}

static int unknown(const char *what, const char *typed, const struct strv *known, struct err *err)
{
	own(strv) names = {0};
	for (size_t i = 0; i < known->count; i++)
		strv_add(&names, without_image(known->items[i]));
	const char *near =
		nearest_word(without_image(typed), (const char *const *)names.items, names.count);
	own_free char *all = strv_join(&names, ", ");
	err_set(err, ERR_INPUT, "there is no %s \"%s\"", what, typed);
	return near ? err_hint(err, "did you mean %s?", near) : err_hint(err, "there are: %s", all);
}

/* Of the names, those without "image." in front count as well. */
static char *complete(const struct strv *known, const char *typed)
{
	for (size_t i = 0; i < known->count; i++) {
		const char *name = known->items[i];
		if (str_equal(name, typed) || str_equal(without_image(name), typed))
			return mem_strdup(name);
	}
	return NULL;
}

char *board_edit_list(const char *typed, struct err *err)
{
	own(strv) known = {0};
	for (size_t i = 0; i < LISTS; i++)
		strv_add(&known, lists[i]);
	char *name = complete(&known, typed);
	if (!name)
		unknown("list", typed, &known, err);
	return name;
}

char *board_edit_key(const char *typed, struct err *err)
{
	own(strv) known = {0};
	if (str_starts(typed, "options.") || str_starts(typed, "image.os-release."))
		return mem_strdup(typed);
	if (str_starts(typed, "os-release."))
		return mem_printf("image.%s", typed);
	board_edit_keys(&known);
	char *name = complete(&known, typed);
	if (name)
		return name;
	if (strchr(typed, '.') && !str_starts(typed, "image."))
		return mem_printf("options.%s", typed);
	own_free char *list = board_edit_list(typed, NULL);
	if (list) {
		err_set(err, ERR_INPUT, "%s is a list", typed);
		err_hint(err, "`sdk config add` and `sdk config remove` change it");
		return NULL;
	}
	unknown("key", typed, &known, err);
	return NULL;
}

/* ---- what the files say */

/* The keys on the way down: "options.curl.http2" has two of them. */
static void split_key(const char *key, struct strv *ret_steps)
{
	static const char *const maps[] = {"image", "os-release", "options"};
	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
		size_t length = strlen(maps[i]);
		if (strncmp(key, maps[i], length) != 0 || key[length] != '.')
			continue;
		strv_add(ret_steps, maps[i]);
		key += length + 1;
	}
	strv_add(ret_steps, key);
}

static const struct yaml_node *find(const struct yaml *yaml, const char *key)
{
	own(strv) steps = {0};
	const struct yaml_node *node = yaml->root;
	split_key(key, &steps);
	for (size_t i = 0; i < steps.count && node; i++)
		node = node->kind == YAML_MAP ? yaml_get(node, steps.items[i]) : NULL;
	return node;
}

static const char *board_of(const struct board_edit *edit, size_t index)
{
	return path_base(edit->dirs.items[index]);
}

const char *board_edit_value(const struct board_edit *edit, const char *key, const char **ret_from)
{
	for (size_t i = 0; i < edit->chain.count; i++) {
		const struct yaml_node *node = find(&edit->chain.files[i], key);
		if (!node || node->kind != YAML_SCALAR)
			continue;
		*ret_from = board_of(edit, i);
		return node->text;
	}
	*ret_from = NULL;
	return NULL;
}

bool board_edit_is_own(const struct board_edit *edit, const char *key)
{
	return find(&edit->chain.files[0], key) != NULL;
}

static struct board_item *find_item(const struct board_items *items, const char *text)
{
	for (vec_each(item, items))
		if (str_equal(item->text, text))
			return item;
	return NULL;
}

void board_edit_items(const struct board_edit *edit, const char *list,
                      struct board_items *ret_items)
{
	for (size_t i = edit->chain.count; i-- > 0;) {
		const struct yaml_node *node = find(&edit->chain.files[i], list);
		for (size_t j = 0; node && j < node->count; j++) {
			const char *text = node->items[j]->text;
			bool away = *text == '-';
			struct board_item *there = find_item(ret_items, text + away);
			struct board_item item = {.text = text + away, .from = board_of(edit, i)};
			if (!there) {
				vec_push(ret_items, item);
				there = &ret_items->items[ret_items->count - 1];
			}
			there->removed = away ? board_of(edit, i) : NULL;
			if (!away)
				there->from = board_of(edit, i);
			there->is_own = i == 0;
		}
	}
}

static bool has_item(const struct board_edit *edit, const char *list, const char *text)
{
	struct board_items items = {0};
	board_edit_items(edit, list, &items);
	const struct board_item *item = find_item(&items, text);
	bool has = item && !item->removed;
	vec_release(&items);
	return has;
}

/* ---- a text in place of the board's own */

/* Whether the boards that extend this one can still be read. */
static int check_users(const struct board_edit *edit, const char *text, size_t length,
                       struct err *err)
{
	own(strv) names = {0};
	if (board_list_all(edit->workspace, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own(board_chain) chain = {0};
		own(strv) dirs = {0};
		own(err) broken = {0};
		struct board *board;
		/* One that was broken before is none of this change's business. */
		if (str_equal(names.items[i], edit->name) ||
		    board_chain_read(edit->workspace, names.items[i], &chain, &dirs, &broken) < 0 ||
		    !strv_has(&dirs, edit->dirs.items[0]) ||
		    board_chain_decode(&chain, names.items[i], &board, &broken) < 0)
			continue;
		board_free(board);
		for (size_t j = 0; j < chain.count; j++) {
			struct yaml yaml;
			if (!str_equal(dirs.items[j], edit->dirs.items[0]))
				continue;
			if (yaml_parse(edit->path, text, length, &yaml, err) < 0)
				return -1;
			yaml_release(&chain.files[j]);
			chain.files[j] = yaml;
		}
		if (board_chain_decode(&chain, names.items[i], &board, err) < 0)
			return err_wrap(err, "then board %s could not be read", names.items[i]);
		board_free(board);
	}
	return 0;
}

/* On failure, all stays as it is. */
static int take(struct board_edit *edit, const struct str *text, struct err *err)
{
	struct yaml yaml;
	struct board *board;
	if (yaml_parse(edit->path, str_text(text), text->len, &yaml, err) < 0)
		return -1;
	struct yaml old = edit->chain.files[0];
	edit->chain.files[0] = yaml;
	if (board_chain_decode(&edit->chain, edit->name, &board, err) < 0 ||
	    check_users(edit, str_text(text), text->len, err) < 0) {
		edit->chain.files[0] = old;
		yaml_release(&yaml);
		return -1;
	}
	yaml_release(&old);
	board_free(edit->board);
	edit->board = board;
	str_release(&edit->text);
	edit->text = (struct str){0};
	str_add_bytes(&edit->text, str_text(text), text->len);
	return 0;
}

/* The file has no such line yet, and perhaps never will: "path:9:3: " goes from the message. */
static void drop_place(const struct board_edit *edit, struct err *err)
{
	char *path = err && err->message ? strstr(err->message, edit->path) : NULL;
	char *behind = path ? path + strlen(edit->path) : NULL;
	if (!behind || *behind != ':')
		return;
	behind += strspn(behind, ":0123456789");
	behind += strspn(behind, " ");
	memmove(path, behind, strlen(behind) + 1);
}

static int take_change(struct board_edit *edit, struct yaml_change *change, struct err *err)
{
	own(str) text = {0};
	own_free char *before = mem_strdup(str_text(&edit->text));
	yaml_edits_apply(&change->edits, change->text, change->length, &text);
	if (str_equal(str_text(&text), before))
		return 0;
	if (take(edit, &text, err) < 0) {
		drop_place(edit, err);
		return -1;
	}
	strv_take(&edit->undo, steal_ptr(before));
	return 0;
}

static struct yaml_change begin(const struct board_edit *edit)
{
	return (struct yaml_change){.text = str_text(&edit->text),
	                            .length = edit->text.len,
	                            .yaml = &edit->chain.files[0]};
}

/* ---- opening, saving */

void board_edit_release(struct board_edit *edit)
{
	free(edit->name);
	free(edit->path);
	str_release(&edit->text);
	str_release(&edit->saved);
	strv_release(&edit->undo);
	strv_release(&edit->dirs);
	board_chain_release(&edit->chain);
	board_free(edit->board);
	recipe_set_release(&edit->recipes);
}

int board_edit_open(const struct workspace *workspace, const char *name,
                    struct board_edit *ret_edit, struct err *err)
{
	own(board_edit) edit = {.workspace = workspace, .name = mem_strdup(name)};
	own(str) text = {0};
	if (overlay_open_recipes(workspace, &edit.recipes, err) < 0 ||
	    board_chain_read(workspace, name, &edit.chain, &edit.dirs, err) < 0)
		return -1;
	edit.path = mem_strdup(edit.chain.files[0].path);
	if (fs_read(edit.path, BOARD_MAX_BYTES, &text, err) < 0)
		return -1;
	if (strlen(str_text(&text)) != text.len)
		return err_set(err, ERR_INPUT, "%s: holds a NUL byte", edit.path);
	if (take(&edit, &text, err) < 0)
		return -1;
	str_add(&edit.saved, str_text(&edit.text));
	*ret_edit = edit;
	edit = (struct board_edit){0};
	return 0;
}

bool board_edit_is_saved(const struct board_edit *edit)
{
	return str_equal(str_text(&edit->text), str_text(&edit->saved));
}

size_t board_edit_count(const struct board_edit *edit)
{
	return edit->undo.count;
}

bool board_edit_undo(struct board_edit *edit)
{
	own(err) never = {0};
	own(str) text = {0};
	if (!edit->undo.count)
		return false;
	own_free char *before = edit->undo.items[--edit->undo.count];
	str_add(&text, before);
	return take(edit, &text, &never) == 0;
}

int board_edit_save(struct board_edit *edit, struct err *err)
{
	own(str) now = {0};
	if (board_edit_is_saved(edit))
		return 0;
	if (fs_read(edit->path, BOARD_MAX_BYTES, &now, err) < 0)
		return -1;
	if (!str_equal(str_text(&now), str_text(&edit->saved))) {
		err_set(err, ERR_INPUT, "%s was changed meanwhile", edit->path);
		return err_hint(err, "nothing was written; begin again");
	}
	if (fs_write_text(edit->path, str_text(&edit->text), err) < 0)
		return -1;
	str_release(&edit->saved);
	edit->saved = (struct str){0};
	str_add(&edit->saved, str_text(&edit->text));
	return 0;
}

/* ---- the changes */

/* `steps` from `at` on, which the map has not, down to what `block` and `flow` look like. */
static void insert_steps(struct yaml_change *change, const struct yaml_node *map,
                         const struct strv *steps, size_t at, const char *block, const char *flow)
{
	own(str) in_block = {0}, in_flow = {0};
	for (size_t i = at; i < steps->count; i++) {
		if (i > at)
			str_addf(&in_block, "\n%*s", (int)(2 * (i - at)), "");
		str_addf(&in_block, "%s:", steps->items[i]);
		str_addf(&in_flow, "%s%s: ", i > at ? "{" : "", steps->items[i]);
	}
	if (*block == '-')
		str_addf(&in_block, "\n%*s%s", (int)(2 * (steps->count - at)), "", block);
	else
		str_addf(&in_block, " %s", block);
	str_add(&in_flow, flow);
	for (size_t i = at + 1; i < steps->count; i++)
		str_add(&in_flow, "}");
	yaml_change_insert(change, map, str_text(&in_block), str_text(&in_flow));
}

/* The deepest map that is there, and how many steps lead to it. */
static const struct yaml_node *descend(const struct yaml_node *node, const struct strv *steps,
                                       size_t *ret_at)
{
	size_t at = 0;
	for (; at + 1 < steps->count; at++) {
		const struct yaml_node *next = yaml_get(node, steps->items[at]);
		if (!next)
			break;
		node = next;
	}
	*ret_at = at;
	return node;
}

/* The value at the end of the steps, with the maps above that hold nothing else; of a list, its
 * only item. Comments between them are nobody's business, and stay. */
static void cut_steps(struct yaml_change *change, const struct yaml_node *root,
                      const struct strv *steps)
{
	const struct yaml_node *map = root, *from = root;
	size_t at = 0;
	for (size_t depth = 0; depth + 1 < steps->count; depth++) {
		map = yaml_get(map, steps->items[depth]);
		if (map->count > 1) {
			from = map;
			at = depth + 1;
		}
	}
	for (; at < steps->count; at++) {
		size_t index = yaml_index_of(from, steps->items[at]);
		const struct yaml_node *value = from->items[index];
		bool is_flow = value->kind != YAML_SCALAR && yaml_change_is_flow(change, value);
		bool has_lines =
			memchr(change->text + value->start, '\n', value->end - value->start);
		if (value->kind == YAML_SCALAR || yaml_change_is_flow(change, from) ||
		    (is_flow && !has_lines)) {
			yaml_change_cut(change, from, index);
			return;
		}
		if (!is_flow)
			yaml_change_cut_key(change, from, index);
		from = value;
	}
	yaml_change_cut(change, from, 0);
}

/* "options.curl.http2": that there is such a recipe, that it has that option, that it may be so. */
static int check_option(struct board_edit *edit, const char *key, const char *value,
                        struct err *err)
{
	own(recipe_config) config = {0};
	own(strv) choices = {0};
	const char *option = key + strlen("options."), *dot = strchr(option, '.');
	const struct recipe *recipe;
	if (!dot)
		return err_set(err, ERR_INPUT, "%s: wanted options.RECIPE.OPTION", key);
	own_free char *name = mem_strndup(option, (size_t)(dot - option));
	strv_addf(&choices, "%s=%s", option, value);
	if (recipe_set_get(&edit->recipes, name, &recipe, err) < 0)
		return -1;
	return recipe_configure(recipe, &choices, &config, err);
}

/* The decoders name the key's last word; with all of it in front that was said twice. */
static int name_key(const char *key, struct err *err)
{
	const char *last = strrchr(key, '.');
	size_t length = strlen(last ? ++last : (last = key));
	char *message = err ? err->message : NULL;
	if (message && strncmp(message, last, length) == 0 && message[length] == ':') {
		char *rest = message + length + 1;
		rest += strspn(rest, " ");
		memmove(message, rest, strlen(rest) + 1);
	}
	return err_wrap(err, "%s", key);
}

int board_edit_set(struct board_edit *edit, const char *key, const char *value, struct err *err)
{
	own(yaml_change) change = begin(edit);
	own(strv) steps = {0};
	own(str) scalar = {0};
	const char *from;
	const struct yaml *yaml = &edit->chain.files[0];
	const struct yaml_node *own = find(yaml, key);
	const char *now = board_edit_value(edit, key, &from);
	if (now && str_equal(now, value))
		return 0;
	if (strpbrk(value, "\r\n\t"))
		return err_set(err, ERR_INPUT, "%s: a value has one line", key);
	if (str_starts(key, "options.") && check_option(edit, key, value, err) < 0)
		return -1;
	size_t at;
	split_key(key, &steps);
	yaml_add_scalar(&scalar, value);
	if (own) {
		if (yaml_edits_set(&change.edits, yaml, change.text, own, value, err) < 0)
			return -1;
	} else {
		const struct yaml_node *map = descend(yaml->root, &steps, &at);
		insert_steps(&change, map, &steps, at, str_text(&scalar), str_text(&scalar));
	}
	return take_change(edit, &change, err) < 0 ? name_key(key, err) : 0;
}

int board_edit_reset(struct board_edit *edit, const char *key, struct err *err)
{
	own(yaml_change) change = begin(edit);
	own(strv) steps = {0};
	const struct yaml *yaml = &edit->chain.files[0];
	if (!find(yaml, key))
		return 0;
	split_key(key, &steps);
	cut_steps(&change, yaml->root, &steps);
	return take_change(edit, &change, err) < 0 ? name_key(key, err) : 0;
}

static void insert_item(struct yaml_change *change, const char *list, const char *item)
{
	own(strv) steps = {0};
	own(str) scalar = {0};
	size_t at;
	const struct yaml_node *node = find(change->yaml, list);
	yaml_add_scalar(&scalar, item);
	if (node) {
		yaml_change_insert(change, node, str_text(&scalar), str_text(&scalar));
		return;
	}
	own_free char *block = mem_printf("- %s", str_text(&scalar));
	own_free char *flow = mem_printf("[%s]", str_text(&scalar));
	split_key(list, &steps);
	const struct yaml_node *map = descend(change->yaml->root, &steps, &at);
	insert_steps(change, map, &steps, at, block, flow);
}

/* The list's key goes with its last item. */
static void cut_item(struct yaml_change *change, const char *list, size_t index)
{
	own(strv) steps = {0};
	const struct yaml_node *node = find(change->yaml, list);
	split_key(list, &steps);
	if (node->count > 1)
		yaml_change_cut(change, node, index);
	else
		cut_steps(change, change->yaml->root, &steps);
}

/* Where the board's own file has that text in the list; false: nowhere. */
static bool find_own(const struct board_edit *edit, const char *list, const char *text,
                     size_t *ret_index)
{
	const struct yaml_node *node = find(&edit->chain.files[0], list);
	*ret_index = node ? yaml_index_of(node, text) : 0;
	return node && *ret_index < node->count;
}

static int check_item(const char *list, const char *item, struct err *err)
{
	if (!*item || strpbrk(item, "\r\n\t") || (*item == '-' && str_equal(list, "packages")))
		return err_set(err, ERR_INPUT, "%s: \"%s\" can't be an item", list, item);
	return 0;
}

int board_edit_add(struct board_edit *edit, const char *list, const char *item, struct err *err)
{
	own(yaml_change) change = begin(edit);
	own_free char *taken_away = mem_printf("-%s", item);
	size_t index;
	if (check_item(list, item, err) < 0)
		return -1;
	if (has_item(edit, list, item))
		return 0;
	if (str_equal(list, "packages") && !recipe_set_has(&edit->recipes, item))
		return recipe_set_unknown(&edit->recipes, item, err);
	if (find_own(edit, list, taken_away, &index))
		cut_item(&change, list, index);
	else
		insert_item(&change, list, item);
	return take_change(edit, &change, err) < 0 ? err_wrap(err, "add %s", item) : 0;
}

int board_edit_remove(struct board_edit *edit, const char *list, const char *item, struct err *err)
{
	own(yaml_change) change = begin(edit);
	own_free char *taken_away = mem_printf("-%s", item);
	size_t index;
	if (check_item(list, item, err) < 0)
		return -1;
	if (!has_item(edit, list, item))
		return str_equal(list, "packages") && !recipe_set_has(&edit->recipes, item)
		               ? recipe_set_unknown(&edit->recipes, item, err)
		               : 0;
	if (find_own(edit, list, item, &index))
		cut_item(&change, list, index);
	else
		insert_item(&change, list, taken_away);
	return take_change(edit, &change, err) < 0 ? err_wrap(err, "remove %s", item) : 0;
}
