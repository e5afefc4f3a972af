/* sdk log: what a package's last build printed. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "wanted.h"

enum { MOST_BYTES = 512 << 20 };

static const struct option_spec options[] = {
	{"arch", 'a', "ARCH", "of the build for this architecture (this machine's)"},
	{"path", 'p', NULL, "print the log's path instead"},
	{0}};

/* Phases begin with a line "=== install". */
static void add_phases(struct json *json, char *text)
{
	static const char mark[] = "=== ";
	json_array(json, "phases");
	while (text && str_starts(text, mark)) {
		char *name = text + strlen(mark), *output = strchr(name, '\n');
		if (output)
			*output++ = '\0';
		char *next = output;
		while (next && !str_starts(next, mark)) {
			next = strchr(next, '\n');
			next = next ? next + 1 : NULL;
		}
		own_free char *own = output ? mem_strndup(output, next ? (size_t)(next - output)
		                                                       : strlen(output))
		                            : mem_strdup("");
		json_object(json, NULL);
		json_string(json, "name", name);
		json_string(json, "output", own);
		json_end_object(json);
		text = next;
	}
	json_end_array(json);
}

static int print_json(const char *package, const char *arch, const char *path, struct err *err)
{
	own(str) text = {0};
	own(json) json = {0};
	if (fs_read(path, MOST_BYTES, &text, err) < 0)
		return -1;
	json_object(&json, NULL);
	json_string(&json, "package", package);
	json_string(&json, "arch", arch);
	json_string(&json, "path", path);
	add_phases(&json, text.data);
	json_end_object(&json);
	cli_print_json(&json);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc;
	const char *arch = cli_option(cli, "arch");
	if (!arch)
		arch = cli->workspace.build_arch;
	if (!path_is_safe(argv[0]) || !path_is_safe(arch))
		return err_set(err, ERR_USAGE, "%s: not a package's name", argv[0]);
	own_free char *path = workspace_out(&cli->workspace, "logs/%s/%s.log", arch, argv[0]);
	if (!fs_is_file(path))
		return cli_not_built(cli, argv[0], arch, err);
	if (cli->json)
		return print_json(argv[0], arch, path, err);
	if (cli_has(cli, "path")) {
		cli_print("%s\n", path);
		return 0;
	}
	own_file FILE *file = fopen(path, "re");
	if (!file)
		return err_errno(err, "%s", path);
	char bytes[16384];
	for (size_t count; (count = fread(bytes, 1, sizeof bytes, file)) > 0;)
		if (fwrite(bytes, 1, count, stdout) != count)
			return err_errno(err, "write to stdout");
	return 0;
}

const struct command cmd_log = {
	.name = "log",
	.arguments = "<package>",
	.summary = "Print what a package's last build printed",
	.examples = "sdk log zlib | less\n"
		    "less $(sdk log -p zlib)\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
