/* Packages built a second time, under other conditions, and compared with the store's. */
#include "reproduce.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "build-parts.h"
#include "build-run.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "reproduce-parts.h"
#include "session.h"
#include "source.h"
#include "store.h"

/* One run of the check. */
struct check {
	const struct workspace *workspace;
	struct build_session *session;
	const struct event_sink *sink;
	struct workspace scheduler; /* the scheduler's: out/reproducible for its logs and tokens */
	char *scratch;              /* absolute */
	char conditions[DIGEST_HEX];
};

/* ---- the scratch directory of one second build */

struct copy {
	const char *from, *to;
};

/* As a checkout of somebody with a strict umask would have them. */
static int copy_entry(void *context, const char *relative, const struct stat *st, struct err *err)
{
	const struct copy *copy = context;
	own_free char *from = path_join(copy->from, relative);
	own_free char *to = path_join(copy->to, relative);
	if (S_ISDIR(st->st_mode))
		return fs_make_dirs(to, 0700, err);
	if (!S_ISLNK(st->st_mode))
		return fs_copy_file(from, to, st->st_mode & 0100 ? 0700 : 0600, err);
	own_free char *target = fs_read_link(from);
	return target && symlink(target, to) < 0 ? err_errno(err, "%s", to) : 0;
}

static int copy_tree(const char *from, const char *to, struct err *err)
{
	struct copy copy = {from, to};
	return fs_make_dirs(to, 0755, err) < 0 ? -1 : fs_walk(from, copy_entry, &copy, err);
}

static int link_to(const char *target, const char *path, struct err *err)
{
	if (fs_make_parents(path, err) < 0)
		return -1;
	return symlink(target, path) < 0 ? err_errno(err, "%s", path) : 0;
}

static int link_output(const struct check *check, const struct workspace *scratch,
                       const struct node *dependency, const char *output, struct err *err)
{
	const struct record_output *found = record_find(&dependency->record, output);
	if (!found)
		return 0;
	if (store_ensure(check->workspace, found->digest, err) < 0)
		return err_wrap(err, "%s (%s)", dependency->name, output);
	own_free char *there = store_dir(check->workspace, found->digest);
	own_free char *here = store_dir(scratch, found->digest);
	return link_to(there, here, err);
}

static int link_dependencies(const struct check *check, const struct workspace *scratch,
                             const struct node *node, struct err *err)
{
	own_free char *store = workspace_out(scratch, "store");
	if (fs_make_dirs(store, 0755, err) < 0)
		return -1;
	for (vec_each(dependency, &node->closure))
		if (link_output(check, scratch, *dependency, "run", err) < 0 ||
		    link_output(check, scratch, *dependency, "dev", err) < 0)
			return -1;
	return 0;
}

/* Sources lie in the real cache; records and archives go to a cache of its own. */
static int link_state(const struct check *check, const struct workspace *scratch, struct err *err)
{
	own_free char *downloads = workspace_cache(check->workspace, "downloads");
	own_free char *downloads_link = workspace_cache(scratch, "downloads");
	own_free char *logs = workspace_out(&check->scheduler, "logs");
	own_free char *logs_link = workspace_out(scratch, "logs");
	if (fs_make_dirs(logs, 0755, err) < 0 || fs_make_dirs(downloads, 0755, err) < 0 ||
	    link_to(downloads, downloads_link, err) < 0)
		return -1;
	return link_to(logs, logs_link, err);
}

static int copy_recipe(const struct check *check, const struct workspace *scratch,
                       const struct recipe *recipe, char **ret_dir, struct err *err)
{
	own_free char *systems = workspace_root(check->workspace, "recipes/.build-systems");
	own_free char *systems_copy = workspace_root(scratch, "recipes/.build-systems");
	own_free char *dir = workspace_root(scratch, "recipes/%s", recipe->name);
	if (copy_tree(systems, systems_copy, err) < 0 || copy_tree(recipe->dir, dir, err) < 0)
		return -1;
	*ret_dir = steal_ptr(dir);
	return 0;
}

static char *scratch_dir(const struct check *check, const struct node *node)
{
	return path_printf("%s/%s/%s", check->scratch, check->session->toolchain.arch, node->name);
}

static void name_scratch(const struct check *check, const struct node *node,
                         struct workspace *scratch)
{
	own_free char *dir = scratch_dir(check, node);
	*scratch = (struct workspace){
		.root = path_join(dir, "somebody-else/a checkout with blanks"),
		.out = path_join(dir, "somebody-else/state"),
		.cache = path_join(dir, "cache"),
		.data = mem_strdup(check->workspace->data),
		.build_arch = mem_strdup(check->workspace->build_arch),
	};
}

