/* The hidden sdk __complete: what the word under the cursor may become. The shells' scripts
 * (completion.c) ask it at each Tab, so it is silent about everything that goes wrong. */
#include <stdio.h>
#include <string.h>

#include "board-edit.h"
#include "board.h"
#include "commands.h"
#include "config.h"
#include "git-read.h"
#include "help.h"
#include "opt.h"
#include "overlay.h"
#include "own.h"
#include "path.h"
#include "toolchain.h"

/* The line so far, taken apart. */
struct completion {
	struct workspace workspace;
	bool has_workspace;
	const char *word;              /* what is to be completed; may be "" */
	const char *before;            /* the word before it; NULL: the program's name */
	const char *group;             /* the first word, that sub-commands follow; or NULL */
	const struct command *command; /* NULL: it is still to be named */
	int argc;
	char **argv; /* all words */
};

static void offer(const struct completion *completion, const char *text, const char *about)
{
	if (str_starts(text, completion->word))
		printf("%s\t%s\n", text, about ? about : "");
}

/* ---- values */

static void offer_boards(const struct completion *completion, const char *before)
{
	own(strv) boards = {0};
	own(err) none = {0};
	if (!completion->has_workspace || board_list(&completion->workspace, &boards, &none) < 0)
		return;
	for (size_t i = 0; i < boards.count; i++) {
		own(err) broken = {0};
		own_free char *text = mem_printf("%s%s", before, boards.items[i]);
		struct board *board = NULL;
		board_load(&completion->workspace, boards.items[i], &board, &broken);
		offer(completion, text, board ? board->summary : NULL);
		board_free(board);
	}
}

static void offer_recipes(const struct completion *completion, const char *before)
{
	own(recipe_set) set = {0};
	own(err) none = {0};
	size_t length = strlen(before);
	if (!completion->has_workspace ||
	    overlay_open_recipes(&completion->workspace, &set, &none) < 0)
		return;
	for (size_t i = 0; i < set.names.count; i++) {
		own(err) broken = {0};
		own_free char *text = mem_printf("%s%s", before, set.names.items[i]);
		const struct recipe *recipe = NULL;
		/* Only what is asked for is read: there may be thousands. */
		if (!str_starts(text, completion->word))
			continue;
		if (strlen(completion->word) > length)
			recipe_set_get(&set, set.names.items[i], &recipe, &broken);
		offer(completion, text, recipe ? recipe->summary : NULL);
	}
}

static void offer_list(const struct completion *completion, const char *before,
                       const struct strv *list)
{
	for (size_t i = 0; i < list->count; i++) {
		own_free char *text = mem_printf("%s%s", before, list->items[i]);
		offer(completion, text, NULL);
	}
}

static void offer_words(const struct completion *completion, const char *before, const char *words)
{
	own(strv) list = {0};
	strv_split(&list, words, " ");
	offer_list(completion, before, &list);
}

static void offer_arches(const struct completion *completion, const char *before)
{
	own(strv) arches = {0};
	if (completion->has_workspace)
		toolchain_list(&completion->workspace, &arches);
	offer_list(completion, before, &arches);
}

/* The binhosts of sdk.yaml. */
static void offer_hosts(const struct completion *completion, const char *before)
{
	own(config) config = {0};
	own(err) none = {0};
	own(strv) names = {0};
	if (!completion->has_workspace || config_load(&completion->workspace, &config, &none) < 0)
		return;
	for (vec_each(host, &config.binhosts))
		strv_add(&names, host->name);
	offer_list(completion, before, &names);
}

static void offer_overlays(const struct completion *completion)
{
	own(config) config = {0};
	own(err) none = {0};
	if (!completion->has_workspace || config_load(&completion->workspace, &config, &none) < 0)
		return;
	for (vec_each(repo, &config.repos))
		offer(completion, repo->name, NULL);
}

static void offer_tags(const struct completion *completion, const char *before)
{
	own(strv) tags = {0};
	if (completion->has_workspace)
		git_list_tags(completion->workspace.root, &tags);
	offer_list(completion, before, &tags);
}

/* Those of the packages that the line names; of every package, when it names none. */
static void offer_outputs(const struct completion *completion, const char *before)
{
	own(recipe_set) set = {0};
	own(err) none = {0};
	own(strv) names = {0};
	bool is_open = completion->has_workspace &&
	               overlay_open_recipes(&completion->workspace, &set, &none) == 0;
	recipe_outputs(NULL, &names);
	for (int i = 1; is_open && i < completion->argc; i++) {
		own(err) broken = {0};
		const struct recipe *recipe = NULL;
		if (strv_has(&set.names, completion->argv[i]))
			recipe_set_get(&set, completion->argv[i], &recipe, &broken);
		if (recipe)
			for (vec_each(output, &recipe->outputs))
				strv_add(&names, output->name);
	}
	offer_list(completion, before, &names);
}

