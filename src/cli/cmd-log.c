/* sdk log: what a package's last build printed. */
#include <stdio.h>

#include "commands.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "wanted.h"

static const struct option_spec options[] = {
	{"arch", 'a', "ARCH", "of the build for this architecture (this machine's)"},
	{"path", 'p', NULL, "print the log's path instead"},
	{0}};

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
