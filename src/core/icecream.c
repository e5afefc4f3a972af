/* Icecream: the compiler as an archive for other machines, and the daemon that asks for them. */
#include "icecream.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "archive.h"
#include "elf.h"
#include "fs.h"
#include "lease.h"
#include "own.h"
#include "path.h"

/* Part of the archive's digest: raise it when what follows changes. */
#define ARCHIVE_VERSION "1"

enum { ARCHIVE_LEVEL = 3, START_MS = 3000, SCRIPT_MAX = 64 << 10 };

/* ---- the archive */

struct staging {
	const struct toolchain *toolchain;
	const char *base;      /* the environment's lowest layer: shell and libraries */
	const char *script;    /* text of the wrapper */
	const char *root;      /* what will be packed */
	struct strv libraries; /* names that were put there */
};

static int put(const struct staging *staging, const char *from, const char *to, struct err *err)
{
	own_free char *path = path_join(staging->root, to);
	if (fs_exists(path))
		return 0;
	return fs_make_parents(path, err) < 0 ? -1 : fs_copy_file(from, path, 0755, err);
}

static int put_link(const struct staging *staging, const char *target, const char *at,
                    struct err *err)
{
	own_free char *path = path_join(staging->root, at);
	if (fs_make_parents(path, err) < 0)
		return -1;
	return symlink(target, path) < 0 ? err_errno(err, "%s", path) : 0;
}

static int put_program(struct staging *staging, const char *from, const char *to, struct err *err);

/* The toolchain's own libraries first, as its wrappers have it. */
static int put_library(struct staging *staging, const char *name, struct err *err)
{
	const struct toolchain *toolchain = staging->toolchain;
	own_free char *own_path =
		mem_printf("%s/%s/%s", toolchain->dir,
	                   toolchain->library_path ? toolchain->library_path : "", name);
	own_free char *base_path =
		mem_printf("%s/usr/lib/%s/%s", staging->base, toolchain->build->libraries, name);
	own_free char *to = mem_printf("usr/lib/%s/%s", toolchain->build->libraries, name);
	if (strv_has(&staging->libraries, name))
		return 0;
	strv_add(&staging->libraries, name);
	bool is_own = toolchain->library_path && fs_exists(own_path);
	return put_program(staging, is_own ? own_path : base_path, to, err);
}

/* With the libraries it needs, and theirs, and its loader. */
static int put_program(struct staging *staging, const char *from, const char *to, struct err *err)
{
	own(elf_info) info = {0};
	/* The environment's libraries are found by links. */
	own_free char *real = realpath(from, NULL);
	if (!real)
		return err_errno(err, "%s", from);
	if (put(staging, real, to, err) < 0 || elf_read(real, &info, err) < 0)
		return -1;
	for (size_t i = 0; i < info.needs.count; i++)
		if (put_library(staging, info.needs.items[i], err) < 0)
			return -1;
	if (!info.interpreter)
		return 0;
	own_free char *loader_link =
		mem_printf("%s/usr/lib/%s/%s", staging->base, staging->toolchain->build->libraries,
	                   path_base(info.interpreter));
	own_free char *loader = realpath(loader_link, NULL);
	if (!loader)
		return err_errno(err, "%s", loader_link);
	own_free char *place = mem_printf("usr%s", info.interpreter);
	return put(staging, loader, place, err);
}

static int put_compiler(void *context, const char *relative, const struct stat *st, struct err *err)
{
	struct staging *staging = context;
	const struct toolchain *toolchain = staging->toolchain;
	const char *name = path_base(relative);
	own_free char *gcc = mem_printf("%s-gcc-%s", toolchain->gcc_name, toolchain->gcc_version);
	own_free char *gxx = mem_printf("%s-g++-%s", toolchain->gcc_name, toolchain->gcc_version);
	own_free char *as = mem_printf("%s-as", toolchain->gcc_name);
	own_free char *from = path_join(toolchain->dir, relative);
	own_free char *to = mem_printf("%s/%s", toolchain->prefix + 1, relative);
	if (str_starts(relative, "bin/"))
		return 0;
	if (S_ISLNK(st->st_mode) && str_equal(name, "as")) {
		own_free char *target = fs_read_link(from);
		return put_link(staging, target, to, err);
	}
	bool wanted = str_equal(name, gcc) || str_equal(name, gxx) || str_equal(name, as) ||
	              str_equal(name, "cc1") || str_equal(name, "cc1plus");
	return wanted && S_ISREG(st->st_mode) ? put_program(staging, from, to, err) : 0;
}

/* What the daemon starts, by the name "gcc" or "g++". */
static int put_wrapper(const struct staging *staging, const char *language, struct err *err)
{
	const struct toolchain *toolchain = staging->toolchain;
	own_free char *name =
		mem_printf("%s-%s-%s", toolchain->gcc_name, language, toolchain->gcc_version);
	own_free char *path = mem_printf("%s/usr/bin/%s", staging->root, name);
	own_free char *other = mem_printf("usr/bin/%s", language);
	own_free char *text = mem_printf("#!/bin/sh\ncompiler=%s/usr/bin/%s\n%s", toolchain->prefix,
	                                 name, staging->script);
	if (fs_make_parents(path, err) < 0 ||
	    fs_write_file(path, text, strlen(text), 0755, err) < 0)
		return -1;
	return put_link(staging, name, other, err);
}

/* What the wrapper calls. */
static int put_tools(struct staging *staging, struct err *err)
{
	static const char *const tools[] = {"cat", "grep", "mkdir", "rm", "sed", "true"};
	own_free char *shell = path_join(staging->base, "usr/bin/dash");
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
		own_free char *from = mem_printf("%s/usr/bin/%s", staging->base, tools[i]);
		own_free char *to = mem_printf("usr/bin/%s", tools[i]);
		if (put_program(staging, from, to, err) < 0)
			return -1;
	}
	return put_program(staging, shell, "usr/bin/sh", err);
}

