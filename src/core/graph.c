/* The packages a system needs and how they depend on each other, for one architecture. */
#include "graph.h"

#include <stdlib.h>
#include <string.h>

#include "own.h"
#include "str.h"

/* What every package that is linked with the C library sees unasked. */
static const char *const implicit_packages[] = {"glibc", "linux-headers", "gcc-runtime"};

struct builder {
	struct recipe_set *recipes;
	const struct strv *options;
	struct graph *graph;
};

static void node_free(struct node *node)
{
	recipe_config_release(&node->config);
	vec_release(&node->depends);
	vec_release(&node->closure);
	vec_release(&node->users);
	vec_release(&node->runtime);
	record_release(&node->record);
	free(node->key_text);
	free(node->reason);
	free(node);
}

void graph_release(struct graph *graph)
{
	size_t cursor = 0;
	for (const struct map_entry *entry; (entry = map_next(&graph->by_name, &cursor));)
		node_free(entry->value);
	map_release(&graph->by_name);
	vec_release(&graph->nodes);
	*graph = (struct graph){0};
}

struct node *graph_find(const struct graph *graph, const char *name)
{
	return map_get(&graph->by_name, name);
}

bool graph_is_implicit(const char *name)
{
	for (size_t i = 0; i < sizeof implicit_packages / sizeof *implicit_packages; i++)
		if (str_equal(name, implicit_packages[i]))
			return true;
	return false;
}

/* ---- the nodes */

static int new_node(struct builder *builder, const char *name, struct node **ret_node,
                    struct err *err)
{
	const struct recipe *recipe;
	if (recipe_set_get(builder->recipes, name, &recipe, err) < 0)
		return -1;
	if (!recipe_has_arch(recipe, builder->graph->arch)) {
		err_set(err, ERR_INPUT, "%s: not for %s", recipe->path, builder->graph->arch);
		return err_hint(err, "its key `arches` says what it is for");
	}
	struct node *node = mem_alloc(sizeof *node);
	node->name = recipe->name;
	node->recipe = recipe;
	if (recipe_configure(recipe, builder->options, &node->config, err) < 0) {
		node_free(node);
		return -1;
	}
	map_set(&builder->graph->by_name, node->name, node);
	*ret_node = node;
	return 0;
}

static int add_edges(struct builder *builder, struct node *node, const struct strv *names,
                     struct node_list *edges, struct node_list *todo, struct err *err)
{
	for (size_t i = 0; i < names->count; i++) {
		struct node *target = graph_find(builder->graph, names->items[i]);
		if (!target) {
			if (new_node(builder, names->items[i], &target, err) < 0)
				return err_wrap(err, "%s:%u: depends", node->recipe->path,
				                node->recipe->args.line);
			vec_push(todo, target);
		}
		vec_push(edges, target);
	}
	return 0;
}

static void target_names(const struct node *node, struct strv *names)
{
	strv_add_all(names, &node->config.args.target);
	if (!node->recipe->libc)
		return;
	for (size_t i = 0; i < sizeof implicit_packages / sizeof *implicit_packages; i++)
		if (!strv_has(names, implicit_packages[i]))
			strv_add(names, implicit_packages[i]);
}

static int connect(struct builder *builder, struct node *node, struct node_list *todo,
                   struct err *err)
{
	own(strv) names = {0};
	target_names(node, &names);
	strv_sort(&names);
	if (add_edges(builder, node, &names, &node->depends, todo, err) < 0)
		return -1;
	for (vec_each(target, &node->depends))
		vec_push(&(*target)->users, node);
	return add_edges(builder, node, &node->config.args.runtime, &node->runtime, todo, err);
}

static int add_wanted(struct builder *builder, const struct strv *packages, struct node_list *todo,
                      struct err *err)
{
	for (size_t i = 0; i < packages->count; i++) {
		struct node *node = graph_find(builder->graph, packages->items[i]);
		if (!node) {
			if (new_node(builder, packages->items[i], &node, err) < 0)
				return -1;
			vec_push(todo, node);
		}
		node->wanted = true;
	}
	return 0;
}

/* ---- the order */

enum mark { UNSEEN, OPEN, CLOSED };

struct sorter {
	struct graph *graph;
	struct map marks;        /* node name -> mark + 1 */
	VEC(struct node *) path; /* from the start to where we are */
};

static void sorter_release(struct sorter *sorter)
{
	map_release(&sorter->marks);
	vec_release(&sorter->path);
}

static enum mark mark_of(const struct sorter *sorter, const struct node *node)
{
	return (enum mark)(uintptr_t)map_get(&sorter->marks, node->name);
}

static int complain_of_cycle(const struct sorter *sorter, const struct node *node, struct err *err)
{
	own(str) text = {0};
	bool inside = false;
	for (vec_each(item, &sorter->path)) {
		inside = inside || *item == node;
		if (inside)
			str_addf(&text, "%s → ", (*item)->name);
	}
	str_add(&text, node->name);
	err_set(err, ERR_INPUT, "these packages depend on each other in a circle: %s",
	        str_text(&text));
	return err_hint(err, "split one of them: a recipe of its own for the part the others need");
}

