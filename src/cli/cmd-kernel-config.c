/* sdk kernel config: change the kernel's configuration, and its fragments by as little. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "fs.h"
#include "kernel-open.h"
#include "own.h"

static const struct option_spec options[] = {
	{"board", 'b', "BOARD", "the board (default: the one for this machine's kind)"},
	{"set", 's', "LIST", "set these symbols, without a terminal: A=y,B=n,C=64"},
	{"config", 'c', "FILE", "take a whole configuration, as a session left it"},
	{"fragment", 'f', "NAME", "where new lines go: common, or the board's architecture"},
	{"command", 0, "PROGRAM", "menuconfig (default), nconfig, config or oldconfig"},
	{"dry-run", 'n', NULL, "show the change, write nothing"},
	{"package", 0, "NAME", "the kernel's package (linux)"},
	{0}};

enum { MAX_FRAGMENT = 8 << 20 };

static const char *const programs[] = {"menuconfig", "nconfig", "config", "oldconfig"};

/* ---- what is asked for */

/* "NET=y,CONFIG_SMP=n" */
static int parse_values(const char *text, struct kconfig *ret_values, struct err *err)
{
	own(strv) items = {0};
	own(str) lines = {0};
	strv_split(&items, text, ",");
	for (size_t i = 0; i < items.count; i++) {
		const char *item = items.items[i], *equals = strchr(item, '=');
		if (!equals || equals == item || !equals[1])
			return err_set(err, ERR_USAGE, "--set=%s: wanted SYMBOL=VALUE", item);
		own_free char *name =
			mem_printf("%s%.*s", str_starts(item, "CONFIG_") ? "" : "CONFIG_",
		                   (int)(equals - item), item);
		own_free char *line = kconfig_line(name, equals + 1);
		str_addf(&lines, "%s\n", line);
	}
	kconfig_parse(str_text(&lines), ret_values);
	if (ret_values->symbols.count && ret_values->symbols.count == items.count)
		return 0;
	return err_set(err, ERR_USAGE, "--set=%s: wanted different symbols, as A=y,B=n", text);
}

static int find_program(const struct cli *cli, const char **ret_program, struct err *err)
{
	const char *name = cli_option(cli, "command");
	*ret_program = name ? name : programs[0];
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
		if (str_equal(*ret_program, programs[i]))
			return 0;
	return err_set(err, ERR_USAGE,
	               "--command=%s: wanted menuconfig, nconfig, config or oldconfig", name);
}

static int check_terminal(const struct cli *cli, struct err *err)
{
	bool there = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	bool known = cli_has(cli, "set") || cli_has(cli, "config");
	if (there || (known && cli_has(cli, "fragment")))
		return 0;
	if (known)
		err_set(err, ERR_USAGE, "which fragment are new lines for?");
	else
		err_set(err, ERR_USAGE, "this needs a terminal");
	return err_hint(err, known ? "--fragment=common, or --fragment=ARCH"
	                           : "--set=SYMBOL=VALUE works without one");
}

static int unknown_fragment(const char *name, const char *arch, struct err *err)
{
	return err_set(err, ERR_USAGE, "--fragment=%s: wanted common or %s", name, arch);
}

static int fragment_index(const struct kernel *kernel, const char *name, size_t *ret_index,
                          struct err *err)
{
	for (size_t i = 0; i < kernel->fragments.count; i++) {
		const char *own_name = kernel->fragments.items[i].name;
		size_t length = strlen(own_name) - strlen(".config");
		if (strlen(name) == length && !strncmp(own_name, name, length)) {
			*ret_index = i;
			return 0;
		}
	}
	return unknown_fragment(name, kernel->session.toolchain.arch, err);
}

