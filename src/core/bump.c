/* A recipe taken to another version: what is kept of it on disk, begun, applied, taken back. */
#include "bump.h"

#include <stdlib.h>
#include <string.h>

#include "bump-parts.h"
#include "fs.h"
#include "git-commit.h"
#include "own.h"
#include "path.h"

enum { MAX_STATE = 64 << 10 };

void bump_release(struct bump *bump)
{
	for (vec_each(patch, &bump->patches)) {
		free(patch->name);
		strv_release(&patch->failures);
	}
	for (vec_each(arch, &bump->arches)) {
		free(arch->arch);
		free(arch->failure);
		pkg_diff_release(&arch->diff);
	}
	for (vec_each(test, &bump->tests)) {
		free(test->name);
		free(test->log);
	}
	vec_release(&bump->patches);
	vec_release(&bump->arches);
	vec_release(&bump->tests);
	strv_release(&bump->verified);
	strv_release(&bump->notes);
	str_release(&bump->text);
	recipe_free(bump->old);
	recipe_free(bump->next);
	err_release(&bump->failure);
	char *texts[] = {bump->name,    bump->dir, bump->recipe_dir,
	                 bump->version, bump->url, bump->commit};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	*bump = (struct bump){0};
}

/* ---- state: "version 1.3.2", "state applied", "dir <of the recipe>", "old-amd64 <key>" */

struct state {
	struct strv lines;
};

static void state_release(struct state *state)
{
	strv_release(&state->lines);
}

static void state_load(const char *dir, struct state *state)
{
	own(str) text = {0};
	own_free char *path = path_join(dir, "state");
	if (fs_read(path, MAX_STATE, &text, NULL) == 0)
		strv_split(&state->lines, str_text(&text), "\n");
}

/* What stands behind the word, or "". */
static const char *state_get(const struct state *state, const char *word)
{
	size_t length = strlen(word);
	for (size_t i = 0; i < state->lines.count; i++) {
		const char *line = state->lines.items[i];
		if (!strncmp(line, word, length) && line[length] == ' ')
			return line + length + 1;
	}
	return "";
}

static int state_save(const struct bump *bump, const char *word, struct err *err)
{
	own(str) text = {0};
	own_free char *path = path_join(bump->dir, "state");
	str_addf(&text, "version %s\nstate %s\ndir %s\n", bump->version, word, bump->recipe_dir);
	for (vec_each(arch, &bump->arches))
		if (*arch->old_key)
			str_addf(&text, "old-%s %s\n", arch->arch, arch->old_key);
	return fs_make_parents(path, err) < 0 ? -1 : fs_write_text(path, str_text(&text), err);
}

static bool is_unfinished(const struct state *state)
{
	const char *word = state_get(state, "state");
	return str_equal(word, "applied") || str_equal(word, "failed");
}

/* ---- begin */

static char *dir_of(const struct workspace *workspace, const char *name)
{
	return workspace_out(workspace, "bump/%s", name);
}

char *bump_old_recipe(const struct bump *bump)
{
	return bump->is_applied ? path_join(bump->dir, "old/recipe.yaml")
	                        : path_join(bump->recipe_dir, "recipe.yaml");
}

static bool is_mirrored(const struct recipe *recipe)
{
	return recipe->sources.count &&
	       str_starts(recipe->sources.items[0].urls.items[0], "mirror://debian");
}

static void choose(struct bump *bump, const struct recipe *recipe, const char *version,
                   const struct upstream *known)
{
	if (!version && known)
		version = is_mirrored(recipe) ? known->debian : known->newest;
	if (!version || str_equal(version, recipe->version))
		return;
	bump->version = mem_strdup(version);
	if (known && is_mirrored(recipe) && known->debian && str_equal(known->debian, version)) {
		bump->url = mem_strdup(known->debian_url);
		memcpy(bump->sha256, known->debian_sha256, sizeof bump->sha256);
	}
}

static int load_old(struct bump *bump, const struct recipe *recipe, struct err *err)
{
	own(str) text = {0};
	own_free char *path = bump_old_recipe(bump);
	if (fs_read(path, BUMP_MAX_RECIPE, &text, err) < 0)
		return -1;
	return recipe_parse(recipe->path, recipe->name, str_text(&text), text.len, &bump->old, err);
}

static void go_on(struct bump *bump, const struct state *state)
{
	static const char *const arches[] = {"amd64", "arm64"};
	bump->is_applied = true;
	bump->version = mem_strdup(state_get(state, "version"));
	for (size_t i = 0; i < 2; i++) {
		own_free char *word = mem_printf("old-%s", arches[i]);
		struct bump_arch arch = {.arch = mem_strdup(arches[i])};
		strncpy(arch.old_key, state_get(state, word), sizeof arch.old_key - 1);
		vec_push(&bump->arches, arch);
	}
}