/* ---- one package, in a process of its own */

static int fetch_sources(const struct check *check, const struct node *node, struct err *err)
{
	VEC(const struct source *) sources = {0};
	for (vec_each(source, &node->recipe->sources))
		vec_push(&sources, source);
	int result =
		source_fetch_checked(check->workspace, sources.items, sources.count, NULL, err);
	vec_release(&sources);
	return result;
}

static int build_once(const struct build_job *job, const struct workspace *scratch,
                      const char *recipe_dir, bool shift_clock, struct err *err)
{
	__attribute__((cleanup(trial_release))) struct trial trial;
	struct recipe recipe = *job->node->recipe;
	struct node node = *job->node;
	struct build_context context = *job->context;
	struct workspace varied = *scratch;
	reproduce_make_trial(context.env, shift_clock, &trial);
	/* What `touch` gives is the true time as well: else it is newer than all that is made
	 * later, and a make that looks at it never comes to an end. (Images give times by number,
	 * which libfaketime would then move.) */
	strv_add(&trial.variables, "FAKE_UTIME=1");
	recipe.dir = (char *)recipe_dir;
	node.recipe = &recipe;
	varied.trial = &trial;
	context.workspace = &varied;
	struct build_job again = {
		.context = &context, .node = &node, .report_fd = job->report_fd, .force = true};
	return build_job_run(&again, err);
}

/* A program may break under a preloaded clock; that says nothing about the package. */
static int build_again(const struct build_job *job, const struct workspace *scratch,
                       const char *recipe_dir, struct reproduce_result *result, struct err *err)
{
	if (!reproduce_can_shift_clock(job->context->env))
		return build_once(job, scratch, recipe_dir, false, err);
	own(err) refused = {0};
	if (build_once(job, scratch, recipe_dir, true, &refused) == 0)
		return 0;
	if (refused.kind != ERR_BUILD)
		return err_move(err, &refused);
	result->note = mem_strdup("clock not shifted: the build fails with it");
	return build_once(job, scratch, recipe_dir, false, err);
}

static int run_diffoscope(const char *first, const char *second, struct strv *findings)
{
	own_free char *report = path_printf("%s.diffoscope.txt", second);
	char *const argv[] = {"diffoscope", "--text", report, (char *)first, (char *)second, NULL};
	struct proc_spec spec = {.argv = argv};
	struct proc proc;
	int status;
	if (proc_spawn(&spec, &proc, NULL) < 0 || proc_wait(&proc, &status, NULL) < 0)
		return 0; /* not installed */
	if (fs_is_file(report))
		strv_addf(findings, "    diffoscope says more: %s", report);
	return 0;
}

static int compare_output(const struct check *check, const struct workspace *scratch,
                          const struct record_output *a, const struct record_output *b,
                          struct reproduce_result *result, struct err *err)
{
	if (str_equal(a->digest, b->digest))
		return 0;
	own_free char *first = store_dir(check->workspace, a->digest);
	own_free char *second = store_dir(scratch, b->digest);
	result->status = REPRODUCE_DIFFERS;
	if (store_ensure(check->workspace, a->digest, err) < 0 ||
	    reproduce_compare_outputs(a->name, first, second, &result->findings, err) < 0)
		return -1;
	strv_addf(&result->findings, "    compare %s", first);
	strv_addf(&result->findings, "    with    %s", second);
	return run_diffoscope(first, second, &result->findings);
}

static int compare(const struct check *check, const struct workspace *scratch,
                   const struct node *node, struct reproduce_result *result, struct err *err)
{
	own(record) again = {0};
	if (!record_load(scratch, check->session->toolchain.arch, node->name, node->key, &again))
		return err_set(err, ERR_SYSTEM, "the second build left no record");
	result->seconds = again.seconds;
	for (vec_each(output, &node->record.outputs)) {
		const struct record_output *other = record_find(&again, output->name);
		if (!other) {
			result->status = REPRODUCE_DIFFERS;
			strv_addf(&result->findings, "no output %s the second time", output->name);
		} else if (compare_output(check, scratch, output, other, result, err) < 0) {
			return -1;
		}
	}
	for (vec_each(output, &again.outputs)) {
		if (record_find(&node->record, output->name))
			continue;
		result->status = REPRODUCE_DIFFERS;
		strv_addf(&result->findings, "output %s the second time only", output->name);
	}
	return 0;
}

