/* Building: from the names of packages to their outputs in the store. */
#include "build.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build-parts.h"
#include "build-run.h"
#include "config.h"
#include "fs.h"
#include "own.h"
#include "session.h"
#include "store.h"

void built_set_release(struct built_set *set)
{
	for (vec_each(output, &set->outputs)) {
		free(output->package);
		free(output->version);
		free(output->output);
		free(output->digest);
		free(output->dir);
	}
	vec_release(&set->outputs);
	build_summary_release(&set->summary);
}

/* ---- the runtime closure */

static int add_built(const struct workspace *workspace, const struct node *node,
                     struct built_set *set, struct manifest *ret_manifest, struct err *err)
{
	const struct record_output *run = record_find(&node->record, "run");
	if (node->state != NODE_DONE || !run) {
		err_set(err, ERR_BUILD, "%s is not built", node->name);
		return err_hint(err, "sdk build %s", node->name);
	}
	if (store_ensure(workspace, run->digest, err) < 0 ||
	    store_load_manifest(workspace, run->digest, ret_manifest, err) < 0)
		return err_wrap(err, "%s", node->name);
	struct built_output output = {.package = mem_strdup(node->name),
	                              .version = mem_printf("%s%s", node->recipe->version,
	                                                    node->worktree ? "+worktree" : ""),
	                              .output = mem_strdup("run"),
	                              .digest = mem_strdup(run->digest),
	                              .dir = store_dir(workspace, run->digest)};
	vec_push(&set->outputs, output);
	return 0;
}

static void add_required(const struct graph *graph, const struct manifest *manifest,
                         struct node_list *todo)
{
	for (size_t i = 0; i < manifest->requires.count; i++) {
		struct node *node = graph_find(graph, manifest->requires.items[i]);
		bool known = !node;
		for (vec_each(item, todo))
			known = known || *item == node;
		if (!known)
			vec_push(todo, node);
	}
}

static int by_package(const void *a, const void *b)
{
	return strcmp(((const struct built_output *)a)->package,
	              ((const struct built_output *)b)->package);
}

static int make_set(const struct workspace *workspace, const struct graph *graph,
                    struct built_set *ret_set, struct err *err)
{
	struct built_set set = {0};
	struct node_list todo = {0};
	int result = 0;
	for (vec_each(node, &graph->nodes))
		if ((*node)->wanted)
			vec_push(&todo, *node);
	for (size_t i = 0; i < todo.count && result == 0; i++) {
		own(manifest) manifest = {0};
		result = add_built(workspace, todo.items[i], &set, &manifest, err);
		if (result == 0)
			add_required(graph, &manifest, &todo);
	}
	vec_release(&todo);
	vec_sort(&set.outputs, by_package);
	if (result < 0)
		built_set_release(&set);
	else
		*ret_set = set;
	return result;
}

/* ---- building */

int build_jobserver_open(struct build_context *context, struct err *err)
{
	own_free char *name = workspace_out(context->workspace, "work/.jobserver");
	own_free char *path = fs_temporary_name(name);
	if (fs_make_parents(path, err) < 0)
		return -1;
	if (mkfifo(path, 0600) < 0)
		return err_errno(err, "%s", path);
	/* Read and write: opening never waits for the other side, and the tokens stay. */
	context->jobserver_fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	context->jobserver = steal_ptr(path);
	return context->jobserver_fd < 0 ? err_errno(err, "%s", context->jobserver) : 0;
}

void build_jobserver_close(struct build_context *context)
{
	if (context->jobserver) {
		close(context->jobserver_fd);
		unlink(context->jobserver);
		free(context->jobserver);
	}
}

/* Fetches ahead of the jobs, which fetch what is missing themselves (a file that another process is
 * at is waited for). What fails here fails there again, and is told there. A package whose key
 * turns out to be known wastes a download. */
static int fetch_ahead(void *context)
{
	const struct build_session *session = context;
	VEC(const struct source *) sources = {0};
	for (vec_each(node, &session->graph.nodes))
		if ((*node)->state != NODE_DONE)
			for (vec_each(source, &(*node)->recipe->sources))
				vec_push(&sources, source);
	return source_fetch_all(session->workspace, sources.items, sources.count, NULL, NULL) < 0;
}

static void end_prefetch(struct proc *proc)
{
	int status;
	if (!proc->pid)
		return;
	proc_kill(proc, SIGKILL);
	proc_wait(proc, &status, NULL);
}

