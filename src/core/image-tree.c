/* The tree of an image: packages merged, the board's files over them, and who holds what. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "image-parts.h"
#include "own.h"
#include "path.h"
#include "pkg.h"
#include "store.h"

#define BOARD_OWNER "board"

/* Links that make /lib64 and /usr/sbin the same as /usr/lib and /usr/bin. */
static const char *const merged_links[][2] = {{"usr/lib64", "lib"}, {"usr/sbin", "bin"}};
static const char *const root_links[][2] = {
	{"bin", "usr/bin"}, {"sbin", "usr/bin"}, {"lib", "usr/lib"}, {"lib64", "usr/lib"}};

void image_tree_release(struct image_tree *tree)
{
	vec_release(&tree->usr);
	vec_release(&tree->initrd);
	map_release(&tree->by_path);
	arena_release(&tree->arena);
}

static void put(struct image_tree *tree, struct image_file *file)
{
	struct image_file *old = map_set(&tree->by_path, file->path, file);
	if (!old) {
		vec_push(&tree->usr, file);
		return;
	}
	for (vec_each(place, &tree->usr))
		if (*place == old)
			*place = file;
}

/* ---- packages */

static struct image_file *from_manifest(struct image_tree *tree, const struct built_output *output,
                                        const struct manifest_entry *entry)
{
	struct image_file *file = arena_alloc(&tree->arena, sizeof *file);
	*file = (struct image_file){
		.path = arena_strdup(&tree->arena, entry->path),
		.owner = arena_strdup(&tree->arena, output->package),
		.type = entry->type,
		.mode = entry->mode,
		.size = entry->size,
		.value = arena_strdup(&tree->arena, entry->value),
	};
	if (entry->type == 'f')
		file->source = arena_printf(&tree->arena, "%s/root/%s", output->dir, entry->path);
	return file;
}

static int add_entry(struct image_tree *tree, const struct built_output *output,
                     const struct manifest_entry *entry, struct strv *conflicts, struct err *err)
{
	const struct image_file *other = map_get(&tree->by_path, entry->path);
	if (!str_starts(entry->path, "usr/")) {
		err_set(err, ERR_INPUT, "%s holds /%s: an image takes what is below /usr",
		        output->package, entry->path);
		return err_hint(err, "install it elsewhere, or list it under image: remove");
	}
	if (other) {
		strv_addf(conflicts, "/%s (%s, %s)", entry->path, other->owner, output->package);
		return 0;
	}
	put(tree, from_manifest(tree, output, entry));
	return 0;
}

/* Directories are made for what lies in them; a package's empty ones do not come along. */
static int add_package(const struct workspace *workspace, const struct board *board,
                       const struct built_output *output, struct image_tree *tree,
                       struct strv *conflicts, struct err *err)
{
	own(manifest) manifest = {0};
	if (store_load_manifest(workspace, output->digest, &manifest, err) < 0)
		return -1;
	for (vec_each(entry, &manifest.entries)) {
		if (entry->type == 'd' || pkg_globs_match(&board->image->remove, entry->path))
			continue;
		if (add_entry(tree, output, entry, conflicts, err) < 0)
			return -1;
	}
	return 0;
}

static int add_packages(const struct workspace *workspace, const struct board *board,
                        const struct built_set *set, struct image_tree *tree, struct err *err)
{
	own(strv) conflicts = {0};
	for (vec_each(output, &set->outputs))
		if (add_package(workspace, board, output, tree, &conflicts, err) < 0)
			return err_wrap(err, "%s", output->package);
	if (!conflicts.count)
		return 0;
	own_free char *all = strv_join(&conflicts, ", ");
	err_set(err, ERR_INPUT, "packages hold the same files: %s", all);
	return err_hint(err, "let one of the recipes not install it, or list it under image: "
	                     "remove in board.yaml");
}

/* ---- the board's own files */

struct overlay {
	struct image_tree *tree;
	const char *dir;
	bool initrd; /* for the initrd, from its root; else for /usr */
};

static int fill_from_disk(struct image_tree *tree, const char *path, const struct stat *st,
                          struct image_file *file, struct err *err)
{
	if (S_ISLNK(st->st_mode)) {
		own_free char *target = fs_read_link(path);
		file->type = 'l';
		file->mode = 0777;
		file->value = arena_strdup(&tree->arena, target ? target : "");
		return 0;
	}
	struct digest digest;
	char hex[DIGEST_HEX];
	if (digest_file(path, &digest, err) < 0)
		return -1;
	digest_hex(&digest, hex);
	file->type = 'f';
	file->mode = st->st_mode & 0100 ? 0755 : 0644;
	file->size = (uint64_t)st->st_size;
	file->value = arena_strdup(&tree->arena, hex);
	file->source = arena_strdup(&tree->arena, path);
	return 0;
}

