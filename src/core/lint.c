/* Recipes checked beyond their reading: form, patches, and what built packages show. */
#include "lint.h"

#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "bump.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "recipe-form.h"
#include "session.h"

enum { MAX_RECIPE = 1 << 20 };

void lint_release(struct lint *lint)
{
	for (vec_each(finding, &lint->findings)) {
		free(finding->recipe);
		free(finding->text);
	}
	vec_release(&lint->findings);
}

void lint_add(struct lint *lint, const struct recipe *recipe, bool is_wrong, bool can_fix,
              char *text)
{
	vec_push(&lint->findings, (struct lint_finding){.recipe = mem_strdup(recipe->name),
	                                                .text = text,
	                                                .is_wrong = is_wrong,
	                                                .can_fix = can_fix});
}

/* ---- form */

static int read_recipe(const struct recipe *recipe, struct str *text, struct err *err)
{
	own_free char *path = path_join(recipe->dir, "recipe.yaml");
	return fs_read(path, MAX_RECIPE, text, err);
}

int lint_form(const struct recipe *recipe, struct lint *lint, struct err *err)
{
	own(str) text = {0};
	own(recipe_findings) findings = {0};
	if (read_recipe(recipe, &text, err) < 0 ||
	    recipe_form_check(recipe->path, str_text(&text), text.len, &findings, err) < 0)
		return -1;
	for (vec_each(finding, &findings))
		lint_add(lint, recipe, finding->is_wrong, finding->can_fix,
		         mem_printf("%s:%u: %s", recipe->path, finding->line, finding->text));
	return 0;
}

int lint_fix(const struct recipe *recipe, bool *ret_changed, struct err *err)
{
	own(str) text = {0};
	own(str) fixed = {0};
	own_free char *path = path_join(recipe->dir, "recipe.yaml");
	if (read_recipe(recipe, &text, err) < 0 ||
	    recipe_form_fix(recipe->path, str_text(&text), text.len, &fixed, err) < 0)
		return -1;
	*ret_changed = text.len != fixed.len || memcmp(text.data, fixed.data, text.len) != 0;
	return *ret_changed ? fs_write_file(path, fixed.data, fixed.len, 0644, err) : 0;
}

/* ---- dependencies */

/* All that this package's outputs need of others, as their manifests say. */
static int load_needs(const struct workspace *workspace, const struct node *node,
                      struct strv *requires, struct err *err)
{
	for (vec_each(output, &node->record.outputs)) {
		own(manifest) manifest = {0};
		if (str_equal(output->name, "debug") || str_equal(output->name, "doc"))
			continue;
		if (store_ensure(workspace, output->digest, err) < 0 ||
		    store_load_manifest(workspace, output->digest, &manifest, err) < 0)
			return err_wrap(err, "%s", node->name);
		strv_add_all(requires, &manifest.requires);
	}
	return 0;
}

/* Whether it has a shared library that something could be linked with. */
static bool has_libraries(const struct workspace *workspace, const struct node *node)
{
	const struct record_output *run = record_find(&node->record, "run");
	own(manifest) manifest = {0};
	own(err) none = {0};
	return run && store_ensure(workspace, run->digest, &none) == 0 &&
	       store_load_manifest(workspace, run->digest, &manifest, &none) == 0 &&
	       manifest.provides.count > 0;
}

static bool is_given(const char *name)
{
	return str_equal(name, "glibc") || str_equal(name, "gcc-runtime") ||
	       str_equal(name, "linux-headers");
}

static int lint_node(const struct workspace *workspace, const struct graph *graph,
                     const struct node *node, struct lint *lint, struct err *err)
{
	const struct recipe_args *args = &node->config.args;
	const struct recipe *recipe = node->recipe;
	own(strv) needs = {0};
	if (load_needs(workspace, node, &needs, err) < 0)
		return -1;
	strv_sort(&needs);
	for (size_t i = 0; i < needs.count; i++) {
		const char *name = needs.items[i];
		if (is_given(name) || str_equal(name, node->name) ||
		    strv_has(&args->target, name) || strv_has(&args->runtime, name) ||
		    (i && str_equal(name, needs.items[i - 1])))
			continue;
		lint_add(lint, recipe, false, false,
		         mem_printf("%s:%u: depends.target: what was built needs a library of %s, "
		                    "which is there only by way of others",
		                    recipe->path, recipe->args.line, name));
	}
	for (size_t i = 0; i < args->target.count; i++) {
		const char *name = args->target.items[i];
		const struct node *other = graph_find(graph, name);
		if (strv_has(&needs, name) || is_given(name) || !other ||
		    other->state != NODE_DONE || !has_libraries(workspace, other))
			continue;
		lint_add(lint, recipe, false, false,
		         mem_printf("%s:%u: depends.target: nothing that was built is linked with "
		                    "a library of %s; it is unused, unless headers, static "
		                    "libraries or a check are what counts",
		                    recipe->path, recipe->args.line, name));
	}
	return 0;
}

int lint_dependencies(const struct workspace *workspace, const struct recipe *const *recipes,
                      size_t count, struct lint *lint, struct err *err)
{
	own(build_session) session = {0};
	own(strv) packages = {0};
	__attribute__((cleanup(board_free_ptr))) struct board *board = NULL;
	own_free char *name = mem_printf("%s-usr", workspace->build_arch);
	own(err) none = {0};
	for (size_t i = 0; i < count; i++)
		if (recipe_has_arch(recipes[i], workspace->build_arch))
			strv_add(&packages, recipes[i]->name);
	if (board_load(workspace, name, &board, &none) < 0)
		err_release(&none);
	struct build_request request = {.arch = workspace->build_arch,
	                                .packages = &packages,
	                                .options = board ? &board->options : NULL};
	if (session_make(workspace, &request, &session, err) < 0)
		return -1;
	for (size_t i = 0; i < packages.count; i++) {
		const struct node *node = graph_find(&session.graph, packages.items[i]);
		if (node->state == NODE_DONE &&
		    lint_node(workspace, &session.graph, node, lint, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- patches */

int lint_patches(const struct workspace *workspace, const struct recipe *recipe, struct lint *lint,
                 const struct event_sink *sink, struct err *err)
{
	own(bump) bump = {0};
	own(err) failed = {0};
	if (!recipe->patches.count)
		return 0;
	if (bump_of_present(workspace, recipe, &bump, err) < 0)
		return -1;
	int result = bump_try_patches(&bump, sink, &failed);
	fs_remove_tree(bump.dir, NULL);
	if (result == 0)
		for (vec_each(patch, &bump.patches)) {
			if (patch->state == BUMP_PATCH_UPSTREAM)
				lint_add(lint, recipe, true, false,
				         mem_printf("%s: patches/%s: the source has it already",
				                    recipe->path, patch->name));
			else if (patch->state == BUMP_PATCH_MOVED)
				lint_add(lint, recipe, false, false,
				         mem_printf("%s: patches/%s: fits elsewhere than it says",
				                    recipe->path, patch->name));
		}
	bool fails = bump.patches.count &&
	             bump.patches.items[bump.patches.count - 1].state == BUMP_PATCH_FAILS;
	if (result < 0 && !fails)
		return err_move(err, &failed);
	if (result < 0)
		lint_add(lint, recipe, true, false, mem_printf("recipes/%s", failed.message));
	return 0;
}
