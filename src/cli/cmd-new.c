/* sdk new: a package's first recipe. */
#include <stddef.h>

#include "commands.h"
#include "new.h"
#include "own.h"

static void print_json(const char *name, const struct new_package *package)
{
	struct json json = {0};
	json_object(&json, NULL);
	json_string(&json, "name", name);
	json_string(&json, "path", package->path);
	json_string(&json, "text", str_text(&package->text));
	json_array(&json, "check");
	for (size_t i = 0; i < package->checks.count; i++)
		json_string(&json, NULL, package->checks.items[i]);
	json_end_array(&json);
	json_end_object(&json);
	cli_print_json(&json);
	json_release(&json);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(new_package) package = {0};
	if (new_package_make(&cli->workspace, argv[0], argc > 1 ? argv[1] : NULL, &cli->sink,
	                     &package, err) < 0)
		return -1;
	if (cli->json) {
		print_json(argv[0], &package);
		return 0;
	}
	cli_print("%s\n", package.path);
	if (cli->quiet)
		return 0;
	cli_print("%s\nto check:\n", str_text(&package.text));
	for (size_t i = 0; i < package.checks.count; i++)
		cli_print("  %s\n", package.checks.items[i]);
	cli_print("next: sdk build %s\n", argv[0]);
	return 0;
}

const struct command cmd_new = {
	.name = "new",
	.arguments = "<name> [url|tarball]",
	.summary = "Write the first recipe of a package",
	.description =
		"Looks into the tarball: version, build system, licences by their texts, what\n"
		"configure.ac, meson.build or CMakeLists.txt look for and which recipes provide\n"
		"it. Writes recipes/<name>/recipe.yaml, which `sdk lint` finds right, and says\n"
		"what was guessed. Without an address: the newest version that Debian has.",
	.examples = "sdk new dash                         # from Debian's archive\n"
		    "sdk new jq https://example.org/jq-1.8.tar.gz\n"
		    "sdk new mine ../mine-0.1.tar.gz\n",
	.completes = COMPLETES_FILES,
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
