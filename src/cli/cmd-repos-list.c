/* sdk repos list: the overlays of sdk.yaml, and what they change. */
#include <stdlib.h>

#include "commands.h"
#include "config.h"
#include "fs.h"
#include "git-move.h"
#include "git.h"
#include "overlay.h"
#include "own.h"
#include "recipe.h"

struct overview {
	const struct config_repo *repo;
	bool is_here;
	struct git_place place;
	struct strv recipes,
		overrides; /* names; "curl 8.14.1, in place of the checkout's 8.13.0" */
};

static void overview_release(struct overview *overview)
{
	git_place_release(&overview->place);
	strv_release(&overview->recipes);
	strv_release(&overview->overrides);
}

static void recipe_list_release(struct recipe_list *list)
{
	for (vec_each(recipe, list))
		recipe_free(*recipe);
	vec_release(list);
}

static void add_recipe(const struct recipe_set *set, const struct recipe *recipe,
                       struct overview *overview)
{
	own(recipe_list) hidden = {0};
	strv_add(&overview->recipes, recipe->name);
	recipe_set_get_hidden(set, recipe->name, &hidden);
	for (vec_each(other, &hidden))
		strv_addf(&overview->overrides, "%s %s, in place of %s's %s", recipe->name,
		          recipe->version, (*other)->overlay ? (*other)->overlay : "the checkout",
		          (*other)->version);
}

/* Recipes that can't be read, or that two overlays of the same priority have, are told of; the list
 * goes on. */
static void look(struct cli *cli, const struct recipe_set *set, struct overview *overview)
{
	own_free char *dir = overlay_dir(&cli->workspace, overview->repo->name);
	overview->is_here = fs_is_dir(dir);
	if (!overview->is_here)
		return;
	git_find_place(dir, &overview->place, NULL);
	for (size_t i = 0; set && i < set->names.count; i++) {
		const struct recipe *recipe = map_get(&set->loaded, set->names.items[i]);
		if (recipe && recipe->overlay && str_equal(recipe->overlay, overview->repo->name))
			add_recipe(set, recipe, overview);
	}
}

static void warn_broken(void *context, const char *name, struct err *err)
{
	struct cli *cli = context;
	(void)name;
	event_warn(&cli->sink, "%s", err->message);
	if (err->hint)
		event_note(&cli->sink, "%s", err->hint);
}

static const char *ref_of(const struct overview *overview)
{
	const struct config_repo *repo = overview->repo;
	return repo->tag                ? repo->tag
	       : repo->branch           ? repo->branch
	       : overview->place.branch ? overview->place.branch
	                                : "";
}

static void print_plain(const struct overview *overview)
{
	const struct config_repo *repo = overview->repo;
	own_free char *url = git_url_mask(repo->url);
	cli_print("%-12s %-10s %4llu  %s%s\n", repo->name, ref_of(overview),
	          (unsigned long long)repo->priority, url, repo->keys.count ? "  (signed)" : "");
	if (!overview->is_here) {
		cli_print("  not here yet: sdk sync %s\n", repo->name);
		return;
	}
	cli_print("  %.12s, %zu recipe%s\n", overview->place.id, overview->recipes.count,
	          overview->recipes.count == 1 ? "" : "s");
	for (size_t i = 0; i < overview->overrides.count; i++)
		cli_print("  %s\n", overview->overrides.items[i]);
}

static void add_json(struct json *json, const struct overview *overview)
{
	const struct config_repo *repo = overview->repo;
	own_free char *url = git_url_mask(repo->url);
	json_object(json, NULL);
	json_string(json, "name", repo->name);
	json_string(json, "url", url);
	json_string(json, repo->tag ? "tag" : "branch", ref_of(overview));
	json_number(json, "priority", (int64_t)repo->priority);
	json_bool(json, "signed", repo->keys.count > 0);
	json_bool(json, "here", overview->is_here);
	json_string(json, "commit", overview->is_here ? overview->place.id : NULL);
	json_array(json, "recipes");
	for (size_t i = 0; i < overview->recipes.count; i++)
		json_string(json, NULL, overview->recipes.items[i]);
	json_end_array(json);
	json_array(json, "overrides");
	for (size_t i = 0; i < overview->overrides.count; i++)
		json_string(json, NULL, overview->overrides.items[i]);
	json_end_array(json);
	json_end_object(json);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv;
	own(config) config = {0};
	own(recipe_set) set = {0};
	own(err) not_here = {0};
	own(json) json = {0};
	if (config_load(&cli->workspace, &config, err) < 0)
		return -1;
	bool known = overlay_open_recipes(&cli->workspace, &set, &not_here) == 0;
	if (known)
		recipe_set_load_each(&set, warn_broken, cli);
	json_array(&json, NULL);
	for (vec_each(repo, &config.repos)) {
		own(overview) overview = {.repo = repo};
		look(cli, known ? &set : NULL, &overview);
		if (cli->json)
			add_json(&json, &overview);
		else
			print_plain(&overview);
	}
	json_end_array(&json);
	if (cli->json)
		cli_print_json(&json);
	else if (!config.repos.count && !cli->quiet)
		cli_print("no overlays; `sdk repos add NAME URL` adds one\n");
	return 0;
}

const struct command cmd_repos_list = {
	.name = "repos list",
	.summary = "Show the overlays, and whose recipes they take the place of",
	.description =
		"Name, branch or tag, priority and address of each; then its commit and the "
		"recipes\n"
		"that stand in place of others of the same name. The higher priority wins; the\n"
		"checkout's own recipes have 0.",
	.examples = "sdk repos list\n"
		    "sdk repos list --json\n",
	.max_args = 0,
	.run = run,
};
