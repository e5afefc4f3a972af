/* From recipes/<name>/recipe.yaml to a struct recipe: parse, expand, decode, look beside it. */
#include <errno.h>
#include <stdlib.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "recipe-parts.h"

enum { MAX_RECIPE_BYTES = 256 * 1024 };

static int check_name(const struct yaml *yaml, const struct recipe *recipe, const char *name,
                      struct err *err)
{
	if (!name || str_equal(recipe->name, name))
		return 0;
	return yaml_error(yaml, yaml_get(yaml->root, "name"), err,
	                  "name: \"%s\", but the directory is called \"%s\"", recipe->name, name);
}

static int parse(const char *path, const char *name, const char *text, size_t length,
                 struct recipe *recipe, struct err *err)
{
	own(yaml) yaml = {0};
	if (yaml_parse(path, text, length, &yaml, err) < 0 || recipe_expand(&yaml, err) < 0 ||
	    recipe_decode(&yaml, recipe, err) < 0)
		return -1;
	return check_name(&yaml, recipe, name, err);
}

int recipe_parse(const char *path, const char *name, const char *text, size_t length,
                 struct recipe **ret_recipe, struct err *err)
{
	struct recipe *recipe = mem_alloc(sizeof *recipe);
	recipe->path = mem_strdup(path);
	if (parse(path, name, text, length, recipe, err) < 0) {
		recipe_free(recipe);
		return -1;
	}
	*ret_recipe = recipe;
	return 0;
}

static int read_text(const struct recipe_layer *layer, const char *dir, const char *shown,
                     struct str *ret_text, struct err *err)
{
	own_free char *path = path_join(dir, "recipe.yaml");
	own(err) failure = {0};
	if (recipe_check_inside(layer, dir, shown, err) < 0 ||
	    recipe_check_inside(layer, path, shown, err) < 0)
		return -1;
	if (fs_read(path, MAX_RECIPE_BYTES, ret_text, &failure) == 0)
		return 0;
	if (failure.sys_errno == ENOENT || failure.sys_errno == ENOTDIR)
		return err_set(err, ERR_INPUT, "%s: has no recipe.yaml", shown);
	return err_move(err, &failure);
}

int recipe_load_with(const struct recipe_systems *systems, const struct recipe_layer *layer,
                     const char *name, struct recipe **ret_recipe, struct err *err)
{
	own_free char *dir = path_join(layer->dir, name);
	own_free char *shown = path_join(layer->shown, name);
	own_free char *path = path_join(shown, "recipe.yaml");
	own(str) text = {0};
	struct recipe *recipe;
	if (read_text(layer, dir, shown, &text, err) < 0 ||
	    recipe_parse(path, name, str_text(&text), text.len, &recipe, err) < 0)
		return -1;
	recipe->dir = steal_ptr(dir);
	recipe->overlay = layer->overlay ? mem_strdup(layer->overlay) : NULL;
	recipe->build_system = *recipe_systems_digest(systems, recipe->build);
	if (recipe_read_files(layer, recipe, err) < 0) {
		recipe_free(recipe);
		return -1;
	}
	*ret_recipe = recipe;
	return 0;
}

int recipe_load(const char *recipes_dir, const char *name, struct recipe **ret_recipe,
                struct err *err)
{
	struct recipe_systems *systems;
	if (recipe_systems_new(recipes_dir, &systems, err) < 0)
		return -1;
	struct recipe_layer layer = {.dir = (char *)recipes_dir,
	                             .shown = (char *)path_base(recipes_dir)};
	int result = recipe_load_with(systems, &layer, name, ret_recipe, err);
	recipe_systems_free(systems);
	return result;
}
