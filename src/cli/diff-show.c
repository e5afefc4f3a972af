/* sdk diff: comparisons as text and as JSON. */
#include "diff-show.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "own.h"

enum { SHOWN = 20 };

static void print_list(const char *title, const struct strv *list, bool all)
{
	if (!list->count)
		return;
	cli_print("%s (%zu)\n", title, list->count);
	for (size_t i = 0; i < list->count && (all || i < SHOWN); i++)
		cli_print("  %s\n", list->items[i]);
	if (!all && list->count > SHOWN)
		cli_print("  and %zu more: -v shows all\n", list->count - SHOWN);
}

static void json_list(struct json *json, const char *name, const struct strv *list)
{
	json_array(json, name);
	for (size_t i = 0; i < list->count; i++)
		json_string(json, NULL, list->items[i]);
	json_end_array(json);
}

/* ---- images */

/* Its lists, as JSON and as text name them; of some, none may be left out. */
static const struct {
	const char *name, *title;
	size_t offset;
	bool is_whole;
} image_lists[] = {
#define LIST(member) offsetof(struct diff_image, member)
	{"setuid_added", "LOOK: set-id files added", LIST(setuid), true},
	{"files_added", "files added", LIST(files_added), false},
	{"files_gone", "files gone", LIST(files_gone), false},
	{"files_changed", "files changed", LIST(files_changed), false},
	{"initrd_added", "initrd: files added", LIST(initrd_added), false},
	{"initrd_gone", "initrd: files gone", LIST(initrd_gone), false},
	{"kernel_config_added", "kernel configuration: added", LIST(kernel_added), false},
	{"kernel_config_gone", "kernel configuration: gone", LIST(kernel_gone), false},
	{"cmdline_added", "kernel command line: added", LIST(cmdline_added), true},
	{"cmdline_gone", "kernel command line: gone", LIST(cmdline_gone), true},
#undef LIST
};

enum { IMAGE_LISTS = sizeof image_lists / sizeof *image_lists };

static const struct strv *list_of(const struct diff_image *diff, size_t index)
{
	return (const struct strv *)((const char *)diff + image_lists[index].offset);
}

static bool image_differs(const struct diff_image *diff)
{
	bool differs = diff->packages.count || diff->sizes.count;
	for (size_t i = 0; i < IMAGE_LISTS; i++)
		differs = differs || list_of(diff, i)->count;
	return differs;
}

static const char *change_word(const struct diff_package *package)
{
	return !package->old_version                                   ? "added"
	       : !package->new_version                                 ? "gone"
	       : str_equal(package->old_version, package->new_version) ? "rebuilt"
	                                                               : "changed";
}

