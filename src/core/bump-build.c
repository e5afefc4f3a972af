/* Both versions built, compared, tested. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board.h"
#include "build.h"
#include "bump-parts.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "proc.h"
#include "session.h"

enum { MAX_TEST = 1 << 20 };

/* A request for one package, as the board of that architecture has it. */
struct asked {
	struct strv packages, options;
	struct build_request request;
};

static void asked_release(struct asked *asked)
{
	strv_release(&asked->packages);
	strv_release(&asked->options);
}

static void ask(const struct bump *bump, const char *arch, struct asked *asked)
{
	__attribute__((cleanup(board_free_ptr))) struct board *board = NULL;
	own_free char *name = mem_printf("%s-usr", arch);
	own(err) none = {0};
	if (board_load(bump->workspace, name, &board, &none) == 0)
		strv_add_all(&asked->options, &board->options);
	strv_add(&asked->packages, bump->name);
	asked->request = (struct build_request){
		.arch = arch, .packages = &asked->packages, .options = &asked->options};
}

static struct bump_arch *arch_of(struct bump *bump, const char *name)
{
	for (vec_each(arch, &bump->arches))
		if (str_equal(arch->arch, name))
			return arch;
	vec_push(&bump->arches, (struct bump_arch){.arch = mem_strdup(name)});
	return &bump->arches.items[bump->arches.count - 1];
}

/* The record of the recipe as it is in the checkout; false when it is not built. */
static bool find_record(const struct bump *bump, const char *arch, struct record *ret_record)
{
	own(build_session) session = {0};
	own(asked) asked = {0};
	own(err) none = {0};
	ask(bump, arch, &asked);
	if (session_make(bump->workspace, &asked.request, &session, &none) < 0)
		return false;
	const struct node *node = graph_find(&session.graph, bump->name);
	return node && node->state == NODE_DONE &&
	       record_load(bump->workspace, arch, bump->name, node->key, ret_record);
}

void bump_find_old_keys(struct bump *bump)
{
	static const char *const arches[] = {"amd64", "arm64"};
	for (size_t i = 0; i < 2; i++) {
		own(record) record = {0};
		if (recipe_has_arch(bump->old, arches[i]) && find_record(bump, arches[i], &record))
			memcpy(arch_of(bump, arches[i])->old_key, record.key, sizeof record.key);
	}
}

int bump_build_old(struct bump *bump, const char *arch, unsigned jobs,
                   const struct event_sink *sink, struct err *err)
{
	own(record) record = {0};
	own(asked) asked = {0};
	own(err) failed = {0};
	if (find_record(bump, arch, &record))
		return 0;
	ask(bump, arch, &asked);
	asked.request.jobs = jobs;
	event_note(sink, "%s %s for %s is not here: building it, to compare with", bump->name,
	           bump->old->version, arch);
	if (build_packages(bump->workspace, &asked.request, sink, NULL, &failed) == 0)
		return 0;
	if (failed.kind == ERR_INTERRUPTED)
		return err_move(err, &failed);
	strv_addf(&bump->notes, "LOOK: the old version does not build for %s: %.*s", arch,
	          (int)strcspn(failed.message, "\n"), failed.message);
	return 0;
}

static int compare(const struct bump *bump, struct bump_arch *arch, struct err *err)
{
	own(record) old = {0};
	own(record) next = {0};
	if (!*arch->old_key ||
	    !record_load(bump->workspace, arch->arch, bump->name, arch->old_key, &old))
		return 0;
	if (!find_record(bump, arch->arch, &next))
		return err_set(err, ERR_BUILD, "%s for %s: its record can't be found", bump->name,
		               arch->arch);
	if (pkg_diff_make(bump->workspace, &old, &next, &arch->diff, err) < 0)
		return -1;
	arch->has_diff = true;
	return 0;
}

