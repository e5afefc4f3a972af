/* What a tree looked like at one moment, and what of it was changed since. */
#include "tree-seen.h"

#include <inttypes.h>
#include <string.h>

#include "fs.h"
#include "map.h"
#include "own.h"
#include "path.h"

enum { MAX_BYTES = 256 << 20 };

/* "<nanoseconds> <size> <mode>", a tab, the path. */
static void describe(const char *relative, const struct stat *st, struct str *text)
{
	str_addf(text, "%lld.%09ld %lld %o\t%s", (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
	         (long long)st->st_size, st->st_mode, relative);
}

static int note_file(void *context, const char *relative, const struct stat *st, struct err *err)
{
	struct str *text = context;
	(void)err;
	if (S_ISDIR(st->st_mode) || strchr(relative, '\n'))
		return 0;
	describe(relative, st, text);
	str_add_char(text, '\n');
	return 0;
}

static int walk(const char *root, const char *top, fs_visit *visit, void *context, struct err *err)
{
	own_free char *path = path_join(root, top);
	own_fd int fd = fs_open_below(root, top, FS_DIR);
	return fd < 0 ? err_errno(err, "%s", path) : fs_walk(path, visit, context, err);
}

int tree_seen_save(const char *root, const char *top, const char *path, struct err *err)
{
	own(str) text = {0};
	if (walk(root, top, note_file, &text, err) < 0)
		return -1;
	return fs_write_text(path, str_text(&text), err);
}

struct comparison {
	struct map seen; /* path -> line */
	struct strv *changed;
};

static void comparison_release(struct comparison *comparison)
{
	map_release(&comparison->seen);
}

/* A line that was met is emptied: what is left at the end has gone. */
static int compare_file(void *context, const char *relative, const struct stat *st, struct err *err)
{
	struct comparison *comparison = context;
	own(str) now = {0};
	(void)err;
	if (S_ISDIR(st->st_mode) || strchr(relative, '\n'))
		return 0;
	char *before = map_get(&comparison->seen, relative);
	describe(relative, st, &now);
	if (!before || !str_equal(before, str_text(&now)))
		strv_add(comparison->changed, relative);
	if (before)
		*before = '\0';
	return 0;
}

int tree_seen_changes(const char *root, const char *top, const char *path, struct strv *ret_paths,
                      struct err *err)
{
	own(comparison) comparison = {.changed = ret_paths};
	own(str) text = {0};
	own(strv) lines = {0};
	if (fs_read(path, MAX_BYTES, &text, err) < 0)
		return -1;
	strv_split(&lines, str_text(&text), "\n");
	for (size_t i = 0; i < lines.count; i++) {
		const char *tab = strchr(lines.items[i], '\t');
		if (tab)
			map_set(&comparison.seen, tab + 1, lines.items[i]);
	}
	if (walk(root, top, compare_file, &comparison, err) < 0)
		return -1;
	for (size_t i = 0; i < lines.count; i++)
		if (*lines.items[i] && strchr(lines.items[i], '\t'))
			strv_add(ret_paths, strchr(lines.items[i], '\t') + 1);
	strv_sort(ret_paths);
	return 0;
}
