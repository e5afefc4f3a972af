/* What of /usr goes into the initrd: what the board lists, and the libraries and links it needs. */
#include <stdlib.h>
#include <string.h>

#include "elf.h"
#include "image-parts.h"
#include "own.h"
#include "path.h"
#include "pkg.h"

/* Where the dynamic linker looks besides a program's own run path. */
#define LIBRARY_DIR "usr/lib"

struct chooser {
	struct image_tree *tree;
	struct map chosen; /* path -> struct image_file, those in tree->initrd */
};

static void choose(struct chooser *chooser, struct image_file *file)
{
	if (map_get(&chooser->chosen, file->path))
		return;
	map_set(&chooser->chosen, file->path, file);
	vec_push(&chooser->tree->initrd, file);
}

void image_initrd_add(struct image_tree *tree, struct image_file *file)
{
	for (vec_each(place, &tree->initrd)) {
		if (!str_equal((*place)->path, file->path))
			continue;
		*place = file;
		return;
	}
	vec_push(&tree->initrd, file);
}

/* "usr/lib" and "../bin/x" give "usr/bin/x"; an absolute target counts from the root. The caller
 * frees; NULL when it leads out of the tree. */
static char *resolve(const char *dir, const char *target)
{
	own(strv) parts = {0};
	own(strv) steps = {0};
	if (target[0] != '/')
		strv_split(&parts, dir, "/");
	strv_split(&steps, target, "/");
	for (size_t i = 0; i < steps.count; i++) {
		if (str_equal(steps.items[i], "."))
			continue;
		if (!str_equal(steps.items[i], "..")) {
			strv_add(&parts, steps.items[i]);
			continue;
		}
		if (!parts.count)
			return NULL;
		free(parts.items[--parts.count]);
	}
	return strv_join(&parts, "/");
}

/* A symlink's target, if /usr holds it; one that leads elsewhere (to /run, say) is fine. */
static void follow_link(struct chooser *chooser, const struct image_file *link)
{
	own_free char *dir = path_dir(link->path);
	own_free char *path = resolve(dir, link->value);
	struct image_file *target = path ? map_get(&chooser->tree->by_path, path) : NULL;
	if (target)
		choose(chooser, target);
}

/* In the directories of the run path ($ORIGIN is the file's own), in /usr/lib, and at last beside
 * the file: a private library is found because the program that it belongs to has loaded it. */
static struct image_file *find_library(const struct chooser *chooser, const struct image_file *file,
                                       const struct elf_info *info, const char *name)
{
	own(strv) dirs = {0};
	own_free char *origin = path_dir(file->path);
	if (info->rpath)
		strv_split(&dirs, info->rpath, ":");
	strv_add(&dirs, "/" LIBRARY_DIR);
	strv_add(&dirs, "$ORIGIN");
	for (size_t i = 0; i < dirs.count; i++) {
		const char *dir = dirs.items[i];
		own_free char *base = str_starts(dir, "$ORIGIN")
		                              ? resolve(origin, dir[7] ? dir + 8 : ".")
		                              : resolve("", dir);
		own_free char *path = base ? path_join(base, name) : NULL;
		struct image_file *library = path ? map_get(&chooser->tree->by_path, path) : NULL;
		if (library)
			return library;
	}
	return NULL;
}

static int follow_elf(struct chooser *chooser, const struct image_file *file, struct err *err)
{
	own(elf_info) info = {0};
	if (elf_read(file->source, &info, err) < 0)
		return -1;
	if (info.interpreter)
		strv_add(&info.needs, path_base(info.interpreter));
	for (size_t i = 0; i < info.needs.count; i++) {
		struct image_file *library =
			find_library(chooser, file, &info, info.needs.items[i]);
		if (!library)
			return err_set(err, ERR_INPUT,
			               "initrd: /%s needs %s, which no package of the image holds",
			               file->path, info.needs.items[i]);
		choose(chooser, library);
	}
	return 0;
}

static int choose_listed(struct chooser *chooser, const struct strv *globs, struct err *err)
{
	for (size_t i = 0; i < globs->count; i++) {
		bool found = false;
		for (vec_each(place, &chooser->tree->usr)) {
			if (!pkg_glob_matches(globs->items[i], (*place)->path))
				continue;
			choose(chooser, *place);
			found = true;
		}
		if (found)
			continue;
		err_set(err, ERR_INPUT, "image: initrd: nothing in the image matches %s",
		        globs->items[i]);
		return err_hint(err, "take it away with \"-%s\", or correct the pattern",
		                globs->items[i]);
	}
	return 0;
}

int image_initrd_choose(struct image_tree *tree, const struct board *board, struct err *err)
{
	struct chooser chooser = {.tree = tree};
	int result = choose_listed(&chooser, &board->image->initrd, err);
	/* The list grows while it is walked: what is found is looked into as well. */
	for (size_t i = 0; result == 0 && i < tree->initrd.count; i++) {
		const struct image_file *file = tree->initrd.items[i];
		if (file->type == 'l')
			follow_link(&chooser, file);
		else
			result = follow_elf(&chooser, file, err);
	}
	map_release(&chooser.chosen);
	return result;
}
