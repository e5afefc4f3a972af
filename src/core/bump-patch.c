/* Patches on the new source: tried with the environment's patch(1), as builds do, and written anew
 * where they fit elsewhere than they say. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bump-parts.h"
#include "env.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "sandbox.h"

enum { MAX_REPORT = 1 << 20 };

/* In /work: b is the source, a the files as they were before the patch, patches what was written
 * anew (and is preferred, so that a hand-made one counts the next time). Tells a line for each
 * patch, and one for each hunk that failed. */
static const char try_script[] =
	"cd /work; sub=$1; mkdir -p patches\n"
	"files() { sed -n 's#^\\(---\\|+++\\) [^/\t]*/\\([^\t]*\\).*#\\2#p' \"$1\" | sort -u |\n"
	"	grep -v '^dev/null$'; }\n"
	"differ() {\n" /* differ FILE */
	"	old=a/$1; [ -e \"$old\" ] || old=/dev/null\n"
	"	new=b/$1; [ -e \"b/$sub/$1\" ] || new=/dev/null\n"
	"	diff -uN --label \"$old\" --label \"$new\" \"a/$1\" \"b/$sub/$1\"\n"
	"}\n"
	"for original in /patches/*.patch; do\n"
	"	name=${original##*/}; p=$original; [ ! -e \"patches/$name\" ] || p=patches/$name\n"
	"	rm -rf a; mkdir a\n"
	"	files \"$p\" | while IFS= read -r f; do\n"
	"		case /$f/ in */../*) continue ;; esac\n"
	"		[ ! -e \"b/$sub/$f\" ] || { mkdir -p \"a/$(dirname \"$f\")\"; cp -p \"b/$sub/$f\" "
	"\"a/$f\"; }\n"
	"	done\n"
	"	go() { patch -d \"b/$sub\" -p1 --batch --no-backup-if-mismatch \"$@\" <\"$p\" >log 2>&1; }\n"
	"	if go --forward --fuzz=0 --dry-run; then\n"
	"		state=fits; ! grep -q '(offset' log || state=moved\n"
	"		go --forward --fuzz=0\n"
	"	elif go -R --force --fuzz=0 --dry-run; then state=upstream\n"
	"	elif go --forward --fuzz=2 --dry-run; then state=moved; go --forward --fuzz=2\n"
	"	else\n"
	"		[ -z \"$2\" ] || { rm -rf a; cp -a --reflink=auto \"b/${sub:-.}\" a; }\n"
	"		go --forward --fuzz=2; cp log \"failed.log\"; state=fails\n"
	"	fi\n"
	"	if [ $state = moved ]; then\n"
	"		sed '/^\\(diff \\|--- \\|Index: \\)/,$d' \"$p\" >anew\n"
	"		files \"$p\" | while IFS= read -r f; do differ \"$f\"; done >>anew\n"
	"		mv anew \"patches/$name\"\n"
	"	fi\n"
	"	echo \"patch $state $name\"\n"
	"	[ $state != fails ] || { cat log; exit 0; }\n"
	"done\n";

/* After a person's work: every difference, in the order of names. */
static const char collect_script[] =
	"cd /work; sub=$1 name=$2\n"
	"rejected=$(find \"b/${sub:-.}\" -name '*.rej' | head -3)\n"
	"[ -z \"$rejected\" ] || { echo \"$rejected\"; exit 3; }\n"
	"p=/patches/$name; [ ! -e \"patches/$name\" ] || p=patches/$name\n"
	"sed '/^\\(diff \\|--- \\|Index: \\)/,$d' \"$p\" >anew\n"
	"diff -rqN -x '*.orig' a \"b/${sub:-.}\" | sed -n 's#^Files a/\\(.*\\) and b/.* differ$#\\1#p' |\n"
	"sort | while IFS= read -r f; do\n"
	"	old=a/$f; [ -e \"$old\" ] || old=/dev/null\n"
	"	new=b/$f; [ -e \"b/$sub/$f\" ] || new=/dev/null\n"
	"	diff -uN --label \"$old\" --label \"$new\" \"a/$f\" \"b/$sub/$f\"\n"
	"done >>anew\n"
	"mv anew \"patches/$name\"\n";

/* What is in the sandbox with the bump's directory. */
struct box {
	struct env env;
	struct sandbox sandbox;
};

static void box_release(struct box *box)
{
	sandbox_release(&box->sandbox);
	env_release(&box->env);
}

