/* An image: known by the hash of what goes into it, made once, published whole. */
#include "image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "image-parts.h"
#include "lease.h"
#include "own.h"
#include "path.h"

/* Raised when the code changes what an image is made of the same inputs. */
#define IMAGE_FORMAT "dray image 1"
#define SCRIPT "board-configs/common/assemble.sh"

void image_release(struct image *image)
{
	free(image->dir);
	free(image->disk);
	free(image->key);
	*image = (struct image){0};
}

/* ---- the key */

struct overlay_hash {
	struct hash *hash;
	const char *dir;
};

static int hash_overlay_file(void *context, const char *relative, const struct stat *st,
                             struct err *err)
{
	const struct overlay_hash *overlay = context;
	own_free char *path = path_join(overlay->dir, relative);
	if (S_ISDIR(st->st_mode))
		return 0;
	hash_text(overlay->hash, relative);
	if (S_ISLNK(st->st_mode)) {
		own_free char *target = fs_read_link(path);
		hash_text(overlay->hash, target ? target : "");
		return 0;
	}
	struct digest digest;
	if (digest_file(path, &digest, err) < 0)
		return -1;
	hash_text(overlay->hash, st->st_mode & 0100 ? "executable" : "file");
	hash_update(overlay->hash, digest.bytes, sizeof digest.bytes);
	return 0;
}

static int hash_overlays(struct hash *hash, const struct board *board, struct err *err)
{
	static const char *const names[] = {"files", "initrd"};
	for (size_t i = 0; i < board->dirs.count; i++) {
		for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
			own_free char *dir = path_join(board->dirs.items[i], names[n]);
			struct overlay_hash overlay = {.hash = hash, .dir = dir};
			hash_text(hash, names[n]);
			if (fs_is_dir(dir) && fs_walk(dir, hash_overlay_file, &overlay, err) < 0)
				return -1;
		}
	}
	return 0;
}

static void hash_list(struct hash *hash, const char *name, const struct strv *list)
{
	hash_text(hash, name);
	for (size_t i = 0; i < list->count; i++)
		hash_text(hash, list->items[i]);
	hash_text(hash, "");
}

/* Not what changes nothing in the files: summary, and the emulator's memory and disk. */
static void hash_board(struct hash *hash, const struct board *board)
{
	const struct board_image *image = board->image;
	const char *texts[] = {board->name,        board->arch,   image->version,
	                       image->date,        image->kernel, image->kernel_config,
	                       image->boot_loader, image->stub,   image->compression};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		hash_text(hash, texts[i] ? texts[i] : "");
	own_free char *sizes = mem_printf("%d %llu %llu %llu %llu", (int)image->loader,
	                                  (unsigned long long)image->esp_bytes,
	                                  (unsigned long long)image->usr_bytes,
	                                  (unsigned long long)image->verity_bytes,
	                                  (unsigned long long)image->budget_bytes);
	hash_text(hash, sizes);
	hash_list(hash, "cmdline", &image->cmdline);
	hash_list(hash, "remove", &image->remove);
	hash_list(hash, "initrd", &image->initrd);
	hash_list(hash, "os-release", &image->os_release);
}

static int make_key(const struct workspace *workspace, const struct env *env,
                    const struct board *board, const struct built_set *set,
                    char ret_key[DIGEST_HEX], struct err *err)
{
	struct digest tools, script, key;
	own(hash) hash = {0};
	own(strv) groups = {0};
	own_free char *path = workspace_root(workspace, SCRIPT);
	strv_add(&groups, "image");
	if (env_groups_digest(env, &groups, &tools, err) < 0 || digest_file(path, &script, err) < 0)
		return -1;
	hash_init(&hash);
	hash_text(&hash, IMAGE_FORMAT);
	hash_update(&hash, tools.bytes, sizeof tools.bytes);
	hash_update(&hash, script.bytes, sizeof script.bytes);
	hash_board(&hash, board);
	for (vec_each(output, &set->outputs)) {
		hash_text(&hash, output->package);
		hash_text(&hash, output->version);
		hash_text(&hash, output->digest);
	}
	if (hash_overlays(&hash, board, err) < 0)
		return -1;
	hash_final(&hash, &key);
	digest_hex(&key, ret_key);
	return 0;
}

/* ---- making */

static int copy_part(const struct image_file *file, const char *dir, const char *name,
                     struct err *err)
{
	own_free char *path = path_join(dir, name);
	return file ? fs_copy_file(file->source, path, 0644, err) : 0;
}

static int make_dir(const char *parent, const char *name, char **ret_path, struct err *err)
{
	*ret_path = path_join(parent, name);
	return fs_make_dirs(*ret_path, 0755, err);
}

static int write_inputs(const struct image_tree *tree, const char *dir, struct err *err)
{
	own_free char *usr = NULL, *initrd = NULL, *publish = NULL;
	if (make_dir(dir, "tree", &usr, err) < 0 ||
	    make_dir(dir, "initrd-root", &initrd, err) < 0 ||
	    make_dir(dir, "publish", &publish, err) < 0)
		return -1;
	if (image_tree_write_usr(tree, usr, err) < 0 ||
	    image_tree_write_initrd(tree, initrd, err) < 0)
		return -1;
	if (copy_part(tree->kernel, dir, "kernel", err) < 0 ||
	    copy_part(tree->stub, dir, "stub", err) < 0 ||
	    copy_part(tree->boot_loader, dir, "loader", err) < 0)
		return -1;
	return copy_part(tree->kernel_config, publish, "kernel-config", err);
}