static int stage(struct staging *staging, struct err *err)
{
	/* Relative: the daemon looks at it from outside. */
	own_free char *as = mem_printf("../..%s/usr/bin/%s-as", staging->toolchain->prefix,
	                               staging->toolchain->gcc_name);
	own_free char *temporary = path_join(staging->root, "tmp");
	if (fs_walk(staging->toolchain->dir, put_compiler, staging, err) < 0 ||
	    put_wrapper(staging, "gcc", err) < 0 || put_wrapper(staging, "g++", err) < 0 ||
	    put_tools(staging, err) < 0 || put_link(staging, as, "usr/bin/as", err) < 0 ||
	    put_link(staging, "usr/bin", "bin", err) < 0 ||
	    put_link(staging, "usr/lib", "lib", err) < 0 ||
	    put_link(staging, "usr/lib64", "lib64", err) < 0)
		return -1;
	return fs_make_dirs(temporary, 0755, err);
}

static int add_name(void *context, const char *relative, const struct stat *st, struct err *err)
{
	(void)st, (void)err;
	strv_add(context, relative);
	return 0;
}

static int make_archive(const struct env *env, const struct toolchain *toolchain,
                        const char *script, const char *root, const char *path, struct err *err)
{
	own(strv) layers = {0}, names = {0}, none = {0};
	if (env_layers(env, &none, &layers, err) < 0)
		return -1;
	struct staging staging = {.toolchain = toolchain,
	                          .base = layers.items[layers.count - 1],
	                          .script = script,
	                          .root = root};
	int result = stage(&staging, err);
	strv_release(&staging.libraries);
	if (result < 0 || fs_walk(root, add_name, &names, err) < 0)
		return -1;
	return archive_pack(root, &names, NULL, NULL, 0, ARCHIVE_LEVEL, path, err);
}

static int archive_digest(const struct env *env, const struct toolchain *toolchain,
                          const char *script, char ret_hex[DIGEST_HEX], struct err *err)
{
	own(strv) none = {0};
	struct digest base, digest;
	struct hash hash;
	if (env_groups_digest(env, &none, &base, err) < 0)
		return -1;
	hash_init(&hash);
	hash_text(&hash, ARCHIVE_VERSION);
	hash_text(&hash, script);
	hash_update(&hash, toolchain->digest.bytes, sizeof toolchain->digest.bytes);
	hash_update(&hash, base.bytes, sizeof base.bytes);
	hash_final(&hash, &digest);
	digest_hex(&digest, ret_hex);
	return 0;
}

int icecream_archive(const struct workspace *workspace, const struct env *env,
                     const struct toolchain *toolchain, char **ret_path, struct err *err)
{
	char hex[DIGEST_HEX];
	own(str) script = {0};
	own_free char *script_path = workspace_root(workspace, "toolchains/icecream-compiler.sh");
	if (fs_read(script_path, SCRIPT_MAX, &script, err) < 0 ||
	    archive_digest(env, toolchain, str_text(&script), hex, err) < 0)
		return -1;
	own_free char *parent = workspace_out(workspace, "compile/icecream");
	own_free char *path = mem_printf("%s/%s.tar.zst", parent, hex);
	own_free char *root = NULL;
	if (!lease_mark(workspace, path)) {
		if (fs_make_dirs(parent, 0755, err) < 0 || fs_clean_temporaries(parent, err) < 0 ||
		    fs_make_temporary(parent, &root, err) < 0)
			return -1;
		int result = make_archive(env, toolchain, str_text(&script), root, path, err);
		fs_remove_tree(root, NULL);
		if (result < 0)
			return err_wrap(err, "the compiler's archive");
	}
	*ret_path = steal_ptr(path);
	return 0;
}

/* ---- the daemon */

static int await_socket(const char *state_dir, const struct proc *proc, struct err *err)
{
	own_free char *path = path_join(state_dir, "socket");
	own_free char *log = path_join(state_dir, "log");
	for (int waited = 0; waited < START_MS && kill(proc->pid, 0) == 0; waited += 10) {
		if (fs_exists(path))
			return 0;
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	err_set(err, ERR_SYSTEM, "iceccd did not start");
	return err_hint(err, "its log is %s; without `icecream` in sdk.yaml nothing needs it", log);
}

int icecream_start(const struct compile_settings *settings, const struct strv *layers,
                   const char *state_dir, struct proc *ret_proc, struct err *err)
{
	own(strv) words = {0};
	char *const envp[] = {"PATH=/usr/sbin:/usr/bin", "HOME=/state",
	                      "ICECC_TEST_SOCKET=/state/socket", NULL};
	own(sandbox) sandbox = {.uid = 1000, .gid = 1000, .network = true, .die_with_parent = true};
	strv_add_all(&sandbox.root_layers, layers);
	sandbox_bind(&sandbox, state_dir, "/state", true);
	strv_addf(&words, "iceccd");
	strv_addf(&words, "--no-remote");
	strv_addf(&words, "-v");
	strv_addf(&words, "-b/state/environments");
	strv_addf(&words, "-l/state/log");
	strv_addf(&words, "-s%s", settings->scheduler);
	if (settings->network)
		strv_addf(&words, "-n%s", settings->network);
	sandbox.argv = strv_argv(&words);
	sandbox.envp = envp;
	if (sandbox_spawn(&sandbox, ret_proc, err) < 0)
		return err_wrap(err, "iceccd");
	if (await_socket(state_dir, ret_proc, err) == 0)
		return 0;
	int status;
	proc_kill(ret_proc, SIGKILL);
	proc_wait(ret_proc, &status, NULL);
	return -1;
}
