/* What a change of the recipes means for the next build of a board. */
#include "impact.h"

#include <stdlib.h>

#include "board.h"
#include "estimate.h"
#include "own.h"
#include "session.h"

/* A board, planned. */
struct planned {
	struct board *board;
	struct build_request request;
	struct build_session session;
};

static void planned_release(struct planned *planned)
{
	build_session_release(&planned->session);
	board_free(planned->board);
}

static bool plan(const struct workspace *workspace, const char *board, enum binhost_ask ask,
                 struct planned *planned)
{
	own(err) none = {0};
	if (board_load(workspace, board, &planned->board, &none) < 0)
		return false;
	planned->request = (struct build_request){.arch = planned->board->arch,
	                                          .packages = &planned->board->packages,
	                                          .options = &planned->board->options,
	                                          .binhosts = ask};
	return session_make(workspace, &planned->request, &planned->session, &none) == 0;
}

/* ---- before */

void impact_before_release(struct impact_before *before)
{
	for (size_t i = 0; i < before->names.count; i++)
		free(map_get(&before->keys, before->names.items[i]));
	map_release(&before->keys);
	strv_release(&before->names);
}

void impact_look(const struct workspace *workspace, const char *board,
                 struct impact_before *ret_before)
{
	own(planned) planned = {0};
	*ret_before = (struct impact_before){0};
	if (!plan(workspace, board, BINHOST_COPY, &planned))
		return;
	ret_before->is_known = true;
	for (vec_each(node, &planned.session.graph.nodes)) {
		char *name = mem_strdup((*node)->name);
		strv_take(&ret_before->names, name);
		map_set(&ret_before->keys, name, mem_strdup((*node)->key));
	}
}

/* ---- after */

struct comparing {
	const struct impact_before *before;
	const struct strv *changed;
	struct map affected; /* struct node */
	struct impact *impact;
};

/* By its key, where both are known; else by its recipe: what waits has no key yet. */
static bool is_changed(const struct comparing *comparing, const struct node *node)
{
	const char *key = map_get(&comparing->before->keys, node->name);
	if (comparing->before->is_known && !key)
		return true;
	if (key && *key && *node->key)
		return !str_equal(key, node->key);
	return strv_has(comparing->changed, node->name);
}

static bool follows(const struct comparing *comparing, const struct node *node)
{
	for (vec_each(dependency, &node->closure))
		if (map_get(&comparing->affected, (*dependency)->name))
			return true;
	return false;
}

/* Into the impact, or out of the estimate: then it was to be built before, or is there. */
static void sort_out(struct comparing *comparing, struct node *node)
{
	bool missing = node->state == NODE_BUILD || node->state == NODE_WAITS;
	bool changed = missing && is_changed(comparing, node);
	if (!changed && !(missing && follows(comparing, node))) {
		node->state = NODE_DONE;
		return;
	}
	map_set(&comparing->affected, node->name, node);
	if (changed)
		strv_add(&comparing->impact->builds, node->name);
	else
		comparing->impact->follows++;
	comparing->impact->guessed += node->is_guess;
}

bool impact_find(const struct workspace *workspace, const char *board,
                 const struct impact_before *before, const struct strv *changed,
                 struct impact *ret_impact)
{
	own(planned) planned = {0};
	struct comparing comparing = {.before = before, .changed = changed, .impact = ret_impact};
	*ret_impact = (struct impact){0};
	if (!plan(workspace, board, BINHOST_RECENT, &planned))
		return false;
	struct graph *graph = &planned.session.graph;
	estimate_nodes(workspace, graph);
	for (vec_each(node, &graph->nodes))
		sort_out(&comparing, *node);
	map_release(&comparing.affected);
	ret_impact->jobs = build_jobs(&planned.request);
	ret_impact->seconds = estimate_left(graph, ret_impact->jobs);
	return true;
}

void impact_release(struct impact *impact)
{
	strv_release(&impact->builds);
}
