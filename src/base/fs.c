/* Files: reading whole, writing whole by rename, trees, locks. */
#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "own.h"
#include "path.h"

/* `st`: the file's. What has a size ends where less is read than was asked for; the files of /proc
 * and the like have none. */
static int read_fd(int fd, const char *path, const struct stat *st, size_t max_bytes,
                   struct str *ret_text, struct err *err)
{
	bool has_size = S_ISREG(st->st_mode) && st->st_size > 0;
	size_t step = has_size ? (size_t)st->st_size + 1 : 64 * 1024;
	size_t start = ret_text->len;
	for (;;) {
		ssize_t count = read(fd, str_room(ret_text, step), step);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return err_errno(err, "%s", path);
		ret_text->len += (size_t)count;
		ret_text->data[ret_text->len] = '\0';
		if (ret_text->len - start > max_bytes)
			return err_set(err, ERR_INPUT, "%s: larger than %zu bytes", path,
			               max_bytes);
		if (count == 0 || (has_size && (size_t)count < step))
			return 0;
		step = 64 * 1024;
	}
}

int fs_read(const char *path, size_t max_bytes, struct str *ret_text, struct err *err)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "%s", path);
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_errno(err, "%s", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_INPUT, "%s: is a directory", path);
	return read_fd(fd, path, &st, max_bytes, ret_text, err);
}

int fs_write_all(int fd, const void *bytes, size_t count, struct err *err)
{
	const char *rest = bytes;
	while (count) {
		ssize_t done = write(fd, rest, count);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_errno(err, "write");
		rest += done;
		count -= (size_t)done;
	}
	return 0;
}

static int write_and_sync(int fd, const void *bytes, size_t count, mode_t mode, struct err *err)
{
	if (fs_write_all(fd, bytes, count, err) < 0)
		return -1;
	if (fchmod(fd, mode) < 0)
		return err_errno(err, "chmod");
	if (fsync(fd) < 0)
		return err_errno(err, "fsync");
	return 0;
}

int fs_write_file(const char *path, const void *bytes, size_t count, mode_t mode, struct err *err)
{
	own_free char *temporary = NULL;
	int fd;
	if (fs_open_beside(path, &temporary, &fd, err) < 0)
		return -1;
	int result = write_and_sync(fd, bytes, count, mode, err);
	if (close(fd) < 0 && result == 0)
		result = err_errno(err, "close");
	if (result == 0 && rename(temporary, path) < 0)
		result = err_errno(err, "rename");
	if (result < 0) {
		unlink(temporary);
		return err_wrap(err, "%s", path);
	}
	return 0;
}

int fs_write_text(const char *path, const char *text, struct err *err)
{
	return fs_write_file(path, text, strlen(text), 0644, err);
}

int fs_make_dirs(const char *path, mode_t mode, struct err *err)
{
	if (mkdir(path, mode) == 0 || (errno == EEXIST && fs_is_dir(path)))
		return 0;
	if (errno != ENOENT)
		return err_errno(err, "mkdir %s", path);
	if (fs_make_parents(path, err) < 0)
		return -1;
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return err_errno(err, "mkdir %s", path);
	return 0;
}

int fs_make_parents(const char *path, struct err *err)
{
	own_free char *parent = path_dir(path);
	return fs_make_dirs(parent, 0755, err);
}

static int remove_at(int parent, const char *name, struct err *err);

static int remove_children(int dir_fd, struct err *err)
{
	own_dir DIR *dir = fdopendir(dir_fd);
	if (!dir) {
		close(dir_fd);
		return err_errno(err, "opendir");
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
			continue;
		if (remove_at(dirfd(dir), entry->d_name, err) < 0)
			return -1;
	}
	return 0;
}

static int open_dir_for_removal(int parent, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent, name, flags);
	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
		fd = openat(parent, name, flags);
	if (fd >= 0)
		(void)!fchmod(fd, 0700); /* a read-only directory would keep its children */
	return fd;
}

static int remove_at(int parent, const char *name, struct err *err)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM && errno != EACCES)
		return err_errno(err, "unlink %s", name);
	int unlink_errno = errno;
	int fd = open_dir_for_removal(parent, name);
	if (fd < 0) {
		if (errno == ENOTDIR)
			errno = unlink_errno;
		return err_errno(err, "remove %s", name);
	}
	if (remove_children(fd, err) < 0)
		return err_wrap(err, "%s", name);
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0)
		return err_errno(err, "rmdir %s", name);
	return 0;
}

int fs_remove_tree(const char *path, struct err *err)
{
	return remove_at(AT_FDCWD, path, err);
}

static void sync_parent(const char *path)
{
	own_free char *parent = path_dir(path);
	own_fd int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)!fsync(fd); /* not every file system can sync a directory */
}

/* The files of a tree have not been synced one by one; a file has, by whoever wrote it. */
static int sync_tree(const char *path, struct err *err)
{
	own_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOTDIR)
		return 0;
	return fd < 0 || syncfs(fd) < 0 ? err_errno(err, "sync %s", path) : 0;
}

int fs_publish(const char *temporary, const char *final, struct err *err)
{
	if (sync_tree(temporary, err) < 0)
		return -1;
	if (rename(temporary, final) < 0)
		return err_errno(err, "rename %s to %s", temporary, final);
	sync_parent(final);
	return 0;
}

