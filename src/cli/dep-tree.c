/* Packages and what they are built against, as an indented tree. */
#include "dep-tree.h"

#include "cli.h"
#include "str.h"

void dep_tree_release(struct dep_tree *tree)
{
	map_release(&tree->shown);
}

static bool is_declared(const struct node *node, const struct node *edge)
{
	return strv_has(&node->config.args.target, edge->name);
}

static void print_edge(struct dep_tree *tree, const struct node *edge, const char *note, int depth)
{
	bool leaf = tree->up || (!edge->depends.count && !edge->runtime.count);
	bool again = !leaf && map_get(&tree->shown, edge->name);
	cli_print("%*s%s %s%s%s\n", 2 * depth, "", edge->name, edge->recipe->version, note,
	          again ? " (see above)" : "");
	/* Users' users are a forest that nobody reads; those of one level are enough. */
	if (!leaf && !again)
		dep_tree_print(tree, edge, depth + 1);
}

static bool has(const struct node_list *nodes, const struct node *node)
{
	for (vec_each(item, nodes))
		if (*item == node)
			return true;
	return false;
}

void dep_tree_edges(const struct graph *graph, const struct node *node, bool up,
                    struct node_list *ret_build, struct node_list *ret_run)
{
	for (vec_each(edge, up ? &node->users : &node->depends))
		vec_push(ret_build, *edge);
	for (vec_each(edge, &node->runtime))
		if (!up && !has(ret_build, *edge))
			vec_push(ret_run, *edge);
	for (vec_each(user, &graph->nodes))
		if (up && has(&(*user)->runtime, node) && !has(ret_build, *user))
			vec_push(ret_run, *user);
}

void dep_tree_print(struct dep_tree *tree, const struct node *node, int depth)
{
	struct node_list build = {0}, run = {0};
	dep_tree_edges(tree->graph, node, tree->up, &build, &run);
	map_set(&tree->shown, node->name, tree);
	for (vec_each(edge, &build))
		if (!tree->declared || is_declared(node, *edge))
			print_edge(tree, *edge, "", depth);
	for (vec_each(edge, &run))
		print_edge(tree, *edge, " (to run)", depth);
	vec_release(&build);
	vec_release(&run);
}
