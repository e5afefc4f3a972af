/* Two states of a checkout compared: what became of its recipes. */
#include "diff-tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "git-read.h"
#include "own.h"
#include "path.h"

enum { MAX_FILE = 4 << 20 };

static void recipe_change_release(struct diff_recipe *change)
{
	for (vec_each(field, &change->fields)) {
		free(field->old);
		free(field->new);
	}
	vec_release(&change->fields);
	strv_release(&change->files);
	str_release(&change->text);
	free(change->name);
	free(change->old_version);
	free(change->new_version);
}

void diff_tree_release(struct diff_tree *diff)
{
	for (vec_each(change, &diff->recipes))
		recipe_change_release(change);
	vec_release(&diff->recipes);
	strv_release(&diff->others);
	*diff = (struct diff_tree){0};
}

/* ---- one side */

struct side {
	const char *dir, *revision; /* NULL: the files as they are */
	struct git_file_list files;
};

static void side_release(struct side *side)
{
	git_file_list_release(&side->files);
}

static int side_load(struct side *side, struct err *err)
{
	return side->revision ? git_list_revision(side->dir, side->revision, &side->files, err)
	                      : git_tree_list(side->dir, &side->files, err);
}

static int read_file(const struct side *side, const struct git_file *file, struct str *text,
                     struct err *err)
{
	if (side->revision)
		return git_read_blob(side->dir, file->id, MAX_FILE, text, err);
	own_free char *path = path_join(side->dir, file->path);
	return fs_read(path, MAX_FILE, text, err);
}

