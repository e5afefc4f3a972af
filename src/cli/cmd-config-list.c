/* sdk config list: what a board is made of, and by whose file. */
#include <string.h>

#include "commands.h"
#include "config-open.h"
#include "own.h"
#include "str.h"

static const struct option_spec options[] = {
	{"board", 'b', "BOARD", "of this board (this machine's kind)"},
	{"all", 'a', NULL, "also packages that the board has not"},
	{0}};

static bool is_there(const struct board_row *row)
{
	bool is_choice = row->kind == BOARD_ROW_PACKAGE || row->kind == BOARD_ROW_OPTION;
	return !is_choice || row->is_on || row->comes_along || row->from;
}

static bool matches(const struct board_row *row, int count, char **words)
{
	for (int i = 0; i < count; i++)
		if (strstr(row->key, words[i]) || strstr(row->label, words[i]))
			return true;
	return count == 0;
}

static const char *state_of(const struct board_row *row)
{
	if (row->kind == BOARD_ROW_VALUE)
		return row->value ? row->value : "(default)";
	if (row->is_on || !row->comes_along)
		return row->is_on ? "on" : "off";
	return row->is_guess ? "comes along?" : "comes along";
}

static void print_row(const struct board_row *row)
{
	char bytes[32];
	own(str) line = {0};
	str_addf(&line, "%*s%s", 2 * row->depth, "", row->label);
	if (row->kind == BOARD_ROW_GROUP)
		str_add(&line, ":");
	else
		str_addf(&line, "%*s %-12s %-12s %s", 24 - (int)line.len, "", state_of(row),
		         row->from ? row->from : "", config_weight(row, bytes));
	while (line.len && line.data[line.len - 1] == ' ')
		line.data[--line.len] = '\0';
	cli_print("%s\n", str_text(&line));
}

static void add_json(struct json *json, const struct board_row *row)
{
	static const char *const kinds[] = {[BOARD_ROW_PACKAGE] = "package",
	                                    [BOARD_ROW_OPTION] = "option",
	                                    [BOARD_ROW_VALUE] = "value",
	                                    [BOARD_ROW_ITEM] = "item"};
	json_object(json, NULL);
	json_string(json, "kind", kinds[row->kind]);
	json_string(json, "key", row->key);
	json_string(json, "name", row->label);
	if (row->kind == BOARD_ROW_VALUE)
		json_string(json, "value", row->value);
	else
		json_bool(json, "on", row->is_on);
	if (row->kind == BOARD_ROW_PACKAGE)
		json_bool(json, "comes_along", row->comes_along);
	if (row->is_guess)
		json_bool(json, "guess", true);
	if (row->has_bytes)
		json_number(json, "bytes", (int64_t)row->bytes);
	json_string(json, "from", row->from);
	json_end_object(json);
}

/* With what they are below of. */
static void print_text(const struct board_tree *tree, const bool *shown)
{
	for (size_t i = 0; i < tree->rows.count; i++) {
		const struct board_row *row = &tree->rows.items[i];
		bool any = shown[i];
		for (size_t j = i + 1;
		     !any && j < tree->rows.count && tree->rows.items[j].depth > row->depth; j++)
			any = shown[j];
		if (any)
			print_row(row);
	}
}

static void print_json(const struct board_tree *tree, const bool *shown)
{
	own(json) json = {0};
	json_array(&json, NULL);
	for (size_t i = 0; i < tree->rows.count; i++)
		if (shown[i])
			add_json(&json, &tree->rows.items[i]);
	json_end_array(&json);
	cli_print_json(&json);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(board_edit) edit = {0};
	own(board_sizes) sizes = {0};
	own(board_tree) tree = {0};
	size_t found = 0;
	if (config_open(cli, &edit, err) < 0)
		return -1;
	config_open_sizes(cli, &edit, &sizes);
	board_tree_make(&edit, &sizes, &tree);
	bool *shown = mem_alloc(tree.rows.count * sizeof *shown);
	for (size_t i = 0; i < tree.rows.count; i++) {
		const struct board_row *row = &tree.rows.items[i];
		shown[i] = row->kind != BOARD_ROW_GROUP && matches(row, argc, argv) &&
		           (is_there(row) || argc > 0 || cli_has(cli, "all"));
		found += shown[i];
	}
	if (cli->json)
		print_json(&tree, shown);
	else
		print_text(&tree, shown);
	free(shown);
	if (found)
		return 0;
	err_set(err, ERR_INPUT, "board %s has nothing like that", edit.name);
	return err_hint(err, "without a word, `sdk config list` shows all");
}

const struct command cmd_config_list = {
	.name = "config list",
	.arguments = "[word…]",
	.summary = "Show what a board is made of, and by whose file",
	.description =
		"Packages, options of recipes, and what the image is like, each with the board\n"
		"whose file says so; of packages, by how much the image is larger with them, before\n"
		"compression, where they are built. \"comes along\": another package needs it to run;\n"
		"with a question mark: only recipes say so, nothing is built that could show it.\n"
		"With words: what has one of them in its name.",
	.examples = "sdk config list\n"
		    "sdk config list --board=arm64-usr usr-size\n"
		    "sdk config list --all --json\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.max_args = -1,
	.run = run,
};
