/* A binhost that is a directory: a lock for its texts, fsync and rename for everything. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binhost-target.h"
#include "fs.h"
#include "own.h"
#include "path.h"

enum { MAX_TEXT_BYTES = 64 << 20, BUFFER_BYTES = 256 << 10 };

struct dir_target {
	struct binhost_target target;
	char *root;
};

static char *path_of(struct binhost_target *target, const char *name)
{
	return path_join(((struct dir_target *)target)->root, name);
}

void binhost_listing_release(struct binhost_listing *list)
{
	for (vec_each(item, list))
		free(item->name);
	vec_release(list);
}

void binhost_target_free(struct binhost_target *target)
{
	if (target)
		target->ops->free(target);
}

static void dir_free(struct binhost_target *target)
{
	free(((struct dir_target *)target)->root);
	free(target->url);
	free(target);
}

/* ---- texts */

static int read_text(struct binhost_target *target, const char *name, struct str *ret_text,
                     char **ret_tag, struct err *err)
{
	own_free char *path = path_of(target, name);
	struct digest digest;
	char hex[DIGEST_HEX];
	*ret_tag = NULL;
	if (!fs_exists(path))
		return 0;
	if (fs_read(path, MAX_TEXT_BYTES, ret_text, err) < 0)
		return -1;
	digest_of(str_text(ret_text), ret_text->len, &digest);
	digest_hex(&digest, hex);
	*ret_tag = mem_strdup(hex);
	return 0;
}

/* A name for what is not yet whole, in a directory that no reader looks into. */
static char *temporary_path(const struct dir_target *dir, struct err *err)
{
	own_free char *inside = path_printf("%s/.incoming/", dir->root);
	own_free char *path = fs_temporary_name(inside);
	return fs_make_parents(path, err) < 0 ? NULL : steal_ptr(path);
}

static int publish_text(struct dir_target *dir, const char *name, const struct str *text,
                        struct err *err)
{
	own_free char *path = path_join(dir->root, name);
	own_free char *temporary = temporary_path(dir, err);
	if (!temporary || fs_make_parents(path, err) < 0 ||
	    fs_write_file(temporary, str_text(text), text->len, 0644, err) < 0)
		return -1;
	return fs_publish(temporary, path, err);
}

static int swap_text(struct binhost_target *target, const char *name, const struct str *text,
                     const char *tag, bool *ret_done, struct err *err)
{
	own_free char *lock = path_of(target, ".lock");
	own_free char *now = NULL;
	own(str) old = {0};
	own_fd int fd = -1;
	if (fs_lock(lock, true, true, &fd, err) < 0 || read_text(target, name, &old, &now, err) < 0)
		return -1;
	*ret_done = now && tag ? str_equal(now, tag) : !now && !tag;
	return *ret_done ? publish_text((struct dir_target *)target, name, text, err) : 0;
}

/* ---- objects */

static int look_at(struct binhost_target *target, struct binhost_item *item, struct err *err)
{
	own_free char *path = path_of(target, item->name);
	struct stat st;
	item->is_there = lstat(path, &st) == 0;
	if (!item->is_there)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_errno(err, "%s", path);
	item->there_bytes = (uint64_t)st.st_size;
	item->has_there_sha256 = true;
	return digest_file(path, &item->there_sha256, err);
}

static int look(struct binhost_target *target, struct binhost_item *items, size_t count,
                struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (look_at(target, &items[i], err) < 0)
			return -1;
	return 0;
}

static int sync_file(const char *path, struct err *err)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? err_errno(err, "fsync %s", path) : 0;
}

/* Gives the file its name unless something has it: link(2) never replaces. */
static int name_object(const char *temporary, const char *path, struct binhost_item *item,
                       struct err *err)
{
	if (item->overwrite)
		return fs_publish(temporary, path, err);
	item->is_there = link(temporary, path) < 0;
	if (item->is_there && errno != EEXIST)
		return err_errno(err, "link %s", path);
	unlink(temporary);
	own_free char *parent = path_dir(path);
	return sync_file(parent, err);
}

