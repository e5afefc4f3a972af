/* Outputs that must be in the store, and where they can be had: what images and sysroots take. */
#include "needs.h"

#include <stdlib.h>
#include <string.h>

#include "lease.h"
#include "manifest.h"
#include "own.h"
#include "store.h"

static void need_free(struct need *need)
{
	free(need->output);
	strv_release(&need->requires);
	free(need);
}

void needs_release(struct needs *needs)
{
	for (vec_each(need, &needs->all))
		if (*need)
			need_free(*need);
	vec_release(&needs->all);
	map_release(&needs->by_digest);
}

struct need *needs_find(const struct needs *needs, const char *digest)
{
	struct need *need = map_get(&needs->by_digest, digest);
	return need && need->output ? need : NULL;
}

/* The place in the map stays, since its key does. */
void needs_forget(struct need *need)
{
	free(steal_ptr(need->output));
}

static void look(const struct needs *needs, struct need *need)
{
	own_free char *dir = store_dir(needs->workspace, need->digest);
	own_free char *archive = store_archive_path(needs->workspace, need->digest);
	if (lease_mark(needs->workspace, dir)) {
		need->state = NEED_HERE;
	} else if (lease_mark(needs->workspace, archive)) {
		need->state = NEED_ARCHIVE;
	} else {
		need->state = NEED_REMOTE;
		if (needs->binhosts)
			need->archive_bytes =
				binhosts_object_bytes(needs->binhosts, need->key, need->digest);
	}
}

/* NULL when the node has no such output. */
static struct need *get(struct needs *needs, struct node *node, const char *output)
{
	const struct record_output *found = record_find(&node->record, output);
	struct need *need = found ? map_get(&needs->by_digest, found->digest) : NULL;
	if (!found || (need && need->output))
		return need;
	if (!need) {
		need = mem_alloc(sizeof *need);
		memcpy(need->digest, found->digest, sizeof need->digest);
		vec_push(&needs->all, need);
		map_set(&needs->by_digest, need->digest, need);
	}
	need->node = node;
	need->output = mem_strdup(output);
	need->bytes = found->bytes;
	need->is_asked = false;
	memcpy(need->key, node->key, sizeof need->key);
	look(needs, need);
	return need;
}

void needs_sysroot(struct needs *needs, const struct node *node, struct need_list *ret_missing)
{
	static const char *const outputs[] = {"run", "dev"};
	for (vec_each(dependency, &node->closure))
		for (size_t i = 0; i < 2; i++) {
			struct need *need = get(needs, *dependency, outputs[i]);
			if (need && need->state != NEED_HERE)
				vec_push(ret_missing, need);
		}
}

/* ---- what images take */

static int follow(const struct needs *needs, struct need *need, struct err *err)
{
	own(manifest) manifest = {0};
	if (need->is_followed)
		return 0;
	if (store_load_manifest(needs->workspace, need->digest, &manifest, err) < 0)
		return -1;
	strv_add_all(&need->requires, &manifest.requires);
	need->is_followed = true;
	return 0;
}

static void add(struct node_list *todo, struct map *seen, struct node *node)
{
	if (node && !map_set(seen, node->name, node))
		vec_push(todo, node);
}

static void add_all(struct node_list *todo, struct map *seen, const struct node_list *nodes)
{
	for (vec_each(node, nodes))
		add(todo, seen, *node);
}

static int visit(struct needs *needs, const struct graph *graph, bool guess, struct node *node,
                 struct node_list *todo, struct map *seen, struct need_list *missing,
                 struct err *err)
{
	struct need *need = node->state == NODE_DONE ? get(needs, node, "run") : NULL;
	if (need && need->state == NEED_HERE) {
		if (follow(needs, need, err) < 0)
			return -1;
		for (size_t i = 0; i < need->requires.count; i++)
			add(todo, seen, graph_find(graph, need->requires.items[i]));
		return 0;
	}
	if (need)
		vec_push(missing, need);
	if (guess) {
		add_all(todo, seen, &node->depends);
		add_all(todo, seen, &node->runtime);
	}
	return 0;
}

int needs_wanted(struct needs *needs, const struct graph *graph, bool guess,
                 struct need_list *ret_missing, struct err *err)
{
	struct node_list todo = {0};
	struct map seen = {0};
	int result = 0;
	for (vec_each(node, &graph->nodes))
		if ((*node)->wanted)
			add(&todo, &seen, *node);
	for (size_t i = 0; i < todo.count && result == 0; i++)
		result = visit(needs, graph, guess, todo.items[i], &todo, &seen, ret_missing, err);
	vec_release(&todo);
	map_release(&seen);
	return result;
}