static int box_open(const struct bump *bump, struct box *box, const struct event_sink *sink,
                    struct err *err)
{
	static char *const envp[] = {"PATH=/usr/bin:/usr/sbin", "LC_ALL=C.UTF-8", NULL};
	const struct strv none = {0};
	own_free char *patches = path_join(bump->recipe_dir, "patches");
	if (env_create(bump->workspace, 0, sink, err) < 0 ||
	    env_open(bump->workspace, &box->env, err) < 0 ||
	    env_layers(&box->env, &none, &box->sandbox.root_layers, err) < 0)
		return -1;
	sandbox_bind(&box->sandbox, bump->dir, "/work", true);
	sandbox_bind(&box->sandbox, patches, "/patches", false);
	box->sandbox.uid = box->sandbox.gid = 1000;
	box->sandbox.envp = envp;
	box->sandbox.cwd = "/work";
	return 0;
}

static int run_script(struct box *box, const struct bump *bump, const char *script,
                      const char *first, const char *second, struct str *ret_output,
                      int *ret_status, struct err *err)
{
	char *const argv[] = {"bash", "-uo",         "pipefail",     "-c", (char *)script,
	                      "sh",   (char *)first, (char *)second, NULL};
	own_free char *path = path_join(bump->dir, "report");
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, "%s", path);
	box->sandbox.argv = argv;
	box->sandbox.stdout_fd = box->sandbox.stderr_fd = fd;
	box->sandbox.die_with_parent = true;
	int result = sandbox_run(&box->sandbox, ret_status, err);
	box->sandbox.argv = NULL;
	return result < 0 ? -1 : fs_read(path, MAX_REPORT, ret_output, err);
}

/* ---- what the script told */

static const char *const states[] = {"fits", "moved", "upstream", "fails"};

static void add_patch(struct bump *bump, const char *line)
{
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		size_t length = strlen(states[i]);
		if (!strncmp(line, states[i], length) && line[length] == ' ')
			vec_push(&bump->patches,
			         (struct bump_patch){.name = mem_strdup(line + length + 1),
			                             .state = (enum bump_patch_state)i});
	}
}

/* "Hunk #2 FAILED at 120." below "patching file lib/foo.c". */
static void add_failure(struct bump_patch *patch, const char *file, const char *line)
{
	unsigned hunk, at;
	own_free char *shown = str_visible(file);
	if (sscanf(line, "Hunk #%u FAILED at %u", &hunk, &at) == 2)
		strv_addf(&patch->failures, "hunk %u of %s, at line %u", hunk, shown, at);
	else if (str_starts(line, "can't find file to patch"))
		strv_add(&patch->failures, "a file that it changes is gone");
	else if (strstr(line, "malformed patch"))
		strv_add(&patch->failures, line);
}

static void read_report(struct bump *bump, const char *text)
{
	own(strv) lines = {0};
	const char *file = "?";
	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i];
		if (str_starts(line, "patch ") && !strstr(line, "malformed"))
			add_patch(bump, line + strlen("patch "));
		else if (str_starts(line, "patching file "))
			file = line + strlen("patching file ");
		else if (bump->patches.count)
			add_failure(&bump->patches.items[bump->patches.count - 1], file, line);
	}
}

/* ---- the steps */

static int unpack_new(const struct bump *bump, struct err *err)
{
	own_free char *dir = path_join(bump->dir, "b");
	time_t newest = 0;
	VEC(const struct source *) sources = {0};
	for (vec_each(source, &bump->next->sources))
		vec_push(&sources, source);
	int result = source_fetch_all(bump->workspace, sources.items, sources.count, NULL, err);
	vec_release(&sources);
	if (result < 0 || fs_remove_tree(dir, err) < 0 || fs_make_dirs(dir, 0755, err) < 0)
		return -1;
	for (vec_each(source, &bump->next->sources))
		if (source_place(bump->workspace, source, dir, &newest, err) < 0)
			return -1;
	return 0;
}

static const char *below(const struct bump *bump)
{
	return bump->next->source_dir ? bump->next->source_dir : "";
}

static void forget_patches(struct bump *bump)
{
	for (vec_each(patch, &bump->patches)) {
		free(patch->name);
		strv_release(&patch->failures);
	}
	vec_release(&bump->patches);
}

