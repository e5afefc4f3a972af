/* Usage: what exists on disk of this checkout and of the cache, and how large it is. */
#include "usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "own.h"
#include "str.h"

static const struct {
	const char *name, *dir;
	bool is_cache;
	bool counts_files; /* at any depth; otherwise what stands directly in it */
} kinds[] = {
	{"environments", "env", false, false},  {"toolchains", "toolchain", false, false},
	{"store", "store", false, false},       {"work trees", "work", false, false},
	{"logs", "logs", false, true},          {"images", "images", false, false},
	{"records", "keys", false, true},       {"reproducibility", "reproducible", false, false},
	{"downloads", "downloads", true, true}, {"package archives", "objects", true, true},
	{"shared records", "keys", true, true},
};

static bool seen_before(struct usage_meter *meter, const struct stat *st)
{
	for (vec_each(inode, &meter->linked))
		if (inode->ino == st->st_ino && inode->dev == st->st_dev)
			return true;
	vec_push(&meter->linked, (struct usage_inode){st->st_dev, st->st_ino});
	return false;
}

static void add_inode(struct usage_meter *meter, const struct stat *st)
{
	meter->files += S_ISREG(st->st_mode);
	if (st->st_nlink < 2 || S_ISDIR(st->st_mode) || !seen_before(meter, st))
		meter->bytes += (uint64_t)st->st_blocks * 512;
}

static void add_at(struct usage_meter *meter, int parent, const char *name);

/* Builds and gc may be at work in the directory: what is gone by now is no error. */
static void add_children(struct usage_meter *meter, int parent, const char *name, bool is_top)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (is_top ? 0 : O_NOFOLLOW);
	int fd = openat(parent, name, flags);
	own_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
			continue;
		meter->top_items += is_top && entry->d_name[0] != '.';
		add_at(meter, dirfd(dir), entry->d_name);
	}
}

static void add_at(struct usage_meter *meter, int parent, const char *name)
{
	struct stat st;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	add_inode(meter, &st);
	if (S_ISDIR(st.st_mode))
		add_children(meter, parent, name, false);
}

void usage_add(struct usage_meter *meter, const char *path)
{
	add_at(meter, AT_FDCWD, path);
}

void usage_meter_release(struct usage_meter *meter)
{
	vec_release(&meter->linked);
}

/* Appends what is in the directory of kinds[kind]. */
static void measure_kind(const struct workspace *workspace, size_t kind, struct usage *usage)
{
	struct usage_meter measure = {0};
	struct usage_part part = {
		.name = mem_strdup(kinds[kind].name),
		.path = kinds[kind].is_cache ? workspace_cache(workspace, "%s", kinds[kind].dir)
	                                     : workspace_out(workspace, "%s", kinds[kind].dir),
		.is_cache = kinds[kind].is_cache,
	};
	add_children(&measure, AT_FDCWD, part.path, true);
	part.bytes = measure.bytes;
	part.items = kinds[kind].counts_files ? measure.files : measure.top_items;
	usage_meter_release(&measure);
	vec_push(&usage->parts, part);
}

void usage_measure(const struct workspace *workspace, struct usage *ret_usage)
{
	struct usage usage = {0};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		measure_kind(workspace, i, &usage);
	*ret_usage = usage;
}

void usage_release(struct usage *usage)
{
	for (vec_each(part, &usage->parts)) {
		free(part->name);
		free(part->path);
	}
	vec_release(&usage->parts);
}