unsigned build_jobs(const struct build_request *request)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	return request->jobs ? request->jobs : count > 0 ? (unsigned)count : 1;
}

/* What jobs need, made ready when the first package must be built: environment, toolchain, sources
 * on their way. */
struct workshop {
	struct build_session *session;
	const struct event_sink *sink;
	struct build_context context;
	struct config config;
	struct compile compile;
	struct proc fetcher;
};

static int workshop_open(void *pointer, struct err *err)
{
	struct workshop *shop = pointer;
	struct build_session *session = shop->session;
	if (config_load(session->workspace, &shop->config, err) < 0 ||
	    env_create(session->workspace, shop->context.jobs, shop->sink, err) < 0 ||
	    session_open_environment(session, err) < 0 ||
	    toolchain_prepare(session->workspace, &session->env, &session->toolchain, shop->sink,
	                      err) < 0 ||
	    proc_fork(fetch_ahead, session, &shop->fetcher, err) < 0 ||
	    build_jobserver_open(&shop->context, err) < 0)
		return -1;
	shop->context.compile = &shop->compile;
	return compile_begin(session->workspace, &session->env, &session->toolchain,
	                     &shop->config.compile, &shop->compile, err);
}

static void workshop_release(struct workshop *shop)
{
	build_jobserver_close(&shop->context);
	end_prefetch(&shop->fetcher);
	compile_release(&shop->compile);
	config_release(&shop->config);
}

static int build_all(struct build_session *session, const struct build_request *request,
                     struct build_run *run, const struct event_sink *sink, struct err *err)
{
	own(workshop) shop = {
		.session = session,
		.sink = sink,
		.context = {.workspace = session->workspace,
	                    .env = &session->env,
	                    .toolchain = &session->toolchain,
	                    .jobs = build_jobs(request),
	                    .jobserver_fd = -1},
	};
	struct schedule schedule = {.context = &shop.context,
	                            .planner = &session->planner,
	                            .binhosts = &session->binhosts,
	                            .prepare = workshop_open,
	                            .prepare_context = &shop,
	                            .binhost_only = request->binhost_only,
	                            .run = run,
	                            .sink = sink,
	                            .keep_going = request->keep_going};
	return sched_run(&schedule, err);
}

/* With --binhost-only: all that no host has, not only the first of it. */
static int check_binhosts_have_all(const struct graph *graph, struct err *err)
{
	own(strv) names = {0};
	for (vec_each(node, &graph->nodes))
		if ((*node)->state == NODE_BUILD)
			strv_add(&names, (*node)->name);
	if (names.count == 0)
		return 0;
	own_free char *list = strv_join(&names, ", ");
	err_set(err, ERR_BUILD, "no binhost has %s", list);
	return err_hint(err, "without --binhost-only they are built from source");
}

/* With --keep-going much may have gone well. */
static void tell_failure(const struct build_summary *summary, const struct event_sink *sink)
{
	if (summary->built + summary->fetched + summary->skipped)
		event_note(sink, "%zu built, %zu fetched, %zu failed, %zu not tried",
		           summary->built, summary->fetched, summary->failed, summary->skipped);
}

int build_packages(const struct workspace *workspace, const struct build_request *request,
                   const struct event_sink *sink, struct built_set *ret_set, struct err *err)
{
	own(build_session) session = {0};
	own(build_summary) summary = {0};
	struct build_run run;
	if (session_make_telling(workspace, request, sink, &session, err) < 0 ||
	    (request->binhost_only && check_binhosts_have_all(&session.graph, err) < 0))
		return -1;
	workon_tell(&session.graph, sink);
	build_run_begin(&run, workspace, session.graph.arch, build_jobs(request));
	int result = build_all(&session, request, &run, sink, err);
	build_run_end(&run, &session.graph, sink, &summary);
	if (result < 0) {
		tell_failure(&summary, sink);
		return -1;
	}
	if (!ret_set)
		return 0;
	if (make_set(workspace, &session.graph, ret_set, err) < 0)
		return -1;
	ret_set->summary = summary;
	summary = (struct build_summary){0};
	return 0;
}

int build_find(const struct workspace *workspace, const struct build_request *request,
               struct built_set *ret_set, struct err *err)
{
	own(build_session) session = {0};
	if (session_make(workspace, request, &session, err) < 0)
		return -1;
	return make_set(workspace, &session.graph, ret_set, err);
}
