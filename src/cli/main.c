/* The sdk program: finds the command, parses its options, runs it, prints the error. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "fs.h"
#include "help.h"
#include "lease.h"
#include "log.h"
#include "nearest.h"
#include "opt.h"
#include "own.h"
#include "path.h"
#include "report.h"
#include "store-boot.h"

const char *cli_option(const struct cli *cli, const char *name)
{
	for (size_t i = 0; i < opt_count(cli->command->options); i++)
		if (str_equal(cli->command->options[i].name, name))
			return cli->values[i];
	return NULL;
}

bool cli_has(const struct cli *cli, const char *name)
{
	return cli_option(cli, name) != NULL;
}

int cli_number(const struct cli *cli, const char *name, int64_t min, int64_t max, int64_t fallback,
               int64_t *ret_number, struct err *err)
{
	const char *text = cli_option(cli, name);
	if (!text) {
		*ret_number = fallback;
		return 0;
	}
	char *end = NULL;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (errno || end == text || *end || number < min || number > max)
		return err_set(err, ERR_USAGE,
		               "--%s=%s: wanted a whole number from %" PRId64 " to %" PRId64, name,
		               text, min, max);
	*ret_number = number;
	return 0;
}

int cli_output(const struct cli *cli, const char *name, const char **ret_path, struct err *err)
{
	const char *path = cli_option(cli, name);
	own_free char *dir = path ? path_dir(path) : NULL;
	if (path && (!*path || !fs_is_dir(dir) || fs_is_dir(path)))
		return err_set(err, ERR_INPUT,
		               "--%s=%s: wanted a file, in a directory that is there", name, path);
	*ret_path = path;
	return 0;
}

void cli_print(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

void cli_print_json(struct json *json)
{
	puts(str_text(&json->text));
}

const char *cli_bytes(uint64_t bytes, char *text)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double value = (double)bytes;
	size_t unit = 0;
	while (value >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
		value /= 1000;
		unit++;
	}
	snprintf(text, 32, unit && value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return text;
}

const char *cli_seconds(double seconds, char *text)
{
	if (seconds < 0.995)
		snprintf(text, 32, "%.0f ms", seconds * 1000);
	else if (seconds < 59.95)
		snprintf(text, 32, "%.1f s", seconds);
	else if (seconds < 3600)
		snprintf(text, 32, "%d min %02d s", (int)seconds / 60, (int)seconds % 60);
	else
		snprintf(text, 32, "%d h %02d min", (int)seconds / 3600, (int)seconds % 3600 / 60);
	return text;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (str_equal(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/* The command, or group of commands, with the name nearest to a misspelt one; freed by the caller.
 * NULL: none is near. */
static char *nearest_command(const char *name)
{
	char *nearest = NULL;
	size_t best = strlen(name) < 3 ? strlen(name) : 3;
	for (size_t i = 0; commands[i]; i++) {
		const char *whole = commands[i]->name;
		own_free char *word = mem_strndup(whole, strcspn(whole, " "));
		size_t distance = str_distance(name, word);
		if (distance >= best || !commands[i]->summary)
			continue;
		best = distance;
		free(nearest);
		nearest = steal_ptr(word);
	}
	return nearest;
}

/* What a group's commands are called behind its name: none, when there is no such group. */
static void list_group(const char *group, struct strv *ret_names)
{
	size_t length = strlen(group);
	for (size_t i = 0; commands[i]; i++)
		if (!strncmp(commands[i]->name, group, length) && commands[i]->name[length] == ' ')
			strv_add(ret_names, commands[i]->name + length + 1);
}

