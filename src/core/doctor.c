/* The doctor: whether this machine can do what the SDK needs, and if not, what to change. */
#include "doctor-parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "env.h"
#include "fetch.h"
#include "fs.h"
#include "kvm.h"
#include "mirror.h"
#include "own.h"
#include "path.h"
#include "sandbox.h"
#include "seed.h"
#include "str.h"

/* Room that a board's image takes from nothing, measured: downloads 0.6 GB, environment and
 * toolchains 1.3 GB, store and build trees 7 GB. */
#define GIB (UINT64_C(1) << 30)
#define OUT_NEEDED (4 * GIB)
#define OUT_WANTED (12 * GIB)
#define CACHE_NEEDED (1 * GIB)
#define CACHE_WANTED (3 * GIB)
#define MEMORY_WANTED (2 * GIB)
#define MEMORY_NEEDED (1 * GIB)

enum { KVM_TIMEOUT_MS = 2000, CONNECT_SECONDS = 5, STALL_SECONDS = 5, MIN_FILES = 1024 };

void doctor_release(struct doctor *doctor)
{
	vec_release(&doctor->findings);
	arena_release(&doctor->arena);
}

bool doctor_found(const struct doctor *doctor, enum doctor_verdict verdict)
{
	for (vec_each(finding, &doctor->findings))
		if (finding->verdict == verdict)
			return true;
	return false;
}

const char *doctor_verdict_name(enum doctor_verdict verdict)
{
	static const char *const names[] = {"good", "slow", "bad"};
	return names[verdict];
}

void doctor_note(const struct examination *examination, const char *name,
                 enum doctor_verdict verdict, const char *hint, const char *format, ...)
{
	struct doctor *doctor = examination->doctor;
	va_list args;
	va_start(args, format);
	own_free char *text = mem_vprintf(format, args);
	va_end(args);
	vec_push(&doctor->findings,
	         (struct doctor_finding){.name = name,
	                                 .verdict = verdict,
	                                 .text = arena_strdup(&doctor->arena, text),
	                                 .hint = hint ? arena_strdup(&doctor->arena, hint) : NULL});
}

void doctor_note_error(const struct examination *examination, const char *name,
                       enum doctor_verdict verdict, const struct err *err)
{
	doctor_note(examination, name, verdict, err->hint, "%s", err->message);
}

/* ---- kernel */

static void examine_kernel(const struct examination *examination)
{
	struct utsname name;
	unsigned major = 0, minor = 0;
	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return doctor_note(examination, "kernel", DOCTOR_SLOW, NULL,
		                   "its version is unknown");
	bool old = major < 5 || (major == 5 && minor < 12);
	if (old)
		doctor_note(examination, "kernel", DOCTOR_BAD,
		            "overlays and read-only mounts in user namespaces need Linux 5.12",
		            "Linux %s", name.release);
	else
		doctor_note(examination, "kernel", DOCTOR_GOOD, NULL, "Linux %s", name.release);
}

static void examine_namespaces(const struct examination *examination)
{
	own(err) err = {0};
	if (sandbox_probe(&err) < 0)
		doctor_note_error(examination, "namespaces", DOCTOR_BAD, &err);
	else
		doctor_note(examination, "namespaces", DOCTOR_GOOD, NULL,
		            "sandboxes work for this user (uid %u)", (unsigned)geteuid());
}

/* Two layers below `dir`, each with a file; inside both must be seen in one directory. */
static int try_overlay(const char *dir, struct err *err)
{
	static const char *const names[] = {"a", "b"};
	own(strv) layers = {0};
	for (size_t i = 0; i < 2; i++) {
		own_free char *layer = path_join(dir, names[i]);
		own_free char *file = path_join(layer, names[i]);
		if (fs_make_dirs(layer, 0755, err) < 0 || fs_write_text(file, "", err) < 0)
			return -1;
		strv_take(&layers, steal_ptr(layer));
	}
	char *const argv[] = {"/bin/sh", "-c", "test -e /probe/a && test -e /probe/b", NULL};
	own(sandbox) sandbox = {.argv = argv, .uid = 1000, .gid = 1000};
	strv_add(&sandbox.root_layers, "/usr"); /* as sandbox_probe does */
	sandbox_overlay(&sandbox, &layers, "/probe");
	int status;
	if (sandbox_run(&sandbox, &status, err) < 0)
		return -1;
	return status ? err_set(err, ERR_SYSTEM, "the layers' files are not seen inside") : 0;
}

/* On the very file system that will hold the layers: not every one can. */
static void examine_overlay(const struct examination *examination)
{
	own(err) err = {0};
	char *dir = NULL;
	const char *out = examination->workspace->out;
	bool existed = fs_exists(out);
	if (fs_make_dirs(out, 0755, &err) < 0 || fs_make_temporary(out, &dir, &err) < 0 ||
	    try_overlay(dir, &err) < 0)
		doctor_note_error(examination, "overlay", DOCTOR_BAD, &err);
	else
		doctor_note(examination, "overlay", DOCTOR_GOOD, NULL,
		            "overlays of directories in %s work", out);
	if (dir)
		fs_remove_tree(dir, NULL);
	if (!existed)
		rmdir(out);
	free(dir);
}

