/* What the report shows, as JSON. */
#include <stdlib.h>
#include <string.h>

#include "own.h"
#include "report-page.h"

/* A package with what is known of its builds. */
struct item {
	const struct node *node;
	const struct history_build *last;   /* the newest that was built; NULL */
	const struct history_build *in_run; /* NULL: not part of the run */
	bool critical, critical_in_run;
};
VEC_OF(item_list, struct item);

struct report {
	const struct build_session *session;
	struct history newest, history;
	const struct history_run *run; /* NULL: none, or it was killed before its end */
	const char *run_id;            /* NULL: nothing was ever built here */
	struct item_list items;        /* as in the graph: dependencies first */
	struct map by_name;            /* struct item */
};

static void report_release(struct report *report)
{
	history_release(&report->newest);
	history_release(&report->history);
	vec_release(&report->items);
	map_release(&report->by_name);
}

/* ---- the run */

/* The newest with a package of the board, unless one is wanted. */
static int choose_run(struct report *report, const char *wanted, struct err *err)
{
	const struct history *history = &report->history;
	report->run_id = wanted;
	for (size_t i = history->builds.count; i-- && !report->run_id;)
		if (map_get(&report->by_name, history->builds.items[i].package))
			report->run_id = history->builds.items[i].run;
	bool has_builds = false;
	for (vec_each(build, &history->builds))
		has_builds = has_builds || (wanted && str_equal(build->run, wanted));
	if (wanted && !has_builds) {
		err_set(err, ERR_INPUT, "the history holds no run \"%s\" for %s", wanted,
		        report->session->graph.arch);
		return err_hint(err, "`sdk history --runs` lists them");
	}
	for (vec_each(run, &history->runs))
		if (report->run_id && str_equal(run->run, report->run_id))
			report->run = run;
	return 0;
}

static void collect_items(struct report *report)
{
	for (vec_each(node, &report->session->graph.nodes)) {
		struct item item = {.node = *node,
		                    .last = history_newest(&report->newest, (*node)->name)};
		vec_push(&report->items, item);
	}
	for (vec_each(item, &report->items))
		map_set(&report->by_name, item->node->name, item);
}

static void mark_run(struct report *report)
{
	for (vec_each(build, &report->history.builds)) {
		struct item *item = map_get(&report->by_name, build->package);
		if (item && report->run_id && str_equal(build->run, report->run_id))
			item->in_run = build;
	}
}

/* ---- the critical path */

static double recorded_seconds(const struct item *item)
{
	if (item->node->state == NODE_DONE)
		return item->node->record.seconds;
	return item->last ? (double)item->last->duration_ms / 1000 : 0;
}

static double seconds_in_run(const struct item *item)
{
	return item->in_run ? (double)item->in_run->duration_ms / 1000 : 0;
}

/* Marks the longest chain; dependencies stand before their users, so one pass finds it. */
static void mark_longest(struct report *report, double (*seconds)(const struct item *),
                         size_t member)
{
	size_t count = report->items.count;
	own_free double *longest = mem_alloc((count + 1) * sizeof *longest);
	own_free const struct item **before = mem_alloc((count + 1) * sizeof *before);
	const struct item *end = NULL;
	for (size_t i = 0; i < count; i++) {
		const struct item *item = &report->items.items[i];
		for (vec_each(dependency, &item->node->closure)) {
			const struct item *other = map_get(&report->by_name, (*dependency)->name);
			size_t k = (size_t)(other - report->items.items);
			if (longest[k] > longest[i]) {
				longest[i] = longest[k];
				before[i] = other;
			}
		}
		longest[i] += seconds(item);
		if (longest[i] > 0 && (!end || longest[i] > longest[end - report->items.items]))
			end = item;
	}
	for (; end; end = before[end - report->items.items])
		if (seconds(end) > 0)
			*(bool *)((char *)end + member) = true;
}

/* ---- JSON */

static void add_names(struct json *json, const char *name, const struct node_list *nodes)
{
	json_array(json, name);
	for (vec_each(node, nodes))
		json_string(json, NULL, (*node)->name);
	json_end_array(json);
}

static bool holds(const struct node_list *nodes, const struct node *wanted)
{
	for (vec_each(node, nodes))
		if (*node == wanted)
			return true;
	return false;
}

/* What it is built against, less what another of these is built against: the same order of builds,
 * in fewer lines to draw. */
static void add_edges(struct json *json, const struct node *node)
{
	json_array(json, "edges");
	for (vec_each(dependency, &node->depends)) {
		bool implied = false;
		for (vec_each(other, &node->depends))
			implied = implied || holds(&(*other)->closure, *dependency);
		if (!implied)
			json_string(json, NULL, (*dependency)->name);
	}
	json_end_array(json);
}