/* `word`, which may be NULL, is none of them. */
static int unknown_in_group(const char *group, const struct strv *names, const char *word,
                            struct err *err)
{
	own(str) list = {0};
	for (size_t i = 0; i < names->count; i++)
		str_addf(&list, "%ssdk %s %s", i ? ", " : "", group, names->items[i]);
	const char *near =
		word ? nearest_word(word, (const char *const *)names->items, names->count) : NULL;
	if (word)
		err_set(err, ERR_USAGE, "unknown command \"%s %s\"", group, word);
	else
		err_set(err, ERR_USAGE, "%s: which one?", group);
	return near ? err_hint(err, "did you mean `sdk %s %s`?", group, near)
	            : err_hint(err, "%s", str_text(&list));
}

static int unknown_command(const char *word, struct err *err)
{
	err_set(err, ERR_USAGE, "unknown command \"%s\"", word);
	own_free char *nearest = nearest_command(word);
	return nearest ? err_hint(err, "did you mean `sdk %s`?", nearest)
	               : err_hint(err, "`sdk --help` lists the commands");
}

/* The command named by argv[*at] (and the word after it); moves *at behind the name. */
static int choose_command(int argc, char **argv, int *at, const struct command **ret_command,
                          struct err *err)
{
	const char *word = argv[*at], *next = *at + 1 < argc ? argv[*at + 1] : NULL;
	own(strv) group = {0};
	if (next) {
		own_free char *two = mem_printf("%s %s", word, next);
		*ret_command = find_command(two);
		if (*ret_command) {
			*at += 2;
			return 0;
		}
	}
	*ret_command = find_command(word);
	list_group(word, &group);
	bool takes_words = *ret_command && (*ret_command)->max_args != 0;
	if (group.count && next && *next != '-' && !takes_words)
		return unknown_in_group(word, &group, next, err);
	if (!*ret_command)
		return group.count ? unknown_in_group(word, &group, NULL, err)
		                   : unknown_command(word, err);
	*at += 1;
	return 0;
}

static int check_arguments(const struct command *command, size_t count, struct err *err)
{
	bool few = count < (size_t)command->min_args;
	bool many = command->max_args >= 0 && count > (size_t)command->max_args;
	if (!few && !many)
		return 0;
	err_set(err, ERR_USAGE, "too %s arguments", few ? "few" : "many");
	return err_hint(err, "usage: sdk %s %s", command->name,
	                command->arguments ? command->arguments : "(no arguments)");
}

static int choose_color(const char *when, bool *ret_color, struct err *err)
{
	const char *no_color = getenv("NO_COLOR");
	if (!when || str_equal(when, "auto"))
		*ret_color = isatty(STDERR_FILENO) && !(no_color && *no_color);
	else if (str_equal(when, "always") || str_equal(when, "never"))
		*ret_color = str_equal(when, "always");
	else
		return err_set(err, ERR_USAGE, "--color=%s: wanted auto, always or never", when);
	return 0;
}

static int prepare(struct cli *cli, const struct opt *opt, struct err *err)
{
	cli->json = opt->globals[GLOBAL_JSON] != NULL;
	cli->quiet = opt->globals[GLOBAL_QUIET] != NULL;
	cli->verbose = opt->verbose;
	log_enabled = opt->verbose > 1 || getenv("SDK_DEBUG");
	if (choose_color(opt->globals[GLOBAL_COLOR], &cli->color, err) < 0)
		return -1;
	cli->progress = isatty(STDERR_FILENO) && !cli->quiet;
	if (cli->command->no_workspace)
		return 0;
	return workspace_open(".", opt->globals[GLOBAL_OUT], &cli->workspace, err);
}

static int run_command(struct cli *cli, const struct opt *opt, struct strv *words, struct err *err)
{
	if (check_arguments(cli->command, words->count, err) < 0 || prepare(cli, opt, err) < 0)
		return -1;
	own(lease) lease = {0};
	if (cli->command->leases && lease_take(&cli->workspace, &lease, err) < 0) {
		workspace_release(&cli->workspace);
		return -1;
	}
	struct report *report = report_new(cli->progress, cli->quiet, cli->color, cli->verbose);
	cli->sink = report_sink(report);
	int result =
		cli->command->leases ? store_check_unsynced(&cli->workspace, &cli->sink, err) : 0;
	if (result == 0)
		result = cli->command->run(cli, (int)words->count, strv_argv(words), err);
	report_free(report);
	workspace_release(&cli->workspace);
	return result;
}