static int add_overlay_file(void *context, const char *relative, const struct stat *st,
                            struct err *err)
{
	struct overlay *overlay = context;
	struct image_tree *tree = overlay->tree;
	if (S_ISDIR(st->st_mode))
		return 0;
	own_free char *path = path_join(overlay->dir, relative);
	if (!S_ISREG(st->st_mode) && !S_ISLNK(st->st_mode))
		return err_set(err, ERR_INPUT, "%s: neither a file nor a symlink", path);
	if (!overlay->initrd && !str_starts(relative, "usr/"))
		return err_set(err, ERR_INPUT, "%s: a board's files lie below usr/", path);
	struct image_file *file = arena_alloc(&tree->arena, sizeof *file);
	file->path = arena_strdup(&tree->arena, relative);
	file->owner = BOARD_OWNER;
	if (fill_from_disk(tree, path, st, file, err) < 0)
		return -1;
	if (overlay->initrd)
		image_initrd_add(tree, file);
	else
		put(tree, file);
	return 0;
}

/* Files of the boards that are extended first, so that nearer ones replace them. */
static int add_overlays(const struct board *board, const char *name, bool initrd,
                        struct image_tree *tree, struct err *err)
{
	for (size_t i = board->dirs.count; i-- > 0;) {
		own_free char *dir = path_join(board->dirs.items[i], name);
		struct overlay overlay = {.tree = tree, .dir = dir, .initrd = initrd};
		if (fs_is_dir(dir) && fs_walk(dir, add_overlay_file, &overlay, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- generated files */

static void add_link(struct image_tree *tree, const char *path, const char *target)
{
	if (map_get(&tree->by_path, path))
		return;
	struct image_file *file = arena_alloc(&tree->arena, sizeof *file);
	*file = (struct image_file){
		.path = path, .owner = BOARD_OWNER, .type = 'l', .mode = 0777, .value = target};
	put(tree, file);
}

static char *format_os_release(const struct board *board, const char *build_id)
{
	own(str) text = {0};
	const struct board_image *image = board->image;
	for (size_t i = 0; i < image->os_release.count; i++) {
		const char *pair = image->os_release.items[i], *equals = strchr(pair, '=');
		str_addf(&text, "%.*s=\"%s\"\n", (int)(equals - pair), pair, equals + 1);
	}
	str_addf(&text, "VERSION=\"%s\"\nVERSION_ID=\"%s\"\nIMAGE_ID=\"dray-%s\"\n", image->version,
	         image->version, board->name);
	str_addf(&text, "IMAGE_VERSION=\"%s\"\nBUILD_ID=\"%s\"\n", image->version, build_id);
	return str_steal(&text);
}

static int add_generated(struct image_tree *tree, const char *staging, const char *name,
                         const char *path, bool initrd, struct err *err)
{
	struct stat st;
	own_free char *source = path_join(staging, name);
	struct image_file *file = arena_alloc(&tree->arena, sizeof *file);
	file->path = path;
	file->owner = BOARD_OWNER;
	if (lstat(source, &st) < 0)
		return err_errno(err, "%s", source);
	if (fill_from_disk(tree, source, &st, file, err) < 0)
		return -1;
	if (initrd)
		image_initrd_add(tree, file);
	else
		put(tree, file);
	return 0;
}

/* ---- kernel and boot loader */

/* The one file that a glob names; `text` NULL: none is wanted. */
static int find_one(const struct image_tree *tree, const char *key, const char *glob,
                    struct image_file **ret_file, struct err *err)
{
	*ret_file = NULL;
	for (vec_each(place, &tree->usr)) {
		if (!glob || (*place)->type != 'f' || !pkg_glob_matches(glob, (*place)->path))
			continue;
		if (*ret_file)
			return err_set(err, ERR_INPUT, "image: %s: %s is both %s and %s", key, glob,
			               (*ret_file)->path, (*place)->path);
		*ret_file = *place;
	}
	if (!glob || *ret_file)
		return 0;
	err_set(err, ERR_INPUT, "image: %s: no package holds %s", key, glob);
	return err_hint(err, "add the package to the board, or correct the pattern");
}

static int find_boot_files(const struct board_image *image, struct image_tree *tree,
                           struct err *err)
{
	if (find_one(tree, "kernel", image->kernel, &tree->kernel, err) < 0 ||
	    find_one(tree, "kernel-config", image->kernel_config, &tree->kernel_config, err) < 0 ||
	    find_one(tree, "boot-loader", image->boot_loader, &tree->boot_loader, err) < 0 ||
	    find_one(tree, "stub", image->stub, &tree->stub, err) < 0)
		return -1;
	/* It lies on the ESP: a second one would be 10 MB that nobody reads. */
	size_t kept = 0;
	for (size_t i = 0; i < tree->usr.count; i++)
		if (tree->usr.items[i] != tree->kernel)
			tree->usr.items[kept++] = tree->usr.items[i];
	tree->usr.count = kept;
	return 0;
}

/* ---- all of it */

static int by_path(const void *a, const void *b)
{
	const struct image_file *const *left = a, *const *right = b;
	return strcmp((*left)->path, (*right)->path);
}

static int write_staging(const struct board *board, const char *staging, const char *build_id,
                         struct err *err)
{
	own_free char *text = format_os_release(board, build_id);
	own_free char *path = path_join(staging, "os-release");
	return fs_write_text(path, text, err);
}

int image_tree_make(const struct workspace *workspace, const struct board *board,
                    const struct built_set *set, const char *staging, const char *build_id,
                    struct image_tree *tree, struct err *err)
{
	if (add_packages(workspace, board, set, tree, err) < 0 ||
	    add_overlays(board, "files", false, tree, err) < 0 ||
	    write_staging(board, staging, build_id, err) < 0 ||
	    add_generated(tree, staging, "os-release", "usr/lib/os-release", false, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof merged_links / sizeof *merged_links; i++)
		add_link(tree, merged_links[i][0], merged_links[i][1]);
	vec_sort(&tree->usr, by_path);
	if (find_boot_files(board->image, tree, err) < 0 ||
	    image_initrd_choose(tree, board, err) < 0 ||
	    add_generated(tree, staging, "os-release", "etc/initrd-release", true, err) < 0 ||
	    add_overlays(board, "initrd", true, tree, err) < 0)
		return -1;
	vec_sort(&tree->initrd, by_path);
	return 0;
}

static void hash_files(struct hash *hash, const struct image_file_list *files)
{
	for (vec_each(place, files)) {
		const struct image_file *file = *place;
		own_free char *line = mem_printf("%c %o %s", file->type, file->mode, file->value);
		hash_text(hash, line);
		hash_text(hash, file->path);
	}
	hash_text(hash, "");
}

void image_tree_digest(const struct image_tree *tree, struct digest *ret_digest)
{
	own(hash) hash = {0};
	hash_init(&hash);
	hash_files(&hash, &tree->usr);
	hash_files(&hash, &tree->initrd);
	hash_text(&hash, tree->kernel ? tree->kernel->value : "");
	hash_final(&hash, ret_digest);
}

/* ---- writing */

static int write_link(const struct image_file *file, const char *path, struct err *err)
{
	return symlink(file->value, path) < 0 ? err_errno(err, "%s", path) : 0;
}

/* Never a hard link: mkfs.erofs writes the number of a file's names into the inode. */
static int write_copy(const struct image_file *file, const char *path, struct err *err)
{
	return fs_copy_file(file->source, path, file->mode, err);
}

static int write_files(const struct image_file_list *files, const char *dir, struct err *err)
{
	for (vec_each(place, files)) {
		const struct image_file *file = *place;
		own_free char *path = path_join(dir, file->path);
		if (fs_make_parents(path, err) < 0)
			return err_wrap(err, "/%s of %s", file->path, file->owner);
		if ((file->type == 'l' ? write_link : write_copy)(file, path, err) < 0)
			return -1;
	}
	return 0;
}

int image_tree_write_usr(const struct image_tree *tree, const char *dir, struct err *err)
{
	return write_files(&tree->usr, dir, err);
}

static int write_initrd_skeleton(const char *dir, struct err *err)
{
	static const char *const dirs[] = {"usr/bin", "usr/lib", "etc",  "proc",    "sys", "dev",
	                                   "run",     "tmp",     "root", "sysroot", "var"};
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		own_free char *path = path_join(dir, dirs[i]);
		if (fs_make_dirs(path, 0755, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof root_links / sizeof *root_links; i++) {
		own_free char *path = path_join(dir, root_links[i][0]);
		if (symlink(root_links[i][1], path) < 0)
			return err_errno(err, "%s", path);
	}
	return 0;
}

int image_tree_write_initrd(const struct image_tree *tree, const char *dir, struct err *err)
{
	if (write_initrd_skeleton(dir, err) < 0)
		return -1;
	return write_files(&tree->initrd, dir, err);
}
