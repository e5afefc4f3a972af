/* What one run of `sdk build` does: collected while it goes, kept in the history, summed up. */
#include "build-run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "own.h"

enum { SLOWEST = 3 };

void build_summary_release(struct build_summary *summary)
{
	for (vec_each(slow, &summary->slowest))
		free(slow->package);
	vec_release(&summary->slowest);
	*summary = (struct build_summary){0};
}

void build_run_begin(struct build_run *run, const struct workspace *workspace, const char *arch,
                     unsigned jobs)
{
	uint64_t now = history_now_ms();
	*run = (struct build_run){.workspace = workspace,
	                          .arch = arch,
	                          .started_ms = now,
	                          .jobs = jobs,
	                          .id = mem_printf("%" PRIu64 "-%d", now, (int)getpid())};
}

static int by_seconds(const void *a, const void *b)
{
	const struct build_slow *one = a, *two = b;
	return one->seconds < two->seconds   ? 1
	       : one->seconds > two->seconds ? -1
	                                     : strcmp(one->package, two->package);
}

static void note_slow(struct build_summary *summary, const char *package, double seconds)
{
	struct build_slow slow = {.package = mem_strdup(package), .seconds = seconds};
	vec_push(&summary->slowest, slow);
	vec_sort(&summary->slowest, by_seconds);
	if (summary->slowest.count > SLOWEST)
		free(summary->slowest.items[--summary->slowest.count].package);
}

static void count(struct build_run *run, const struct node *node, const struct history_build *build)
{
	struct build_summary *summary = &run->summary;
	double seconds = (double)build->duration_ms / 1000;
	strv_add(&run->touched, node->name);
	if (str_equal(build->result, "failed")) {
		summary->failed++;
	} else if (str_equal(build->result, "fetched")) {
		summary->fetched++;
		if (node->record.seconds > seconds)
			summary->saved_seconds += node->record.seconds - seconds;
	} else {
		summary->built++;
		note_slow(summary, node->name, seconds);
	}
}

static void replace(char **text, const char *with)
{
	free(*text);
	*text = mem_strdup(with);
}

void build_run_note(struct build_run *run, const struct node *node, struct history_build *build,
                    const struct event_sink *sink)
{
	own(err) err = {0};
	replace(&build->run, run->id);
	replace(&build->package, node->name);
	replace(&build->arch, run->arch);
	replace(&build->version, node->recipe->version);
	replace(&build->key, node->key);
	for (vec_each(output, &node->record.outputs)) {
		struct history_output size = {.name = mem_strdup(output->name),
		                              .bytes = output->bytes};
		vec_push(&build->outputs, size);
	}
	count(run, node, build);
	if (history_append_build(run->workspace, build, &err) < 0)
		event_warn(sink, "the history is not kept: %s", err.message);
}

/* What was there before, and what came out equal after a rebuild below it. */
static void count_reused(struct build_run *run, const struct graph *graph, struct strv *reused)
{
	for (vec_each(node, &graph->nodes)) {
		if ((*node)->state == NODE_SKIPPED)
			run->summary.skipped++;
		if ((*node)->state != NODE_DONE || (*node)->is_remote ||
		    strv_has(&run->touched, (*node)->name))
			continue;
		strv_add(reused, (*node)->name);
		run->summary.saved_seconds += (*node)->record.seconds;
	}
	run->summary.reused = reused->count;
	strv_sort(reused);
}

static int write_run(const struct build_run *run, struct strv *reused, struct err *err)
{
	const struct build_summary *summary = &run->summary;
	struct history_run line = {.run = run->id,
	                           .arch = (char *)run->arch,
	                           .started_ms = run->started_ms,
	                           .duration_ms = (uint64_t)(summary->seconds * 1000),
	                           .jobs = run->jobs,
	                           .built = summary->built,
	                           .fetched = summary->fetched,
	                           .failed = summary->failed,
	                           .skipped = summary->skipped,
	                           .saved_ms = (uint64_t)(summary->saved_seconds * 1000),
	                           .reused = *reused};
	if (history_append_run(run->workspace, &line, err) < 0)
		return -1;
	return history_prune(run->workspace, 0, err);
}

void build_run_end(struct build_run *run, const struct graph *graph, const struct event_sink *sink,
                   struct build_summary *ret_summary)
{
	own(err) err = {0};
	own(strv) reused = {0};
	run->summary.seconds = (double)(history_now_ms() - run->started_ms) / 1000;
	count_reused(run, graph, &reused);
	if (run->touched.count && write_run(run, &reused, &err) < 0)
		event_warn(sink, "the history is not kept: %s", err.message);
	if (ret_summary)
		*ret_summary = run->summary;
	else
		build_summary_release(&run->summary);
	strv_release(&run->touched);
	free(run->id);
	*run = (struct build_run){0};
}
