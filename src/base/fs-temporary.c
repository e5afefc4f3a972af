/* Temporaries: names that no other process has, and how one sees that their owner is dead.
 *
 * Process ids say neither. Processes in namespaces of their own (`sdk enter`) have the same small
 * ones, and cannot see those outside: there, a living owner looks dead. So names are random, and an
 * owner holds a lock on its directory, which the kernel drops with the process. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"

#define PREFIX ".tmp-"

/* What this process holds. Callers know paths only, and a lock must last until the tree is removed,
 * renamed or abandoned by a killed process: a descriptor that nobody hands around does that. */
struct held {
	char *path;
	int fd;
};
static VEC(struct held) held;

static bool is_at(int fd, const char *path)
{
	struct stat open_one, named;
	return fstat(fd, &open_one) == 0 && lstat(path, &named) == 0 &&
	       open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/* Trees that are gone, or have their final names: a process may make thousands. */
static void let_go(void)
{
	size_t kept = 0;
	for (vec_each(item, &held)) {
		if (is_at(item->fd, item->path)) {
			held.items[kept++] = *item;
			continue;
		}
		close(item->fd);
		free(item->path);
	}
	held.count = kept;
}

static int lock_dir(const char *path)
{
	own_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 ? -1 : steal_fd(fd);
}

/* False when somebody who cleans up came between making and locking. Where directories can't be
 * locked at all (some network file systems), nobody can clean up either. */
static bool hold(const char *path)
{
	int fd = lock_dir(path);
	if (fd < 0)
		return errno != EWOULDBLOCK && errno != ENOENT;
	if (!is_at(fd, path)) {
		close(fd);
		return false;
	}
	vec_push(&held, (struct held){mem_strdup(path), fd});
	return true;
}

char *fs_temporary_name(const char *path)
{
	uint64_t number;
	while (getrandom(&number, sizeof number, 0) != sizeof number)
		;
	return mem_printf("%s" PREFIX "%016" PRIx64, path, number);
}

int fs_open_beside(const char *path, char **ret_temporary, int *ret_fd, struct err *err)
{
	own_free char *temporary = fs_temporary_name(path);
	int fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, "create %s", temporary);
	*ret_temporary = steal_ptr(temporary);
	*ret_fd = fd;
	return 0;
}

int fs_make_temporary(const char *parent, char **ret_path, struct err *err)
{
	own_free char *inside = path_join(parent, "");
	if (fs_make_dirs(parent, 0755, err) < 0)
		return -1;
	let_go();
	for (;;) {
		own_free char *path = fs_temporary_name(inside);
		if (mkdir(path, 0755) < 0)
			return err_errno(err, "mkdir %s", path);
		if (hold(path)) {
			*ret_path = steal_ptr(path);
			return 0;
		}
	}
}

int fs_clean_temporaries(const char *parent, struct err *err)
{
	own(strv) names = {0};
	if (!fs_is_dir(parent))
		return 0;
	if (fs_list(parent, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own_free char *path = path_join(parent, names.items[i]);
		own_fd int fd = str_starts(names.items[i], PREFIX) ? lock_dir(path) : -1;
		if (fd >= 0 && fs_remove_tree(path, err) < 0)
			return -1;
	}
	return 0;
}
