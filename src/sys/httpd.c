/* A static file server for a LAN, by libmicrohttpd. */
#include "httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mem.h"
#include "own.h"
#include "str.h"

enum { MAX_CONNECTIONS = 512, IDLE_SECONDS = 60, MAX_THREADS = 8, TAG_BYTES = 80 };

struct httpd {
	struct httpd_options options;
	struct MHD_Daemon *daemon;
	int root;
};

/* The part of a file that is asked for. */
struct range {
	bool is_part, is_outside;
	uint64_t first, count;
};

/* ---- what is asked for */

static int open_served(const struct httpd *httpd, const char *path, struct stat *st)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
	                       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
	                                  RESOLVE_NO_MAGICLINKS};
	if (path[0] != '/' || !httpd->options.is_served(path + 1))
		return -1;
	int fd = (int)syscall(SYS_openat2, httpd->root, path + 1, &how, sizeof how);
	if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Files are replaced by renames, so the inode and the time tell one content from another. */
static void format_tag(const struct stat *st, char tag[TAG_BYTES])
{
	snprintf(tag, TAG_BYTES, "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 ".%09ld\"",
	         (uint64_t)st->st_ino, (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec,
	         st->st_mtim.tv_nsec);
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* RFC 9110, 13.1.2: a list of tags, or "*". */
static bool has_tag(const char *list, const char *tag)
{
	return list && (strcmp(list, "*") == 0 || strstr(list, tag));
}

/* RFC 9110, 14.1.2: "bytes=first-", "bytes=first-last" or "bytes=-count". Several parts, or what
 * can't be understood, are answered with the whole, as the RFC allows. */
static struct range read_range(const char *text, uint64_t size)
{
	struct range whole = {.count = size}, part = {.is_part = true};
	uint64_t last;
	static const char unit[] = "bytes=";
	if (!text || strncmp(text, unit, sizeof unit - 1) != 0)
		return whole;
	text += sizeof unit - 1;
	if (*text == '-') {
		text++;
		if (!str_read_number(&text, &last) || *text)
			return whole;
		part.is_outside = last == 0 || size == 0;
		part.count = last < size ? last : size;
		part.first = size - part.count;
		return part;
	}
	if (!str_read_number(&text, &part.first) || *text++ != '-')
		return whole;
	last = size ? size - 1 : 0;
	if (*text && (!str_read_number(&text, &last) || *text || last < part.first))
		return whole;
	part.is_outside = part.first >= size;
	if (!part.is_outside)
		part.count = (last < size ? last + 1 : size) - part.first;
	return part;
}

static struct range find_range(struct MHD_Connection *connection, const struct stat *st,
                               const char *tag)
{
	const char *if_range = header(connection, MHD_HTTP_HEADER_IF_RANGE);
	bool is_same = !if_range || strcmp(if_range, tag) == 0;
	return read_range(is_same ? header(connection, MHD_HTTP_HEADER_RANGE) : NULL,
	                  (uint64_t)st->st_size);
}

/* ---- answers */

static void tell(const struct httpd *httpd, struct MHD_Connection *connection, const char *method,
                 const char *path, unsigned status, uint64_t bytes)
{
	char client[64] = "?";
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	socklen_t length = info && info->client_addr->sa_family == AF_INET6
	                           ? sizeof(struct sockaddr_in6)
	                           : sizeof(struct sockaddr_in);
	if (info)
		getnameinfo(info->client_addr, length, client, sizeof client, NULL, 0,
		            NI_NUMERICHOST);
	struct httpd_answer answer = {
		.method = method, .path = path, .client = client, .status = status, .bytes = bytes};
	if (httpd->options.tell)
		httpd->options.tell(httpd->options.context, &answer);
}

static struct MHD_Response *make_text(const char *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);
	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
	return response;
}

/* Takes over the file. */
static struct MHD_Response *make_part(int fd, const struct stat *st, const struct range *range)
{
	char text[96];
	struct MHD_Response *response =
		MHD_create_response_from_fd_at_offset64(range->count, fd, range->first);
	if (!response) {
		close(fd);
		return NULL;
	}
	snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->first,
	         range->first + range->count - 1, (uint64_t)st->st_size);
	if (range->is_part)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, text);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/octet-stream");
	return response;
}

static struct MHD_Response *make_outside(const struct stat *st)
{
	char text[64];
	struct MHD_Response *response = make_text("no such part\n");
	snprintf(text, sizeof text, "bytes */%" PRIu64, (uint64_t)st->st_size);
	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, text);
	return response;
}

