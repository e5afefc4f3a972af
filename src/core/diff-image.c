/* Two images compared, by the reports that lie beside their disks. */
#include "diff-image.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "str.h"

enum { MAX_REPORT = 64 << 20, COLUMNS = 6 };

void diff_image_release(struct diff_image *diff)
{
	for (vec_each(package, &diff->packages)) {
		free(package->name);
		free(package->old_version);
		free(package->new_version);
	}
	for (vec_each(size, &diff->sizes))
		free(size->name);
	vec_release(&diff->packages);
	vec_release(&diff->sizes);
	struct strv *lists[] = {&diff->files_added,  &diff->files_gone,   &diff->files_changed,
	                        &diff->setuid,       &diff->initrd_added, &diff->initrd_gone,
	                        &diff->kernel_added, &diff->kernel_gone,  &diff->cmdline_added,
	                        &diff->cmdline_gone};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		strv_release(lists[i]);
	*diff = (struct diff_image){0};
}

/* ---- tables: lines of columns, sorted by one of them */

struct row {
	const char *key;
	const char *columns[COLUMNS]; /* those missing are "" */
};

struct table {
	struct str text;
	VEC(struct row) rows;
};

static void table_release(struct table *table)
{
	str_release(&table->text);
	vec_release(&table->rows);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->key, ((const struct row *)b)->key);
}

static void add_row(struct table *table, char *line, size_t key)
{
	struct row row = {.key = ""};
	for (size_t i = 0; i < COLUMNS; i++)
		row.columns[i] = "";
	for (size_t i = 0; i < COLUMNS && line; i++) {
		char *tab = strchr(line, '\t');
		if (tab)
			*tab = '\0';
		row.columns[i] = line;
		line = tab ? tab + 1 : NULL;
	}
	row.key = row.columns[key];
	vec_push(&table->rows, row);
}

