/* Usage: what exists on disk of this checkout and of the cache, and how large it is. */
#include "usage.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fs.h"
#include "own.h"

static const struct {
	const char *name, *dir;
	bool is_cache;
	bool counts_files; /* at any depth; otherwise what stands directly in it */
} kinds[] = {
	{"environments", "env", false, false},  {"toolchains", "toolchain", false, false},
	{"store", "store", false, false},       {"work trees", "work", false, false},
	{"logs", "logs", false, true},          {"images", "images", false, false},
	{"downloads", "downloads", true, true}, {"package archives", "objects", true, true},
};

struct inode {
	dev_t dev;
	ino_t ino;
};

/* A measurement; the inodes are those with several links. */
struct measure {
	uint64_t bytes, files, top_items;
	VEC(struct inode) linked;
};

static bool seen_before(struct measure *measure, const struct stat *st)
{
	for (vec_each(inode, &measure->linked))
		if (inode->ino == st->st_ino && inode->dev == st->st_dev)
			return true;
	vec_push(&measure->linked, (struct inode){st->st_dev, st->st_ino});
	return false;
}

static int count(void *context, const char *relative, const struct stat *st, struct err *err)
{
	(void)err;
	struct measure *measure = context;
	bool is_top = true;
	for (const char *c = relative; *c; c++)
		is_top &= *c != '/';
	measure->top_items += is_top && relative[0] != '.';
	measure->files += S_ISREG(st->st_mode);
	if (st->st_nlink < 2 || S_ISDIR(st->st_mode) || !seen_before(measure, st))
		measure->bytes += (uint64_t)st->st_blocks * 512;
	return 0;
}

/* Appends what is in the directory of kinds[kind]. */
static int measure_kind(const struct workspace *workspace, size_t kind, struct usage *usage,
                        struct err *err)
{
	struct measure measure = {0};
	struct usage_part part = {
		.name = mem_strdup(kinds[kind].name),
		.path = kinds[kind].is_cache ? workspace_cache(workspace, "%s", kinds[kind].dir)
	                                     : workspace_out(workspace, "%s", kinds[kind].dir),
		.is_cache = kinds[kind].is_cache,
	};
	int result = fs_is_dir(part.path) ? fs_walk(part.path, count, &measure, err) : 0;
	part.bytes = measure.bytes;
	part.items = kinds[kind].counts_files ? measure.files : measure.top_items;
	vec_release(&measure.linked);
	vec_push(&usage->parts, part);
	return result;
}

int usage_measure(const struct workspace *workspace, struct usage *ret_usage, struct err *err)
{
	struct usage usage = {0};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (measure_kind(workspace, i, &usage, err) < 0) {
			usage_release(&usage);
			return -1;
		}
	}
	*ret_usage = usage;
	return 0;
}

void usage_release(struct usage *usage)
{
	for (vec_each(part, &usage->parts)) {
		free(part->name);
		free(part->path);
	}
	vec_release(&usage->parts);
}