/* Of what differs, the second outputs stay for people to look at. */
static void clean_up(const struct check *check, const struct node *node,
                     const struct workspace *scratch, const struct reproduce_result *result)
{
	own_free char *dir = scratch_dir(check, node);
	own_free char *work = workspace_out(scratch, "work");
	bool keep = result->status == REPRODUCE_DIFFERS;
	fs_remove_tree(keep ? scratch->cache : dir, NULL);
	if (keep)
		fs_remove_tree(work, NULL);
}

static int check_package(const struct check *check, const struct build_job *job,
                         const struct workspace *scratch, struct reproduce_result *result,
                         struct err *err)
{
	own_free char *dir = scratch_dir(check, job->node), *recipe_dir = NULL;
	if (fs_remove_tree(dir, err) < 0 || fetch_sources(check, job->node, err) < 0 ||
	    link_dependencies(check, scratch, job->node, err) < 0 ||
	    link_state(check, scratch, err) < 0 ||
	    copy_recipe(check, scratch, job->node->recipe, &recipe_dir, err) < 0 ||
	    reproduce_take_conditions((unsigned)getpid(), err) < 0 ||
	    build_again(job, scratch, recipe_dir, result, err) < 0)
		return -1;
	return compare(check, scratch, job->node, result, err);
}

static int work(void *context, const struct build_job *job, struct err *err)
{
	const struct check *check = context;
	const struct node *node = job->node;
	own(workspace) scratch = {0};
	own(reproduce_result) result = {.package = mem_strdup(node->name),
	                                .version = mem_strdup(node->recipe->version),
	                                .key = mem_strdup(node->key)};
	name_scratch(check, node, &scratch);
	int done = check_package(check, job, &scratch, &result, err);
	if (done < 0) {
		result.status = REPRODUCE_FAILED;
		strv_addf(&result.findings, "the second build: %s", err->message);
	}
	if (done == 0)
		clean_up(check, node, &scratch, &result);
	if (reproduce_result_save(check->workspace, check->session->toolchain.arch, &result,
	                          check->conditions, done < 0 ? NULL : err) < 0)
		return -1;
	return done;
}

static bool load_result(const struct check *check, const struct node *node,
                        struct reproduce_result *ret_result)
{
	char conditions[DIGEST_HEX];
	struct reproduce_result result;
	if (!reproduce_result_load(check->workspace, check->session->toolchain.arch, node->name,
	                           &result, conditions))
		return false;
	if (str_equal(result.key, node->key) && str_equal(conditions, check->conditions)) {
		*ret_result = result;
		return true;
	}
	reproduce_result_release(&result);
	return false;
}

static bool is_done(void *context, const struct node *node)
{
	const struct check *check = context;
	own(reproduce_result) result = {0};
	if (!load_result(check, node, &result))
		return false;
	if (result.status == REPRODUCE_DIFFERS)
		event_warn(check->sink, "%s differs: %s", node->name,
		           result.findings.count ? result.findings.items[0] : "");
	return true;
}

/* ---- all of them */

static void add_simple(struct reproduction *r, const struct node *node,
                       enum reproduce_status status, const char *finding)
{
	struct reproduce_result result = {.package = mem_strdup(node->name),
	                                  .version = mem_strdup(node->recipe->version),
	                                  .key = mem_strdup(node->key),
	                                  .status = status};
	strv_add(&result.findings, finding);
	vec_push(&r->results, result);
}

/* Decides what the scheduler has to do; the rest is DONE for it, and none of its business. */
static void choose(const struct check *check, const struct reproduce_request *request,
                   struct reproduction *r, struct node_list *todo)
{
	for (vec_each(place, &check->session->graph.nodes)) {
		struct node *node = *place;
		struct reproduce_result result;
		bool asked = request->closure || node->wanted;
		bool built = node->state == NODE_DONE;
		node->state = NODE_DONE;
		if (asked && !built) {
			add_simple(r, node, REPRODUCE_UNBUILT,
			           "there is no first build: sdk build");
		} else if (asked && !request->again && load_result(check, node, &result) &&
		           (result.status == REPRODUCE_SAME ||
		            (reproduce_result_release(&result), false))) {
			result.earlier = true;
			vec_push(&r->results, result);
		} else if (asked) {
			node->state = NODE_BUILD;
			vec_push(todo, node);
		}
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct reproduce_result *)a)->package,
	              ((const struct reproduce_result *)b)->package);
}