static void image_json(const char *old_dir, const char *new_dir, const struct diff_image *diff)
{
	struct json json = {0};
	json_object(&json, NULL);
	json_string(&json, "kind", "images");
	json_string(&json, "old", old_dir);
	json_string(&json, "new", new_dir);
	json_array(&json, "packages");
	for (vec_each(package, &diff->packages)) {
		json_object(&json, NULL);
		json_string(&json, "name", package->name);
		json_string(&json, "old", package->old_version);
		json_string(&json, "new", package->new_version);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_array(&json, "sizes");
	for (vec_each(size, &diff->sizes)) {
		json_object(&json, NULL);
		json_string(&json, "name", size->name);
		json_number(&json, "old", size->old_bytes);
		json_number(&json, "new", size->new_bytes);
		json_end_object(&json);
	}
	json_end_array(&json);
	for (size_t i = 0; i < IMAGE_LISTS; i++)
		json_list(&json, image_lists[i].name, list_of(diff, i));
	json_end_object(&json);
	cli_print_json(&json);
	json_release(&json);
}

static void print_sizes(const struct diff_image *diff)
{
	if (diff->sizes.count)
		cli_print("bytes in /usr before compression\n");
	for (vec_each(size, &diff->sizes))
		cli_print("  %-20s %12" PRId64 " -> %12" PRId64 "  %+" PRId64 "\n", size->name,
		          size->old_bytes, size->new_bytes, size->new_bytes - size->old_bytes);
}

void show_image_diff(const struct cli *cli, const char *old_dir, const char *new_dir,
                     const struct diff_image *diff)
{
	bool all = cli->verbose > 0;
	if (cli->json) {
		image_json(old_dir, new_dir, diff);
		return;
	}
	cli_print("old  %s\nnew  %s\n", old_dir, new_dir);
	if (diff->packages.count)
		cli_print("packages (%zu)\n", diff->packages.count);
	for (vec_each(package, &diff->packages))
		cli_print("  %-8s %-20s %s -> %s\n", change_word(package), package->name,
		          package->old_version ? package->old_version : "-",
		          package->new_version ? package->new_version : "-");
	for (size_t i = 0; i < IMAGE_LISTS; i++)
		print_list(image_lists[i].title, list_of(diff, i), all || image_lists[i].is_whole);
	print_sizes(diff);
	if (!image_differs(diff))
		cli_print("nothing differs\n");
}

/* ---- packages */

void show_package_diff(const struct cli *cli, const struct record *old, const struct record *new,
                       const struct pkg_diff *diff)
{
	if (cli->json) {
		struct json json = {0};
		json_object(&json, NULL);
		json_string(&json, "kind", "packages");
		json_string(&json, "name", new->package);
		json_string(&json, "old", old->version);
		json_string(&json, "new", new->version);
		pkg_diff_json(diff, &json);
		json_end_object(&json);
		cli_print_json(&json);
		json_release(&json);
		return;
	}
	own(str) text = {0};
	pkg_diff_describe(diff, &text);
	cli_print("%s %s (%s) -> %s %s (%s)\n%s", old->package, old->version, old->arch,
	          new->package, new->version, new->arch, str_text(&text));
}

/* ---- recipes */

static void add_recipe_json(struct json *json, const struct diff_recipe *change)
{
	json_object(json, NULL);
	json_string(json, "name", change->name);
	json_string(json, "old", change->old_version);
	json_string(json, "new", change->new_version);
	json_array(json, "fields");
	for (vec_each(field, &change->fields)) {
		json_object(json, NULL);
		json_string(json, "name", field->name);
		json_string(json, "old", field->old);
		json_string(json, "new", field->new);
		json_end_object(json);
	}
	json_end_array(json);
	json_list(json, "files", &change->files);
	if (change->text.len)
		json_string(json, "text", str_text(&change->text));
	json_end_object(json);
}

static void tree_json(const char *old, const char *new, const struct diff_tree *diff)
{
	struct json json = {0};
	json_object(&json, NULL);
	json_string(&json, "kind", "revisions");
	json_string(&json, "old", old);
	json_string(&json, "new", new);
	json_array(&json, "recipes");
	for (vec_each(change, &diff->recipes))
		add_recipe_json(&json, change);
	json_end_array(&json);
	json_list(&json, "others", &diff->others);
	json_end_object(&json);
	cli_print_json(&json);
	json_release(&json);
}

/* What changed besides the version, in a few words. */
static void print_row(const struct diff_recipe *change)
{
	own(strv) words = {0};
	for (vec_each(field, &change->fields))
		if (!str_equal(field->name, "version"))
			strv_add(&words, field->name);
	for (size_t i = 0; i < change->files.count; i++)
		if (!str_ends(change->files.items[i], " recipe.yaml"))
			strv_add(&words, change->files.items[i]);
	own_free char *text = strv_join(&words, ", ");
	const char *word = !change->old_version                                  ? "added"
	                   : !change->new_version                                ? "gone"
	                   : str_equal(change->old_version, change->new_version) ? "changed"
	                                                                         : "version";
	bool both = change->old_version && change->new_version;
	cli_print("%-8s %-20s %s -> %s%s%s\n", word, change->name,
	          change->old_version ? change->old_version : "-",
	          change->new_version ? change->new_version : "-", both && *text ? "  " : "",
	          both ? text : "");
}

static void print_recipe(const struct diff_recipe *change)
{
	cli_print("%s %s -> %s\n", change->name, change->old_version ? change->old_version : "-",
	          change->new_version ? change->new_version : "-");
	for (vec_each(field, &change->fields))
		cli_print("  %s\n    - %s\n    + %s\n", field->name, field->old, field->new);
	cli_print("%s", str_text(&change->text));
}

void show_tree_diff(const struct cli *cli, const char *package, const char *old, const char *new,
                    const struct diff_tree *diff)
{
	if (cli->json) {
		tree_json(old, new, diff);
		return;
	}
	for (vec_each(change, &diff->recipes)) {
		if (package)
			print_recipe(change);
		else
			print_row(change);
	}
	for (size_t i = 0; i < diff->others.count; i++)
		cli_print("%s\n", diff->others.items[i]);
	if (!diff->recipes.count && !diff->others.count && !cli->quiet)
		cli_print("%s: nothing differs between %s and %s\n", package ? package : "recipes",
		          old, new ? new : "the checkout");
}
