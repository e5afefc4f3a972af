/* The kernel's configuration: made of the recipe's fragments, in the sandbox, without a build. */
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "key.h"
#include "lease.h"
#include "own.h"
#include "patch.h"
#include "path.h"
#include "workon.h"

enum { MAX_CONFIG_BYTES = 16 << 20, LOG_TAIL = 6 };

/* Its packages include ncurses with headers, and no build sees it. */
#define CURSES_GROUP "sdk"

static const char prelude[] = ". /build/.sdk/env.sh\n"
			      "set -eEu -o pipefail\n"
			      "shopt -s inherit_errexit\n"
			      "cd \"$BUILD\"\n";

void kernel_fragments_release(struct kernel_fragments *fragments)
{
	for (vec_each(fragment, fragments)) {
		free(fragment->name);
		free(fragment->path);
		str_release(&fragment->text);
	}
	vec_release(fragments);
}

void kernel_release(struct kernel *kernel)
{
	for (size_t i = 0; i < 2; i++)
		if (kernel->locks[i] > 0)
			close(kernel->locks[i]);
	kernel_fragments_release(&kernel->fragments);
	build_session_release(&kernel->session);
	free(kernel->area.out);
	strv_release(&kernel->tools);
	free(kernel->src);
	free(kernel->log);
	free(kernel->dir);
}

/* ---- the source */

static void digest_source(const struct recipe *recipe, char ret_hex[DIGEST_HEX])
{
	struct digest digest;
	own(hash) hash = {0};
	hash_init(&hash);
	for (vec_each(source, &recipe->sources)) {
		hash_text(&hash, source->sha256);
		for (size_t i = 0; i < source->exclude.count; i++)
			hash_text(&hash, source->exclude.items[i]);
	}
	for (vec_each(patch, &recipe->patches))
		hash_update(&hash, patch->digest.bytes, sizeof patch->digest.bytes);
	hash_final(&hash, &digest);
	digest_hex(&digest, ret_hex);
}

static int fill_source(const struct workspace *workspace, const struct kernel *kernel,
                       const struct recipe *recipe, const char *dir, struct err *err)
{
	VEC(const struct source *) sources = {0};
	time_t date = 0;
	for (vec_each(source, &recipe->sources))
		vec_push(&sources, source);
	int result =
		source_fetch_checked(workspace, sources.items, sources.count, kernel->sink, err);
	vec_release(&sources);
	for (vec_each(source, &recipe->sources))
		if (result == 0)
			result = source_place(workspace, source, dir, &date, err);
	return result < 0 ? -1 : patch_apply_all(&kernel->session.env, recipe, dir, err);
}

/* Keeps gc away from it. */
static int share_source(const struct workspace *workspace, struct kernel *kernel, const char *lock,
                        bool *ret_there, struct err *err)
{
	if (fs_lock(lock, false, true, &kernel->locks[0], err) < 0)
		return -1;
	*ret_there = lease_mark(workspace, kernel->src);
	if (!*ret_there) {
		close(kernel->locks[0]);
		kernel->locks[0] = 0;
	}
	return 0;
}

static int publish_source(const struct workspace *workspace, const struct kernel *kernel,
                          const struct recipe *recipe, const char *lock, struct err *err)
{
	own_free char *parent = path_dir(kernel->src), *temporary = NULL;
	own_fd int lock_fd = -1;
	if (fs_lock(lock, true, true, &lock_fd, err) < 0)
		return -1;
	if (fs_exists(kernel->src)) /* another run has, while we waited */
		return 0;
	event_note(kernel->sink, "%s: unpacking its source, for this time and the next ones",
	           recipe->name);
	if (fs_make_temporary(parent, &temporary, err) < 0)
		return -1;
	if (fill_source(workspace, kernel, recipe, temporary, err) == 0 &&
	    fs_publish(temporary, kernel->src, err) == 0)
		return 0;
	fs_remove_tree(temporary, NULL);
	return -1;
}

