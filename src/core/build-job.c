/* One package, in a process of its own: unpack, run the phases, pack, record. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "build-parts.h"
#include "fs.h"
#include "key.h"
#include "lease.h"
#include "log.h"
#include "own.h"
#include "path.h"
#include "pkg.h"
#include "reads.h"
#include "relay.h"
#include "store.h"
#include "trial.h"
#include "workon.h"

/* Files without a date of their own get this one (2025-01-01): an epoch of 0 confuses programs. */
#define DEFAULT_SOURCE_DATE 1735689600

static void report_phase(const struct build_job *job, const char *phase)
{
	own_free char *line = mem_printf("phase %s\n", phase);
	if (job->report_fd < 0)
		return;
	fs_write_all(job->report_fd, line, strlen(line), NULL);
}

/* ---- the source */

/* The working tree of a package that is worked on, and of the recipe's sources what it lacks. */
static int take_worktree(const struct build_job *job, const char *src, struct err *err)
{
	time_t unused = 0;
	if (workon_copy(job->node->worktree, src, err) < 0)
		return -1;
	for (vec_each(source, &job->node->recipe->sources)) {
		own_free char *dest = source_destination(source, src);
		if (!workon_replaces(source) && !fs_exists(dest) &&
		    source_place(job->context->workspace, source, src, &unused, err) < 0)
			return -1;
	}
	return 0;
}

static int unpack_sources(const struct build_job *job, const char *tree, time_t *ret_date,
                          struct err *err)
{
	const struct trial *trial = job->context->workspace->trial;
	own_free char *src = path_join(tree, "src");
	time_t newest = 0;
	if (fs_make_dirs(src, 0755, err) < 0)
		return -1;
	if (job->node->worktree && take_worktree(job, src, err) < 0)
		return -1;
	for (vec_each(source, &job->node->recipe->sources))
		if (!job->node->worktree &&
		    source_place(job->context->workspace, source, src, &newest, err) < 0)
			return -1;
	*ret_date = newest ? newest : DEFAULT_SOURCE_DATE;
	return trial && trial->reverse ? trial_reverse_tree(src, err) : 0;
}

/* ---- the phases */

static int open_log(const struct build_job *job, char **ret_path, struct err *err)
{
	own_free char *path = workspace_out(job->context->workspace, "logs/%s/%s.log",
	                                    job->context->toolchain->arch, job->node->name);
	if (fs_make_parents(path, err) < 0)
		return -1;
	lease_mark(job->context->workspace, path); /* before gc takes an old one from us */
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, "%s", path);
	*ret_path = steal_ptr(path);
	return fd;
}

/* With icecream, compilers reach other machines by a relay for that one port. */
static int run_box(const struct build_context *context, const struct sandbox *sandbox,
                   int *ret_status, struct err *err)
{
	struct proc proc, relay = {0};
	int status;
	if (sandbox_spawn(sandbox, &proc, err) < 0)
		return -1;
	bool relays = context->compile && context->compile->port;
	int result = relays ? relay_start(&proc, context->compile->port, &relay, err) : 0;
	if (result < 0)
		proc_kill(&proc, SIGKILL);
	if (proc_wait(&proc, ret_status, result < 0 ? NULL : err) < 0)
		result = -1;
	if (relay.pid) {
		proc_kill(&relay, SIGKILL);
		proc_wait(&relay, &status, NULL);
	}
	return result;
}

static int run_phases(const struct build_job *job, int log_fd, int reads_fd, struct err *err)
{
	own(sandbox) sandbox = {0};
	char *const argv[] = {"bash", "/build/.sdk/build.sh", NULL};
	char *const envp[] = {"PATH=/usr/bin:/usr/sbin", "LC_ALL=C.UTF-8", "TZ=UTC", NULL};
	own(strv) variables = {0};
	trial_environment(job->context->workspace->trial, envp, &variables);
	if (build_box_make(job->context, job->node, &sandbox, err) < 0)
		return -1;
	sandbox.argv = argv;
	sandbox.envp = strv_argv(&variables);
	sandbox.stdout_fd = sandbox.stderr_fd = log_fd;
	sandbox.extra_fd = job->report_fd;
	/* With nothing to put together, the sysroot is a directory that others see as well. */
	if (reads_fd >= 0 && job->node->closure.count) {
		sandbox.watch = "/build/sysroot";
		sandbox.watch_fd = reads_fd;
	}
	sandbox.die_with_parent = true;
	int status;
	if (run_box(job->context, &sandbox, &status, err) < 0)
		return -1;
	if (status == 0)
		return 0;
	own(str) text = {0};
	proc_describe_status(status, &text);
	return err_set(err, ERR_BUILD, "%s", str_text(&text));
}

/* ---- packing */

static void load_provides(const struct workspace *workspace, const struct node *node,
                          struct strv *provides)
{
	const struct record_output *run = record_find(&node->record, "run");
	own(manifest) manifest = {0};
	if (run && store_load_manifest(workspace, run->digest, &manifest, NULL) == 0)
		strv_add_all(provides, &manifest.provides);
}

