/* What packages add to an image. */
#include "board-size.h"

#include "needs.h"
#include "own.h"
#include "session.h"

void board_sizes_release(struct board_sizes *sizes)
{
	for (vec_each(size, &sizes->packages)) {
		free((*size)->package);
		strv_release(&(*size)->requires);
		free(*size);
	}
	vec_release(&sizes->packages);
	map_release(&sizes->by_name);
}

static void add_guess(struct board_size *size, const struct node *node)
{
	size->is_guess = true;
	for (vec_each(edge, &node->depends))
		strv_add(&size->requires, (*edge)->name);
	for (vec_each(edge, &node->runtime))
		strv_add(&size->requires, (*edge)->name);
}

static void add_node(struct board_sizes *sizes, const struct needs *needs, const struct node *node)
{
	bool is_built = node->state == NODE_DONE;
	const struct record_output *run = is_built ? record_find(&node->record, "run") : NULL;
	const struct need *need = run ? needs_find(needs, run->digest) : NULL;
	if (is_built && !run)
		return;
	struct board_size *size = mem_alloc(sizeof *size);
	size->package = mem_strdup(node->name);
	size->is_built = is_built;
	size->bytes = run ? run->bytes : 0;
	/* What it needs to run is read off its files, where they are here; else it is at most what
	 * it is built against. */
	if (need && need->is_followed)
		strv_add_all(&size->requires, &need->requires);
	else
		add_guess(size, node);
	vec_push(&sizes->packages, size);
	map_set(&sizes->by_name, size->package, size);
}

int board_sizes_make(const struct workspace *workspace, struct recipe_set *recipes,
                     const char *arch, const struct strv *options, struct board_sizes *ret_sizes,
                     struct err *err)
{
	own(build_session) session = {0};
	own(needs) needs = {.workspace = workspace};
	own(strv) packages = {0};
	struct need_list missing = {0};
	for (size_t i = 0; i < recipes->names.count; i++) {
		own(err) broken = {0};
		const struct recipe *recipe;
		if (recipe_set_get(recipes, recipes->names.items[i], &recipe, &broken) == 0 &&
		    recipe_has_arch(recipe, arch))
			strv_add(&packages, recipe->name);
	}
	struct build_request request = {.arch = arch, .packages = &packages, .options = options};
	if (session_make(workspace, &request, &session, err) < 0)
		return -1;
	needs.binhosts = &session.binhosts;
	int result = needs_wanted(&needs, &session.graph, false, &missing, err);
	for (vec_each(node, &session.graph.nodes))
		if (result == 0)
			add_node(ret_sizes, &needs, *node);
	vec_release(&missing);
	return result;
}

uint64_t board_sizes_total(const struct board_sizes *sizes, const struct strv *packages, bool guess,
                           struct strv *ret_names)
{
	struct map seen = {0};
	struct strv todo = {0};
	uint64_t bytes = 0;
	strv_add_all(&todo, packages);
	for (size_t i = 0; i < todo.count; i++) {
		struct board_size *size = map_get(&sizes->by_name, todo.items[i]);
		if (!size || map_set(&seen, size->package, size))
			continue;
		bytes += size->bytes;
		if (guess || !size->is_guess)
			strv_add_all(&todo, &size->requires);
		if (ret_names)
			strv_add(ret_names, size->package);
	}
	map_release(&seen);
	strv_release(&todo);
	return bytes;
}

bool board_sizes_effect(const struct board_sizes *sizes, const struct strv *packages,
                        const char *package, uint64_t *ret_bytes)
{
	own(strv) without = {0}, with = {0};
	const struct board_size *size = map_get(&sizes->by_name, package);
	if (!size || !size->is_built)
		return false;
	for (size_t i = 0; i < packages->count; i++)
		if (!str_equal(packages->items[i], package))
			strv_add(&without, packages->items[i]);
	strv_add_all(&with, &without);
	strv_add(&with, package);
	*ret_bytes = board_sizes_total(sizes, &with, true, NULL) -
	             board_sizes_total(sizes, &without, true, NULL);
	return true;
}
