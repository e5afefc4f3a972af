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

static void leave_out(void *context, const char *name, struct err *err)
{
	const struct cli *cli = context;
	(void)name;
	event_warn(&cli->sink, "left out: %s", err->message);
}

static bool has_graph(struct recipe_set *set, const char *arch, const struct strv *names,
                      struct err *err)
{
	struct graph graph = {0};
	bool has = graph_make(set, arch, names, NULL, &graph, err) == 0;
	graph_release(&graph);
	return has;
}

/* Those that need one that can't be read, or each other in a circle, can't be there either. Which
 * these are is asked one by one, only when something is wrong. */
static void keep_whole(const struct cli *cli, struct recipe_set *set, const char *arch,
                       struct strv *names)
{
	own(strv) all = *names;
	*names = (struct strv){0};
	for (size_t i = 0; i < all.count; i++) {
		own(strv) one = {0};
		own(err) err = {0};
		strv_add(&one, all.items[i]);
		if (has_graph(set, arch, &one, &err))
			strv_add(names, all.items[i]);
		else
			leave_out((void *)cli, all.items[i], &err);
	}
}

void graph_open_names(const struct cli *cli, struct recipe_set *set, const char *arch,
                      struct strv *ret_names)
{
	recipe_set_load_each(set, leave_out, (void *)cli);
	for (size_t i = 0; i < set->names.count; i++) {
		const struct recipe *recipe = map_get(&set->loaded, set->names.items[i]);
		if (recipe && recipe_has_arch(recipe, arch))
			strv_add(ret_names, recipe->name);
	}
	if (!has_graph(set, arch, ret_names, NULL))
		keep_whole(cli, set, arch, ret_names);
}

int graph_open(const struct cli *cli, const char *arch, const struct strv *packages,
               const struct strv *options, struct graph_open *ret_open, struct err *err)
{
	own(strv) all = {0};
	if (toolchain_check(&cli->workspace, arch, err) < 0 ||
	    overlay_open_recipes(&cli->workspace, &ret_open->recipes, err) < 0)
		return -1;
	if (!packages)
		graph_open_names(cli, &ret_open->recipes, arch, &all);
	ret_open->arch = mem_strdup(arch);
	return graph_make(&ret_open->recipes, ret_open->arch, packages ? packages : &all, options,
	                  &ret_open->graph, err);
}
