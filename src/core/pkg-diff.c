/* Two builds of a package compared: files, sizes, sonames, symbols, needs, set-id files. */
#include "pkg-diff.h"

#include <stdlib.h>
#include <string.h>

#include "elf.h"
#include "elf-symbols.h"
#include "own.h"
#include "path.h"

static void set_release(struct pkg_diff_set *set)
{
	strv_release(&set->added);
	strv_release(&set->gone);
}

void pkg_diff_release(struct pkg_diff *diff)
{
	for (vec_each(size, &diff->sizes))
		free(size->name);
	vec_release(&diff->sizes);
	free(diff->arch);
	struct pkg_diff_set *sets[] = {&diff->files,    &diff->sonames, &diff->needs,
	                               &diff->requires, &diff->symbols, &diff->setuid};
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		set_release(sets[i]);
	*diff = (struct pkg_diff){0};
}

/* ---- one side */

struct file {
	char *name; /* with the version's place marked, so that both sides agree */
	char *path;
	const struct manifest_entry *entry;
};

struct side {
	const struct record *record;
	VEC(struct manifest) manifests;
	VEC(struct file) files;
	struct strv sonames, needs, requires, symbols, setuid;
};

static void side_release(struct side *side)
{
	for (vec_each(manifest, &side->manifests))
		manifest_release(manifest);
	for (vec_each(file, &side->files)) {
		free(file->name);
		free(file->path);
	}
	vec_release(&side->manifests);
	vec_release(&side->files);
	struct strv *lists[] = {&side->sonames, &side->needs, &side->requires, &side->symbols,
	                        &side->setuid};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		strv_release(lists[i]);
}

/* "usr/lib/libz.so.1.3.1" -> "usr/lib/libz.so.%". */
static char *without_version(const char *path, const char *version)
{
	struct str name = {0};
	size_t length = strlen(version);
	bool long_enough = length >= 3; /* "7" is in too many names */
	for (const char *at = path; *at;) {
		if (long_enough && !strncmp(at, version, length)) {
			str_add_char(&name, '%');
			at += length;
		} else {
			str_add_char(&name, *at++);
		}
	}
	return str_steal(&name);
}

static int add_elf(struct side *side, const char *root, const struct manifest_entry *entry,
                   struct err *err)
{
	own(elf_info) info = {0};
	own(strv) symbols = {0};
	own_free char *path = path_join(root, entry->path);
	if (elf_read(path, &info, err) < 0)
		return -1;
	if (info.kind != ELF_SHARED || !info.soname)
		return 0;
	if (elf_exports(path, &symbols, err) < 0)
		return -1;
	for (size_t i = 0; i < symbols.count; i++)
		strv_addf(&side->symbols, "%s: %s", info.soname, symbols.items[i]);
	return 0;
}

static int add_entry(struct side *side, const char *root, const struct manifest_entry *entry,
                     struct err *err)
{
	if (entry->type == 'd')
		return 0;
	vec_push(&side->files,
	         (struct file){.name = without_version(entry->path, side->record->version),
	                       .path = mem_strdup(entry->path),
	                       .entry = entry});
	if (entry->type != 'f')
		return 0;
	if (entry->mode & 06000)
		strv_add(&side->setuid, entry->path);
	return add_elf(side, root, entry, err);
}

