/* Outputs that must be brought here while packages are built: what images and sysroots take. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key.h"
#include "own.h"
#include "sched-parts.h"

void sched_fetch_release(struct scheduler *s)
{
	fetchers_free(s->fetchers);
	s->fetchers = NULL;
	needs_release(&s->needs);
	vec_release(&s->arrivals);
}

/* ---- asking */

static int start_fetchers(struct scheduler *s, struct err *err)
{
	s->fetchers =
		fetchers_start(s->needs.workspace, s->schedule->binhosts, fetchers_count(), err);
	return s->fetchers ? sched_watch(s, fetchers_fd(s->fetchers), s->fetchers, err) : -1;
}

static struct arrival *find_arrival(struct scheduler *s, const struct node *node)
{
	for (vec_each(arrival, &s->arrivals))
		if (arrival->node == node)
			return arrival;
	return NULL;
}

/* The lowest lane of the history's picture that is free, behind those of the jobs. */
static uint64_t free_slot(const struct scheduler *s)
{
	for (uint64_t slot = s->schedule->context->jobs;; slot++) {
		bool taken = false;
		for (vec_each(arrival, &s->arrivals))
			taken = taken || (arrival->left && arrival->slot == slot);
		if (!taken)
			return slot;
	}
}

static void expect(struct scheduler *s, const struct need *need)
{
	struct arrival *arrival = find_arrival(s, need->node);
	if (!arrival) {
		struct arrival fresh = {.node = need->node};
		vec_push(&s->arrivals, fresh);
		arrival = &s->arrivals.items[s->arrivals.count - 1];
	}
	if (!arrival->left) {
		*arrival = (struct arrival){.node = need->node, .slot = free_slot(s)};
		s->total++;
	}
	arrival->left++;
	s->asked++;
}

static int ask(struct scheduler *s, const struct need_list *missing, struct err *err)
{
	for (vec_each(item, missing)) {
		struct need *need = *item;
		if (need->is_asked)
			continue;
		if (!s->fetchers && start_fetchers(s, err) < 0)
			return -1;
		if (!fetchers_ask(s->fetchers, need->key, need->digest))
			return 0;
		need->is_asked = true;
		expect(s, need);
	}
	return 0;
}

int sched_fetch_ask(struct scheduler *s, struct err *err)
{
	struct need_list missing = {0};
	if (s->stopping)
		return 0;
	for (vec_each(node, &s->graph->nodes)) {
		size_t before = missing.count;
		if ((*node)->state != NODE_BUILD)
			continue;
		needs_sysroot(&s->needs, *node, &missing);
		(*node)->is_ready = missing.count == before;
	}
	int result = needs_wanted(&s->needs, s->graph, false, &missing, err);
	if (result == 0)
		result = ask(s, &missing, err);
	vec_release(&missing);
	return result;
}

/* ---- what came */

static void begin(struct scheduler *s, struct arrival *arrival)
{
	if (arrival->is_begun)
		return;
	arrival->is_begun = true;
	arrival->started_ms = history_now_ms();
	clock_gettime(CLOCK_MONOTONIC, &arrival->start);
	sched_emit(s, (struct event){.kind = EVENT_BEGIN, .task = arrival->node->name});
	sched_emit(s, (struct event){
			      .kind = EVENT_PHASE, .task = arrival->node->name, .text = "fetch"});
}

static void take_note(struct scheduler *s, const struct arrival *arrival)
{
	struct history_build build = {.result = mem_strdup("fetched"),
	                              .worker = arrival->slot,
	                              .started_ms = arrival->started_ms,
	                              .duration_ms = history_now_ms() - arrival->started_ms};
	build_run_note(s->schedule->run, arrival->node, &build, s->schedule->sink);
	history_build_release(&build);
	/* So that `why` compares the next build with these inputs. */
	key_save_last(s->needs.workspace, s->graph->arch, arrival->node, NULL);
}

/* All that was asked for of a package has come, or is not to be had. */
static void end(struct scheduler *s, const struct arrival *arrival)
{
	const struct node *node = arrival->node;
	bool tell = arrival->is_remote && !arrival->is_refused;
	own_free char *text =
		tell ? mem_printf("%s from %s", node->recipe->version, arrival->host) : NULL;
	sched_emit(s, (struct event){.kind = EVENT_END,
	                             .task = node->name,
	                             .text = text,
	                             .done = arrival->bytes,
	                             .unit = "B",
	                             .seconds = sched_seconds_since(&arrival->start)});
	if (tell && !strv_has(&s->schedule->run->touched, node->name))
		take_note(s, arrival);
	s->done++;
	sched_show_total(s);
}

