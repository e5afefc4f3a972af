/* Overlays: git repositories whose recipes and boards are laid over the checkout's own. */
#include "overlay.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "fs.h"
#include "git-move.h"
#include "own.h"
#include "path.h"

char *overlay_dir(const struct workspace *workspace, const char *name)
{
	return workspace_out(workspace, "repos/%s", name);
}

/* As people see it from the top of the checkout, where it lies in there. */
static char *shown_path(const struct workspace *workspace, const char *path)
{
	size_t length = strlen(workspace->root);
	bool below = !strncmp(path, workspace->root, length) && path[length] == '/';
	return mem_strdup(below ? path + length + 1 : path);
}

/* Its sub-directory, NULL when it has none; fails when there is no clone, or a link in the way. */
static int find_dir(const struct workspace *workspace, const struct config_repo *repo,
                    const char *name, char **ret_dir, struct err *err)
{
	own_free char *top = overlay_dir(workspace, repo->name);
	own_free char *dir = path_join(top, name);
	if (!fs_is_dir(top)) {
		err_set(err, ERR_INPUT, "overlay %s of sdk.yaml is not here yet", repo->name);
		return err_hint(err, "`sdk sync` clones it");
	}
	if (fs_exists(dir) && !fs_is_inside(dir, top))
		return err_set(err, ERR_INPUT, "%s: a symlink that leads out of overlay %s", dir,
		               repo->name);
	*ret_dir = fs_is_dir(dir) ? steal_ptr(dir) : NULL;
	return 0;
}

static int add_layer(const struct workspace *workspace, const struct config_repo *repo,
                     struct recipe_layers *layers, struct err *err)
{
	char *dir;
	if (find_dir(workspace, repo, "recipes", &dir, err) < 0)
		return -1;
	if (dir)
		vec_push(layers, (struct recipe_layer){.overlay = mem_strdup(repo->name),
		                                       .dir = dir,
		                                       .shown = shown_path(workspace, dir),
		                                       .inside = overlay_dir(workspace, repo->name),
		                                       .priority = repo->priority});
	return 0;
}

int overlay_open_recipes(const struct workspace *workspace, struct recipe_set *ret_set,
                         struct err *err)
{
	own(config) config = {0};
	own(recipe_layers) layers = {0};
	if (config_load(workspace, &config, err) < 0)
		return -1;
	for (vec_each(repo, &config.repos))
		if (add_layer(workspace, repo, &layers, err) < 0)
			return -1;
	vec_push(&layers, (struct recipe_layer){.dir = workspace_root(workspace, "recipes"),
	                                        .shown = mem_strdup("recipes")});
	return recipe_set_open_layers(&layers, ret_set, err);
}

int overlay_check_editable(const struct workspace *workspace, const char *name, struct err *err)
{
	own(config) config = {0};
	own(git_place) place = {0};
	if (!name)
		return 0;
	own_free char *dir = overlay_dir(workspace, name);
	if (config_load(workspace, &config, err) < 0 || git_find_place(dir, &place, err) < 0)
		return -1;
	const struct config_repo *repo = config_find_repo(&config, name);
	if (place.branch && repo && !repo->keys.count)
		return 0;
	err_set(err, ERR_INPUT, "overlay %s has it, and %s", name,
	        place.branch ? "takes commits with a signature alone" : "is on no branch");
	return err_hint(err, "change it in a clone of %s; `sdk sync %s` brings it here",
	                repo ? repo->url : "its repository", name);
}

void overlay_board_list_release(struct overlay_board_list *list)
{
	for (vec_each(boards, list)) {
		free(boards->overlay);
		free(boards->dir);
		free(boards->inside);
	}
	vec_release(list);
}

static int by_priority(const void *a, const void *b)
{
	const struct overlay_boards *left = a, *right = b;
	return (left->priority < right->priority) - (left->priority > right->priority);
}

int overlay_list_boards(const struct workspace *workspace, struct overlay_board_list *ret_list,
                        struct err *err)
{
	own(config) config = {0};
	own(overlay_board_list) list = {0};
	if (config_load(workspace, &config, err) < 0)
		return -1;
	for (vec_each(repo, &config.repos)) {
		struct overlay_boards boards = {.priority = repo->priority};
		if (find_dir(workspace, repo, "board-configs", &boards.dir, err) < 0)
			return -1;
		if (!boards.dir)
			continue;
		boards.overlay = mem_strdup(repo->name);
		boards.inside = overlay_dir(workspace, repo->name);
		vec_push(&list, boards);
	}
	vec_push(&list, (struct overlay_boards){.dir = workspace_root(workspace, "board-configs")});
	vec_sort(&list, by_priority);
	*ret_list = list;
	list = (struct overlay_board_list){0};
	return 0;
}