static const struct git_file *find_file(const struct side *side, const char *path)
{
	size_t low = 0, high = side->files.count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(side->files.items[middle].path, path);
		if (order == 0)
			return &side->files.items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The recipe of that side: NULL when it has none, or none that can be read (*ret_version "?"). */
static struct recipe *load_recipe(const struct side *side, const char *name, char **ret_version)
{
	own_free char *path = mem_printf("recipes/%s/recipe.yaml", name);
	const struct git_file *file = find_file(side, path);
	own(str) text = {0};
	own(err) none = {0};
	struct recipe *recipe = NULL;
	if (!file)
		return NULL;
	if (read_file(side, file, &text, &none) == 0)
		recipe_parse(path, name, str_text(&text), text.len, &recipe, &none);
	*ret_version = mem_strdup(recipe ? recipe->version : "?");
	return recipe;
}

/* ---- what recipes say */

static char *sources_of(const struct recipe *recipe)
{
	struct str text = {0};
	for (vec_each(source, &recipe->sources))
		str_addf(&text, "%s%s (%.12s)", text.len ? " " : "", source->urls.items[0],
		         source->sha256);
	return str_steal(&text);
}

static char *options_of(const struct recipe *recipe)
{
	struct str text = {0};
	for (vec_each(option, &recipe->options))
		str_addf(&text, "%s%s=%s", text.len ? " " : "", option->name,
		         option->default_on ? "on" : "off");
	return str_steal(&text);
}

static char *phases_of(const struct recipe *recipe)
{
	struct str text = {0};
	static const char *const places[] = {".before", "", ".after"};
	for (size_t i = 0; i < PHASE_COUNT; i++)
		for (size_t j = 0; j < PHASE_PLACE_COUNT; j++) {
			const char *phase = recipe->phases[i][j].text;
			struct digest digest;
			char hex[DIGEST_HEX];
			if (!phase)
				continue;
			digest_of(phase, strlen(phase), &digest);
			digest_hex(&digest, hex);
			str_addf(&text, "%s%s%s (%.8s)", text.len ? " " : "", build_phase_names[i],
			         places[j], hex);
		}
	return str_steal(&text);
}

static char *number(uint64_t value)
{
	return mem_printf("%llu", (unsigned long long)value);
}

/* Takes the texts over. */
static void add_field(struct diff_recipe *change, const char *name, char *old, char *new)
{
	if (str_equal(old ? old : "", new ? new : "")) {
		free(old);
		free(new);
		return;
	}
	vec_push(&change->fields, (struct diff_field){name, old, new});
}

static char *joined(const struct strv *list)
{
	return strv_join(list, " ");
}

static char *copy(const char *text)
{
	return mem_strdup(text ? text : "");
}

static void compare_recipes(struct diff_recipe *change, const struct recipe *a,
                            const struct recipe *b)
{
	add_field(change, "version", copy(a->version), copy(b->version));
	add_field(change, "revision", number(a->revision), number(b->revision));
	add_field(change, "license", copy(a->license), copy(b->license));
	add_field(change, "homepage", copy(a->homepage), copy(b->homepage));
	add_field(change, "sources", sources_of(a), sources_of(b));
	add_field(change, "build", copy(a->build), copy(b->build));
	add_field(change, "depends.tools", joined(&a->args.tools), joined(&b->args.tools));
	add_field(change, "depends.target", joined(&a->args.target), joined(&b->args.target));
	add_field(change, "depends.runtime", joined(&a->args.runtime), joined(&b->args.runtime));
	add_field(change, "options", options_of(a), options_of(b));
	add_field(change, "configure", joined(&a->args.configure), joined(&b->args.configure));
	add_field(change, "meson", joined(&a->args.meson), joined(&b->args.meson));
	add_field(change, "cmake", joined(&a->args.cmake), joined(&b->args.cmake));
	add_field(change, "make", joined(&a->args.make), joined(&b->args.make));
	add_field(change, "variables", joined(&a->variables), joined(&b->variables));
	add_field(change, "phases", phases_of(a), phases_of(b));
	add_field(change, "allow.setuid", joined(&a->allow_setuid), joined(&b->allow_setuid));
}

/* ---- files */

struct comparing {
	struct side old, new;
	const char *only;
	struct diff_tree *diff;
};

static struct diff_recipe *change_of(struct comparing *comparing, const char *name, size_t length)
{
	struct diff_tree *diff = comparing->diff;
	struct diff_recipe *last =
		diff->recipes.count ? &diff->recipes.items[diff->recipes.count - 1] : NULL;
	if (last && strlen(last->name) == length && !strncmp(last->name, name, length))
		return last;
	vec_push(&diff->recipes, (struct diff_recipe){.name = mem_strndup(name, length)});
	return &diff->recipes.items[diff->recipes.count - 1];
}

static int add_text(struct comparing *comparing, struct diff_recipe *change, const char *path,
                    const struct git_file *a, const struct git_file *b, struct err *err)
{
	own(str) before = {0};
	own(str) after = {0};
	own(err) binary = {0};
	if ((a && read_file(&comparing->old, a, &before, err) < 0) ||
	    (b && read_file(&comparing->new, b, &after, err) < 0))
		return -1;
	if (git_diff_texts(path, a ? &before : NULL, b ? &after : NULL, &change->text, &binary) < 0)
		str_addf(&change->text, "%s\n", binary.message);
	return 0;
}

static int add_file(struct comparing *comparing, const char *path, const struct git_file *a,
                    const struct git_file *b, struct err *err)
{
	const char *word = !a ? "added" : !b ? "gone" : "changed";
	if (a && b && str_equal(a->id, b->id) && a->mode == b->mode)
		return 0;
	const char *name = path + strlen("recipes/");
	bool in_recipe = str_starts(path, "recipes/") && *name != '.' && strchr(name, '/');
	if (!in_recipe) {
		comparing->diff->has_tool |=
			str_starts(path, "src/") || str_equal(path, "Makefile");
		static const char *const dirs[] = {"recipes/", "board-configs/", "toolchains/",
		                                   "bootstrap/"};
		for (size_t i = 0; !comparing->only && i < 4; i++)
			if (str_starts(path, dirs[i]))
				strv_addf(&comparing->diff->others, "%s %s", word, path);
		return 0;
	}
	size_t length = strcspn(name, "/");
	const char *only = comparing->only;
	if (only && (strlen(only) != length || strncmp(only, name, length) != 0))
		return 0;
	struct diff_recipe *change = change_of(comparing, name, length);
	strv_addf(&change->files, "%s %s", word, name + length + 1);
	return only ? add_text(comparing, change, path, a, b, err) : 0;
}

static int compare_files(struct comparing *comparing, struct err *err)
{
	const struct git_file_list *old = &comparing->old.files, *new = &comparing->new.files;
	for (size_t i = 0, j = 0; i < old->count || j < new->count;) {
		const struct git_file *a = i < old->count ? &old->items[i] : NULL;
		const struct git_file *b = j < new->count ? &new->items[j] : NULL;
		assert(a || b);
		int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);
		if (add_file(comparing, order <= 0 ? a->path : b->path, order <= 0 ? a : NULL,
		             order >= 0 ? b : NULL, err) < 0)
			return -1;
		i += order <= 0;
		j += order >= 0;
	}
	return 0;
}

static void read_recipes(struct comparing *comparing)
{
	for (vec_each(change, &comparing->diff->recipes)) {
		struct recipe *a = load_recipe(&comparing->old, change->name, &change->old_version);
		struct recipe *b = load_recipe(&comparing->new, change->name, &change->new_version);
		if (a && b)
			compare_recipes(change, a, b);
		recipe_free(a);
		recipe_free(b);
	}
}

int diff_tree_make(const struct workspace *workspace, const char *old_revision,
                   const char *new_revision, const char *only, struct diff_tree *ret_diff,
                   struct err *err)
{
	return diff_tree_make_at(workspace->root, old_revision, new_revision, only, ret_diff, err);
}

int diff_tree_make_at(const char *dir, const char *old_revision, const char *new_revision,
                      const char *only, struct diff_tree *ret_diff, struct err *err)
{
	own(side) old = {dir, old_revision, {0}};
	own(side) new = {dir, new_revision, {0}};
	own(diff_tree) diff = {0};
	if (side_load(&old, err) < 0 || side_load(&new, err) < 0)
		return -1;
	struct comparing comparing = {old, new, only, &diff};
	if (compare_files(&comparing, err) < 0)
		return -1;
	read_recipes(&comparing);
	*ret_diff = diff;
	diff = (struct diff_tree){0};
	return 0;
}