static int unpack_source(const struct workspace *workspace, struct kernel *kernel,
                         const struct recipe *recipe, struct err *err)
{
	char hex[DIGEST_HEX];
	digest_source(recipe, hex);
	kernel->src = workspace_out(workspace, "work/kernel/src-%.16s", hex);
	own_free char *lock = mem_printf("%s.lock", kernel->src);
	bool there;
	if (share_source(workspace, kernel, lock, &there, err) < 0)
		return -1;
	if (there)
		return 0;
	if (publish_source(workspace, kernel, recipe, lock, err) < 0)
		return -1;
	return share_source(workspace, kernel, lock, &there, err);
}

static int find_source(const struct workspace *workspace, struct kernel *kernel,
                       const struct node *node, struct err *err)
{
	if (!node->worktree)
		return unpack_source(workspace, kernel, node->recipe, err);
	kernel->src = mem_strdup(node->worktree->dir);
	return 0;
}

/* ---- the place where the configuration is made */

static int read_fragments(struct kernel *kernel, const struct recipe *recipe, struct err *err)
{
	const char *const names[] = {"common", kernel->session.toolchain.arch};
	for (size_t i = 0; i < 2; i++) {
		struct kernel_fragment fragment = {.name = mem_printf("%s.config", names[i])};
		fragment.path = path_printf("%s/files/%s", recipe->dir, fragment.name);
		vec_push(&kernel->fragments, fragment);
		struct kernel_fragment *kept = &kernel->fragments.items[i];
		if (!fs_is_file(kept->path)) {
			err_set(err, ERR_INPUT,
			        "%s: has no fragments of a configuration: %s is "
			        "missing",
			        recipe->path, kept->path);
			return err_hint(err, "--package=NAME says which package is the kernel");
		}
		if (fs_read(kept->path, MAX_CONFIG_BYTES, &kept->text, err) < 0)
			return -1;
	}
	if (recipe->in_source)
		return err_set(err, ERR_INPUT, "%s: builds in its source", recipe->path);
	return 0;
}