static int add_output(const struct workspace *workspace, struct side *side,
                      const struct record_output *output, struct err *err)
{
	if (store_ensure(workspace, output->digest, err) < 0)
		return -1;
	vec_push(&side->manifests, (struct manifest){0});
	struct manifest *manifest = &side->manifests.items[side->manifests.count - 1];
	if (store_load_manifest(workspace, output->digest, manifest, err) < 0)
		return -1;
	own_free char *dir = store_dir(workspace, output->digest);
	own_free char *root = path_join(dir, "root");
	for (vec_each(entry, &manifest->entries))
		if (add_entry(side, root, entry, err) < 0)
			return -1;
	strv_add_all(&side->sonames, &manifest->provides);
	strv_add_all(&side->needs, &manifest->needs);
	strv_add_all(&side->requires, &manifest->requires);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

static int load_side(const struct workspace *workspace, struct side *side, struct err *err)
{
	for (vec_each(output, &side->record->outputs))
		if (!str_equal(output->name, "debug") &&
		    add_output(workspace, side, output, err) < 0)
			return err_wrap(err, "%s %s (%s)", side->record->package,
			                side->record->version, output->name);
	vec_sort(&side->files, by_name);
	return 0;
}

/* ---- both */

static void diff_lists(struct strv *old, struct strv *new, struct pkg_diff_set *set)
{
	strv_sort(old);
	strv_sort(new);
	for (size_t i = 0, j = 0; i < old->count || j < new->count;) {
		int order = i == old->count   ? 1
		            : j == new->count ? -1
		                              : strcmp(old->items[i], new->items[j]);
		struct strv *only = order < 0 ? &set->gone : &set->added;
		const char *item = order < 0 ? old->items[i] : j < new->count ? new->items[j] : "";
		if (order && !(only->count && str_equal(only->items[only->count - 1], item)))
			strv_add(only, item);
		i += order <= 0;
		j += order >= 0;
	}
}

static bool is_same_file(const struct manifest_entry *a, const struct manifest_entry *b)
{
	return a->type == b->type && a->mode == b->mode && str_equal(a->value, b->value);
}

static void diff_files(const struct side *old, const struct side *new, struct pkg_diff *diff)
{
	for (size_t i = 0, j = 0; i < old->files.count || j < new->files.count;) {
		const struct file *a = i < old->files.count ? &old->files.items[i] : NULL;
		const struct file *b = j < new->files.count ? &new->files.items[j] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->name, b->name);
		if (order < 0)
			strv_add(&diff->files.gone, a->path);
		else if (order > 0)
			strv_add(&diff->files.added, b->path);
		else
			diff->changed_files += !is_same_file(a->entry, b->entry);
		i += order <= 0;
		j += order >= 0;
	}
	strv_sort(&diff->files.gone);
	strv_sort(&diff->files.added);
}

static int by_size_name(const void *a, const void *b)
{
	return strcmp(((const struct pkg_diff_output *)a)->name,
	              ((const struct pkg_diff_output *)b)->name);
}

static void diff_sizes(const struct record *old, const struct record *new, struct pkg_diff *diff)
{
	diff->is_same = old->outputs.count == new->outputs.count;
	for (vec_each(output, &old->outputs)) {
		const struct record_output *other = record_find(new, output->name);
		vec_push(&diff->sizes,
		         (struct pkg_diff_output){mem_strdup(output->name), output->bytes,
		                                  other ? other->bytes : 0});
		diff->is_same = diff->is_same && other && str_equal(other->digest, output->digest);
	}
	for (vec_each(output, &new->outputs))
		if (!record_find(old, output->name))
			vec_push(&diff->sizes, (struct pkg_diff_output){mem_strdup(output->name), 0,
			                                                output->bytes});
	vec_sort(&diff->sizes, by_size_name);
}

int pkg_diff_make(const struct workspace *workspace, const struct record *old,
                  const struct record *new, struct pkg_diff *ret_diff, struct err *err)
{
	own(side) before = {.record = old};
	own(side) after = {.record = new};
	struct pkg_diff diff = {.arch = mem_strdup(new->arch)};
	if (load_side(workspace, &before, err) < 0 || load_side(workspace, &after, err) < 0) {
		pkg_diff_release(&diff);
		return -1;
	}
	diff_sizes(old, new, &diff);
	diff_files(&before, &after, &diff);
	diff_lists(&before.sonames, &after.sonames, &diff.sonames);
	diff_lists(&before.needs, &after.needs, &diff.needs);
	diff_lists(&before.requires, &after.requires, &diff.requires);
	diff_lists(&before.symbols, &after.symbols, &diff.symbols);
	diff_lists(&before.setuid, &after.setuid, &diff.setuid);
	*ret_diff = diff;
	return 0;
}