static void collect(const struct check *check, const struct node_list *todo, struct reproduction *r)
{
	for (vec_each(node, todo)) {
		struct reproduce_result result;
		if (load_result(check, *node, &result))
			vec_push(&r->results, result);
		else
			add_simple(r, *node, REPRODUCE_FAILED, "the second build left no result");
	}
	vec_sort(&r->results, by_name);
}

static void forget(const struct check *check, const struct node_list *todo)
{
	for (vec_each(node, todo)) {
		own_free char *path = workspace_out(check->workspace, "reproducible/results/%s/%s",
		                                    check->session->toolchain.arch, (*node)->name);
		unlink(path);
	}
}

static bool all_ended(const struct node_list *todo)
{
	for (vec_each(node, todo))
		if ((*node)->state != NODE_DONE && (*node)->state != NODE_FAILED)
			return false;
	return true;
}

static int run_all(struct check *check, unsigned jobs, const struct node_list *todo,
                   struct err *err)
{
	struct build_run run;
	struct build_context context = {.workspace = &check->scheduler,
	                                .env = &check->session->env,
	                                .toolchain = &check->session->toolchain,
	                                .jobs = jobs + 1,
	                                .jobserver_fd = -1};
	struct schedule schedule = {.context = &context,
	                            .planner = &check->session->planner,
	                            .run = &run,
	                            .binhosts = &check->session->binhosts,
	                            .sink = check->sink,
	                            .keep_going = true,
	                            .work = work,
	                            .is_done = is_done,
	                            .context_of_work = check};
	own(err) first = {0};
	forget(check, todo);
	if (build_jobserver_open(&context, err) < 0)
		return -1;
	build_run_begin(&run, &check->scheduler, check->session->toolchain.arch, context.jobs);
	int result = sched_run(&schedule, &first);
	build_run_end(&run, &check->session->graph, check->sink, NULL);
	build_jobserver_close(&context);
	if (result == 0)
		return 0;
	/* A build that failed is one of the results. */
	if (first.kind == ERR_INTERRUPTED || !all_ended(todo))
		return err_move(err, &first);
	event_warn(check->sink, "%s", first.message);
	return 0;
}

static unsigned job_count(unsigned asked)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	return asked ? asked : count > 0 ? (unsigned)count : 1;
}

static char *scratch_of(const struct workspace *workspace, const char *asked)
{
	if (!asked)
		return workspace_out(workspace, "reproducible/builds");
	own_free char *real = realpath(asked, NULL);
	return path_join(real ? real : asked, "sdk-second-builds");
}

static int check_all(struct check *check, const struct reproduce_request *request,
                     struct reproduction *r, struct err *err)
{
	struct node_list todo = {0};
	unsigned jobs = job_count(request->build.jobs);
	if (reproduce_conditions(&check->session->env, check->scratch, jobs, r, err) < 0)
		return -1;
	reproduce_conditions_digest(r, check->conditions);
	choose(check, request, r, &todo);
	int result = todo.count ? run_all(check, jobs, &todo, err) : 0;
	if (result == 0)
		collect(check, &todo, r);
	vec_release(&todo);
	return result;
}

/* Before an environment is made for nothing. */
static int check_any_built(const struct build_session *session, bool closure, struct err *err)
{
	for (vec_each(node, &session->graph.nodes))
		if ((closure || (*node)->wanted) && (*node)->state == NODE_DONE)
			return 0;
	err_set(err, ERR_BUILD, "nothing of this is built, so there is nothing to compare");
	return err_hint(err, "`sdk build` first");
}

int reproduce_packages(const struct workspace *workspace, const struct reproduce_request *request,
                       const struct event_sink *sink, struct reproduction *ret, struct err *err)
{
	own(build_session) session = {0};
	own(reproduction) r = {0};
	own_free char *scratch = scratch_of(workspace, request->scratch);
	own_free char *state = workspace_out(workspace, "reproducible");
	if (session_make(workspace, &request->build, &session, err) < 0 ||
	    check_any_built(&session, request->closure, err) < 0 ||
	    env_create(workspace, 0, sink, err) < 0 ||
	    session_open_environment(&session, err) < 0 ||
	    toolchain_prepare(workspace, &session.env, &session.toolchain, sink, err) < 0 ||
	    fs_make_dirs(scratch, 0755, err) < 0)
		return -1;
	struct check check = {.workspace = workspace,
	                      .session = &session,
	                      .sink = sink,
	                      .scheduler = *workspace,
	                      .scratch = scratch};
	check.scheduler.out = state;
	if (check_all(&check, request, &r, err) < 0)
		return -1;
	*ret = r;
	r = (struct reproduction){0};
	return 0;
}