/* All of the recipe's files: the fragments are written over these. */
static int copy_files(const struct kernel *kernel, const struct recipe *recipe, struct err *err)
{
	own_free char *from = path_join(recipe->dir, "files");
	own_free char *to = path_join(kernel->recipe.dir, "files");
	own(strv) names = {0};
	if (fs_remove_tree(to, err) < 0 || fs_make_dirs(to, 0755, err) < 0 ||
	    fs_list(from, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own_free char *file = path_join(from, names.items[i]);
		own_free char *copy = path_join(to, names.items[i]);
		if (fs_is_file(file) && fs_copy_file(file, copy, 0644, err) < 0)
			return -1;
	}
	return 0;
}

static int lock_area(struct kernel *kernel, struct err *err)
{
	own_free char *path = mem_printf("%s.lock", kernel->area.out);
	own(err) busy = {0};
	if (fs_lock(path, true, false, &kernel->locks[1], &busy) == 0)
		return 0;
	if (busy.sys_errno != EWOULDBLOCK)
		return err_move(err, &busy);
	return err_set(err, ERR_USAGE, "another `sdk kernel` is at work on %s for %s",
	               kernel->node.name, kernel->session.toolchain.arch);
}

/* A builder's context whose work tree lies in the area. What it is made of comes from out/. */
static int make_area(const struct workspace *workspace, struct kernel *kernel,
                     const struct node *node, struct err *err)
{
	kernel->area = *workspace;
	kernel->area.out = workspace_out(workspace, "work/kernel/%s-%s", node->name,
	                                 kernel->session.toolchain.arch);
	kernel->log = path_join(kernel->area.out, "log");
	kernel->dir = path_join(kernel->area.out, "recipe");
	strv_add_all(&kernel->tools, &node->config.args.tools);
	strv_add(&kernel->tools, CURSES_GROUP);
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	kernel->context = (struct build_context){.workspace = &kernel->area,
	                                         .env = &kernel->session.env,
	                                         .toolchain = &kernel->session.toolchain,
	                                         .jobs = count > 0 ? (unsigned)count : 1,
	                                         .jobserver_fd = -1};
	kernel->recipe = *node->recipe;
	kernel->recipe.dir = kernel->dir;
	kernel->node = *node;
	kernel->node.recipe = &kernel->recipe;
	kernel->node.worktree = NULL;
	own_free char *work = build_work_dir(&kernel->context, &kernel->node);
	own_free char *tree = build_tree_dir(work);
	own_free char *script = path_join(work, ".sdk"), *store = workspace_out(workspace, "store");
	own_free char *link = path_join(kernel->area.out, "store");
	own_free char *obj = path_join(tree, "obj"), *src = path_join(tree, "src");
	if (lock_area(kernel, err) < 0 || fs_make_dirs(obj, 0755, err) < 0 ||
	    fs_make_dirs(src, 0755, err) < 0 || copy_files(kernel, node->recipe, err) < 0 ||
	    build_script_write(&kernel->context, &kernel->node, 1, script, err) < 0)
		return -1;
	if (!fs_exists(link) && symlink(store, link) < 0)
		return err_errno(err, "%s", link);
	return 0;
}

int kernel_open(const struct workspace *workspace, const struct build_request *request,
                const char *package, const struct event_sink *sink, struct kernel *kernel,
                struct err *err)
{
	struct build_session *session = &kernel->session;
	kernel->sink = sink;
	if (session_make(workspace, request, session, err) < 0 ||
	    env_create(workspace, 0, sink, err) < 0 || session_open_environment(session, err) < 0 ||
	    toolchain_prepare(workspace, &session->env, &session->toolchain, sink, err) < 0)
		return -1;
	const struct node *node = graph_find(&session->graph, package);
	if (!plan_is_ready(node)) {
		err_set(err, ERR_BUILD, "%s: what it is built against is not built: %s", package,
		        node->reason);
		return err_hint(err, "sdk build %s", package);
	}
	if (read_fragments(kernel, node->recipe, err) < 0 ||
	    find_source(workspace, kernel, node, err) < 0)
		return -1;
	return make_area(workspace, kernel, node, err);
}

/* ---- running kbuild */

static int read_text(const struct kernel *kernel, const char *name, struct str *ret_text,
                     struct err *err)
{
	own_free char *work = build_work_dir(&kernel->context, &kernel->node);
	own_free char *tree = build_tree_dir(work), *path = path_join("obj", name);
	return fs_read_below(tree, path, MAX_CONFIG_BYTES, ret_text, err);
}

static int read_config(const struct kernel *kernel, const char *name, struct kconfig *ret_config,
                       struct err *err)
{
	own(str) text = {0};
	if (read_text(kernel, name, &text, err) < 0)
		return -1;
	kconfig_parse(str_text(&text), ret_config);
	return 0;
}

static bool is_chatter(const char *line)
{
	return line[0] == '#' || (str_starts(line, "make") && strstr(line, " directory '"));
}

/* The last lines of the log that tell something, on one. */
static int complain(const struct kernel *kernel, struct err *err)
{
	own(str) text = {0};
	own(strv) lines = {0}, last = {0};
	if (fs_read(kernel->log, MAX_CONFIG_BYTES, &text, err) < 0)
		return -1;
	strv_split(&lines, str_text(&text), "\n");
	for (size_t i = lines.count > LOG_TAIL ? lines.count - LOG_TAIL : 0; i < lines.count; i++)
		if (!is_chatter(lines.items[i]))
			strv_add(&last, lines.items[i]);
	own_free char *end = strv_join(&last, "; ");
	return err_set(err, ERR_BUILD, "configuring %s for %s: %s", kernel->node.name,
	               kernel->session.toolchain.arch, end);
}

static int run(const struct kernel *kernel, const char *script, bool interactive, struct err *err)
{
	own(sandbox) sandbox = {0};
	own_free char *text = mem_printf("%s%s", prelude, script);
	own_free char *term = mem_printf("TERM=%s", getenv("TERM") ? getenv("TERM") : "dumb");
	own_free char *target = mem_printf("/build/%s/src", kernel->node.name);
	char *const argv[] = {"bash", "-c", text, NULL};
	char *const envp[] = {"PATH=/usr/bin:/usr/sbin", "LC_ALL=C.UTF-8", "TZ=UTC", term, NULL};
	own_fd int log =
		open(kernel->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	own_fd int terminal = interactive ? dup(STDIN_FILENO) : -1;
	struct node node = kernel->node;
	if (interactive)
		node.config.args.tools = kernel->tools;
	if (log < 0)
		return err_errno(err, "%s", kernel->log);
	if (build_box_make(&kernel->context, &node, &sandbox, err) < 0)
		return -1;
	sandbox_bind(&sandbox, kernel->src, target, false);
	sandbox.argv = argv;
	sandbox.envp = envp;
	sandbox.interactive = interactive;
	sandbox.die_with_parent = !interactive;
	if (terminal > 0)
		sandbox.stdin_fd = terminal;
	if (!interactive)
		sandbox.stdout_fd = sandbox.stderr_fd = log;
	int status;
	if (sandbox_run(&sandbox, &status, err) < 0)
		return -1;
	if (status == 0)
		return 0;
	return interactive ? err_set(err, ERR_BUILD, "the program ended with a failure")
	                   : complain(kernel, err);
}

static int write_fragments(const struct kernel *kernel, const struct kernel_fragments *fragments,
                           struct err *err)
{
	for (vec_each(fragment, fragments)) {
		own_free char *path =
			path_printf("%s/files/%s", kernel->recipe.dir, fragment->name);
		if (fs_write_text(path, str_text(&fragment->text), err) < 0)
			return -1;
	}
	return 0;
}

int kernel_configure(const struct kernel *kernel, const struct kernel_fragments *fragments,
                     bool strict, struct kconfig *ret_config, struct err *err)
{
	/* Whether each line has its effect is for the end: it takes longer than all the rest. */
	own_free char *script = mem_printf("%srm -f .config\nsdk_run_phase configure\n",
	                                   strict ? "" : "sdk_check_config() { :; }\n");
	if (write_fragments(kernel, fragments, err) < 0 || run(kernel, script, false, err) < 0)
		return -1;
	return read_config(kernel, ".config", ret_config, err);
}

/* ---- changing it */

/* In a whole .config, what was only selected or a default looks like what somebody set, and would
 * stay when its reason goes. So the change begins with the least file that gives the same: with
 * that, kbuild knows the one from the other. */
static const char loosen[] = "sdk_kmake savedefconfig\n"
			     "cp .config whole.config\n"
			     "cp defconfig .config\n"
			     "sdk_kmake olddefconfig\n"
			     "if cmp -s .config whole.config; then cp defconfig .config\n"
			     "else cp whole.config .config; fi\n";

/* Its own compiler's answers again: the curses programs ran with more in the environment. */
static int settle(const struct kernel *kernel, const char *before, struct kconfig *ret_config,
                  struct err *err)
{
	own_free char *script = mem_printf("%ssdk_kmake olddefconfig\n", before);
	if (run(kernel, script, false, err) < 0)
		return -1;
	return read_config(kernel, ".config", ret_config, err);
}

int kernel_edit(const struct kernel *kernel, const char *program, struct kconfig *ret_config,
                struct err *err)
{
	/* pkg-config is the target's here; without one, kbuild looks where ncurses is. */
	own_free char *script = mem_printf("unset PKG_CONFIG PKG_CONFIG_LIBDIR "
	                                   "PKG_CONFIG_SYSROOT_DIR MAKEFLAGS\n"
	                                   "sdk_kmake %s\n",
	                                   program);
	if (run(kernel, loosen, false, err) < 0)
		return -1;
	signal(SIGINT, SIG_IGN); /* it is meant for the program */
	int result = run(kernel, script, true, err);
	signal(SIGINT, SIG_DFL);
	return result < 0 ? -1 : settle(kernel, "", ret_config, err);
}

static int check_values(const struct kconfig *values, const struct kconfig *config, struct err *err)
{
	for (vec_each(symbol, &values->symbols)) {
		const char *got = kconfig_get(config, symbol->name);
		bool off = str_equal(symbol->value, "n") && !got;
		if (off || (got && str_equal(got, symbol->value)))
			continue;
		if (got)
			err_set(err, ERR_INPUT, "%s does not become %s: it is %s", symbol->name,
			        symbol->value, got);
		else
			err_set(err, ERR_INPUT,
			        "%s does not become %s: it is unknown, or can't be set here",
			        symbol->name, symbol->value);
		return err_hint(err, "what it depends on, and what selects it: / in "
		                     "`sdk kernel config`");
	}
	return 0;
}

/* A configuration from outside is handed in read-only: the build's tree is not written to. */
static int hand_in(const struct kernel *kernel, const struct str *text, struct kconfig *ret_config,
                   struct err *err)
{
	own_free char *work = build_work_dir(&kernel->context, &kernel->node);
	own_free char *path = path_join(work, ".sdk/edited");
	if (fs_write_text(path, str_text(text), err) < 0)
		return -1;
	return settle(kernel, "cp /build/.sdk/edited .config\n", ret_config, err);
}

int kernel_set(const struct kernel *kernel, const struct kconfig *values,
               struct kconfig *ret_config, struct err *err)
{
	own(str) text = {0};
	own(kconfig) config = {0};
	if (run(kernel, loosen, false, err) < 0 || read_text(kernel, ".config", &text, err) < 0)
		return -1;
	for (vec_each(symbol, &values->symbols)) {
		struct str next = {0};
		kconfig_edit(str_text(&text), symbol->name, symbol->value, &next);
		str_release(&text);
		text = next;
	}
	if (hand_in(kernel, &text, &config, err) < 0 || check_values(values, &config, err) < 0)
		return -1;
	*ret_config = config;
	config = (struct kconfig){0};
	return 0;
}

int kernel_keep(const struct kernel *kernel, const char *path, struct err *err)
{
	own(str) text = {0};
	if (read_text(kernel, ".config", &text, err) < 0 || fs_make_parents(path, err) < 0)
		return -1;
	return fs_write_text(path, str_text(&text), err);
}

int kernel_take(const struct kernel *kernel, const char *path, struct kconfig *ret_config,
                struct err *err)
{
	own(str) text = {0};
	if (fs_read(path, MAX_CONFIG_BYTES, &text, err) < 0)
		return -1;
	return hand_in(kernel, &text, ret_config, err);
}

int kernel_least(const struct kernel *kernel, struct kconfig *ret_config, struct err *err)
{
	if (run(kernel, "sdk_kmake savedefconfig\n", false, err) < 0)
		return -1;
	return read_config(kernel, "defconfig", ret_config, err);
}

/* ---- what was built */

static int read_output(const struct workspace *workspace, const char *digest, const char *pattern,
                       struct kconfig *ret_config, struct err *err)
{
	own_free char *dir = store_dir(workspace, digest);
	own_free char *path = path_printf("%s/root/%s", dir, pattern);
	own(str) text = {0};
	glob_t found = {0};
	if (store_ensure(workspace, digest, err) < 0)
		return -1;
	int result = glob(path, 0, NULL, &found) == 0 && found.gl_pathc == 1
	                     ? fs_read(found.gl_pathv[0], MAX_CONFIG_BYTES, &text, err)
	                     : err_set(err, ERR_INPUT, "%s: not one file", path);
	globfree(&found);
	if (result == 0)
		kconfig_parse(str_text(&text), ret_config);
	return result;
}

/* The record of the key that the last build here had. */
static bool last_record(const struct workspace *workspace, const struct kernel *kernel,
                        struct record *ret_record)
{
	const char *arch = kernel->session.toolchain.arch;
	own_free char *text = key_load_last(workspace, arch, kernel->node.name);
	struct digest digest;
	char key[DIGEST_HEX];
	if (!text)
		return false;
	digest_of(text, strlen(text), &digest);
	digest_hex(&digest, key);
	return record_load(workspace, arch, kernel->node.name, key, ret_record);
}

int kernel_built(const struct workspace *workspace, const struct kernel *kernel,
                 const char *pattern, struct kconfig *ret_config, struct err *err)
{
	own(record) last = {0};
	const struct record *record = &kernel->node.record;
	if (kernel->node.state != NODE_DONE)
		record = last_record(workspace, kernel, &last) ? &last : NULL;
	const struct record_output *run_output = record ? record_find(record, "run") : NULL;
	if (!run_output || !store_has(workspace, run_output->digest)) {
		err_set(err, ERR_INPUT, "%s was not built here", kernel->node.name);
		return err_hint(err, "sdk build %s; or name a board to compare with",
		                kernel->node.name);
	}
	return read_output(workspace, run_output->digest, pattern, ret_config, err);
}