/* Until the answer is one; the end of the input ends it. */
static int ask_fragment(struct cli *cli, const struct kernel *kernel, size_t *ret_index,
                        struct err *err)
{
	char answer[64];
	const char *arch = kernel->session.toolchain.arch;
	for (;;) {
		own(err) wrong = {0};
		fprintf(stderr, "Where do new lines go: common (every architecture) or %s? [%s] ",
		        arch, arch);
		if (!fgets(answer, sizeof answer, stdin))
			return err_set(err, ERR_INTERRUPTED, "nothing was changed");
		answer[strcspn(answer, "\n")] = '\0';
		if (fragment_index(kernel, *answer ? answer : arch, ret_index, &wrong) == 0)
			return 0;
		event_warn(&cli->sink, "%s: wanted common or %s", answer, arch);
	}
}

/* ---- what comes of it */

/* The lines of a fragment that are others now. */
static void show_fragment(struct cli *cli, const struct kernel_fragment *before,
                          const struct kernel_fragment *after, struct json *json)
{
	own(kconfig) old_lines = {0}, new_lines = {0};
	struct kconfig_changes changes = {0};
	kconfig_parse(str_text(&before->text), &old_lines);
	kconfig_parse(str_text(&after->text), &new_lines);
	kconfig_compare(&old_lines, &new_lines, &changes);
	for (vec_each(change, &changes)) {
		json_object(json, NULL);
		json_string(json, "fragment", after->path);
		json_string(json, "name", change->name);
		json_string(json, "before", change->before);
		json_string(json, "after", change->after);
		json_end_object(json);
		own_free char *minus =
			change->before ? kconfig_line(change->name, change->before) : NULL;
		own_free char *plus =
			change->after ? kconfig_line(change->name, change->after) : NULL;
		if (!cli->json && minus)
			cli_print("%s: -%s\n", after->name, minus);
		if (!cli->json && plus)
			cli_print("%s: +%s\n", after->name, plus);
	}
	vec_release(&changes);
}

static void show(struct cli *cli, const struct kernel *kernel,
                 const struct kernel_fragments *fragments)
{
	own(json) json = {0};
	json_array(&json, NULL);
	for (size_t i = 0; i < fragments->count; i++)
		show_fragment(cli, &kernel->fragments.items[i], &fragments->items[i], &json);
	json_end_array(&json);
	if (cli->json)
		cli_print_json(&json);
}

static bool is_changed(const struct kernel *kernel, const struct kernel_fragments *fragments,
                       size_t index)
{
	return !str_equal(str_text(&kernel->fragments.items[index].text),
	                  str_text(&fragments->items[index].text));
}

/* A line of common.config must hold for the other architectures as well. */
static int check_board(struct cli *cli, const char *name, const struct kernel *kernel,
                       const struct kernel_fragment *common, struct strv *arches, struct err *err)
{
	own(board_kernel) other = {0};
	own(kconfig) config = {0};
	__attribute__((cleanup(board_free_ptr))) struct board *board = NULL;
	if (board_load(&cli->workspace, name, &board, err) < 0)
		return -1;
	if (strv_has(arches, board->arch) || !strv_has(&board->packages, kernel->node.name))
		return 0;
	strv_add(arches, board->arch);
	event_note(&cli->sink, "%s: trying the change for %s as well", kernel->node.name,
	           board->arch);
	if (cli_open_kernel(cli, name, &other, err) < 0)
		return -1;
	str_reset(&other.kernel.fragments.items[0].text);
	str_add(&other.kernel.fragments.items[0].text, str_text(&common->text));
	if (kernel_configure(&other.kernel, &other.kernel.fragments, true, &config, err) == 0)
		return 0;
	return err_hint(err, "--fragment=%s changes nothing for the others",
	                kernel->session.toolchain.arch);
}

static int check_others(struct cli *cli, const struct kernel *kernel,
                        const struct kernel_fragments *fragments, struct err *err)
{
	own(strv) boards = {0}, arches = {0};
	strv_add(&arches, kernel->session.toolchain.arch);
	if (board_list(&cli->workspace, &boards, err) < 0)
		return -1;
	for (size_t i = 0; i < boards.count; i++)
		if (check_board(cli, boards.items[i], kernel, &fragments->items[0], &arches, err) <
		    0)
			return -1;
	return 0;
}

