/* Help, made from the command table. */
#include "help.h"

#include <string.h>

#include "opt.h"
#include "own.h"

enum { HELP_COLUMN = 26 };

static void add_row(struct str *text, const char *left, const char *right)
{
	str_addf(text, "  %-*s%s%s\n", HELP_COLUMN - 2, left,
	         strlen(left) > HELP_COLUMN - 4 ? "  " : "", right);
}

void help_overview(struct str *text)
{
	str_add(text,
	        "The SDK of Dray Linux: builds packages and images, without root, the same bytes "
	        "everywhere.\n\nUsage: sdk [option…] command [argument…]\n\nCommands:\n");
	for (size_t i = 0; commands[i]; i++)
		if (commands[i]->summary)
			add_row(text, commands[i]->name, commands[i]->summary);
	str_add(text, "\nStart here:\n"
	              "  sdk doctor                     # can this machine do it?\n"
	              "  sdk image --board=amd64-usr    # environment, packages, image\n"
	              "  sdk run --board=amd64-usr      # boot it in QEMU\n"
	              "\n`sdk <command> --help` explains a command; `sdk --version` tells the "
	              "version.\n");
}

bool help_group(const char *group, struct str *text)
{
	size_t length = strlen(group);
	bool found = false;
	for (size_t i = 0; commands[i]; i++) {
		const char *name = commands[i]->name;
		if (strncmp(name, group, length) != 0 || name[length] != ' ')
			continue;
		if (!found)
			str_addf(text, "Usage: sdk %s command [option…] [argument…]\n\nCommands:\n",
			         group);
		found = true;
		add_row(text, name + length + 1, commands[i]->summary);
	}
	if (found)
		str_addf(text, "\n`sdk %s <command> --help` explains one.\n", group);
	return found;
}

static void add_options(const struct option_spec *options, struct str *text)
{
	for (size_t i = 0; i < opt_count(options); i++) {
		const struct option_spec *option = &options[i];
		struct str left = {0};
		str_addf(&left, option->letter ? "-%c, " : "    ", option->letter);
		str_addf(&left, "--%s", option->name);
		if (option->value)
			str_addf(&left, "=%s", option->value);
		add_row(text, str_text(&left), option->help);
		str_release(&left);
	}
}

static void add_examples(const char *examples, struct str *text)
{
	own(strv) lines = {0};
	strv_split(&lines, examples, "\n");
	str_add(text, "\nExamples:\n");
	for (size_t i = 0; i < lines.count; i++)
		str_addf(text, "  %s\n", lines.items[i]);
}

void help_command(const struct command *command, struct str *text)
{
	str_addf(text, "Usage: sdk %s", command->name);
	if (opt_count(command->options))
		str_add(text, " [option…]");
	if (command->arguments)
		str_addf(text, " %s", command->arguments);
	str_addf(text, "\n\n%s.\n", command->summary ? command->summary : command->name);
	if (command->description)
		str_addf(text, "\n%s\n", command->description);
	if (opt_count(command->options)) {
		str_add(text, "\nOptions:\n");
		add_options(command->options, text);
	}
	str_add(text, "\nOptions of all commands:\n");
	add_options(global_options, text);
	if (command->examples)
		add_examples(command->examples, text);
}