/* ---- resources */

/* The directory itself, or the nearest one above that exists. */
static char *existing_dir(const char *path)
{
	char *dir = mem_strdup(path);
	while (!fs_is_dir(dir) && !str_equal(dir, "/")) {
		char *parent = path_dir(dir);
		free(dir);
		dir = parent;
	}
	return dir;
}

static void examine_space(const struct examination *examination, const char *name, const char *path,
                          const char *variable, uint64_t needed, uint64_t wanted)
{
	own_free char *dir = existing_dir(path);
	uint64_t bytes = fs_free_bytes(dir);
	own_free char *hint =
		mem_printf("make room, or set %s to a directory with more; building a "
	                   "board's image takes about %" PRIu64 " GB",
	                   variable, wanted / GIB);
	enum doctor_verdict verdict = bytes < needed   ? DOCTOR_BAD
	                              : bytes < wanted ? DOCTOR_SLOW
	                                               : DOCTOR_GOOD;
	if (access(dir, W_OK) < 0)
		doctor_note(examination, name, DOCTOR_BAD, hint, "%s is not writable", dir);
	else
		doctor_note(examination, name, verdict, verdict == DOCTOR_GOOD ? NULL : hint,
		            "%.1f GB free for %s", (double)bytes / 1e9, path);
}

static void examine_machine(const struct examination *examination)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	enum doctor_verdict verdict = memory < MEMORY_NEEDED   ? DOCTOR_BAD
	                              : memory < MEMORY_WANTED ? DOCTOR_SLOW
	                                                       : DOCTOR_GOOD;
	doctor_note(examination, "machine", verdict,
	            verdict == DOCTOR_GOOD ? NULL
	                                   : "compilers need about 1 GB for each job; use -j 1",
	            "%ld processors, %.1f GB of memory, %s", sysconf(_SC_NPROCESSORS_ONLN),
	            (double)memory / 1e9, examination->workspace->build_arch);
}

static void examine_limits(const struct examination *examination)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= MIN_FILES)
		return;
	doctor_note(examination, "limits", DOCTOR_SLOW, "ulimit -n 4096",
	            "only %ju open files at a time", (uintmax_t)files.rlim_cur);
}

static void examine_kvm(const struct examination *examination)
{
	own(err) err = {0};
	if (kvm_probe(KVM_TIMEOUT_MS, &err) == 0)
		return doctor_note(examination, "kvm", DOCTOR_GOOD, NULL, "a guest runs");
	if (err.sys_errno == EACCES)
		err_hint(&err, "as root: usermod -aG kvm <you>, then log in again");
	else
		err_hint(&err, "images boot all the same, in emulation, several times slower");
	doctor_note_error(examination, "kvm", DOCTOR_SLOW, &err);
}