static int print_help(const struct command *command)
{
	own(str) text = {0};
	if (command)
		help_command(command, &text);
	else
		help_overview(&text);
	fputs(str_text(&text), stdout);
	return 0;
}

/* `sdk help repos`, `sdk repos --help`: prints what is in the group. False: it is none, or a
 * command, or not its help is asked for. */
static bool print_group_help(int argc, char **argv, int at)
{
	own(str) text = {0};
	bool asked = str_equal(argv[1], "help")
	                     ? at + 1 == argc
	                     : at + 2 == argc && (str_equal(argv[at + 1], "--help") ||
	                                          str_equal(argv[at + 1], "-h"));
	if (!asked || find_command(argv[at]) || !help_group(argv[at], &text))
		return false;
	fputs(str_text(&text), stdout);
	return true;
}

/* `build-packages` and `build-image` are this program under another name. */
static const char *command_of_name(const char *program)
{
	static const struct {
		const char *program, *command;
	} names[] = {{"build-packages", "build"}, {"build-image", "image"}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_equal(path_base(program), names[i].program))
			return names[i].command;
	return NULL;
}

static int dispatch(int argc, char **argv, int *ret_status, struct err *err)
{
	struct opt opt = {0};
	const char *by_name = command_of_name(argv[0]);
	const struct command *command = by_name ? find_command(by_name) : NULL;
	int at = 1;
	if (!command && argc == 2 && str_equal(argv[1], "--version")) {
		puts("sdk " SDK_VERSION);
		return 0;
	}
	if (!command) {
		if (opt_parse(NULL, argc, argv, 1, true, &opt, &at, NULL, err) < 0)
			return -1;
		if (at == argc)
			return print_help(NULL);
		if (str_equal(argv[at], "help") && ++at == argc)
			return print_help(NULL);
		if (print_group_help(argc, argv, at))
			return 0;
		if (choose_command(argc, argv, &at, &command, err) < 0)
			return -1;
		if (str_equal(argv[1], "help"))
			return print_help(command);
	}
	own_free const char **values =
		mem_alloc((opt_count(command->options) + 1) * sizeof *values);
	opt.values = values;
	own(strv) words = {0};
	if (opt_parse(command, argc, argv, at, false, &opt, NULL, &words, err) < 0)
		return -1;
	if (opt.globals[GLOBAL_HELP])
		return print_help(command);
	struct cli cli = {.command = command, .values = values};
	int result = run_command(&cli, &opt, &words, err);
	*ret_status = cli.exit_status;
	return result;
}

static int report_error(const struct err *err)
{
	const char *no_color = getenv("NO_COLOR");
	bool color = isatty(STDERR_FILENO) && !(no_color && *no_color);
	fprintf(stderr, "%serror:%s %s\n", color ? "\033[31m" : "", color ? "\033[0m" : "",
	        err->message ? err->message : "unknown");
	if (err->hint)
		fprintf(stderr, "%shint:%s %s\n", color ? "\033[36m" : "", color ? "\033[0m" : "",
		        err->hint);
	return err_exit_code(err->kind);
}

/* What was interrupted ends by the signal that did it, once it has said so: a shell that runs a
 * list or a loop ends that, too, only when it sees that. */
static void end_by_signal(void)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	own(err) err = {0};
	int status = 0;
	if (dispatch(argc, argv, &status, &err) < 0) {
		status = report_error(&err);
		if (err.kind == ERR_INTERRUPTED)
			end_by_signal();
		return status;
	}
	if (fflush(stdout) == EOF || ferror(stdout)) {
		fprintf(stderr, "error: write to stdout: %s\n", strerror(errno));
		return err_exit_code(ERR_SYSTEM);
	}
	return status;
}
