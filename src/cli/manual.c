/* Manual pages, made from the command table: the same words as in the help, in man(7) source. */
#include "manual.h"

#include <string.h>

#include "mem.h"
#include "opt.h"
#include "own.h"

/* What troff would take for its own: backslashes everywhere, dots and quotes at a line's start;
 * a minus that is typed by people must not become a hyphen. */
static void add_escaped(struct str *page, const char *text)
{
	bool line_start = true;
	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			str_add(page, "\\&");
		if (*text == '\\')
			str_add(page, "\\e");
		else if (*text == '-')
			str_add(page, "\\-");
		else
			str_add_char(page, *text);
		line_start = *text == '\n';
	}
}

static void add_line(struct str *page, const char *macro, const char *text)
{
	str_add(page, macro);
	add_escaped(page, text);
	str_add_char(page, '\n');
}

static void add_title(struct str *page, const char *title, const char *summary)
{
	str_add(page, ".TH ");
	for (const char *c = title; *c; c++)
		str_add_char(page, *c == ' ' ? '-' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	str_add(page, " 1 \"\" \"Dray SDK\" \"User Commands\"\n.SH NAME\n");
	for (const char *c = title; *c; c++)
		str_add(page, *c == ' ' || *c == '-' ? "\\-" : (char[]){*c, '\0'});
	add_line(page, " \\- ", summary);
}

static void add_paragraphs(struct str *page, const char *text)
{
	own(strv) lines = {0};
	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++)
		add_line(page, "", lines.items[i]);
}

static void add_options(struct str *page, const struct option_spec *options)
{
	for (size_t i = 0; i < opt_count(options); i++) {
		const struct option_spec *option = &options[i];
		str_add(page, ".TP\n");
		if (option->letter)
			str_addf(page, "\\fB\\-%c\\fR, ", option->letter);
		str_add(page, "\\fB");
		own_free char *name = mem_printf("--%s", option->name);
		add_escaped(page, name);
		str_add(page, "\\fR");
		if (option->value)
			str_addf(page, "=\\fI%s\\fR", option->value);
		str_add_char(page, '\n');
		add_line(page, "", option->help);
	}
}

static void add_exit_status(struct str *page)
{
	static const struct {
		enum err_kind kind;
		const char *text;
	} rows[] = {
		{ERR_BUILD, "a build or a test failed"},
		{ERR_USAGE, "the command line is wrong"},
		{ERR_INPUT, "a recipe, board, configuration or lock is wrong"},
		{ERR_NETWORK, "a server, or the way to it"},
		{ERR_TRUST, "a digest or a signature that does not match"},
		{ERR_SYSTEM, "this machine: the kernel, the disk, a missing program"},
		{ERR_INTERRUPTED, "interrupted; the same command goes on where it was"},
	};
	str_add(page, ".SH EXIT STATUS\n.TP\n0\nsuccess\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		str_addf(page, ".TP\n%d\n%s\n", err_exit_code(rows[i].kind), rows[i].text);
}

static void add_environment(struct str *page)
{
	str_add(page,
	        ".SH ENVIRONMENT\n"
	        ".TP\n.B SDK_ROOT\nthe checkout, when not run inside of one\n"
	        ".TP\n.B SDK_OUT\nwhere state is kept (<checkout>/out)\n"
	        ".TP\n.B SDK_CACHE\ndownloads and package archives, shared between checkouts\n"
	        "($XDG_CACHE_HOME/sdk or ~/.cache/sdk)\n"
	        ".TP\n.B SDK_MIRROR_<NAME>\nbase addresses of a mirror, for mirror://<name>/…\n"
	        ".TP\n.B NO_COLOR\nno colours, when set\n");
}

char *manual_name(const struct command *command)
{
	char *name = mem_printf("sdk-%s.1", command->name);
	for (char *c = name; *c; c++)
		if (*c == ' ')
			*c = '-';
	return name;
}

void manual_command(const struct command *command, struct str *page)
{
	own_free char *title = mem_printf("sdk %s", command->name);
	add_title(page, title, command->summary);
	add_line(page, ".SH SYNOPSIS\n.B ", title);
	if (opt_count(command->options))
		str_add(page, "[option…]\n");
	if (command->arguments)
		add_line(page, "", command->arguments);
	str_add(page, ".SH DESCRIPTION\n");
	own_free char *sentence = mem_printf("%s.", command->summary);
	add_line(page, "", sentence);
	if (command->description) {
		str_add(page, ".PP\n");
		add_paragraphs(page, command->description);
	}
	if (opt_count(command->options)) {
		str_add(page, ".SH OPTIONS\n");
		add_options(page, command->options);
	}
	str_add(page, ".SH OPTIONS OF ALL COMMANDS\n");
	add_options(page, global_options);
	if (command->examples) {
		str_add(page, ".SH EXAMPLES\n.nf\n");
		add_escaped(page, command->examples);
		str_add(page, ".fi\n");
	}
	add_exit_status(page);
	str_add(page, ".SH SEE ALSO\n.BR sdk (1)\n");
}

void manual_overview(struct str *page)
{
	add_title(page, "sdk", "build packages and images of Dray Linux");
	str_add(page, ".SH SYNOPSIS\n.B sdk\n[option…] command [argument…]\n.SH DESCRIPTION\n"
	              "Builds packages and images without root, the same bytes everywhere.\n"
	              "Each command has a page of its own.\n.SH COMMANDS\n");
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->summary)
			continue;
		own_free char *name = manual_name(commands[i]);
		name[strlen(name) - 2] = '\0';
		str_add(page, ".TP\n.BR ");
		add_escaped(page, name);
		str_add(page, " (1)\n");
		add_line(page, "", commands[i]->summary);
	}
	str_add(page, ".SH OPTIONS OF ALL COMMANDS\n");
	add_options(page, global_options);
	add_exit_status(page);
	add_environment(page);
}
