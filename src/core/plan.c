/* What there is to do for a graph: which packages are known, which must be built, and why. */
#include "plan.h"

#include <stdlib.h>

#include "key.h"
#include "own.h"
#include "store.h"
#include "workon.h"

bool plan_is_ready(const struct node *node)
{
	for (vec_each(dependency, &node->closure))
		if ((*dependency)->state != NODE_DONE)
			return false;
	return true;
}

static void set_reason(struct node *node, char *reason)
{
	free(node->reason);
	node->reason = reason;
}

/* The first dependency that is not done, the one whose build decides. */
static char *waiting_reason(const struct node *node)
{
	for (vec_each(dependency, &node->closure))
		if ((*dependency)->state != NODE_DONE)
			return mem_printf("after %s", (*dependency)->name);
	return NULL;
}

static char *build_reason(const struct planner *planner, const struct node *node)
{
	enum { SHOWN = 3 };
	if (node->worktree)
		return mem_printf("source is the working tree %s", node->worktree->dir);
	own_free char *last = key_load_last(planner->workspace, planner->graph->arch, node->name);
	if (!last)
		return mem_strdup("first build here");
	own(strv) lines = {0};
	key_difference(last, node->key_text, SHOWN, &lines);
	return lines.count ? strv_join(&lines, ", ") : mem_strdup("its outputs are gone");
}

static int set_done(struct node *node, bool is_remote)
{
	node->state = NODE_DONE;
	node->is_remote = is_remote;
	set_reason(node, NULL);
	return 0;
}

/* What a later build is compared with. A record may have come from another checkout by the cache,
 * or from before a change that was taken back, so what was built last here need not say it. */
static void remember(const struct planner *planner, const struct node *node)
{
	const char *arch = planner->graph->arch;
	if (!planner->workspace->leased)
		return;
	own_free char *last = key_load_last(planner->workspace, arch, node->name);
	if (!last || !str_equal(last, node->key_text))
		key_save_last(planner->workspace, arch, node, NULL);
}

static bool find_remote(const struct planner *planner, struct node *node)
{
	return planner->binhosts && binhosts_find(planner->binhosts, planner->graph->arch,
	                                          node->name, node->key, &node->record);
}

int plan_node(const struct planner *planner, struct node *node, struct err *err)
{
	if (!plan_is_ready(node)) {
		node->state = NODE_WAITS;
		set_reason(node, waiting_reason(node));
		return 0;
	}
	if (key_compute(planner->env, planner->toolchain, node, err) < 0)
		return -1;
	record_release(&node->record);
	bool forced = planner->rebuild_wanted && node->wanted;
	bool known = !forced && record_load(planner->workspace, planner->graph->arch, node->name,
	                                    node->key, &node->record);
	if (known && record_use(planner->workspace, &node->record)) {
		remember(planner, node);
		return set_done(node, false);
	}
	record_release(&node->record);
	if (!forced && find_remote(planner, node))
		return set_done(node, true);
	node->state = NODE_BUILD;
	set_reason(node, forced ? mem_strdup("asked for") : build_reason(planner, node));
	return 0;
}

int plan_make(const struct planner *planner, struct err *err)
{
	for (vec_each(node, &planner->graph->nodes))
		if (plan_node(planner, *node, err) < 0)
			return -1;
	return 0;
}
