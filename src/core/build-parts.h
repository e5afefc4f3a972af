/* Between the files that make up the builder; nobody else includes this. */
#pragma once

#include "build-run.h"
#include "build.h"
#include "compile.h"
#include "env.h"
#include "graph.h"
#include "plan.h"
#include "sandbox.h"
#include "toolchain.h"

/* What all jobs of one run share. */
struct build_context {
	const struct workspace *workspace;
	const struct env *env;
	const struct toolchain *toolchain;
	const struct compile *compile; /* NULL: the compilers alone */
	unsigned jobs;
	char *jobserver; /* a FIFO with the tokens; NULL: each job has -j `jobs` of its own */
	int jobserver_fd;
};

/* Makes the FIFO, empty, in the workspace's work/. */
int build_jobserver_open(struct build_context *context, struct err *err);
void build_jobserver_close(struct build_context *context);

/* ---- build-script.c: what runs inside */

/* Variables, functions and phases: sourced by build.sh and by people's shells. */
void build_script_environment(const struct build_context *context, const struct node *node,
                              long long source_date, struct str *text);
/* Writes env.sh, build.sh, the build system's files and the phases' texts into `dir`; those of
 * phases that were there go. */
int build_script_write(const struct build_context *context, const struct node *node,
                       long long source_date, const char *dir, struct err *err);

/* ---- build-box.c: the sandbox of one package */

/* More than any build's -j, so that a fork bomb is a failed build. Memory has no limit: RLIMIT_AS
 * is for address space, which sanitizers and garbage collectors reserve by the terabyte. */
enum { BUILD_MAX_PROCESSES = 4096 };

/* out/work/<arch>/<package>: what the builder writes (.sdk, stage), and tree/; caller frees. */
char *build_work_dir(const struct build_context *context, const struct node *node);
/* The work directory of a build that has ended well goes: it gets the name of a temporary that
 * nobody holds, and the scheduler removes it (sched-sweep.c). */
int build_work_retire(const char *work, struct err *err);
/* Its tree/, with src, obj and dest: all that the build can write to, as /build/<package>, so that
 * afterwards anything may lie there (fs_open_below). Caller frees. */
char *build_tree_dir(const char *work);
/* The sandbox with everything mounted but no command. All of the closure must be DONE. */
int build_box_make(const struct build_context *context, const struct node *node,
                   struct sandbox *ret_sandbox, struct err *err);

/* ---- build-job.c: one package, in a process of its own */

struct build_job {
	const struct build_context *context;
	struct node *node;
	int report_fd; /* takes "phase NAME" lines */
	bool force;    /* build even if the key is known by now */
};
/* Builds, packs, records. */
int build_job_run(const struct build_job *job, struct err *err);
/* Makes the work tree anew: sources fetched and unpacked, scripts written, no phase run. */
int build_job_unpack(const struct build_context *context, struct node *node, struct err *err);

/* ---- build-hint.c */

/* What to do about the failure that the end of a log shows; NULL: nothing known. Caller frees. */
char *build_hint(const struct build_context *context, const struct node *node,
                 const char *log_tail);

/* ---- sched.c */

struct schedule {
	const struct build_context *context;
	const struct planner *planner;
	struct binhosts *binhosts; /* what is found wrong is taken out */
	/* Makes ready what jobs need; called before the first of them. */
	int (*prepare)(void *context, struct err *err);
	void *prepare_context;
	bool binhost_only;     /* a package that must be built is an error */
	struct build_run *run; /* takes note of what ends */
	const struct event_sink *sink;
	bool keep_going;
	/* What a job's process does; NULL: build_job_run. */
	int (*work)(void *context, const struct build_job *job, struct err *err);
	/* Once it has done it well: whether the node is DONE; NULL: the plan decides. */
	bool (*is_done)(void *context, const struct node *node);
	void *context_of_work;
};
/* Builds every node of the graph that is not DONE, and brings what the wanted ones need into the
 * store. The first failure is returned, after the jobs that run have ended. */
int sched_run(const struct schedule *schedule, struct err *err);