static int pack(const struct build_job *job, const char *work, struct record *record,
                struct err *err)
{
	const struct node *node = job->node;
	own_free char *tree = build_tree_dir(work), *dest = path_join(tree, "dest");
	own_free char *stage = path_join(work, "stage");
	struct pkg_dependency *dependencies =
		mem_alloc((node->closure.count + 1) * sizeof *dependencies);
	for (size_t i = 0; i < node->closure.count; i++) {
		dependencies[i].package = node->closure.items[i]->name;
		load_provides(job->context->workspace, node->closure.items[i],
		              &dependencies[i].provides);
	}
	struct pkg_input input = {.config = &node->config,
	                          .toolchain = job->context->toolchain,
	                          .dest = dest,
	                          .stage = stage,
	                          .dependencies = dependencies,
	                          .dependency_count = node->closure.count};
	int result = pkg_make(job->context->workspace, &input, record, err);
	for (size_t i = 0; i < node->closure.count; i++)
		strv_release(&dependencies[i].provides);
	free(dependencies);
	return result;
}

/* ---- all of it */

static int fetch_sources(const struct build_job *job, struct err *err)
{
	VEC(const struct source *) sources = {0};
	for (vec_each(source, &job->node->recipe->sources))
		if (!job->node->worktree || !workon_replaces(source))
			vec_push(&sources, source);
	int result = source_fetch_checked(job->context->workspace, sources.items, sources.count,
	                                  NULL, err);
	vec_release(&sources);
	return result;
}

static int prepare_tree(const struct build_job *job, const char *work, struct err *err)
{
	own_free char *script = path_join(work, ".sdk"), *tree = build_tree_dir(work);
	own_free char *dest = path_join(tree, "dest"), *obj = path_join(tree, "obj");
	time_t date;
	report_phase(job, "fetch");
	if (fetch_sources(job, err) < 0)
		return -1;
	report_phase(job, "unpack");
	umask(022); /* the user's would show in the modes of the tree */
	if (fs_remove_tree(work, err) < 0 || unpack_sources(job, tree, &date, err) < 0 ||
	    fs_make_dirs(dest, 0755, err) < 0 || fs_make_dirs(obj, 0755, err) < 0)
		return -1;
	return build_script_write(job->context, job->node, (long long)date, script, err);
}

int build_job_unpack(const struct build_context *context, struct node *node, struct err *err)
{
	struct build_job job = {.context = context, .node = node, .report_fd = -1};
	own_free char *work = build_work_dir(context, node);
	return prepare_tree(&job, work, err);
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* For lint alone: that it can't be kept fails no build. */
static void keep_reads(const struct build_job *job, const struct record *record, int fd)
{
	own(err) failed = {0};
	if (fd >= 0 && reads_save(job->context->workspace, job->node, record, fd, &failed) < 0)
		log_debug("%s: what it read: %s", job->node->name, failed.message);
}

static int build_locked(const struct build_job *job, const char *work, struct err *err)
{
	const struct workspace *workspace = job->context->workspace;
	struct node *node = job->node;
	own_free char *log_path = NULL;
	own(record) record = {.package = mem_strdup(node->name),
	                      .version = mem_strdup(node->recipe->version),
	                      .arch = mem_strdup(job->context->toolchain->arch)};
	struct timespec start;
	clock_gettime(CLOCK_MONOTONIC, &start);
	memcpy(record.key, node->key, sizeof record.key);
	if (prepare_tree(job, work, err) < 0)
		return -1;
	own_fd int log_fd = open_log(job, &log_path, err);
	own_fd int reads_fd = -1;
	reads_open(&reads_fd, NULL);
	if (log_fd < 0 || run_phases(job, log_fd, reads_fd, err) < 0)
		return -1;
	report_phase(job, "package");
	if (pack(job, work, &record, err) < 0)
		return -1;
	record.seconds = seconds_since(&start);
	if (record_save(workspace, &record, err) < 0 ||
	    key_save_last(workspace, job->context->toolchain->arch, node, err) < 0)
		return -1;
	keep_reads(job, &record, reads_fd);
	return build_work_retire(work, err);
}

int build_job_run(const struct build_job *job, struct err *err)
{
	const struct build_context *context = job->context;
	own_free char *work = build_work_dir(context, job->node);
	own_free char *lock_path = mem_printf("%s.lock", work);
	own_fd int lock = -1;
	struct record record = {0};
	if (fs_lock(lock_path, true, false, &lock, NULL) < 0)
		report_phase(job, "wait"); /* for another run, or a shell in the tree */
	if (lock < 0 && fs_lock(lock_path, true, true, &lock, err) < 0)
		return -1;
	/* Another run may have built it while we waited for the lock. */
	if (!job->force && record_load(context->workspace, context->toolchain->arch,
	                               job->node->name, job->node->key, &record)) {
		bool there = record_use(context->workspace, &record);
		record_release(&record);
		if (there)
			return 0;
	}
	return build_locked(job, work, err);
}
