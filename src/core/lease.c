/* Leases: what keeps `sdk gc` from taking away what a running command counts on. */
#include "lease.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"

#define PREFIX "lease-"

static char *leases_path(const char *dir, const char *name)
{
	return path_printf("%s/.leases/%s", dir, name);
}

/* ---- taking one */

static int lock_gate(const char *dir, bool exclusive, int *ret_fd, struct err *err)
{
	own_free char *path = leases_path(dir, "gate");
	return fs_lock(path, exclusive, true, ret_fd, err);
}

static bool is_foreign(const struct err *err)
{
	return err->sys_errno == EROFS || err->sys_errno == EACCES || err->sys_errno == EPERM;
}

/* With the gate held. The lock comes right after the file: nobody looks at it before. */
static int make_lease(const char *dir, int *ret_fd, char **ret_path, struct err *err)
{
	own_free char *path = leases_path(dir, PREFIX "XXXXXX");
	own_fd int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		err_errno(err, "lock %s", path);
		unlink(path);
		return -1;
	}
	*ret_fd = steal_fd(fd);
	*ret_path = steal_ptr(path);
	return 0;
}

static int take_one(const char *dir, int *ret_fd, char **ret_path, struct err *err)
{
	own_fd int gate = -1;
	own(err) refused = {0};
	if (lock_gate(dir, false, &gate, &refused) == 0 &&
	    make_lease(dir, ret_fd, ret_path, &refused) == 0)
		return 0;
	return is_foreign(&refused) ? 0 : err_move(err, &refused);
}

int lease_take(struct workspace *workspace, struct lease *ret_lease, struct err *err)
{
	struct lease lease = {.fds = {-1, -1}};
	if (take_one(workspace->out, &lease.fds[0], &lease.paths[0], err) < 0 ||
	    take_one(workspace->cache, &lease.fds[1], &lease.paths[1], err) < 0) {
		lease_release(&lease);
		return -1;
	}
	workspace->leased = true;
	*ret_lease = lease;
	return 0;
}

void lease_release(struct lease *lease)
{
	for (size_t i = 0; i < 2; i++) {
		if (!lease->paths[i])
			continue;
		unlink(lease->paths[i]);
		close(lease->fds[i]);
		free(lease->paths[i]);
		lease->paths[i] = NULL;
	}
}

/* ---- marks */

static bool is_below(const char *path, const char *dir)
{
	size_t length = strlen(dir);
	return strncmp(path, dir, length) == 0 && path[length] == '/';
}

/* The one whose gate guards the path: of two that hold it, the inner one. */
static const char *guarded_dir(const struct workspace *workspace, const char *path)
{
	bool out = is_below(path, workspace->out), cache = is_below(path, workspace->cache);
	if (out && cache)
		return strlen(workspace->out) > strlen(workspace->cache) ? workspace->out
		                                                         : workspace->cache;
	return out ? workspace->out : cache ? workspace->cache : NULL;
}

bool lease_mark(const struct workspace *workspace, const char *path)
{
	struct stat st;
	time_t now = time(NULL);
	if (stat(path, &st) < 0)
		return false;
	const char *dir = guarded_dir(workspace, path);
	if (!workspace->leased || !dir || st.st_mtime > now - LEASE_MARK_S)
		return true;
	own_fd int gate = -1;
	if (lock_gate(dir, false, &gate, NULL) < 0)
		return fs_exists(path); /* not ours to keep */
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = now}};
	return utimensat(AT_FDCWD, path, times, 0) == 0 || errno != ENOENT;
}

/* ---- gc's side */

/* A lease whose lock can be had is a dead process's. */
static void look_at_lease(const char *path, struct lease_gate *gate)
{
	own_fd int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		unlink(path);
		return;
	}
	gate->holders++;
	if (st.st_mtime - LEASE_MARK_S < gate->floor)
		gate->floor = st.st_mtime - LEASE_MARK_S;
}

int lease_shut_gate(const char *dir, struct lease_gate *ret_gate, struct err *err)
{
	own(strv) names = {0};
	own_free char *leases = leases_path(dir, "");
	/* Without leases nothing is in use. */
	struct lease_gate gate = {.fd = -1, .floor = INT64_MAX};
	if (lock_gate(dir, true, &gate.fd, err) < 0)
		return -1;
	if (fs_list(leases, &names, err) < 0) {
		lease_gate_release(&gate);
		return -1;
	}
	for (size_t i = 0; i < names.count; i++) {
		own_free char *path = leases_path(dir, names.items[i]);
		if (str_starts(names.items[i], PREFIX))
			look_at_lease(path, &gate);
	}
	*ret_gate = gate;
	return 0;
}

void lease_gate_release(struct lease_gate *gate)
{
	if (gate->fd >= 0)
		close(gate->fd);
	gate->fd = -1;
}

int lease_lock_gc(const char *dir, int *ret_fd, struct err *err)
{
	own_free char *path = leases_path(dir, "gc");
	own(err) busy = {0};
	if (fs_lock(path, true, false, ret_fd, &busy) == 0)
		return 0;
	if (busy.sys_errno != EWOULDBLOCK)
		return err_move(err, &busy);
	err_set(err, ERR_USAGE, "another `sdk gc` is at work in %s", dir);
	return err_hint(err, "wait for it");
}
