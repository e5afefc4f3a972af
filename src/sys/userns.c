/* User namespaces and what comes with them: ids, loopback, host name (user_namespaces(7)). */
#include "userns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"

/* The value of a sysctl file, or -1 when there is none. */
static long read_sysctl(const char *path)
{
	own(str) text = {0};
	if (fs_read(path, 64, &text, NULL) < 0)
		return -1;
	return strtol(str_text(&text), NULL, 10);
}

/* Three different locks are in use against user namespaces; name the one that is shut. */
static void hint_why_refused(struct err *err)
{
	if (read_sysctl("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		err_hint(err, "as root: sysctl -w kernel.unprivileged_userns_clone=1");
	else if (read_sysctl("/proc/sys/user/max_user_namespaces") == 0)
		err_hint(err, "as root: sysctl -w user.max_user_namespaces=15000");
	else if (read_sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
		err_hint(err, "AppArmor refuses user namespaces; as root: sysctl -w "
		              "kernel.apparmor_restrict_unprivileged_userns=0, or load a profile "
		              "that allows `userns` for the sdk program");
	else
		err_hint(err, "in a container, allow user namespaces (its seccomp profile refuses "
		              "them), or run the SDK on the host");
}

pid_t userns_fork(bool network, struct err *err)
{
	unsigned long flags =
		CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
	if (!network)
		flags |= CLONE_NEWNET;
	/* Without CLONE_VM this is fork(2): the child goes on with a copy of everything. */
	long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0) {
		err_errno(err, "create namespaces");
		hint_why_refused(err);
	}
	return (pid_t)pid;
}

static int write_proc(const char *path, const char *text, struct err *err)
{
	own_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_errno(err, "%s", path);
	return 0;
}

int userns_map_ids(uid_t outer_uid, gid_t outer_gid, uid_t uid, gid_t gid, struct err *err)
{
	own_free char *uids = mem_printf("%u %u 1\n", uid, outer_uid);
	own_free char *gids = mem_printf("%u %u 1\n", gid, outer_gid);
	if (write_proc("/proc/self/setgroups", "deny", err) < 0 ||
	    write_proc("/proc/self/uid_map", uids, err) < 0 ||
	    write_proc("/proc/self/gid_map", gids, err) < 0) {
		hint_why_refused(err);
		return -1;
	}
	return 0;
}

int userns_loopback_up(struct err *err)
{
	own_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo"};
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return err_errno(err, "loopback interface");
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return err_errno(err, "loopback interface");
	return 0;
}

/* Before the first child is made the offsets may be set, afterwards no more. */
static bool shift_clocks(long seconds)
{
	own_free char *offsets = mem_printf("monotonic %ld 0\nboottime %ld 0\n", seconds, seconds);
	return unshare(CLONE_NEWTIME) == 0 &&
	       write_proc("/proc/self/timens_offsets", offsets, NULL) == 0;
}

int userns_take_guise(const struct userns_guise *guise, bool *ret_clock, struct err *err)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	if (unshare(CLONE_NEWUSER | CLONE_NEWUTS) < 0) {
		err_errno(err, "create namespaces");
		hint_why_refused(err);
		return -1;
	}
	if (userns_map_ids(uid, gid, guise->uid, guise->gid, err) < 0)
		return -1;
	if (sethostname(guise->hostname, strlen(guise->hostname)) < 0)
		return err_errno(err, "set the host name");
	*ret_clock = shift_clocks(guise->clock_s);
	return 0;
}