static int load(struct table *table, const char *dir, const char *name, size_t key, bool optional,
                struct err *err)
{
	own_free char *path = path_join(dir, name);
	if (optional && !fs_is_file(path))
		return 0;
	if (fs_read(path, MAX_REPORT, &table->text, err) < 0)
		return -1;
	char *save = NULL;
	for (char *line = strtok_r(table->text.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (*line != '#' || str_equal(name, "kernel-config"))
			add_row(table, line, key);
	vec_sort(&table->rows, by_key);
	return 0;
}

/* ---- pairs of them */

struct pair {
	struct table old, new;
};

static void pair_release(struct pair *pair)
{
	table_release(&pair->old);
	table_release(&pair->new);
}

struct dirs {
	const char *old, *new;
};

typedef void on_pair(void *context, const struct row *old, const struct row *new);

static int compare(const struct dirs *dirs, const char *name, size_t key, bool optional,
                   on_pair *visit, void *context, struct err *err)
{
	own(pair) pair = {0};
	if (load(&pair.old, dirs->old, name, key, optional, err) < 0 ||
	    load(&pair.new, dirs->new, name, key, optional, err) < 0)
		return -1;
	for (size_t i = 0, j = 0; i < pair.old.rows.count || j < pair.new.rows.count;) {
		const struct row *a = i < pair.old.rows.count ? &pair.old.rows.items[i] : NULL;
		const struct row *b = j < pair.new.rows.count ? &pair.new.rows.items[j] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->key, b->key);
		visit(context, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
		i += order <= 0;
		j += order >= 0;
	}
	return 0;
}

static char *copy(const char *text)
{
	return text ? mem_strdup(text) : NULL;
}

static void on_package(void *context, const struct row *old, const struct row *new)
{
	struct diff_image *diff = context;
	assert(old || new);
	if (old && new &&str_equal(old->columns[2], new->columns[2]))
		return;
	vec_push(&diff->packages,
	         (struct diff_package){.name = mem_strdup(old ? old->key : new->key),
	                               .old_version = copy(old ? old->columns[1] : NULL),
	                               .new_version = copy(new ? new->columns[1] : NULL)});
}

static void on_size(void *context, const struct row *old, const struct row *new)
{
	struct diff_image *diff = context;
	assert(old || new);
	struct diff_size size = {
		.old_bytes = old ? strtoll(old->columns[0], NULL, 10) : 0,
		.new_bytes = new ? strtoll(new->columns[0], NULL, 10) : 0,
	};
	if (size.old_bytes == size.new_bytes)
		return;
	size.name = mem_strdup(old ? old->key : new->key);
	vec_push(&diff->sizes, size);
}

static bool is_setid(const struct row *row)
{
	return row && row->columns[0][0] == 'f' && strtol(row->columns[1], NULL, 8) & 06000;
}

static void on_file(void *context, const struct row *old, const struct row *new)
{
	struct diff_image *diff = context;
	assert(old || new);
	const struct row *row = new ? new : old;
	if (is_setid(new) && !is_setid(old))
		strv_add(&diff->setuid, new->key);
	/* Kind, mode and content or target. */
	bool same = old && new &&str_equal(old->columns[0], new->columns[0]) &&
	            str_equal(old->columns[1], new->columns[1]) &&
	            str_equal(old->columns[3], new->columns[3]);
	if (same)
		return;
	struct strv *list = !old   ? &diff->files_added
	                    : !new ? &diff->files_gone
	                           : &diff->files_changed;
	strv_addf(list, "%s (%s)", row->key, row->columns[4]);
}

static void on_initrd(void *context, const struct row *old, const struct row *new)
{
	struct diff_image *diff = context;
	assert(old || new);
	if (!old)
		strv_add(&diff->initrd_added, new->key);
	else if (!new)
		strv_add(&diff->initrd_gone, old->key);
}

static void on_kernel_line(void *context, const struct row *old, const struct row *new)
{
	struct diff_image *diff = context;
	assert(old || new);
	if (!old)
		strv_add(&diff->kernel_added, new->key);
	else if (!new)
		strv_add(&diff->kernel_gone, old->key);
}

static int compare_cmdline(const struct dirs *dirs, struct diff_image *diff, struct err *err)
{
	const char *const sides[] = {dirs->old, dirs->new};
	own(strv) old = {0};
	own(strv) new = {0};
	for (size_t i = 0; i < 2; i++) {
		own(str) text = {0};
		own_free char *path = path_join(sides[i], "cmdline");
		if (fs_is_file(path) && fs_read(path, MAX_REPORT, &text, err) < 0)
			return -1;
		strv_split(i ? &new : &old, str_text(&text), " \n");
	}
	for (size_t i = 0; i < new.count; i++)
		if (!strv_has(&old, new.items[i]))
			strv_add(&diff->cmdline_added, new.items[i]);
	for (size_t i = 0; i < old.count; i++)
		if (!strv_has(&new, old.items[i]))
			strv_add(&diff->cmdline_gone, old.items[i]);
	return 0;
}

static int total_last(const void *a, const void *b)
{
	const struct diff_size *left = a, *right = b;
	bool left_total = str_equal(left->name, "total");
	if (left_total != str_equal(right->name, "total"))
		return left_total ? 1 : -1;
	int64_t left_change = llabs(left->new_bytes - left->old_bytes);
	int64_t right_change = llabs(right->new_bytes - right->old_bytes);
	if (left_change != right_change)
		return left_change < right_change ? 1 : -1;
	return strcmp(left->name, right->name);
}

int diff_image_make(const char *old_dir, const char *new_dir, struct diff_image *ret_diff,
                    struct err *err)
{
	const struct dirs dirs = {old_dir, new_dir};
	own(diff_image) diff = {0};
	if (compare(&dirs, "packages.txt", 0, false, on_package, &diff, err) < 0 ||
	    compare(&dirs, "files.txt", 5, false, on_file, &diff, err) < 0 ||
	    compare(&dirs, "sizes.txt", 2, true, on_size, &diff, err) < 0 ||
	    compare(&dirs, "initrd.txt", 5, true, on_initrd, &diff, err) < 0 ||
	    compare(&dirs, "kernel-config", 0, true, on_kernel_line, &diff, err) < 0 ||
	    compare_cmdline(&dirs, &diff, err) < 0)
		return -1;
	vec_sort(&diff.sizes, total_last);
	*ret_diff = diff;
	diff = (struct diff_image){0};
	return 0;
}