/* Somebody's edit of the fragment during the session is not written over. */
static int check_unedited(const struct kernel *kernel, const struct kernel_fragments *fragments,
                          struct err *err)
{
	for (size_t i = 0; i < fragments->count; i++) {
		own(str) now = {0};
		const struct kernel_fragment *before = &kernel->fragments.items[i];
		if (!is_changed(kernel, fragments, i))
			continue;
		if (fs_read(before->path, MAX_FRAGMENT, &now, err) < 0)
			return -1;
		if (!str_equal(str_text(&now), str_text(&before->text)))
			return err_set(err, ERR_INPUT, "%s was edited meanwhile: it stays",
			               before->path);
	}
	return 0;
}

static int finish(struct cli *cli, const struct kernel *kernel,
                  const struct kernel_fragments *fragments, struct err *err)
{
	if (!cli_has(cli, "dry-run") && check_unedited(kernel, fragments, err) < 0)
		return -1;
	for (size_t i = 0; i < fragments->count; i++)
		if (!cli_has(cli, "dry-run") && is_changed(kernel, fragments, i) &&
		    fs_write_text(fragments->items[i].path, str_text(&fragments->items[i].text),
		                  err) < 0)
			return -1;
	show(cli, kernel, fragments);
	return 0;
}

static int make_wanted(struct cli *cli, const struct kernel *kernel, struct kconfig *ret_wanted,
                       struct err *err)
{
	own(kconfig) values = {0};
	const char *program;
	if (find_program(cli, &program, err) < 0)
		return -1;
	if (cli_has(cli, "config"))
		return kernel_take(kernel, cli_option(cli, "config"), ret_wanted, err);
	if (!cli_has(cli, "set"))
		return kernel_edit(kernel, program, ret_wanted, err);
	if (parse_values(cli_option(cli, "set"), &values, err) < 0)
		return -1;
	return kernel_set(kernel, &values, ret_wanted, err);
}

static bool is_same(const struct kconfig *now, const struct kconfig *wanted)
{
	struct kconfig_changes changes = {0};
	kconfig_compare(now, wanted, &changes);
	bool same = changes.count == 0;
	vec_release(&changes);
	return same;
}

static int check_usage(struct cli *cli, struct err *err)
{
	own(kconfig) values = {0};
	const char *program, *config = cli_option(cli, "config");
	if (cli_has(cli, "set") && parse_values(cli_option(cli, "set"), &values, err) < 0)
		return -1;
	if (cli_has(cli, "set") && config)
		return err_set(err, ERR_USAGE, "--set and --config: wanted one of them");
	if (config && !fs_is_file(config))
		return err_set(err, ERR_INPUT, "--config=%s: there is no such file", config);
	return find_program(cli, &program, err);
}

/* Whether all that is named is there, before the environment is made, which takes long. */
static int check_names(struct cli *cli, struct err *err)
{
	own(board_kernel) chosen = {0};
	const char *fragment = cli_option(cli, "fragment");
	if (cli_choose_kernel(cli, cli_option(cli, "board"), &chosen, err) < 0)
		return -1;
	const char *arch = chosen.board->arch;
	if (fragment && !str_equal(fragment, "common") && !str_equal(fragment, arch))
		return unknown_fragment(fragment, arch, err);
	return 0;
}

static int print_nothing(struct cli *cli, const struct kernel *kernel)
{
	if (cli->json)
		show(cli, kernel, &kernel->fragments);
	else if (!cli->quiet)
		cli_print("nothing is changed by that\n");
	return 0;
}

/* ---- from what is wanted to fragments */

/* One change on its way. */
struct change {
	const struct kernel *kernel;
	struct kconfig now, wanted;
	struct kernel_fragments fragments;
	char *kept; /* the whole configuration that is wanted, for another try */
};

static void change_release(struct change *change)
{
	kconfig_release(&change->now);
	kconfig_release(&change->wanted);
	kernel_fragments_release(&change->fragments);
	free(change->kept);
}

