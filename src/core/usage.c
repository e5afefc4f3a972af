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
	{"environments", "env", false, false},
	{"toolchains", "toolchain", false, false},
	{"store", "store", false, false},
	{"work trees", "work", false, false},
	{"logs", "logs", false, true},
	{"images", "images", false, false},
	{"downloads", "downloads", true, true},
	{"package archives", "objects", true, true},
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

int usage_measure(const struct workspace *workspace, struct usage *ret_usage, struct err *err)
{
	own(usage) usage = {0};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct measure measure = {0};
		struct usage_part part = {.name = mem_strdup(kinds[i].name),
		                          .is_cache = kinds[i].is_cache};
		part.path = kinds[i].is_cache ? workspace_cache(workspace, "%s", kinds[i].dir)
		                              : workspace_out(workspace, "%s", kinds[i].dir);
		vec_push(&usage.parts, part);
		int result = fs_is_dir(part.path) ? fs_walk(part.path, count, &measure, err) : 0;
		vec_release(&measure.linked);
		if (result < 0)
			return -1;
		struct usage_part *kept = &usage.parts.items[i];
		kept->bytes = measure.bytes;
		kept->items = kinds[i].counts_files ? measure.files : measure.top_items;
	}
	*ret_usage = usage;
	usage = (struct usage){0};
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