static void offer_recipe_options(const struct completion *completion, const char *before,
                                 const struct recipe *recipe)
{
	for (vec_each(option, &recipe->options)) {
		own_free char *on = mem_printf("%s%s.%s=on", before, recipe->name, option->name);
		own_free char *off = mem_printf("%s%s.%s=off", before, recipe->name, option->name);
		offer(completion, on, option->summary);
		offer(completion, off, option->summary);
	}
}

/* Of the list "zlib.static=on,bash.nls=off", the last one. */
static void offer_build_options(const struct completion *completion, const char *before)
{
	own(recipe_set) set = {0};
	own(err) none = {0};
	const char *comma = strrchr(completion->word, ',');
	const char *typed = comma ? comma + 1 : completion->word + strlen(before);
	own_free char *start = mem_strndup(completion->word, (size_t)(typed - completion->word));
	if (!completion->has_workspace ||
	    overlay_open_recipes(&completion->workspace, &set, &none) < 0)
		return;
	for (size_t i = 0; i < set.names.count; i++) {
		own(err) broken = {0};
		const char *name = set.names.items[i];
		const struct recipe *recipe = NULL;
		size_t length = strlen(name);
		bool is_it = str_starts(typed, name) && typed[length] == '.';
		if ((is_it || str_starts(name, typed)) &&
		    recipe_set_get(&set, name, &recipe, &broken) == 0)
			offer_recipe_options(completion, start, recipe);
	}
}

static void offer_phases(const struct completion *completion, const char *before)
{
	for (size_t i = 0; i < PHASE_COUNT; i++)
		offer_words(completion, before, build_phase_names[i]);
}

/* What of a board can be set, which `ending` follows. */
static void offer_keys(const struct completion *completion, const char *ending)
{
	own(strv) keys = {0};
	board_edit_keys(&keys);
	for (size_t i = 0; i < keys.count; i++) {
		own_free char *text = mem_printf("%s%s", keys.items[i], ending);
		offer(completion, text, board_edit_help(keys.items[i]));
	}
}

/* `before`: "--board=" when the value is in the same word. */
static void offer_value(const struct completion *completion, const struct option_spec *option,
                        const char *before)
{
	static const struct {
		const char *option, *words;
	} choices[] = {{"color", "auto always never"},
	               {"format", "tree dot svg"},
	               {"channel", "alpha beta stable lts"},
	               {"command", "menuconfig nconfig config oldconfig"},
	               {"fragment", "common"},
	               {"from", "upstream debian"},
	               {"kvm", "auto yes no"},
	               {"list", "packages cmdline remove initrd"}};
	static const struct {
		const char *option;
		void (*offer)(const struct completion *completion, const char *before);
	} kinds[] = {{"arch", offer_arches},
	             {"fragment", offer_arches},
	             {"option", offer_build_options},
	             {"output", offer_outputs},
	             {"package", offer_recipes},
	             {"phase", offer_phases},
	             {"to", offer_hosts}};
	if (str_equal(option->value, "BOARD")) {
		offer_boards(completion, before);
	} else if (str_equal(option->value, "FILE") || str_equal(option->value, "DIR")) {
		puts(":files");
	} else if (str_equal(option->name, "release") &&
	           str_equal(completion->command->name, "sync")) {
		offer_tags(completion, before);
	} else {
		for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
			if (str_equal(kinds[i].option, option->name))
				kinds[i].offer(completion, before);
		for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
			if (str_equal(choices[i].option, option->name))
				offer_words(completion, before, choices[i].words);
	}
}

/* ---- options */

static const struct option_spec *find_in(const struct option_spec *options, const char *text,
                                         size_t length)
{
	for (size_t i = 0; i < opt_count(options); i++) {
		bool is_long = strlen(options[i].name) + 2 == length &&
		               !strncmp(options[i].name, text + 2, length - 2);
		bool is_short = length == 2 && options[i].letter && text[1] == options[i].letter;
		if ((is_long && str_starts(text, "--")) || is_short)
			return &options[i];
	}
	return NULL;
}

/* By "--board" or "-b", of which `length` bytes count. */
static const struct option_spec *find_option(const struct completion *completion, const char *text,
                                             size_t length)
{
	const struct option_spec *found = NULL;
	if (length < 2 || text[0] != '-')
		return NULL;
	if (completion->command)
		found = find_in(completion->command->options, text, length);
	return found ? found : find_in(global_options, text, length);
}

static void offer_options(const struct completion *completion, const struct option_spec *options)
{
	for (size_t i = 0; i < opt_count(options); i++) {
		own_free char *text =
			mem_printf("--%s%s", options[i].name, options[i].value ? "=" : "");
		offer(completion, text, options[i].help);
	}
}

/* Whether the word is an option's value, which it then completes. */
static bool complete_value(const struct completion *completion)
{
	const char *word = completion->word, *equals = strchr(word, '=');
	const struct option_spec *option = NULL;
	if (equals && str_starts(word, "--"))
		option = find_option(completion, word, (size_t)(equals - word));
	if (option && option->value) {
		own_free char *before = mem_strndup(word, (size_t)(equals - word) + 1);
		offer_value(completion, option, before);
		return true;
	}
	if (completion->before)
		option = find_option(completion, completion->before, strlen(completion->before));
	if (!option || !option->value)
		return false;
	offer_value(completion, option, "");
	return true;
}