/* Beside the disk: what an emulator without firmware loads. */
static int publish_boot_files(const struct image_job *job, struct err *err)
{
	static const char *const names[] = {"kernel", "initrd", "cmdline"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		own_free char *from = path_join(job->dir, names[i]);
		own_free char *to = path_printf("%s/publish/%s", job->dir, names[i]);
		if (link(from, to) < 0 && fs_copy_file(from, to, 0644, err) < 0)
			return -1;
	}
	return 0;
}

static void derive_content(const struct board *board, const struct image_tree *tree,
                           struct digest *ret_content)
{
	struct digest files;
	own(hash) hash = {0};
	image_tree_digest(tree, &files);
	hash_init(&hash);
	hash_text(&hash, board->name);
	hash_text(&hash, board->image->version);
	hash_update(&hash, files.bytes, sizeof files.bytes);
	hash_final(&hash, ret_content);
}

static void phase(const struct event_sink *sink, const struct board *board, const char *text)
{
	event_emit(sink, &(struct event){.kind = EVENT_PHASE, .task = board->name, .text = text});
}

static int make_parts(struct image_job *job, const struct built_set *set, struct image_tree *tree,
                      const struct event_sink *sink, struct err *err)
{
	own_free char *build_id = mem_strndup(job->key, 16);
	own_free char *disk = path_printf("%s/publish/dray-%s.img", job->dir, job->board->name);
	phase(sink, job->board, "tree");
	if (image_tree_make(job->workspace, job->board, set, job->dir, build_id, tree, err) < 0 ||
	    write_inputs(tree, job->dir, err) < 0)
		return -1;
	own_free char *modules = path_dir(tree->kernel->path);
	job->kernel_release = path_base(modules);
	derive_content(job->board, tree, &job->content);
	phase(sink, job->board, "assemble");
	if (image_box_run(job, err) < 0)
		return -1;
	phase(sink, job->board, "disk");
	if (image_disk_write(job, disk, err) < 0 || image_report_write(job, set, tree, err) < 0)
		return -1;
	return publish_boot_files(job, err);
}

/* Points `latest` at the key's directory: a new link takes the old one's name. */
static int link_latest(const char *dir, const char *key, struct err *err)
{
	own_free char *link_path = path_join(dir, "latest");
	own_free char *now = fs_read_link(link_path);
	if (now && str_equal(now, key))
		return 0;
	own_free char *temporary = fs_temporary_name(link_path);
	if (symlink(key, temporary) < 0 || rename(temporary, link_path) < 0)
		return err_errno(err, "%s", link_path);
	return 0;
}

/* In a directory beside the final one, which appears by one rename. */
static int make(const struct workspace *workspace, const struct board *board,
                const struct built_set *set, const struct event_sink *sink, const char *key,
                const char *final, struct err *err)
{
	own(env) env = {0};
	own(image_tree) tree = {0};
	own_free char *parent = path_dir(final), *dir = NULL;
	/* Packages of a warm cache need no environment, the tools that assemble them do. */
	if (env_create(workspace, 0, sink, err) < 0 || env_open(workspace, &env, err) < 0 ||
	    fs_clean_temporaries(parent, err) < 0 || fs_make_temporary(parent, &dir, err) < 0)
		return -1;
	struct image_job job = {
		.workspace = workspace, .env = &env, .board = board, .dir = dir, .key = key};
	own_free char *publish = path_join(dir, "publish");
	umask(022); /* the user's would show in the modes of the image's directories */
	event_emit(sink, &(struct event){.kind = EVENT_BEGIN, .task = board->name});
	int result = make_parts(&job, set, &tree, sink, err);
	if (result == 0)
		result = fs_publish(publish, final, err);
	event_emit(sink, &(struct event){.kind = EVENT_END, .task = board->name, .status = result});
	struct err ignored = {0};
	if (fs_remove_tree(dir, &ignored) < 0)
		event_warn(sink, "%s", ignored.message);
	err_release(&ignored);
	return result < 0 ? err_wrap(err, "image of %s", board->name) : 0;
}

static void fill_image(const char *board, const char *dir, const char *key, bool made,
                       struct image *ret_image)
{
	*ret_image = (struct image){.dir = mem_strdup(dir),
	                            .disk = path_printf("%s/dray-%s.img", dir, board),
	                            .key = mem_strdup(key),
	                            .made = made};
}

int image_make(const struct workspace *workspace, const struct board *board,
               const struct built_set *set, const struct event_sink *sink, struct image *ret_image,
               struct err *err)
{
	own(env) env = {0};
	char key[DIGEST_HEX];
	own_free char *parent = workspace_out(workspace, "images/%s", board->name);
	own_free char *lock = path_join(parent, ".lock");
	own_fd int lock_fd = -1;
	if (env_open_lock(workspace, &env, err) < 0 ||
	    make_key(workspace, &env, board, set, key, err) < 0 ||
	    fs_lock(lock, true, true, &lock_fd, err) < 0)
		return -1;
	own_free char *final = path_join(parent, key);
	bool made = !lease_mark(workspace, final);
	if (made && make(workspace, board, set, sink, key, final, err) < 0)
		return -1;
	if (link_latest(parent, key, err) < 0)
		return -1;
	fill_image(board->name, final, key, made, ret_image);
	return 0;
}

int image_find(const struct workspace *workspace, const char *board, struct image *ret_image,
               struct err *err)
{
	own_free char *latest = workspace_out(workspace, "images/%s/latest", board);
	own_free char *key = fs_read_link(latest);
	own_free char *dir = workspace_out(workspace, "images/%s/%s", board, key ? key : "");
	if (!key || !lease_mark(workspace, dir)) {
		err_set(err, ERR_INPUT, "board %s has no image yet", board);
		return err_hint(err, "sdk image --board=%s", board);
	}
	fill_image(board, dir, key, false, ret_image);
	return 0;
}