/* ---- what was refused */

static bool is_in_closure(const struct node *user, const struct node *node)
{
	for (vec_each(item, &user->closure))
		if (*item == node)
			return true;
	return false;
}

/* Decides a node anew; one that was counted as known is to be done once more. */
static int plan_again(struct scheduler *s, struct node *node, struct err *err)
{
	struct planner planner = *s->schedule->planner;
	bool was_done = node->state == NODE_DONE;
	if (node->state != NODE_DONE && node->state != NODE_BUILD && node->state != NODE_WAITS)
		return 0;
	planner.rebuild_wanted = planner.rebuild_wanted && !was_done;
	if (plan_node(&planner, node, err) < 0)
		return -1;
	s->total += was_done && node->state != NODE_DONE;
	s->done += !was_done && node->state == NODE_DONE;
	return 0;
}

/* Nobody has the output as it should be: the package is planned without, which mostly means that it
 * is built, and so are those planned that count on what it gave. */
static int refuse(struct scheduler *s, struct need *need, const struct fetch_news *news,
                  struct err *err)
{
	struct node *node = need->node;
	/* Of an archive in the cache, which no host has, it was told that it is damaged. */
	bool tell = news->what != FETCH_SKIPPED && news->host[0];
	if (tell)
		event_warn(s->schedule->sink, "%s: %s; it is not used", node->name, news->message);
	binhosts_refuse(s->schedule->binhosts, need->digest);
	needs_forget(need);
	if (plan_again(s, node, err) < 0)
		return -1;
	if (node->state == NODE_BUILD) {
		free(node->reason);
		node->reason = tell ? mem_printf("it did not come from binhost %s", news->host)
		                    : mem_strdup(news->message);
	}
	for (vec_each(user, &s->graph->nodes))
		if (is_in_closure(*user, node) && plan_again(s, *user, err) < 0)
			return -1;
	return 0;
}

static int fail(const struct need *need, const struct fetch_news *news, struct err *err)
{
	err_set(err, news->kind, "fetch %s: %s", need->node->name, news->message);
	if (err)
		err->sys_errno = news->sys_errno;
	if (news->sys_errno == ENOSPC || news->sys_errno == EDQUOT)
		err_hint(err, "make room, then run it again: it goes on where it was");
	return -1;
}

/* ---- news */

static int arrive(struct scheduler *s, struct need *need, const struct fetch_news *news,
                  struct err *err)
{
	struct arrival *arrival = find_arrival(s, need->node);
	bool is_here = news->what == FETCH_HERE;
	s->has_changed = true;
	if (!is_here && news->kind == ERR_SYSTEM)
		return fail(need, news, err);
	arrival->is_refused |= !is_here;
	if (is_here && news->host[0]) {
		arrival->is_remote = true;
		arrival->bytes += news->total;
		snprintf(arrival->host, sizeof arrival->host, "%s", news->host);
	}
	s->asked--;
	if (--arrival->left == 0)
		end(s, arrival);
	if (!is_here)
		return refuse(s, need, news, err);
	need->state = NEED_HERE;
	return 0;
}

static int take(struct scheduler *s, const struct fetch_news *news, struct err *err)
{
	struct need *need = needs_find(&s->needs, news->digest);
	struct arrival *arrival = need ? find_arrival(s, need->node) : NULL;
	if (!arrival)
		return 0;
	switch (news->what) {
	case FETCH_BEGUN:
		begin(s, arrival);
		return 0;
	case FETCH_MOVED:
		sched_emit(s, (struct event){.kind = EVENT_PROGRESS,
		                             .task = need->node->name,
		                             .unit = "B",
		                             .done = news->done,
		                             .total = news->total});
		return 0;
	case FETCH_WARNED:
		event_warn(s->schedule->sink, "%s: %s", need->node->name, news->message);
		return 0;
	default:
		return arrive(s, need, news, err);
	}
}

int sched_fetch_news(struct scheduler *s, struct err *err)
{
	struct fetch_news news;
	int got;
	while ((got = fetchers_read(s->fetchers, &news, err)) > 0)
		if (take(s, &news, err) < 0)
			return -1;
	return got;
}
