/* Mounts inside a mount namespace of our own (mount(2), mount_setattr(2), overlayfs.rst). */
#include "mount.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"

int mount_enter_scratch(const char *old_root, struct err *err)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_errno(err, "make mounts private");
	/* Any directory will do: the tmpfs leaves it again with the pivot. */
	if (mount("tmpfs", "/tmp", "tmpfs", MS_NODEV | MS_NOSUID, "mode=0755") < 0)
		return err_errno(err, "mount a tmpfs");
	own_free char *put_old = path_join("/tmp", old_root + 1);
	if (mkdir(put_old, 0755) < 0 || syscall(SYS_pivot_root, "/tmp", put_old) < 0 ||
	    chdir("/") < 0)
		return err_errno(err, "pivot_root");
	return 0;
}

int mount_finish(const char *new_root, struct err *err)
{
	/* The trick of pivot_root(2): the old root ends up stacked on the new one, and goes. */
	if (chdir(new_root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_errno(err, "pivot_root to %s", new_root);
	return 0;
}

int mount_tmpfs(const char *target, unsigned mode, struct err *err)
{
	own_free char *options = mem_printf("mode=%o", mode);
	if (mount("tmpfs", target, "tmpfs", MS_NODEV | MS_NOSUID, options) < 0)
		return err_errno(err, "mount a tmpfs on %s", target);
	return 0;
}

static int set_read_only(const char *target, struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	if (syscall(SYS_mount_setattr, AT_FDCWD, target, AT_RECURSIVE, &attr, sizeof attr) < 0)
		return err_errno(err, "make %s read-only", target);
	return 0;
}

int mount_bind(const char *source, const char *target, bool writable, struct err *err)
{
	if (mount(source, target, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_errno(err, "bind %s to %s", source, target);
	return writable ? 0 : set_read_only(target, err);
}

static int configure(int fs, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key,
	                    value, 0);
}

/* By the new mount API: one option a layer, so that neither their number nor their names are
 * bounded by a page of options (Linux 6.8). The quick way. */
static int overlay_by_fsconfig(const struct strv *layers, const char *target)
{
	own_fd int fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -1;
	for (size_t i = 0; i < layers->count; i++)
		if (configure(fs, "lowerdir+", layers->items[i]) < 0)
			return -1;
	if (configure(fs, "userxattr", NULL) < 0 ||
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	own_fd int tree = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
	if (tree < 0)
		return -1;
	return (int)syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
}

/* Before Linux 6.8 all layers are named in the one page of options that mount(2) takes: too little
 * for the paths of a store. So each gets a short name, which the kernel follows once, when it
 * mounts; they also hold none of the ':', ',' and '\' that mean something there. */
#define NAMES "/l"

static int make_names(const struct strv *layers, struct str *options, struct err *err)
{
	if (mkdir(NAMES, 0755) < 0)
		return err_errno(err, "%s", NAMES);
	str_add(options, "userxattr,lowerdir=");
	for (size_t i = 0; i < layers->count; i++) {
		own_free char *name = mem_printf(NAMES "/%zu", i);
		if (symlink(layers->items[i], name) < 0)
			return err_errno(err, "%s", name);
		str_addf(options, "%s%s", i ? ":" : "", name);
	}
	return 0;
}

static int overlay_by_options(const struct strv *layers, const char *target, struct err *err)
{
	own(str) options = {0};
	if (make_names(layers, &options, err) < 0)
		return -1;
	if (mount("overlay", target, "overlay", MS_RDONLY, str_text(&options)) == 0)
		return fs_remove_tree(NAMES, err);
	err_errno(err, "mount an overlay of %zu layers on %s", layers->count, target);
	return err_hint(err,
	                "overlays in user namespaces need Linux 5.12, and hold at most 500 layers");
}

int mount_overlay(const struct strv *layers, const char *target, struct err *err)
{
	if (layers->count == 1)
		return mount_bind(layers->items[0], target, false, err);
	if (overlay_by_fsconfig(layers, target) == 0)
		return 0;
	return overlay_by_options(layers, target, err);
}

int mount_proc(const char *target, struct err *err)
{
	if (mount("proc", target, "proc", MS_NODEV | MS_NOSUID | MS_NOEXEC, NULL) == 0)
		return 0;
	err_errno(err, "mount proc");
	return err_hint(err,
	                "a container that hides parts of /proc allows no new one: start it with "
	                "an unmasked /proc");
}

static int make_device(const char *host_dev, const char *target, const char *name, struct err *err)
{
	own_free char *from = path_join(host_dev, name);
	own_free char *to = path_join(target, name);
	own_fd int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_errno(err, "%s", to);
	return mount_bind(from, to, true, err);
}

static int make_link(const char *target, const char *name, const char *value, struct err *err)
{
	own_free char *path = path_join(target, name);
	return symlink(value, path) < 0 ? err_errno(err, "%s", path) : 0;
}

static int make_pts(const char *target, struct err *err)
{
	own_free char *pts = path_join(target, "pts");
	if (mkdir(pts, 0755) < 0 || mount("devpts", pts, "devpts", MS_NOSUID | MS_NOEXEC,
	                                  "newinstance,ptmxmode=0666,mode=620"))
		return err_errno(err, "mount devpts");
	return make_link(target, "ptmx", "pts/ptmx", err);
}

int mount_dev(const char *host_dev, const char *target, struct err *err)
{
	static const char *const nodes[] = {"null", "zero", "full", "random", "urandom", "tty"};
	static const char *const links[][2] = {{"fd", "/proc/self/fd"},
	                                       {"stdin", "/proc/self/fd/0"},
	                                       {"stdout", "/proc/self/fd/1"},
	                                       {"stderr", "/proc/self/fd/2"}};
	if (mount_tmpfs(target, 0755, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		if (make_device(host_dev, target, nodes[i], err) < 0)
			return -1;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (make_link(target, links[i][0], links[i][1], err) < 0)
			return -1;
	own_free char *shm = path_join(target, "shm");
	if (mkdir(shm, 01777) < 0)
		return err_errno(err, "%s", shm);
	return make_pts(target, err);
}
