/* sdk log: what a package's last build printed. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "recipe.h"
#include "toolchain.h"
#include "wanted.h"

enum { MOST_BYTES = 512 << 20 };

static const struct option_spec options[] = {
	{"arch", 'a', "ARCH", "of the build for this architecture (this machine's)"},
	{"path", 'p', NULL, "print the log's path instead"},
	{0}};

/* The phase, from `first` on, that the line "=== install" begins; PHASE_COUNT: none. They come in
 * order and once, so most of what a build prints itself is not taken for one. */
static size_t phase_at(const char *line, size_t first)
{
	static const char mark[] = "=== ";
	if (!str_starts(line, mark))
		return PHASE_COUNT;
	line += strlen(mark);
	for (size_t i = first; i < PHASE_COUNT; i++) {
		size_t length = strlen(build_phase_names[i]);
		if (!strncmp(line, build_phase_names[i], length) &&
		    (line[length] == '\n' || !line[length]))
			return i;
	}
	return PHASE_COUNT;
}

static void add_phase(struct json *json, const char *name, const char *output, const char *end)
{
	own_free char *text = mem_strndup(output, (size_t)(end - output));
	json_object(json, NULL);
	json_string(json, "name", name);
	json_string(json, "output", text);
	json_end_object(json);
}

/* What stands before the first phase has no name. */
static void add_phases(struct json *json, const char *text)
{
	const char *name = NULL, *output = text, *line = text;
	size_t first = 0;
	json_array(json, "phases");
	while (*line) {
		size_t phase = phase_at(line, first);
		const char *next = line + strcspn(line, "\n");
		next += *next == '\n';
		if (phase < PHASE_COUNT) {
			if (name || line > output)
				add_phase(json, name, output, line);
			name = build_phase_names[phase];
			first = phase + 1;
			output = next;
		}
		line = next;
	}
	if (name || line > output)
		add_phase(json, name, output, line);
	json_end_array(json);
}

/* A program may have printed NUL bytes, which would end the text: U+FFFD, as for what is no UTF-8.
 */
static void replace_nul(const struct str *bytes, struct str *ret_text)
{
	for (size_t at = 0; at < bytes->len; at++) {
		size_t length = strnlen(bytes->data + at, bytes->len - at);
		str_add_bytes(ret_text, bytes->data + at, length);
		at += length;
		if (at < bytes->len)
			str_add(ret_text, "\xef\xbf\xbd");
	}
}

static int print_json(const char *package, const char *arch, const char *path, struct err *err)
{
	own(str) bytes = {0};
	own(str) text = {0};
	own(json) json = {0};
	if (fs_read(path, MOST_BYTES, &bytes, err) < 0)
		return -1;
	replace_nul(&bytes, &text);
	json_object(&json, NULL);
	json_string(&json, "package", package);
	json_string(&json, "arch", arch);
	json_string(&json, "path", path);
	add_phases(&json, str_text(&text));
	json_end_object(&json);
	cli_print_json(&json);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc;
	const char *arch = cli_option(cli, "arch");
	if (arch && toolchain_check(&cli->workspace, arch, err) < 0)
		return -1;
	if (!arch)
		arch = cli->workspace.build_arch;
	if (!path_is_safe(argv[0]))
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