static int propose(struct cli *cli, struct change *change, size_t into, struct err *err)
{
	kernel_fragments_release(&change->fragments);
	if (kernel_minimise(change->kernel, &change->now, &change->wanted, into, &change->fragments,
	                    err) < 0)
		return -1;
	return is_changed(change->kernel, &change->fragments, 0)
	               ? check_others(cli, change->kernel, &change->fragments, err)
	               : 0;
}

/* A fragment that can't say it is told, and asked for again: a session's work hangs on it. */
static int ask_and_propose(struct cli *cli, struct change *change, struct err *err)
{
	for (;;) {
		own(err) wrong = {0};
		own(kconfig) again = {0};
		size_t into;
		if (ask_fragment(cli, change->kernel, &into, err) < 0)
			return -1;
		if (propose(cli, change, into, &wrong) == 0)
			return 0;
		if (wrong.kind != ERR_INPUT && wrong.kind != ERR_BUILD)
			return err_move(err, &wrong);
		event_warn(&cli->sink, "%s%s%s", wrong.message, wrong.hint ? "; " : "",
		           wrong.hint ? wrong.hint : "");
		if (kernel_take(change->kernel, change->kept, &again, err) < 0)
			return -1;
	}
}

static int write_change(struct cli *cli, struct change *change, struct err *err)
{
	const char *name = cli_option(cli, "fragment");
	size_t into = 0;
	if (name && fragment_index(change->kernel, name, &into, err) < 0)
		return -1;
	if ((name ? propose(cli, change, into, err) : ask_and_propose(cli, change, err)) < 0)
		return -1;
	return finish(cli, change->kernel, &change->fragments, err);
}

static int keep_and_write(struct cli *cli, struct change *change, struct err *err)
{
	if (kernel_keep(change->kernel, change->kept, err) < 0)
		return -1;
	int result = write_change(cli, change, err);
	if ((result == 0 && !cli_has(cli, "dry-run")) || cli_has(cli, "set"))
		fs_remove_tree(change->kept, NULL);
	else
		event_note(&cli->sink, "what was chosen is kept: `sdk kernel config --config=%s`",
		           change->kept);
	return result;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv;
	own(board_kernel) opened = {0};
	own(change) change = {.kernel = &opened.kernel};
	if (check_usage(cli, err) < 0 || check_names(cli, err) < 0 ||
	    check_terminal(cli, err) < 0 ||
	    cli_open_kernel(cli, cli_option(cli, "board"), &opened, err) < 0 ||
	    kernel_configure(change.kernel, &opened.kernel.fragments, false, &change.now, err) <
	            0 ||
	    make_wanted(cli, change.kernel, &change.wanted, err) < 0)
		return -1;
	if (is_same(&change.now, &change.wanted))
		return print_nothing(cli, change.kernel);
	change.kept = workspace_out(&cli->workspace, "kernel/%s-%s.config", opened.kernel.node.name,
	                            opened.kernel.session.toolchain.arch);
	return keep_and_write(cli, &change, err);
}

const struct command cmd_kernel_config = {
	.name = "kernel config",
	.summary = "Change the kernel's configuration, and its fragments by as little",
	.description =
		"Makes the whole configuration of the board's fragments in the sandbox, lets you\n"
		"change it (menuconfig), and writes back the fewest lines that give it: what only\n"
		"follows, by dependency or default, is left out, which is tried by making the\n"
		"configuration. Lines that are there are changed where they are; for new ones "
		"you\n"
		"are asked, or --fragment says it. A change of common.config is tried for the "
		"other\n"
		"architectures as well. The kernel is not built. What could not be written stays "
		"in\n"
		"a file, for --config.",
	.examples = "sdk kernel config --board=amd64-usr\n"
		    "sdk kernel config --board=arm64-usr --command=nconfig\n"
		    "sdk kernel config --set=WIREGUARD=y --fragment=common\n"
		    "sdk kernel config --set=SOUND=m,SND=m -f amd64 --dry-run\n",
	.options = options,
	.max_args = 0,
	.run = run,
	.leases = true,
};