static const char *state_name(enum node_state state)
{
	return state == NODE_DONE ? "built" : state == NODE_BUILD ? "build" : "wait";
}

static void add_package(struct json *json, const struct item *item)
{
	const struct node *node = item->node;
	json_object(json, NULL);
	json_string(json, "name", node->name);
	json_string(json, "version", node->recipe->version);
	json_string(json, "summary", node->recipe->summary);
	json_string(json, "license", node->recipe->license);
	json_string(json, "state", state_name(node->state));
	json_string(json, "key", node->state == NODE_WAITS ? NULL : node->key);
	json_bool(json, "wanted", node->wanted);
	json_bool(json, "critical", item->critical);
	json_double(json, "seconds", recorded_seconds(item));
	if (item->last) {
		json_number(json, "userMs", (int64_t)item->last->user_ms);
		json_number(json, "systemMs", (int64_t)item->last->system_ms);
		json_number(json, "peakBytes", (int64_t)item->last->peak_bytes);
	}
	add_names(json, "depends", &node->depends);
	add_names(json, "runtime", &node->runtime);
	add_edges(json, node);
	json_object(json, "outputs");
	for (vec_each(output, &node->record.outputs))
		json_number(json, output->name, (int64_t)output->bytes);
	json_end_object(json);
	json_end_object(json);
}

static void add_build(struct json *json, const struct report *report,
                      const struct history_build *build)
{
	const struct item *item = map_get(&report->by_name, build->package);
	json_object(json, NULL);
	json_string(json, "package", build->package);
	json_string(json, "version", build->version);
	json_string(json, "result", build->result);
	json_bool(json, "critical", item && item->critical_in_run);
	json_number(json, "worker", (int64_t)build->worker);
	json_number(json, "startedMs", (int64_t)build->started_ms);
	json_number(json, "durationMs", (int64_t)build->duration_ms);
	json_number(json, "userMs", (int64_t)build->user_ms);
	json_number(json, "systemMs", (int64_t)build->system_ms);
	json_number(json, "peakBytes", (int64_t)build->peak_bytes);
	json_array(json, "phases");
	for (vec_each(phase, &build->phases)) {
		json_object(json, NULL);
		json_string(json, "name", phase->name);
		json_number(json, "afterMs", (int64_t)phase->after_ms);
		json_end_object(json);
	}
	json_end_array(json);
	json_end_object(json);
}

static void add_run(struct json *json, const struct report *report)
{
	if (!report->run_id)
		return;
	json_object(json, "run");
	json_string(json, "id", report->run_id);
	if (report->run) {
		json_number(json, "startedMs", (int64_t)report->run->started_ms);
		json_number(json, "durationMs", (int64_t)report->run->duration_ms);
		json_number(json, "jobs", (int64_t)report->run->jobs);
		json_number(json, "reused", (int64_t)report->run->reused.count);
		json_number(json, "savedMs", (int64_t)report->run->saved_ms);
	}
	json_array(json, "builds");
	for (vec_each(build, &report->history.builds))
		if (str_equal(build->run, report->run_id))
			add_build(json, report, build);
	json_end_array(json);
	json_end_object(json);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->node->name, ((const struct item *)b)->node->name);
}

static int by_start(const void *a, const void *b)
{
	const struct history_build *one = a, *two = b;
	if (one->started_ms != two->started_ms)
		return one->started_ms < two->started_ms ? -1 : 1;
	return strcmp(one->package, two->package);
}

static void add_report(const struct report_request *request, struct report *report,
                       struct json *json)
{
	json_object(json, NULL);
	json_string(json, "title", request->title);
	json_string(json, "arch", report->session->graph.arch);
	json_string(json, "date", request->date);
	add_run(json, report);
	/* The map points into the items, so they are sorted when it is done with. */
	vec_sort(&report->items, by_name);
	json_array(json, "packages");
	for (vec_each(item, &report->items))
		add_package(json, item);
	json_end_array(json);
	json_end_object(json);
}

int report_data(const struct build_session *session, const struct report_request *request,
                struct json *json, struct err *err)
{
	const struct workspace *workspace = session->workspace;
	struct history_filter all = {.arch = session->graph.arch};
	struct history_filter newest = {.arch = session->graph.arch, .newest = true};
	own(report) report = {.session = session};
	if (history_load(workspace, &all, &report.history, err) < 0 ||
	    history_load(workspace, &newest, &report.newest, err) < 0)
		return -1;
	collect_items(&report);
	if (choose_run(&report, request->run, err) < 0)
		return -1;
	/* Lines are in the order in which builds ended. */
	vec_sort(&report.history.builds, by_start);
	mark_run(&report);
	mark_longest(&report, recorded_seconds, offsetof(struct item, critical));
	mark_longest(&report, seconds_in_run, offsetof(struct item, critical_in_run));
	add_report(request, &report, json);
	return 0;
}
