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

void dep_tree_print(struct dep_tree *tree, const struct node *node, int depth)
{
	const struct node_list *edges = tree->up ? &node->users : &node->depends;
	map_set(&tree->shown, node->name, tree);
	for (vec_each(edge, edges))
		if (!tree->declared || is_declared(node, *edge))
			print_edge(tree, *edge, "", depth);
	for (vec_each(edge, &node->runtime))
		if (tree->declared && !is_declared(node, *edge))
			print_edge(tree, *edge, " (to run)", depth);
}
