/* The graph of packages for commands that ask about it. */
#include "graph-open.h"

#include "overlay.h"
#include "own.h"
#include "toolchain.h"

void graph_open_release(struct graph_open *open)
{
	graph_release(&open->graph);
	recipe_set_release(&open->recipes);
	free(open->arch);
}

static int all_recipes(struct recipe_set *set, const char *arch, struct strv *ret_names,
                       struct err *err)
{
	if (recipe_set_load_all(set, err) < 0)
		return -1;
	for (size_t i = 0; i < set->names.count; i++)
		if (recipe_has_arch(map_get(&set->loaded, set->names.items[i]), arch))
			strv_add(ret_names, set->names.items[i]);
	return 0;
}

int graph_open(const struct cli *cli, const char *arch, const struct strv *packages,
               const struct strv *options, struct graph_open *ret_open, struct err *err)
{
	own(strv) all = {0};
	if (toolchain_check(&cli->workspace, arch, err) < 0 ||
	    overlay_open_recipes(&cli->workspace, &ret_open->recipes, err) < 0 ||
	    (!packages && all_recipes(&ret_open->recipes, arch, &all, err) < 0))
		return -1;
	ret_open->arch = mem_strdup(arch);
	return graph_make(&ret_open->recipes, ret_open->arch, packages ? packages : &all, options,
	                  &ret_open->graph, err);
}
