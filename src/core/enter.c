/* The environment with people in it: a shell or a command, with the checkout at /sdk. */
#include "enter.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "env.h"
#include "fs.h"
#include "hash.h"
#include "mirror.h"
#include "own.h"
#include "path.h"
#include "sandbox.h"

/* The SDK as it was compiled inside, for the libraries that are there. */
#define TOOL_DIR "/sdk/out/tool"

static void groups_for_people(struct strv *groups)
{
	static const char *const names[] = {"autotools", "meson", "cmake", "parsers", "python",
	                                    "kernel",    "docs",  "image", "sdk",     "shell"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		strv_add(groups, names[i]);
}

/* The host's apt configuration is not seen inside; what it says of mirrors is handed on. */
static int add_mirrors(const struct workspace *workspace, struct strv *envp, struct err *err)
{
	static const char *const variables[][2] = {
		{"debian", "SDK_MIRROR_DEBIAN"}, {"debian-security", "SDK_MIRROR_DEBIAN_SECURITY"}};
	own(mirrors) mirrors = {0};
	if (mirrors_load(workspace, &mirrors, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		const struct mirror *mirror = mirrors_find(&mirrors, variables[i][0]);
		if (!mirror || !mirror->bases.count)
			continue;
		own_free char *bases = strv_join(&mirror->bases, " ");
		strv_addf(envp, "%s=%s", variables[i][1], bases);
	}
	return 0;
}

static void pass_on(struct strv *envp, const char *name)
{
	const char *value = getenv(name);
	if (value)
		strv_addf(envp, "%s=%s", name, value);
}

/* People fetch inside, maybe behind a proxy (libcurl-env(3)); a build's sandbox has no network and
 * gets none of these. */
static int make_environment(const struct workspace *workspace, struct strv *envp, struct err *err)
{
	static const char *const passed[] = {"TERM",        "COLORTERM",   "NO_COLOR",
	                                     "LANG",        "http_proxy",  "HTTP_PROXY",
	                                     "https_proxy", "HTTPS_PROXY", "all_proxy",
	                                     "ALL_PROXY",   "no_proxy",    "NO_PROXY"};
	strv_add(envp, "PATH=" TOOL_DIR ":/usr/bin:/usr/sbin");
	strv_add(envp, "HOME=/root");
	strv_add(envp, "LC_ALL=C.UTF-8");
	strv_add(envp, "SDK_ROOT=/sdk");
	strv_add(envp, "SDK_OUT=/sdk/out");
	strv_add(envp, "SDK_CACHE=/root/.cache/sdk");
	strv_add(envp, "PS1=(sdk) \\w \\$ ");
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		pass_on(envp, passed[i]);
	return add_mirrors(workspace, envp, err);
}

static int fill_box(const struct workspace *workspace, struct sandbox *sandbox, struct err *err)
{
	own(env) env = {0};
	own(strv) groups = {0};
	groups_for_people(&groups);
	if (env_open(workspace, &env, err) < 0 ||
	    env_layers(&env, &groups, &sandbox->root_layers, err) < 0 ||
	    fs_make_dirs(workspace->cache, 0755, err) < 0 ||
	    fs_make_dirs(workspace->out, 0755, err) < 0)
		return -1;
	sandbox->network = true;
	sandbox->interactive = true;
	sandbox_bind(sandbox, workspace->root, "/sdk", true);
	sandbox_bind(sandbox, workspace->out, "/sdk/out", true);
	sandbox_tmpfs(sandbox, "/root");
	sandbox_bind(sandbox, workspace->cache, "/root/.cache/sdk", true);
	return 0;
}

static int run_inside(const struct workspace *workspace, char *const *argv, const char *cwd,
                      int *ret_status, struct err *err)
{
	own(sandbox) sandbox = {.cwd = cwd, .argv = argv};
	own(strv) envp = {0};
	/* 0 means /dev/null to a process; a copy of the real one is meant here. */
	own_fd int stdin_fd = dup(STDIN_FILENO);
	if (fill_box(workspace, &sandbox, err) < 0 || make_environment(workspace, &envp, err) < 0)
		return -1;
	sandbox.envp = strv_argv(&envp);
	sandbox.stdin_fd = stdin_fd > 0 ? stdin_fd : 0;
	return sandbox_run(&sandbox, ret_status, err);
}

/* ---- the SDK inside */

/* What it is compiled from. Objects know when their sources have changed; of another environment's
 * headers, and of the options they were compiled with, they know nothing. */
struct tool_inputs {
	char base[DIGEST_HEX];    /* environment and Makefile */
	char sources[DIGEST_HEX]; /* of every file: name, size, time in nanoseconds */
};

static void hash_stat(struct hash *hash, const char *name, const struct stat *st)
{
	own_free char *text = mem_printf("%s %lld %lld.%09ld", name, (long long)st->st_size,
	                                 (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	hash_text(hash, text);
}

static int hash_source(void *context, const char *relative, const struct stat *st, struct err *err)
{
	(void)err;
	if (S_ISREG(st->st_mode))
		hash_stat(context, relative, st);
	return 0;
}

static void finish(struct hash *hash, char ret_hex[DIGEST_HEX])
{
	struct digest digest;
	hash_final(hash, &digest);
	digest_hex(&digest, ret_hex);
}

static int find_inputs(const struct workspace *workspace, struct tool_inputs *ret_inputs,
                       struct err *err)
{
	own(env) env = {0};
	own_free char *sources = workspace_root(workspace, "src");
	own_free char *makefile = workspace_root(workspace, "Makefile");
	struct hash base, files;
	struct stat st;
	if (env_open(workspace, &env, err) < 0)
		return -1;
	if (stat(makefile, &st) < 0)
		return err_errno(err, "%s", makefile);
	hash_init(&base);
	hash_update(&base, env.digest.bytes, sizeof env.digest.bytes);
	hash_stat(&base, "Makefile", &st);
	finish(&base, ret_inputs->base);
	hash_init(&files);
	int result = fs_walk(sources, hash_source, &files, err);
	finish(&files, ret_inputs->sources);
	return result;
}

/* What the tool that is there was made from; nothing where that is not known. */
static void read_inputs(const struct workspace *workspace, struct str *text)
{
	own_free char *tool = workspace_out(workspace, "tool/sdk");
	own_free char *path = workspace_out(workspace, "tool/inputs");
	if (!fs_is_file(tool) || fs_read(path, 2 * DIGEST_HEX, text, NULL) < 0)
		str_reset(text);
}

static int compile_tool(const struct workspace *workspace, const struct event_sink *sink,
                        struct err *err)
{
	int status;
	event_note(sink, "compiling the SDK for the environment");
	char *const command[] = {"sh", "-c",
	                         "make -C /sdk -s -j$(nproc) BUILD=" TOOL_DIR
	                         "/build WERROR= " TOOL_DIR "/build/sdk >&2 && cd " TOOL_DIR
	                         " && cp build/sdk sdk.tmp && ln -sf sdk build-packages && "
	                         "ln -sf sdk build-image && mv sdk.tmp sdk",
	                         NULL};
	if (run_inside(workspace, command, "/", &status, err) < 0)
		return -1;
	if (status)
		return err_set(err, ERR_BUILD, "the SDK does not compile inside the environment");
	return 0;
}

static int make_tool(const struct workspace *workspace, const struct event_sink *sink,
                     struct err *err)
{
	own_free char *lock_path = workspace_out(workspace, "tool/.lock");
	own_free char *inputs_path = workspace_out(workspace, "tool/inputs");
	own_free char *objects = workspace_out(workspace, "tool/build");
	own_fd int lock = -1;
	own(str) made = {0};
	struct tool_inputs inputs;
	/* Who waits for it finds what the other one has made. */
	if (fs_lock(lock_path, true, true, &lock, err) < 0 ||
	    find_inputs(workspace, &inputs, err) < 0)
		return -1;
	own_free char *wanted = mem_printf("%s\n%s\n", inputs.base, inputs.sources);
	read_inputs(workspace, &made);
	if (str_equal(str_text(&made), wanted))
		return 0;
	if ((!str_starts(str_text(&made), inputs.base) && fs_remove_tree(objects, err) < 0) ||
	    compile_tool(workspace, sink, err) < 0)
		return -1;
	return fs_write_text(inputs_path, wanted, err);
}

int enter_run(const struct workspace *workspace, char *const *argv, const struct event_sink *sink,
              int *ret_status, struct err *err)
{
	char *const shell[] = {"bash", NULL};
	if (env_create(workspace, 0, sink, err) < 0 || make_tool(workspace, sink, err) < 0)
		return -1;
	return run_inside(workspace, argv ? argv : shell, "/sdk", ret_status, err);
}