static int visit(struct sorter *sorter, struct node *node, struct err *err)
{
	enum mark mark = mark_of(sorter, node);
	if (mark == CLOSED)
		return 0;
	if (mark == OPEN)
		return complain_of_cycle(sorter, node, err);
	map_set(&sorter->marks, node->name, (void *)(uintptr_t)OPEN);
	vec_push(&sorter->path, node);
	for (vec_each(target, &node->depends))
		if (visit(sorter, *target, err) < 0)
			return -1;
	sorter->path.count--;
	map_set(&sorter->marks, node->name, (void *)(uintptr_t)CLOSED);
	vec_push(&sorter->graph->nodes, node);
	return 0;
}

static int by_node_name(const void *a, const void *b)
{
	return strcmp((*(struct node *const *)a)->name, (*(struct node *const *)b)->name);
}

/* By name, so that the order does not depend on that of a hash table. */
static int sort_nodes(struct graph *graph, struct err *err)
{
	own(sorter) sorter = {.graph = graph};
	struct node_list all = {0};
	size_t cursor = 0;
	for (const struct map_entry *entry; (entry = map_next(&graph->by_name, &cursor));)
		vec_push(&all, entry->value);
	vec_sort(&all, by_node_name);
	int result = 0;
	for (size_t i = 0; i < all.count && result == 0; i++)
		result = visit(&sorter, all.items[i], err);
	vec_release(&all);
	return result;
}

/* Closures as sets of bits over the nodes in the order of their names, so that joining two costs a
 * word a 64 nodes, and a set read from its first bit to its last is sorted. */
struct closures {
	struct node_list sorted;
	struct map numbers; /* name -> number + 1 */
	size_t words;       /* of a set */
	uint64_t *bits;     /* one set a node */
};

static void closures_release(struct closures *closures)
{
	vec_release(&closures->sorted);
	map_release(&closures->numbers);
	free(closures->bits);
}

static size_t number_of(const struct closures *closures, const struct node *node)
{
	return (size_t)(uintptr_t)map_get(&closures->numbers, node->name) - 1;
}

static void closures_init(struct closures *closures, const struct graph *graph)
{
	for (vec_each(node, &graph->nodes))
		vec_push(&closures->sorted, *node);
	vec_sort(&closures->sorted, by_node_name);
	for (size_t i = 0; i < closures->sorted.count; i++)
		map_set(&closures->numbers, closures->sorted.items[i]->name,
		        (void *)(uintptr_t)(i + 1));
	closures->words = (graph->nodes.count + 63) / 64;
	closures->bits = mem_alloc(graph->nodes.count * closures->words * sizeof *closures->bits);
}

static void close_over(struct closures *closures, struct node *node)
{
	uint64_t *set = closures->bits + number_of(closures, node) * closures->words;
	for (vec_each(target, &node->depends)) {
		size_t number = number_of(closures, *target);
		const uint64_t *other = closures->bits + number * closures->words;
		for (size_t word = 0; word < closures->words; word++)
			set[word] |= other[word];
		set[number / 64] |= UINT64_C(1) << number % 64;
	}
	size_t count = 0;
	for (size_t word = 0; word < closures->words; word++)
		count += (size_t)__builtin_popcountll(set[word]);
	node->closure.cap = count;
	node->closure.items = mem_realloc_array(NULL, count, sizeof *node->closure.items);
	/* NOLINTBEGIN(clang-analyzer-core.NullDereference): a bit that is set has a node */
	for (size_t word = 0; word < closures->words; word++)
		for (uint64_t left = set[word]; left; left &= left - 1)
			/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a bit set is a node
			 */
			vec_push(&node->closure,
			         closures->sorted.items[word * 64 + (size_t)__builtin_ctzll(left)]);
	/* NOLINTEND(clang-analyzer-core.NullDereference) */
}

/* The recipes that connecting these nodes will ask for. */
static void load_ahead(struct builder *builder, const struct node_list *todo, size_t first)
{
	own(strv) ahead = {0};
	for (size_t i = first; i < todo->count; i++) {
		own(strv) names = {0};
		target_names(todo->items[i], &names);
		strv_add_all(&names, &todo->items[i]->config.args.runtime);
		for (size_t k = 0; k < names.count; k++)
			if (!graph_find(builder->graph, names.items[k]))
				strv_add(&ahead, names.items[k]);
	}
	recipe_set_load(builder->recipes, &ahead);
}

static int build_graph(struct builder *builder, const struct strv *packages, struct err *err)
{
	struct node_list todo = {0};
	int result = add_wanted(builder, packages, &todo, err);
	size_t loaded = 0;
	for (size_t i = 0; i < todo.count && result == 0; i++) {
		if (i == loaded) {
			load_ahead(builder, &todo, loaded);
			loaded = todo.count;
		}
		result = connect(builder, todo.items[i], &todo, err);
	}
	vec_release(&todo);
	if (result < 0 || sort_nodes(builder->graph, err) < 0)
		return -1;
	own(closures) closures = {0};
	closures_init(&closures, builder->graph);
	for (vec_each(node, &builder->graph->nodes))
		close_over(&closures, *node);
	return 0;
}

int graph_make(struct recipe_set *recipes, const char *arch, const struct strv *packages,
               const struct strv *options, struct graph *ret_graph, struct err *err)
{
	struct graph graph = {.arch = arch};
	struct builder builder = {.recipes = recipes, .options = options, .graph = &graph};
	if (build_graph(&builder, packages, err) < 0) {
		graph_release(&graph);
		return -1;
	}
	*ret_graph = graph;
	return 0;
}
