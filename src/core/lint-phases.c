/* Phases through shellcheck, when the machine has it: bash as builds run it, one run for all. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "lint.h"
#include "own.h"
#include "path.h"
#include "proc.h"
#include "str.h"

enum { MAX_REPORT = 16 << 20 };

/* One phase's text, in a file named by its number. */
struct phase {
	const struct recipe *recipe;
	unsigned line; /* of its first line */
};

struct phases {
	VEC(struct phase) items;
	struct strv argv;
	char *dir;
};

static void phases_release(struct phases *phases)
{
	vec_release(&phases->items);
	strv_release(&phases->argv);
	free(phases->dir);
}

static bool is_installed(const char *program)
{
	own(strv) dirs = {0};
	strv_split(&dirs, getenv("PATH") ? getenv("PATH") : "", ":");
	for (size_t i = 0; i < dirs.count; i++) {
		own_free char *path = path_join(dirs.items[i], program);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static int add_phase(struct phases *phases, const struct recipe *recipe,
                     const struct recipe_phase *phase, struct err *err)
{
	if (!phase->text)
		return 0;
	own_free char *path = mem_printf("%s/%zu", phases->dir, phases->items.count);
	vec_push(&phases->items, (struct phase){recipe, phase->line});
	strv_add(&phases->argv, path);
	return fs_write_text(path, phase->text, err);
}

static int add_recipe(struct phases *phases, const struct recipe *recipe, struct err *err)
{
	for (size_t i = 0; i < PHASE_COUNT; i++)
		for (size_t j = 0; j < PHASE_PLACE_COUNT; j++)
			if (add_phase(phases, recipe, &recipe->phases[i][j], err) < 0)
				return -1;
	return 0;
}

/* "<dir>/3:2:14: warning: Quote this. [SC2046]" */
static void add_line(const struct phases *phases, const char *line, struct lint *lint)
{
	size_t length = strlen(phases->dir);
	unsigned long number, at, column;
	char *rest;
	if (strncmp(line, phases->dir, length) != 0 || line[length] != '/')
		return;
	number = strtoul(line + length + 1, &rest, 10);
	if (*rest != ':' || number >= phases->items.count)
		return;
	at = strtoul(rest + 1, &rest, 10);
	if (*rest != ':')
		return;
	column = strtoul(rest + 1, &rest, 10);
	(void)column;
	const struct phase *phase = &phases->items.items[number];
	bool is_wrong = str_starts(rest, ": error: ");
	lint_add(lint, phase->recipe, is_wrong, false,
	         mem_printf("%s:%lu: shellcheck%s", phase->recipe->path, phase->line + at - 1,
	                    rest));
}

static int run(struct phases *phases, struct lint *lint, struct err *err)
{
	own(str) report = {0};
	own(err) found = {0}; /* findings are its exit status 1 */
	const struct proc_spec spec = {.argv = strv_argv(&phases->argv)};
	if (proc_capture(&spec, MAX_REPORT, &report, &found) < 0 && !report.len)
		return err_move(err, &found);
	own(strv) lines = {0};
	strv_split(&lines, str_text(&report), "\n");
	for (size_t i = 0; i < lines.count; i++)
		add_line(phases, lines.items[i], lint);
	return 0;
}

static int check(struct phases *phases, const struct recipe *const *recipes, size_t count,
                 struct lint *lint, struct err *err)
{
	/* Variables come from outside; what a phase sets is for those that follow. */
	static const char *const words[] = {
		"shellcheck", "-s",  "bash",
		"-f",         "gcc", "-S",
		"warning",    "-e",  "SC2154,SC2034,SC1090,SC1091,SC2164"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		strv_add(&phases->argv, words[i]);
	for (size_t i = 0; i < count; i++)
		if (add_recipe(phases, recipes[i], err) < 0)
			return -1;
	return phases->items.count ? run(phases, lint, err) : 0;
}

int lint_phases(const struct workspace *workspace, const struct recipe *const *recipes,
                size_t count, struct lint *lint, bool *ret_missing, struct err *err)
{
	own(phases) phases = {0};
	own_free char *parent = workspace_out(workspace, "lint");
	*ret_missing = !is_installed("shellcheck");
	if (*ret_missing)
		return 0;
	if (fs_make_dirs(parent, 0755, err) < 0 || fs_clean_temporaries(parent, err) < 0 ||
	    fs_make_temporary(parent, &phases.dir, err) < 0)
		return -1;
	int result = check(&phases, recipes, count, lint, err);
	fs_remove_tree(phases.dir, NULL);
	return result;
}
