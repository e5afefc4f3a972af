/* The sandbox of one package: environment, toolchain, sysroot, work tree, and nothing else. */
#include <stdlib.h>
#include <unistd.h>

#include "build-parts.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "store.h"
#include "trial.h"

char *build_work_dir(const struct build_context *context, const struct node *node)
{
	return workspace_out(context->workspace, "work/%s/%s", context->toolchain->arch,
	                     node->name);
}

char *build_tree_dir(const char *work)
{
	return path_join(work, "tree");
}

/* The merged /usr that every sysroot has, made once. */
static int make_skeleton(const struct workspace *workspace, char **ret_path, struct err *err)
{
	static const char *const dirs[] = {"usr/bin", "usr/include", "usr/lib", "usr/share", "etc"};
	static const char *const links[][2] = {{"usr/lib", "lib"},   {"usr/lib", "lib64"},
	                                       {"usr/bin", "bin"},   {"usr/bin", "sbin"},
	                                       {"lib", "usr/lib64"}, {"bin", "usr/sbin"}};
	own_free char *path = workspace_out(workspace, "skeleton");
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		own_free char *dir = path_join(path, dirs[i]);
		if (fs_make_dirs(dir, 0755, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		own_free char *link = path_join(path, links[i][1]);
		if (!fs_exists(link) && symlink(links[i][0], link) < 0 && !fs_exists(link))
			return err_errno(err, "%s", link);
	}
	*ret_path = steal_ptr(path);
	return 0;
}

static int add_layer(const struct workspace *workspace, const struct node *node, const char *output,
                     struct strv *layers, struct err *err)
{
	const struct record_output *found = record_find(&node->record, output);
	if (!found)
		return 0;
	if (store_ensure(workspace, found->digest, err) < 0)
		return err_wrap(err, "%s (%s)", node->name, output);
	own_free char *dir = store_dir(workspace, found->digest);
	strv_take(layers, path_join(dir, "root"));
	return 0;
}

/* Directories that several layers hold list the upper one's entries first; the skeleton stays. */
static void reverse_behind_first(struct strv *layers)
{
	for (size_t i = 1, j = layers->count - 1; i < j; i++, j--) {
		char *swapped = layers->items[i];
		layers->items[i] = layers->items[j];
		layers->items[j] = swapped;
	}
}

static int sysroot_layers(const struct build_context *context, const struct node *node,
                          struct strv *layers, struct err *err)
{
	char *skeleton = NULL;
	if (make_skeleton(context->workspace, &skeleton, err) < 0)
		return -1;
	strv_take(layers, skeleton);
	for (vec_each(dependency, &node->closure))
		if (add_layer(context->workspace, *dependency, "run", layers, err) < 0 ||
		    add_layer(context->workspace, *dependency, "dev", layers, err) < 0)
			return -1;
	if (context->workspace->trial && context->workspace->trial->reverse)
		reverse_behind_first(layers);
	return 0;
}

/* What lies beside the recipe; a directory that is missing is not mounted. */
static void add_recipe_files(const struct node *node, struct sandbox *sandbox)
{
	static const char *const dirs[][2] = {{"files", "/build/files"},
	                                      {"patches", "/build/patches"}};
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		own_free char *path = path_join(node->recipe->dir, dirs[i][0]);
		/* A tree that is worked on has the patches in it. */
		if (node->worktree && str_equal(dirs[i][0], "patches"))
			continue;
		if (fs_is_dir(path))
			sandbox_bind(sandbox, path, dirs[i][1], false);
	}
}

static int fill_box(const struct build_context *context, const struct node *node,
                    struct sandbox *sandbox, struct err *err)
{
	own(strv) layers = {0};
	own_free char *work = build_work_dir(context, node);
	own_free char *tree = build_tree_dir(work);
	own_free char *inside = mem_printf("/build/%s", node->name);
	own_free char *script = path_join(work, ".sdk");
	if (env_layers(context->env, &node->config.args.tools, &sandbox->root_layers, err) < 0)
		return err_wrap(err, "%s: depends.tools", node->recipe->path);
	if (sysroot_layers(context, node, &layers, err) < 0)
		return -1;
	if (context->workspace->trial)
		strv_add_all(&sandbox->root_layers, &context->workspace->trial->layers);
	sandbox_bind(sandbox, context->toolchain->dir, context->toolchain->prefix, false);
	if (context->compile)
		compile_mount(context->compile, context->toolchain, sandbox);
	sandbox_overlay(sandbox, &layers, "/build/sysroot");
	sandbox_bind(sandbox, tree, inside, true);
	sandbox_bind(sandbox, script, "/build/.sdk", false);
	if (context->jobserver)
		sandbox_bind(sandbox, context->jobserver, "/build/.sdk/jobserver", true);
	add_recipe_files(node, sandbox);
	return 0;
}

int build_box_make(const struct build_context *context, const struct node *node,
                   struct sandbox *ret_sandbox, struct err *err)
{
	struct sandbox sandbox = {.uid = 1000, .gid = 1000, .max_processes = BUILD_MAX_PROCESSES};
	if (fill_box(context, node, &sandbox, err) < 0) {
		sandbox_release(&sandbox);
		return -1;
	}
	*ret_sandbox = sandbox;
	return 0;
}