int bump_build(struct bump *bump, const char *arch_name, unsigned jobs,
               const struct event_sink *sink, struct err *err)
{
	own(asked) asked = {0};
	struct bump_arch *arch = arch_of(bump, arch_name);
	ask(bump, arch->arch, &asked);
	asked.request.jobs = jobs;
	if (build_packages(bump->workspace, &asked.request, sink, NULL, err) < 0) {
		free(arch->failure);
		arch->failure = mem_strdup(err->message ? err->message : "interrupted");
		return -1;
	}
	arch->is_built = true;
	return compare(bump, arch, err);
}

/* ---- tests */

/* Whether the file has a line "# touches: … <name> …". */
static bool touches(const char *path, const char *name)
{
	own(str) text = {0};
	own(strv) lines = {0};
	if (fs_read(path, MAX_TEST, &text, NULL) < 0)
		return false;
	strv_split(&lines, str_text(&text), "\n");
	for (size_t i = 0; i < lines.count; i++) {
		own(strv) words = {0};
		if (!str_starts(lines.items[i], "# touches:"))
			continue;
		strv_split(&words, lines.items[i] + strlen("# touches:"), " \t");
		if (strv_has(&words, name))
			return true;
	}
	return false;
}

static bool has_line(const struct strv *lines, const char *start, const char *without)
{
	for (size_t i = 0; i < lines->count; i++)
		if (str_starts(lines->items[i], start) &&
		    !(without && strstr(lines->items[i], without)))
			return true;
	return false;
}

/* By the TAP it printed. */
static enum bump_test_state judge(bool ended_well, const char *text)
{
	own(strv) lines = {0};
	strv_split(&lines, text, "\n");
	if (!ended_well || has_line(&lines, "not ok", NULL))
		return BUMP_TEST_FAILS;
	return has_line(&lines, "ok", "# SKIP") ? BUMP_TEST_PASSES : BUMP_TEST_SKIPPED;
}

static int run_test(struct bump *bump, const char *name, struct err *err)
{
	own_free char *log = mem_printf("%s/tests/%s.log", bump->dir, path_base(name));
	own_free char *path = workspace_root(bump->workspace, "%s", name);
	char *const argv[] = {"sh", path, NULL};
	own(err) failed = {0};
	own(str) text = {0};
	if (fs_make_parents(log, err) < 0)
		return -1;
	own_fd int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, "%s", log);
	const struct proc_spec spec = {
		.argv = argv, .cwd = bump->workspace->root, .stdout_fd = fd, .stderr_fd = fd};
	int result = proc_run(&spec, &failed);
	if (failed.kind == ERR_INTERRUPTED)
		return err_move(err, &failed);
	fs_read(log, 16 << 20, &text, NULL);
	vec_push(&bump->tests, (struct bump_test){.name = mem_strdup(name),
	                                          .log = mem_strdup(log),
	                                          .state = judge(result == 0, str_text(&text))});
	return 0;
}

int bump_run_tests(struct bump *bump, const struct event_sink *sink, struct err *err)
{
	static const char *const dirs[] = {"tests/shell", "tests/os"};
	for (size_t i = 0; i < 2; i++) {
		own(strv) names = {0};
		own_free char *dir = workspace_root(bump->workspace, "%s", dirs[i]);
		if (!fs_is_dir(dir))
			continue;
		if (fs_list(dir, &names, err) < 0)
			return -1;
		for (size_t j = 0; j < names.count; j++) {
			own_free char *name = mem_printf("%s/%s", dirs[i], names.items[j]);
			own_free char *path = path_join(dir, names.items[j]);
			if (!str_ends(name, ".t") || !touches(path, bump->name))
				continue;
			event_note(sink, "%s: running %s", bump->name, name);
			if (run_test(bump, name, err) < 0)
				return -1;
		}
	}
	bump->is_tested = true;
	for (vec_each(test, &bump->tests))
		if (test->state == BUMP_TEST_FAILS)
			return err_set(err, ERR_BUILD, "%s fails with %s %s: see %s", test->name,
			               bump->name, bump->version, test->log);
	return 0;
}