/* An overlay came or went since: what is unfinished is of another recipe. */
static int check_same_recipe(const struct bump *bump, const struct state *state, struct err *err)
{
	const char *dir = state_get(state, "dir");
	if (!is_unfinished(state) || !*dir || str_equal(dir, bump->recipe_dir))
		return 0;
	err_set(err, ERR_INPUT, "%s: a bump of %s is not finished, which is another recipe",
	        bump->name, dir);
	return err_hint(err, "`sdk bump --undo %s` takes it back", bump->name);
}

int bump_begin(const struct workspace *workspace, const struct recipe *recipe, const char *version,
               const struct upstream *known, struct bump *ret_bump, struct err *err)
{
	struct bump bump = {.workspace = workspace,
	                    .name = mem_strdup(recipe->name),
	                    .recipe_dir = mem_strdup(recipe->dir),
	                    .dir = dir_of(workspace, recipe->name)};
	own(state) state = {0};
	state_load(bump.dir, &state);
	const char *begun = state_get(&state, "version");
	/* Killed after some patches were written and before the recipe was. */
	if (str_equal(state_get(&state, "state"), "applied") && !str_equal(begun, recipe->version))
		bump_undo(workspace, recipe->name, NULL);
	bool wanted = version ? str_equal(version, recipe->version) : !known || !known->newest;
	if (is_unfinished(&state) && str_equal(begun, recipe->version) && wanted)
		go_on(&bump, &state);
	else
		choose(&bump, recipe, version, known);
	int result = check_same_recipe(&bump, &state, err);
	if (result == 0)
		result = load_old(&bump, recipe, err);
	if (result == 0 && bump.version && !str_equal(begun, bump.version))
		result = fs_remove_tree(bump.dir, err);
	if (result == 0)
		result = fs_make_dirs(bump.dir, 0755, err);
	if (result == 0)
		*ret_bump = bump;
	else
		bump_release(&bump);
	return result;
}

int bump_of_present(const struct workspace *workspace, const struct recipe *recipe,
                    struct bump *ret_bump, struct err *err)
{
	own_free char *parent = workspace_out(workspace, "lint");
	own_free char *path = path_join(recipe->dir, "recipe.yaml");
	own(str) text = {0};
	own(bump) bump = {.workspace = workspace,
	                  .name = mem_strdup(recipe->name),
	                  .recipe_dir = mem_strdup(recipe->dir)};
	if (fs_read(path, BUMP_MAX_RECIPE, &text, err) < 0 ||
	    recipe_parse(recipe->path, recipe->name, str_text(&text), text.len, &bump.next, err) <
	            0 ||
	    fs_make_dirs(parent, 0755, err) < 0 || fs_clean_temporaries(parent, err) < 0 ||
	    fs_make_temporary(parent, &bump.dir, err) < 0)
		return -1;
	*ret_bump = bump;
	bump = (struct bump){0}; /* NOLINT(clang-analyzer-deadcode.DeadStores): released */
	return 0;
}

bool bump_has_failed(const struct workspace *workspace, const char *name, const char *version)
{
	own(state) state = {0};
	own_free char *dir = dir_of(workspace, name);
	state_load(dir, &state);
	return str_equal(state_get(&state, "state"), "gave-up") &&
	       str_equal(state_get(&state, "version"), version);
}

/* ---- apply */