static int judge(const struct bump *bump, size_t wanted, struct err *err)
{
	const struct bump_patch *last =
		bump->patches.count ? &bump->patches.items[bump->patches.count - 1] : NULL;
	if (last && last->state == BUMP_PATCH_FAILS) {
		own_free char *list = strv_join(&last->failures, "; ");
		err_set(err, ERR_INPUT, "%s/patches/%s fails: %s", path_base(bump->recipe_dir),
		        last->name, *list ? list : "see report");
		return err_hint(err, "the source and the rejected hunks are in %s/b", bump->dir);
	}
	if (bump->patches.count != wanted)
		return err_set(err, ERR_SYSTEM, "%s/report: not all patches were tried", bump->dir);
	return 0;
}

/* ---- mending: the file names the patch whose work lies in a and b */

static char *mending_path(const struct bump *bump)
{
	return path_join(bump->dir, "mending");
}

/* Goes on where somebody left; false when nobody did, or the recipe has dropped that patch. */
static bool is_being_mended(struct bump *bump)
{
	own(str) name = {0};
	own_free char *path = mending_path(bump);
	if (fs_read(path, MAX_REPORT, &name, NULL) < 0)
		return false;
	own_free char *patch = mem_printf("%s/patches/%s", bump->recipe_dir, str_text(&name));
	if (!path_is_safe(str_text(&name)) || !fs_is_file(patch))
		return false;
	vec_push(&bump->patches, (struct bump_patch){.name = mem_strdup(str_text(&name)),
	                                             .state = BUMP_PATCH_FAILS});
	strv_add(&bump->patches.items[0].failures, "it is being mended");
	return true;
}

int bump_try_patches(struct bump *bump, const struct event_sink *sink, struct err *err)
{
	own(box) box = {0};
	own(str) report = {0};
	own(strv) names = {0};
	int status;
	own_free char *dir = path_join(bump->recipe_dir, "patches");
	forget_patches(bump);
	if (!fs_is_dir(dir))
		return 0;
	if (fs_list(dir, &names, err) < 0)
		return -1;
	size_t wanted = 0;
	for (size_t i = 0; i < names.count; i++)
		wanted += str_ends(names.items[i], ".patch");
	if (is_being_mended(bump))
		return judge(bump, wanted, err);
	if (unpack_new(bump, err) < 0 || box_open(bump, &box, sink, err) < 0 ||
	    run_script(&box, bump, try_script, below(bump), isatty(STDIN_FILENO) ? "copy" : "",
	               &report, &status, err) < 0)
		return -1;
	read_report(bump, str_text(&report));
	return judge(bump, wanted, err);
}

static const struct bump_patch *last_patch(const struct bump *bump)
{
	return &bump->patches.items[bump->patches.count - 1];
}

int bump_shell(const struct bump *bump, struct err *err)
{
	own(box) box = {0};
	int status;
	const struct bump_patch *patch = last_patch(bump);
	own_free char *mending = mending_path(bump);
	own_free char *cwd = mem_printf("/work/b/%s", below(bump));
	own_free char *term = mem_printf("TERM=%s", getenv("TERM") ? getenv("TERM") : "dumb");
	own_free char *prompt = mem_printf("PS1=(%s: %s) \\w \\$ ", bump->name, patch->name);
	char *const envp[] = {
		"PATH=/usr/bin:/usr/sbin", "LC_ALL=C.UTF-8", "HOME=/tmp", term, prompt, NULL};
	char *const argv[] = {"bash", "--norc", "-i", NULL};
	own_fd int stdin_fd = dup(STDIN_FILENO);
	if (box_open(bump, &box, NULL, err) < 0 || fs_write_text(mending, patch->name, err) < 0)
		return -1;
	box.sandbox.argv = argv;
	box.sandbox.envp = envp;
	box.sandbox.cwd = cwd;
	box.sandbox.interactive = true;
	box.sandbox.stdin_fd = stdin_fd > 0 ? stdin_fd : 0;
	return sandbox_run(&box.sandbox, &status, err);
}

int bump_take_mended(const struct bump *bump, struct err *err)
{
	own(box) box = {0};
	own(str) report = {0};
	int status;
	if (box_open(bump, &box, NULL, err) < 0 ||
	    run_script(&box, bump, collect_script, below(bump), last_patch(bump)->name, &report,
	               &status, err) < 0)
		return -1;
	own_free char *shown = str_visible(str_text(&report));
	if (status != 0)
		return err_set(err, ERR_INPUT, "rejected hunks are left: %s", shown);
	return bump_give_up_mending(bump, err);
}

int bump_give_up_mending(const struct bump *bump, struct err *err)
{
	own_free char *path = mending_path(bump);
	return fs_remove_tree(path, err);
}
