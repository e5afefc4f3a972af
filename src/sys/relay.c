/* A way out of a sandbox without network, for one TCP port. */
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"

/* ---- inside: an address for all, and the port */

/* ip route add local 0.0.0.0/0 dev lo table local */
static int make_all_local(struct err *err)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		uint32_t interface;
	} request = {
		.header = {.nlmsg_len = sizeof request,
	                   .nlmsg_type = RTM_NEWROUTE,
	                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK},
		.route = {.rtm_family = AF_INET,
	                  .rtm_table = RT_TABLE_LOCAL,
	                  .rtm_protocol = RTPROT_STATIC,
	                  .rtm_scope = RT_SCOPE_HOST,
	                  .rtm_type = RTN_LOCAL},
		.attribute = {.rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = RTA_OIF},
		.interface = if_nametoindex("lo"),
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} answer = {0};
	own_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || send(fd, &request, sizeof request, 0) < 0 ||
	    recv(fd, &answer, sizeof answer, 0) < (ssize_t)sizeof answer.header)
		return err_errno(err, "relay: netlink");
	errno = -answer.error.error;
	return errno ? err_errno(err, "relay: route") : 0;
}

static int listen_on(uint16_t port, struct err *err)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(fd, SOMAXCONN) < 0) {
		err_errno(err, "relay: port %u", port);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* A socket belongs to the network in which it was made, wherever it is used. */
static int send_fd(int socket_fd, int fd)
{
	char byte = 0;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec vector = {&byte, 1};
	struct msghdr message = {.msg_iov = &vector,
	                         .msg_iovlen = 1,
	                         .msg_control = &control,
	                         .msg_controllen = sizeof control};
	control.header = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	return sendmsg(socket_fd, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int receive_fd(int socket_fd)
{
	char byte;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec vector = {&byte, 1};
	struct msghdr message = {.msg_iov = &vector,
	                         .msg_iovlen = 1,
	                         .msg_control = &control,
	                         .msg_controllen = sizeof control};
	int fd = -1;
	if (recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
	return fd;
}

struct visit {
	const struct proc *inside;
	uint16_t port;
	int socket_fd;
};

/* In a process of its own: there is no way back from the namespaces. */
static int visit_inside(void *context)
{
	const struct visit *visit = context;
	own(err) err = {0};
	if (setns(visit->inside->pidfd, CLONE_NEWUSER | CLONE_NEWNET) < 0 ||
	    make_all_local(&err) < 0)
		return errno ? errno : EIO;
	own_fd int fd = listen_on(visit->port, &err);
	return fd < 0 || send_fd(visit->socket_fd, fd) < 0 ? errno : 0;
}

static int open_inside(const struct proc *inside, uint16_t port, struct err *err)
{
	int fds[2], status;
	struct proc visitor;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(err, "relay");
	own_fd int ours = fds[0], theirs = fds[1];
	struct visit visit = {inside, port, theirs};
	if (proc_fork(visit_inside, &visit, &visitor, err) < 0 ||
	    proc_wait(&visitor, &status, err) < 0)
		return -1;
	if (status) {
		errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
		return err_errno(err, "relay: port %u of the sandbox", port);
	}
	int fd = receive_fd(ours);
	return fd < 0 ? err_set(err, ERR_SYSTEM, "relay: no socket") : fd;
}

/* ---- outside: one process a connection */

/* Passes on what has come from one to the other; an end is passed on, too. False when done. */
static bool pass_on(int from, int to)
{
	char bytes[65536];
	ssize_t count = read(from, bytes, sizeof bytes);
	if (count > 0)
		return fs_write_all(to, bytes, (size_t)count, NULL) == 0;
	shutdown(to, SHUT_WR);
	return false;
}

static void shuttle(int a, int b)
{
	struct pollfd polled[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
	while (polled[0].fd >= 0 || polled[1].fd >= 0) {
		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < 2; i++)
			if (polled[i].fd >= 0 && polled[i].revents &&
			    !pass_on(i ? b : a, i ? a : b))
				polled[i].fd = -1;
	}
}

static void serve(int inside)
{
	struct sockaddr_in wanted;
	socklen_t length = sizeof wanted;
	int on = 1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	int outside = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (getsockname(inside, (struct sockaddr *)&wanted, &length) == 0 &&
	    connect(outside, (struct sockaddr *)&wanted, sizeof wanted) == 0) {
		setsockopt(outside, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		setsockopt(inside, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		shuttle(inside, outside);
	}
	_exit(0);
}

static int run(void *context)
{
	const int *listen_fd = context;
	signal(SIGCHLD, SIG_IGN); /* nobody waits for those that serve */
	for (;;) {
		own_fd int fd = accept4(*listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0 && errno != EINTR && errno != ECONNABORTED)
			return 1;
		if (fd >= 0 && fork() == 0)
			serve(fd);
	}
}

int relay_start(const struct proc *inside, uint16_t port, struct proc *ret_proc, struct err *err)
{
	own_fd int fd = open_inside(inside, port, err);
	return fd < 0 ? -1 : proc_fork(run, &fd, ret_proc, err);
}