static int copy_bytes(int from, int to, struct err *err)
{
	char buffer[64 * 1024];
	for (;;) {
		ssize_t count = copy_file_range(from, NULL, to, NULL, 1 << 30, 0);
		if (count > 0)
			continue;
		if (count < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS &&
		    errno != EOPNOTSUPP && errno != EBADF)
			return err_errno(err, "copy");
		break;
	}
	for (;;) { /* what copy_file_range left over, or all of it where it can't copy */
		ssize_t count = read(from, buffer, sizeof buffer);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return err_errno(err, "read");
		if (count == 0)
			return 0;
		if (fs_write_all(to, buffer, (size_t)count, err) < 0)
			return -1;
	}
}

int fs_copy_file(const char *from, const char *to, mode_t mode, struct err *err)
{
	own_fd int in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return err_errno(err, "%s", from);
	own_fd int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (out < 0)
		return err_errno(err, "%s", to);
	if (copy_bytes(in, out, err) < 0)
		return err_wrap(err, "%s", to);
	if (fchmod(out, mode) < 0)
		return err_errno(err, "chmod %s", to);
	if (close(steal_fd(out)) < 0)
		return err_errno(err, "close %s", to);
	return 0;
}

bool fs_exists(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

bool fs_is_dir(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool fs_is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool fs_is_inside(const char *path, const char *dir)
{
	own_free char *real = realpath(path, NULL);
	own_free char *real_dir = realpath(dir, NULL);
	if (!real || !real_dir)
		return false;
	size_t length = strlen(real_dir);
	return !strncmp(real, real_dir, length) && (real[length] == '/' || !real[length]);
}

char *fs_read_link(const char *path)
{
	char target[4096];
	ssize_t length = readlink(path, target, sizeof target);
	return length < 0 ? NULL : mem_strndup(target, (size_t)length);
}

/* ---- below what others have written */

int fs_open_below(const char *root, const char *relative, int flags)
{
	struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC,
	                       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	own_fd int top = open(root, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return top < 0 ? -1 : (int)syscall(SYS_openat2, top, relative, &how, sizeof how);
}

int fs_make_dirs_below(const char *root, const char *relative)
{
	own(strv) names = {0};
	strv_split(&names, relative, "/");
	own_fd int dir = fs_open_below(root, ".", FS_DIR);
	for (size_t i = 0; dir >= 0 && i < names.count; i++) {
		if (mkdirat(dir, names.items[i], 0755) < 0 && errno != EEXIST)
			return -1;
		int next = openat(dir, names.items[i], FS_DIR);
		close(dir);
		dir = next;
	}
	return steal_fd(dir);
}

int fs_read_below(const char *root, const char *relative, size_t max_bytes, struct str *ret_text,
                  struct err *err)
{
	own_free char *path = path_join(root, relative);
	/* A FIFO would never end. */
	own_fd int fd = fs_open_below(root, relative, O_RDONLY | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INPUT, "%s: no ordinary file", path);
	return read_fd(fd, path, &st, max_bytes, ret_text, err);
}

/* ---- directories */

static int list_dir(DIR *dir, struct strv *ret_names)
{
	for (struct dirent *entry; (entry = readdir(dir));)
		if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, ".."))
			strv_add(ret_names, entry->d_name);
	strv_sort(ret_names);
	return 0;
}

int fs_list(const char *path, struct strv *ret_names, struct err *err)
{
	own_dir DIR *dir = opendir(path);
	return dir ? list_dir(dir, ret_names) : err_errno(err, "%s", path);
}

int fs_list_at(int dir_fd, struct strv *ret_names, struct err *err)
{
	int fd = openat(dir_fd, ".", FS_DIR);
	own_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	return dir ? list_dir(dir, ret_names) : err_errno(err, "read a directory");
}

struct walk {
	const char *root;
	fs_visit *visit;
	void *context;
};

static int walk_dir(const struct walk *walk, const char *relative, struct err *err)
{
	own_free char *path = *relative ? path_join(walk->root, relative) : mem_strdup(walk->root);
	own(strv) names = {0};
	if (fs_list(path, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own_free char *child = *relative ? path_join(relative, names.items[i])
		                                 : mem_strdup(names.items[i]);
		own_free char *full = path_join(walk->root, child);
		struct stat st;
		if (lstat(full, &st) < 0)
			return err_errno(err, "%s", full);
		int result = walk->visit(walk->context, child, &st, err);
		if (result == 0 && S_ISDIR(st.st_mode))
			result = walk_dir(walk, child, err);
		if (result < 0)
			return result;
	}
	return 0;
}

int fs_walk(const char *root, fs_visit *visit, void *context, struct err *err)
{
	struct walk walk = {root, visit, context};
	return walk_dir(&walk, "", err);
}

int fs_lock(const char *path, bool exclusive, bool wait, int *ret_fd, struct err *err)
{
	if (fs_make_parents(path, err) < 0)
		return -1;
	own_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_errno(err, "%s", path);
	int operation = (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB);
	while (flock(fd, operation) < 0)
		if (errno != EINTR)
			return err_errno(err, "lock %s", path);
	*ret_fd = steal_fd(fd);
	return 0;
}

uint64_t fs_free_bytes(const char *path)
{
	struct statvfs vfs;
	return statvfs(path, &vfs) < 0 ? 0 : (uint64_t)vfs.f_bavail * vfs.f_frsize;
}