/* ---- commands */

static bool is_in_group(const struct command *command, const char *group, size_t length)
{
	return !strncmp(command->name, group, length) && command->name[length] == ' ';
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (str_equal(commands[i]->name, name) && commands[i]->summary)
			return commands[i];
	return NULL;
}

/* "push, sign, verify": what follows a first word that is no command by itself. */
static char *about_group(const char *group, size_t length)
{
	struct str text = {0};
	for (size_t i = 0; commands[i]; i++)
		if (is_in_group(commands[i], group, length))
			str_addf(&text, "%s%s", text.len ? ", " : "",
			         commands[i]->name + length + 1);
	return str_steal(&text);
}

static void offer_commands(const struct completion *completion)
{
	for (size_t i = 0; commands[i]; i++) {
		const char *name = commands[i]->name;
		size_t length = strcspn(name, " ");
		if (!commands[i]->summary)
			continue;
		if (!name[length]) {
			offer(completion, name, commands[i]->summary);
			continue;
		}
		/* Of each group once, unless there is a command of that name. */
		own_free char *first = mem_strndup(name, length);
		bool again = find_command(first) ||
		             (i > 0 && is_in_group(commands[i - 1], first, length));
		own_free char *about = about_group(first, length);
		if (!again)
			offer(completion, first, about);
	}
	offer(completion, "help", "explain a command");
}

static void offer_sub_commands(const struct completion *completion)
{
	size_t length = strlen(completion->group);
	for (size_t i = 0; commands[i]; i++)
		if (is_in_group(commands[i], completion->group, length))
			offer(completion, commands[i]->name + length + 1, commands[i]->summary);
}

static bool has_group(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (is_in_group(commands[i], name, strlen(name)))
			return true;
	return false;
}

/* Which command the words before the last are of. */
static void find_place(struct completion *completion, int argc, char **argv)
{
	const char *program = path_base(argv[0]);
	int at = 1;
	completion->word = argv[argc - 1];
	completion->before = argc > 2 ? argv[argc - 2] : NULL;
	if (str_starts(program, "build-")) {
		completion->command = find_command(program + strlen("build-"));
		if (!completion->command)
			completion->command = find_command("build");
		return;
	}
	if (at + 1 < argc && str_equal(argv[at], "help"))
		at++;
	while (at + 1 < argc && argv[at][0] == '-')
		at++;
	if (at + 1 >= argc)
		return;
	completion->command = find_command(argv[at]);
	if (!has_group(argv[at]))
		return;
	own_free char *two = mem_printf("%s %s", argv[at], argv[at + 1]);
	if (at + 2 == argc)
		completion->group = argv[at];
	else if (find_command(two))
		completion->command = find_command(two);
}

/* Of the commands whose words are neither recipes nor boards nor files. */
static void offer_arguments(const struct completion *completion)
{
	static const struct {
		const char *command, *words;
	} choices[] = {{"binhost keys", "list make rotate revoke"},
	               {"completion", "bash zsh fish"},
	               {"reference", "recipe board manual"},
	               {"sync", "checkout"}};
	const char *name = completion->command->name;
	if (str_equal(name, "reference") && completion->before &&
	    str_equal(completion->before, "manual")) {
		puts(":files");
		return;
	}
	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
		if (str_equal(choices[i].command, name))
			offer_words(completion, "", choices[i].words);
	if (str_equal(name, "sync") || str_equal(name, "repos remove"))
		offer_overlays(completion);
	else if (str_equal(name, "config set"))
		offer_keys(completion, "=");
	else if (str_equal(name, "config reset"))
		offer_keys(completion, "");
}

static void complete(const struct completion *completion)
{
	const struct command *command = completion->command;
	if (complete_value(completion))
		return;
	if (completion->group)
		offer_sub_commands(completion);
	else if (!command)
		offer_commands(completion);
	if (*completion->word == '-') {
		if (command)
			offer_options(completion, command->options);
		offer_options(completion, global_options);
	} else if (command && command->completes == COMPLETES_RECIPES) {
		offer_recipes(completion, "");
	} else if (command && command->completes == COMPLETES_BOARDS) {
		offer_boards(completion, "");
	} else if (command && command->completes == COMPLETES_FILES) {
		puts(":files");
	} else if (command) {
		offer_arguments(completion);
	}
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	struct completion completion = {.argc = argc, .argv = argv};
	own(err) outside = {0};
	(void)cli, (void)err;
	if (argc < 2)
		return 0;
	completion.has_workspace = workspace_open(".", NULL, &completion.workspace, &outside) == 0;
	find_place(&completion, argc, argv);
	complete(&completion);
	if (completion.has_workspace)
		workspace_release(&completion.workspace);
	return 0;
}

const struct command cmd_complete = {
	.name = "__complete",
	.no_workspace = true,
	.passes_rest = true,
	.max_args = -1,
	.run = run,
};