static bool is_in_path(const char *program)
{
	own(strv) dirs = {0};
	const char *path = getenv("PATH");
	strv_split(&dirs, path ? path : "/usr/bin:/bin", ":");
	for (size_t i = 0; i < dirs.count; i++) {
		own_free char *file = path_join(dirs.items[i], program);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

/* Everything else that is run comes from the environment. */
static void examine_programs(const struct examination *examination)
{
	static const char *const programs[] = {"gpg", "cc", "make"};
	own(strv) missing = {0};
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
		if (!is_in_path(programs[i]))
			strv_add(&missing, programs[i]);
	own_free char *names = strv_join(&missing, ", ");
	if (missing.count)
		doctor_note(
			examination, "programs", DOCTOR_SLOW,
			"run bootstrap/install-deps (gpg checks signatures, the others compile the "
			"SDK)",
			"missing: %s", names);
	else
		doctor_note(examination, "programs", DOCTOR_GOOD, NULL,
		            "gpg, cc and make are there");
}

/* ---- network */

/* One address of a mirror, tried by fetching the head of an index. */
struct probe {
	const char *mirror;
	struct strv urls; /* one */
	char *path;
};

struct probes {
	char *dir;
	VEC(struct probe) items;
};

static void probes_release(struct probes *probes)
{
	for (vec_each(probe, &probes->items)) {
		strv_release(&probe->urls);
		free(probe->path);
	}
	vec_release(&probes->items);
	if (probes->dir)
		fs_remove_tree(probes->dir, NULL);
	free(probes->dir);
}

/* A mirror that several suites come from is tried with the first of them. */
static bool is_probed(const struct probes *probes, const char *mirror)
{
	for (vec_each(probe, &probes->items))
		if (str_equal(probe->mirror, mirror))
			return true;
	return false;
}

static int add_probes(struct probes *probes, const struct mirrors *mirrors,
                      const struct seed_index *index, struct err *err)
{
	own_free char *url =
		mem_printf("mirror://%s/dists/%s/InRelease", index->mirror, index->suite);
	own(strv) urls = {0};
	if (mirrors_expand(mirrors, url, &urls, err) < 0)
		return -1;
	for (size_t i = 0; i < urls.count; i++) {
		struct probe probe = {.mirror = index->mirror,
		                      .path = mem_printf("%s/%zu", probes->dir,
		                                         probes->items.count)};
		strv_add(&probe.urls, urls.items[i]);
		vec_push(&probes->items, probe);
	}
	return 0;
}

static void fetch_probe(const struct probe *probe, struct err *err)
{
	static const struct fetch_options quick = {
		.connect_seconds = CONNECT_SECONDS, .stall_seconds = STALL_SECONDS, .rounds = 1};
	struct fetch_file file = {.name = probe->mirror, .path = probe->path, .urls = &probe->urls};
	fetch_all(&file, 1, &quick, NULL, err);
}

/* A mirror is well when one of its addresses answers. */
static void judge_mirror(const struct examination *examination, const struct probes *probes,
                         const char *mirror)
{
	own(err) err = {0};
	for (vec_each(probe, &probes->items)) {
		if (!str_equal(probe->mirror, mirror))
			continue;
		err_release(&err);
		fetch_probe(probe, &err);
		if (!err.kind)
			return doctor_note(examination, "mirror", DOCTOR_GOOD, NULL,
			                   "%s answers (%s)", mirror, probe->urls.items[0]);
	}
	err_hint(&err,
	         "check the network and proxy settings (https_proxy), or name another mirror: "
	         "SDK_MIRROR_DEBIAN, or mirrors: in sdk.yaml");
	doctor_note_error(examination, "mirror", examination->created ? DOCTOR_SLOW : DOCTOR_BAD,
	                  &err);
}

static int prepare_probes(const struct examination *examination, const struct seed *seed,
                          struct probes *probes, struct err *err)
{
	own(mirrors) mirrors = {0};
	own_free char *parent = workspace_cache(examination->workspace, "indexes");
	if (mirrors_load(examination->workspace, &mirrors, err) < 0 ||
	    fs_make_dirs(parent, 0755, err) < 0 || fs_make_temporary(parent, &probes->dir, err) < 0)
		return -1;
	for (vec_each(index, &seed->indexes))
		if (!is_probed(probes, index->mirror) &&
		    add_probes(probes, &mirrors, index, err) < 0)
			return -1;
	return 0;
}

static void examine_mirrors(const struct examination *examination)
{
	own(err) err = {0};
	own(seed) seed = {0};
	own(probes) probes = {0};
	const struct workspace *workspace = examination->workspace;
	own_free char *path = workspace_root(workspace, "bootstrap/seed.yaml");
	if (seed_load(path, workspace->build_arch, &seed, &err) < 0 ||
	    prepare_probes(examination, &seed, &probes, &err) < 0)
		return doctor_note_error(examination, "mirror", DOCTOR_BAD, &err);
	const char *last = "";
	for (vec_each(probe, &probes.items)) {
		if (!str_equal(probe->mirror, last))
			judge_mirror(examination, &probes, probe->mirror);
		last = probe->mirror;
	}
}

/* ---- state */

static void examine_environment(struct examination *examination)
{
	own(err) err = {0};
	own(env) env = {0};
	if (env_open_lock(examination->workspace, &env, &err) < 0)
		doctor_note_error(examination, "environment", DOCTOR_BAD, &err);
	else if ((examination->created = env_exists(&env)))
		doctor_note(examination, "environment", DOCTOR_GOOD, NULL,
		            "Debian %s, %zu packages", env.lock.suite, env.lock.files.count);
	else
		doctor_note(examination, "environment", DOCTOR_SLOW,
		            "run `sdk create`; commands that need it do so by themselves",
		            "not created yet");
}

void doctor_examine(const struct workspace *workspace, const struct event_sink *sink,
                    struct doctor *ret_doctor)
{
	struct examination examination = {
		.workspace = workspace, .sink = sink, .doctor = ret_doctor};
	examine_kernel(&examination);
	examine_namespaces(&examination);
	examine_overlay(&examination);
	examine_machine(&examination);
	examine_limits(&examination);
	examine_space(&examination, "space", workspace->out, "SDK_OUT", OUT_NEEDED, OUT_WANTED);
	examine_space(&examination, "cache", workspace->cache, "SDK_CACHE", CACHE_NEEDED,
	              CACHE_WANTED);
	examine_programs(&examination);
	examine_environment(&examination);
	doctor_examine_checkout(&examination);
	examine_mirrors(&examination);
	examine_kvm(&examination);
}