static int copy_all(const char *from, const char *to, struct err *err)
{
	own(strv) names = {0};
	if (!fs_is_dir(from))
		return 0;
	if (fs_list(from, &names, err) < 0 || fs_make_dirs(to, 0755, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own_free char *source = path_join(from, names.items[i]);
		own_free char *target = path_join(to, names.items[i]);
		if (fs_is_file(source) && fs_copy_file(source, target, 0644, err) < 0)
			return -1;
	}
	return 0;
}

static int keep_old(const struct bump *bump, struct err *err)
{
	own_free char *old = path_join(bump->dir, "old");
	own_free char *patches = path_join(bump->recipe_dir, "patches");
	own_free char *kept_patches = path_join(old, "patches");
	own_free char *recipe = path_join(bump->recipe_dir, "recipe.yaml");
	own_free char *kept = path_join(old, "recipe.yaml");
	own_free char *written = path_join(bump->dir, "new.yaml");
	if (fs_remove_tree(old, err) < 0 || fs_make_dirs(old, 0755, err) < 0 ||
	    fs_copy_file(recipe, kept, 0644, err) < 0 || copy_all(patches, kept_patches, err) < 0)
		return -1;
	return fs_write_text(written, str_text(&bump->text), err);
}

static int write_patches(const struct bump *bump, struct err *err)
{
	for (vec_each(patch, &bump->patches)) {
		own_free char *target = mem_printf("%s/patches/%s", bump->recipe_dir, patch->name);
		own_free char *anew = mem_printf("%s/patches/%s", bump->dir, patch->name);
		if (patch->state == BUMP_PATCH_UPSTREAM && fs_remove_tree(target, err) < 0)
			return -1;
		/* One that a person made fit is tried again, and fits as it is. */
		if (patch->state != BUMP_PATCH_UPSTREAM && fs_is_file(anew) &&
		    fs_copy_file(anew, target, 0644, err) < 0)
			return -1;
	}
	return 0;
}

int bump_apply(struct bump *bump, struct err *err)
{
	own_free char *recipe = path_join(bump->recipe_dir, "recipe.yaml");
	if (bump->is_applied)
		return 0;
	bump_find_old_keys(bump);
	if (keep_old(bump, err) < 0 || state_save(bump, "applied", err) < 0 ||
	    write_patches(bump, err) < 0 ||
	    fs_write_file(recipe, str_text(&bump->text), bump->text.len, 0644, err) < 0)
		return -1;
	bump->is_applied = true;
	return 0;
}

/* ---- the end */

int bump_end(struct bump *bump, bool done, struct err *err)
{
	static const char *const trees[] = {"a", "b", "new", "patches", "old", "new.yaml"};
	if (!done)
		return state_save(bump, bump->is_applied ? "failed" : "gave-up", err);
	if (state_save(bump, "done", err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
		own_free char *path = path_join(bump->dir, trees[i]);
		if (fs_remove_tree(path, err) < 0)
			return -1;
	}
	return 0;
}

static int check_untouched(const char *dir, const char *recipe_dir, struct err *err)
{
	own(str) now = {0};
	own(str) written = {0};
	own(str) old = {0};
	own_free char *recipe = path_join(recipe_dir, "recipe.yaml");
	own_free char *copy = path_join(dir, "new.yaml");
	own_free char *kept = path_join(dir, "old/recipe.yaml");
	if (fs_read(recipe, BUMP_MAX_RECIPE, &now, err) < 0 ||
	    fs_read(copy, BUMP_MAX_RECIPE, &written, err) < 0 ||
	    fs_read(kept, BUMP_MAX_RECIPE, &old, err) < 0)
		return -1;
	if (str_equal(str_text(&now), str_text(&written)) ||
	    str_equal(str_text(&now), str_text(&old)))
		return 0;
	err_set(err, ERR_INPUT, "%s was edited after the bump: it stays", recipe);
	return err_hint(err, "what it was before is in %s", kept);
}

int bump_undo(const struct workspace *workspace, const char *name, struct err *err)
{
	own_free char *dir = dir_of(workspace, name);
	own(state) state = {0};
	own(str) text = {0};
	state_load(dir, &state);
	const char *recipe_dir = state_get(&state, "dir");
	own_free char *recipe = path_join(recipe_dir, "recipe.yaml");
	own_free char *kept = path_join(dir, "old/recipe.yaml");
	own_free char *patches = path_join(recipe_dir, "patches");
	own_free char *kept_patches = path_join(dir, "old/patches");
	if (!is_unfinished(&state))
		return err_set(err, ERR_INPUT, "%s: there is no unfinished bump to take back",
		               name);
	if (check_untouched(dir, recipe_dir, err) < 0 || copy_all(kept_patches, patches, err) < 0 ||
	    fs_read(kept, BUMP_MAX_RECIPE, &text, err) < 0 ||
	    fs_write_file(recipe, str_text(&text), text.len, 0644, err) < 0)
		return -1;
	own_free char *state_path = path_join(dir, "state");
	own(str) note = {0};
	str_addf(&note, "version %s\nstate taken-back\n", state_get(&state, "version"));
	return fs_write_text(state_path, str_text(&note), err);
}

int bump_list_interrupted(const struct workspace *workspace, struct strv *ret_names,
                          struct err *err)
{
	own_free char *parent = workspace_out(workspace, "bump");
	own(strv) names = {0};
	if (!fs_is_dir(parent))
		return 0;
	if (fs_list(parent, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own(state) state = {0};
		own_free char *dir = path_join(parent, names.items[i]);
		state_load(dir, &state);
		if (str_equal(state_get(&state, "state"), "applied"))
			strv_add(ret_names, names.items[i]);
	}
	return 0;
}

int bump_commit(struct bump *bump, bool sign_off, struct err *err)
{
	own(str) text = {0};
	own(str) message = {0};
	bump_describe(bump, &text);
	const char *body = strchr(str_text(&text), '\n');
	str_addf(&message, "%s: update to %s\n\nFrom %s.\n%s", bump->name, bump->version,
	         bump->old->version, body ? body : "\n");
	return git_commit_dir(bump->recipe_dir, str_text(&message), sign_off, &bump->commit, err);
}
