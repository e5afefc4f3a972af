/* Recipes checked beyond their reading: form, patches, and what built packages show. */
#include "lint.h"

#include <stdlib.h>
#include <string.h>

#include "bump.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "recipe-form.h"
#include "signature.h"

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

void lint_note(struct lint *lint, const struct recipe *recipe, char *text)
{
	vec_push(&lint->findings, (struct lint_finding){.recipe = mem_strdup(recipe->name),
	                                                .text = text,
	                                                .is_note = true});
}

/* ---- form */

static int read_recipe(const struct recipe *recipe, struct str *text, struct err *err)
{
	own_free char *path = path_join(recipe->dir, "recipe.yaml");
	return fs_read(path, MAX_RECIPE, text, err);
}

static void check_keys(const struct recipe *recipe, struct lint *lint)
{
	for (vec_each(source, &recipe->sources)) {
		if (!source->signature_key)
			continue;
		own_free char *path = path_join(recipe->dir, source->signature_key);
		if (!fs_is_file(path))
			lint_add(lint, recipe, true, false,
			         mem_printf("%s:%u: signature: there is no file %s beside the "
			                    "recipe",
			                    recipe->path, source->line, source->signature_key));
	}
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
	check_keys(recipe, lint);
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

/* ---- sources */

int lint_sources(const struct workspace *workspace, const struct recipe *recipe, struct lint *lint,
                 const struct event_sink *sink, bool *ret_there, struct err *err)
{
	*ret_there = true;
	for (vec_each(item, &recipe->sources)) {
		const struct source *source = item;
		own(err) failed = {0};
		if (source_fetch_checked(workspace, &source, 1, sink, &failed) == 0)
			continue;
		if (failed.kind == ERR_INTERRUPTED)
			return err_move(err, &failed);
		*ret_there = false;
		lint_add(lint, recipe, true, false,
		         mem_printf("%s:%u: sources: %s", recipe->path, source->line,
		                    failed.message));
	}
	return 0;
}

static int check_signature(const struct workspace *workspace, const struct recipe *recipe,
                           const struct source *source, const char *dir,
                           const struct event_sink *sink, struct err *err)
{
	own_free char *file = source_cache_path(workspace, source);
	own_free char *signature = path_join(dir, "signature");
	if (signature_fetch(workspace, source, signature, sink, err) < 0 ||
	    signature_verify(source, recipe->dir, file, signature, dir, err) < 0)
		return -1;
	return fs_remove_tree(signature, err);
}

int lint_signatures(const struct workspace *workspace, const struct recipe *recipe,
                    struct lint *lint, const struct event_sink *sink, struct err *err)
{
	own_free char *parent = workspace_out(workspace, "lint");
	own_free char *dir = NULL;
	if (fs_make_dirs(parent, 0755, err) < 0 || fs_make_temporary(parent, &dir, err) < 0)
		return -1;
	int result = 0;
	for (size_t i = 0; i < recipe->sources.count && result == 0; i++) {
		const struct source *source = &recipe->sources.items[i];
		own(err) failed = {0};
		if (!source->signature_url ||
		    check_signature(workspace, recipe, source, dir, sink, &failed) == 0)
			continue;
		if (failed.kind == ERR_INTERRUPTED)
			result = err_move(err, &failed);
		else
			lint_add(lint, recipe, true, false,
			         mem_printf("%s:%u: signature: %s", recipe->path, source->line,
			                    failed.message));
	}
	fs_remove_tree(dir, NULL);
	return result;
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
