/* sdk kernel diff: whole configurations of the kernel, compared. */
#include <string.h>

#include "commands.h"
#include "kernel-open.h"
#include "own.h"

static const struct option_spec options[] = {
	{"board", 'b', "BOARD", "the board (default: the one for this machine's kind)"},
	{"package", 0, "NAME", "the kernel's package (linux)"},
	{0}};

static void print_changes(struct cli *cli, const struct kconfig_changes *changes)
{
	own(json) json = {0};
	json_array(&json, NULL);
	for (vec_each(change, changes)) {
		json_object(&json, NULL);
		json_string(&json, "name", change->name);
		json_string(&json, "before", change->before);
		json_string(&json, "after", change->after);
		json_end_object(&json);
		if (!cli->json)
			cli_print("%-40s %s → %s\n", change->name,
			          change->before ? change->before : "-",
			          change->after ? change->after : "-");
	}
	json_end_array(&json);
	if (cli->json)
		cli_print_json(&json);
}

static void print_result(struct cli *cli, const struct kconfig *before, const char *before_name,
                         const struct kconfig *after, const char *after_name)
{
	struct kconfig_changes changes = {0};
	kconfig_compare(before, after, &changes);
	print_changes(cli, &changes);
	if (!cli->json && !cli->quiet)
		cli_print("%zu symbols differ between %s and %s\n", changes.count, before_name,
		          after_name);
	vec_release(&changes);
}

static int with_built(struct cli *cli, struct board_kernel *opened, const struct kconfig *now,
                      struct err *err)
{
	own(kconfig) built = {0};
	const char *pattern = opened->board->image->kernel_config;
	if (kernel_built(&cli->workspace, &opened->kernel,
	                 pattern ? pattern : "usr/lib/modules/*/config", &built, err) < 0)
		return -1;
	print_result(cli, &built, "what was built", now, "the fragments");
	return 0;
}

static int configure(struct cli *cli, const char *board, struct board_kernel *opened,
                     struct kconfig *ret_config, struct err *err)
{
	if (cli_open_kernel(cli, board, opened, err) < 0)
		return -1;
	return kernel_configure(&opened->kernel, &opened->kernel.fragments, false, ret_config, err);
}

/* One after the other: boards of one architecture are configured in the same place. */
static int between_boards(struct cli *cli, const char *name, const char *other_name,
                          struct err *err)
{
	own(kconfig) config = {0}, other_config = {0};
	own_free char *board_name = NULL;
	{
		own(board_kernel) opened = {0};
		if (configure(cli, name, &opened, &config, err) < 0)
			return -1;
		board_name = mem_strdup(opened.board->name);
	}
	own(board_kernel) other = {0};
	if (configure(cli, other_name, &other, &other_config, err) < 0)
		return -1;
	print_result(cli, &config, board_name, &other_config, other_name);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(board_kernel) opened = {0};
	own(kconfig) now = {0};
	if (argc)
		return between_boards(cli, cli_option(cli, "board"), argv[0], err);
	if (configure(cli, cli_option(cli, "board"), &opened, &now, err) < 0)
		return -1;
	return with_built(cli, &opened, &now, err);
}

const struct command cmd_kernel_diff = {
	.name = "kernel diff",
	.arguments = "[board]",
	.summary = "Compare the kernel's configuration with another one",
	.description =
		"Makes the whole configuration that the board's fragments give now, and shows "
		"which\n"
		"symbols have another value in what was built last, or on the other board. A dash\n"
		"stands where a symbol can't be set at all.",
	.examples = "sdk kernel diff --board=amd64-usr               # since it was built\n"
		    "sdk kernel diff --board=amd64-usr arm64-usr     # between two boards\n"
		    "sdk kernel diff --json | jq length\n",
	.options = options,
	.completes = COMPLETES_BOARDS,
	.max_args = 1,
	.run = run,
	.leases = true,
};
