/* sdk config add, remove, set, reset: a board's own file changed by a command. */
#include <string.h>

#include "commands.h"
#include "config-open.h"
#include "own.h"

/* ---- add, remove */

static const struct option_spec item_options[] = {
	{"board", 'b', "BOARD", "of this board (this machine's kind)"},
	{"list", 'l', "LIST", "packages (default), cmdline, remove or initrd"},
	{0}};

typedef int change_item(struct board_edit *edit, const char *list, const char *item,
                        struct err *err);

static void tell_effect(const struct cli *cli, struct board_edit *edit, const char *package)
{
	own(board_sizes) sizes = {0};
	uint64_t bytes;
	char text[32];
	config_open_sizes(cli, edit, &sizes);
	if (board_sizes_effect(&sizes, &edit->board->packages, package, &bytes))
		cli_print("  %s with what it alone needs, before compression\n",
		          cli_bytes(bytes, text));
}

static int change_items(struct cli *cli, int argc, char **argv, bool add, struct err *err)
{
	own(board_edit) edit = {0};
	const char *typed = cli_option(cli, "list");
	own_free char *list = board_edit_list(typed ? typed : "packages", err);
	change_item *change = add ? board_edit_add : board_edit_remove;
	if (!list || config_open(cli, &edit, err) < 0)
		return -1;
	own(strv) changed = {0};
	for (int i = 0; i < argc; i++) {
		size_t before = board_edit_count(&edit);
		if (change(&edit, list, argv[i], err) < 0)
			return -1;
		if (board_edit_count(&edit) > before)
			strv_add(&changed, argv[i]);
		else
			event_note(&cli->sink, "%s: board %s has it %s", argv[i], edit.name,
			           add ? "already" : "not");
	}
	if (board_edit_save(&edit, err) < 0)
		return -1;
	for (size_t i = 0; i < changed.count && !cli->quiet; i++) {
		cli_print("%s: %s %s\n", config_shown_path(cli, &edit), add ? "added" : "took away",
		          changed.items[i]);
		if (str_equal(list, "packages"))
			tell_effect(cli, &edit, changed.items[i]);
	}
	return 0;
}

static int run_add(struct cli *cli, int argc, char **argv, struct err *err)
{
	return change_items(cli, argc, argv, true, err);
}

static int run_remove(struct cli *cli, int argc, char **argv, struct err *err)
{
	return change_items(cli, argc, argv, false, err);
}

const struct command cmd_config_add = {
	.name = "config add",
	.arguments = "<package…>",
	.summary = "Put packages into a board",
	.description =
		"Adds them to the list of the board's own file, or takes back that it takes them\n"
		"away from what it extends. Everything else in the file stays as it is. With\n"
		"--list, to another list of the board: arguments of the kernel, say.",
	.examples = "sdk config add busybox --board=amd64-usr\n"
		    "sdk config add --list=cmdline quiet     # an argument of the kernel\n",
	.options = item_options,
	.completes = COMPLETES_RECIPES,
	.min_args = 1,
	.max_args = -1,
	.run = run_add,
};

const struct command cmd_config_remove = {
	.name = "config remove",
	.arguments = "<package…>",
	.summary = "Take packages out of a board",
	.description =
		"Takes them out of the list of the board's own file; what a board that it extends\n"
		"has, is taken away by a line `-name`. With --list, from another list.",
	.examples = "sdk config remove less --board=amd64-usr\n"
		    "sdk config remove --board=common crun   # from all boards that extend it\n",
	.options = item_options,
	.completes = COMPLETES_RECIPES,
	.min_args = 1,
	.max_args = -1,
	.run = run_remove,
};

/* ---- set, reset */

static const struct option_spec options[] = {
	{"board", 'b', "BOARD", "of this board (this machine's kind)"}, {0}};

static void tell_value(const struct cli *cli, const struct board_edit *edit, const char *key)
{
	const char *from, *value = board_edit_value(edit, key, &from);
	if (!cli->quiet)
		cli_print("%s: %s is %s%s%s\n", config_shown_path(cli, edit), key,
		          value ? value : "the default",
		          value && !str_equal(from, edit->name) ? ", by " : "",
		          value && !str_equal(from, edit->name) ? from : "");
}

static int set_one(struct board_edit *edit, const char *argument, struct strv *keys,
                   struct err *err)
{
	const char *equals = strchr(argument, '=');
	if (!equals || equals == argument) {
		err_set(err, ERR_USAGE, "%s: wanted KEY=VALUE", argument);
		return err_hint(err, "sdk config set image.memory=2048");
	}
	own_free char *typed = mem_strndup(argument, (size_t)(equals - argument));
	char *key = board_edit_key(typed, err);
	if (!key)
		return -1;
	strv_take(keys, key);
	return board_edit_set(edit, key, equals + 1, err);
}

static int reset_one(struct board_edit *edit, const char *argument, struct strv *keys,
                     struct err *err)
{
	char *key = board_edit_key(argument, err);
	if (!key)
		return -1;
	strv_take(keys, key);
	return board_edit_reset(edit, key, err);
}

static int change_keys(struct cli *cli, int argc, char **argv, bool set, struct err *err)
{
	own(board_edit) edit = {0};
	own(strv) keys = {0};
	if (config_open(cli, &edit, err) < 0)
		return -1;
	for (int i = 0; i < argc; i++)
		if ((set ? set_one : reset_one)(&edit, argv[i], &keys, err) < 0)
			return -1;
	if (board_edit_save(&edit, err) < 0)
		return -1;
	for (size_t i = 0; i < keys.count; i++)
		tell_value(cli, &edit, keys.items[i]);
	return 0;
}

static int run_set(struct cli *cli, int argc, char **argv, struct err *err)
{
	return change_keys(cli, argc, argv, true, err);
}

static int run_reset(struct cli *cli, int argc, char **argv, struct err *err)
{
	return change_keys(cli, argc, argv, false, err);
}

const struct command cmd_config_set = {
	.name = "config set",
	.arguments = "<key=value…>",
	.summary = "Set options of recipes, and what a board's image is like",
	.description =
		"Keys are as in the board's reference: image.usr-size, image.os-release.NAME,\n"
		"options.RECIPE.OPTION (on or off); the first word may be left out. All of them are\n"
		"set, in the board's own file, or none. Comments and everything else stay.",
	.examples = "sdk config set memory=2048 --board=amd64-usr\n"
		    "sdk config set image.usr-size=1GiB image.verity-size=16MiB\n",
	.options = options,
	.min_args = 1,
	.max_args = -1,
	.run = run_set,
};

const struct command cmd_config_reset = {
	.name = "config reset",
	.arguments = "<key…>",
	.summary = "Let what a board extends, or the default, decide again",
	.description = "Takes the keys out of the board's own file.",
	.examples = "sdk config reset memory --board=amd64-usr\n",
	.options = options,
	.min_args = 1,
	.max_args = -1,
	.run = run_reset,
};