/* What to say of a file that is there; takes it over. */
static struct MHD_Response *make_file(struct MHD_Connection *connection, int fd,
                                      const struct stat *st, unsigned *ret_status,
                                      uint64_t *ret_bytes)
{
	char tag[TAG_BYTES];
	format_tag(st, tag);
	struct range range = find_range(connection, st, tag);
	struct MHD_Response *response;
	bool is_known = has_tag(header(connection, MHD_HTTP_HEADER_IF_NONE_MATCH), tag);
	if (is_known || range.is_outside) {
		close(fd);
		response =
			is_known ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
				 : make_outside(st);
		*ret_status = is_known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_RANGE_NOT_SATISFIABLE;
	} else {
		response = make_part(fd, st, &range);
		*ret_status = range.is_part ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK;
		*ret_bytes = range.count;
	}
	if (response) {
		MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag);
		MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
	}
	return response;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_bytes, void **state)
{
	(void)version, (void)upload, (void)state;
	const struct httpd *httpd = context;
	struct MHD_Response *response;
	struct stat st;
	unsigned status;
	uint64_t bytes = 0;
	bool is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
	int fd = -1;
	*upload_bytes = 0;
	if (!is_head && strcmp(method, MHD_HTTP_METHOD_GET) != 0) {
		status = MHD_HTTP_METHOD_NOT_ALLOWED;
		response = make_text("GET and HEAD alone\n");
		if (response)
			MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	} else if ((fd = open_served(httpd, path, &st)) < 0) {
		status = MHD_HTTP_NOT_FOUND;
		response = make_text("not here\n");
	} else {
		response = make_file(connection, fd, &st, &status, &bytes);
	}
	if (!response)
		return MHD_NO;
	tell(httpd, connection, method, path, status, is_head ? 0 : bytes);
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* ---- starting and stopping */

static unsigned thread_count(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	return processors < 2 ? 2 : processors > MAX_THREADS ? MAX_THREADS : (unsigned)processors;
}

static struct MHD_Daemon *start(struct httpd *httpd, const struct addrinfo *at)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_TURBO;
	if (at->ai_family == AF_INET6)
		flags |= httpd->options.address ? MHD_USE_IPv6 : MHD_USE_DUAL_STACK;
	return MHD_start_daemon(flags, httpd->options.port, NULL, NULL, answer, httpd,
	                        MHD_OPTION_SOCK_ADDR, at->ai_addr, MHD_OPTION_THREAD_POOL_SIZE,
	                        thread_count(), MHD_OPTION_CONNECTION_LIMIT,
	                        (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
	                        (unsigned)IDLE_SECONDS, MHD_OPTION_END);
}

static int listen_on(struct httpd *httpd, struct err *err)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	                         .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char port[8];
	snprintf(port, sizeof port, "%u", httpd->options.port);
	int failure = getaddrinfo(httpd->options.address, port, &hints, &found);
	if (failure)
		return err_set(err, ERR_INPUT, "%s: %s",
		               httpd->options.address ? httpd->options.address : "*",
		               gai_strerror(failure));
	/* IPv6 first: without an address it takes IPv4 as well. */
	for (int family = AF_INET6;; family = AF_INET) {
		for (struct addrinfo *at = found; at && !httpd->daemon; at = at->ai_next)
			if (at->ai_family == family)
				httpd->daemon = start(httpd, at);
		if (family == AF_INET)
			break;
	}
	freeaddrinfo(found);
	if (httpd->daemon)
		return 0;
	return err_errno(err, "listen on port %u", httpd->options.port);
}

int httpd_start(const struct httpd_options *options, struct httpd **ret_httpd, struct err *err)
{
	struct httpd *httpd = mem_alloc(sizeof *httpd);
	*httpd = (struct httpd){.options = *options};
	httpd->root = open(options->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = httpd->root < 0
	                     ? err_set(err, ERR_INPUT, "%s: %s", options->root, strerror(errno))
	                     : listen_on(httpd, err);
	if (result < 0)
		httpd_stop(httpd);
	else
		*ret_httpd = httpd;
	return result;
}

uint16_t httpd_port(const struct httpd *httpd)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(httpd->daemon, MHD_DAEMON_INFO_BIND_PORT);
	return info ? info->port : httpd->options.port;
}

void httpd_stop(struct httpd *httpd)
{
	if (!httpd)
		return;
	if (httpd->daemon)
		MHD_stop_daemon(httpd->daemon);
	if (httpd->root >= 0)
		close(httpd->root);
	free(httpd);
}