static int put_one(struct dir_target *dir, struct binhost_item *item, struct err *err)
{
	own_free char *path = path_join(dir->root, item->name);
	own_free char *temporary = temporary_path(dir, err);
	if (!temporary || fs_make_parents(path, err) < 0)
		return -1;
	if (fs_copy_file(item->path, temporary, 0644, err) < 0 || sync_file(temporary, err) < 0 ||
	    name_object(temporary, path, item, err) < 0) {
		unlink(temporary);
		return -1;
	}
	return 0;
}

static int put(struct binhost_target *target, struct binhost_item *items, size_t count,
               const struct event_sink *sink, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct event event = {.kind = EVENT_BEGIN,
		                      .task = items[i].task,
		                      .total = items[i].bytes,
		                      .unit = "B"};
		event_emit(sink, &event);
		if (put_one((struct dir_target *)target, &items[i], err) < 0)
			return err_wrap(err, "%s", target->url);
		event.kind = EVENT_END;
		event.done = items[i].bytes;
		event_emit(sink, &event);
	}
	return 0;
}

static int get(struct binhost_target *target, const char *name, uint64_t max_bytes, int fd,
               struct err *err)
{
	own_free char *path = path_of(target, name);
	own_free char *buffer = mem_alloc(BUFFER_BYTES);
	own_fd int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint64_t total = 0;
	ssize_t count;
	if (from < 0 && errno == ENOENT)
		return err_set(err, ERR_TRUST, "%s: missing", name);
	if (from < 0)
		return err_errno(err, "%s", path);
	while ((count = read(from, buffer, BUFFER_BYTES)) > 0) {
		total += (uint64_t)count;
		if (total > max_bytes)
			return err_set(err, ERR_TRUST, "%s: too long", name);
		if (fs_write_all(fd, buffer, (size_t)count, err) < 0)
			return -1;
	}
	return count < 0 ? err_errno(err, "%s", path) : 0;
}

/* ---- all there is */

struct listing_walk {
	const char *prefix;
	struct binhost_listing *list;
};

static int take_listed(void *context, const char *relative, const struct stat *st, struct err *err)
{
	struct listing_walk *walk = context;
	(void)err;
	if (S_ISREG(st->st_mode))
		vec_push(walk->list,
		         (struct binhost_listed){mem_printf("%s%s", walk->prefix, relative),
		                                 (uint64_t)st->st_size});
	return 0;
}

static int list(struct binhost_target *target, const char *prefix, struct binhost_listing *ret_list,
                struct err *err)
{
	own_free char *path = path_of(target, prefix);
	struct listing_walk walk = {prefix, ret_list};
	return fs_is_dir(path) ? fs_walk(path, take_listed, &walk, err) : 0;
}

static int remove_all(struct binhost_target *target, const struct strv *names, struct err *err)
{
	for (size_t i = 0; i < names->count; i++) {
		own_free char *path = path_of(target, names->items[i]);
		if (unlink(path) < 0 && errno != ENOENT)
			return err_errno(err, "remove %s", path);
	}
	return 0;
}

static const struct binhost_target_ops dir_ops = {.read = read_text,
                                                  .swap = swap_text,
                                                  .look = look,
                                                  .put = put,
                                                  .get = get,
                                                  .list = list,
                                                  .remove = remove_all,
                                                  .free = dir_free};

int binhost_dir_open(const char *url, struct binhost_target **ret_target, struct err *err)
{
	const char *path = url + strlen("file://");
	if (!str_starts(url, "file:///") || !path_is_safe(path + 1)) {
		err_set(err, ERR_USAGE, "%s: not a directory's address", url);
		return err_hint(err, "file:///srv/binhost, an absolute path");
	}
	struct dir_target *dir = mem_alloc(sizeof *dir);
	dir->target = (struct binhost_target){&dir_ops, mem_strdup(url)};
	dir->root = mem_strdup(path);
	*ret_target = &dir->target;
	return 0;
}
