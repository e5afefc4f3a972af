/* Which files below a directory are opened, by inotify(7). */
#include "watch.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "str.h"

/* The kernel keeps 16384 events by default: no machine opens as many files in this time. */
enum { BUNCH_MS = 20, MAX_EVENT_BYTES = 64 << 10 };

void watch_release(struct watch *watch)
{
	if (watch->fd > 0)
		close(watch->fd);
	vec_release(&watch->dirs);
	map_release(&watch->files);
	arena_release(&watch->arena);
	*watch = (struct watch){.fd = -1};
}

/* ---- the directories */

static int add_dir(struct watch *watch, const char *path, const char *relative, struct err *err)
{
	int id = inotify_add_watch(watch->fd, path, IN_OPEN | IN_ONLYDIR | IN_DONT_FOLLOW);
	if (id < 0)
		return err_errno(err, "watch %s", path);
	while (watch->dirs.count <= (size_t)id)
		vec_push(&watch->dirs, NULL);
	watch->dirs.items[id] = arena_strdup(&watch->arena, relative);
	return 0;
}

static bool is_dir(const char *path, const struct dirent *entry)
{
	struct stat st;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Children first: reading a directory that is watched already would be an event. */
static int add_tree(struct watch *watch, const char *path, const char *relative, struct err *err)
{
	own_dir DIR *dir = opendir(path);
	if (!dir)
		return err_errno(err, "%s", path);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
			continue;
		own_free char *child = path_join(path, entry->d_name);
		own_free char *below =
			*relative ? path_join(relative, entry->d_name) : mem_strdup(entry->d_name);
		if (is_dir(child, entry) && add_tree(watch, child, below, err) < 0)
			return -1;
	}
	return add_dir(watch, path, relative, err);
}

int watch_open(const char *root, struct watch *ret_watch, struct err *err)
{
	struct watch watch = {.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
	if (watch.fd < 0)
		return err_errno(err, "inotify");
	if (add_tree(&watch, root, "", err) < 0) {
		watch_release(&watch);
		return -1;
	}
	*ret_watch = watch;
	return 0;
}

/* ---- the events */

static void note(struct watch *watch, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW)
		watch->has_lost = true;
	if (!(event->mask & IN_OPEN) || event->mask & IN_ISDIR || !event->len ||
	    (size_t)event->wd >= watch->dirs.count)
		return;
	const char *dir = watch->dirs.items[event->wd];
	own_free char *path = *dir ? path_join(dir, event->name) : mem_strdup(event->name);
	if (!map_get(&watch->files, path))
		map_set(&watch->files, arena_strdup(&watch->arena, path), watch);
}

void watch_take(struct watch *watch)
{
	_Alignas(struct inotify_event) char bytes[MAX_EVENT_BYTES];
	ssize_t count;
	while ((count = read(watch->fd, bytes, sizeof bytes)) > 0 || (count < 0 && errno == EINTR))
		for (ssize_t at = 0; at < count;) {
			const struct inotify_event *event = (const void *)(bytes + at);
			note(watch, event);
			at += (ssize_t)(sizeof *event + event->len);
		}
}

void watch_wait(struct watch *watch, int fd)
{
	struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = watch->fd, .events = POLLIN}};
	if (poll(fds, 2, -1) < 0 || !fds[1].revents)
		return;
	poll(fds, 1, BUNCH_MS);
	watch_take(watch);
}

int watch_write(const struct watch *watch, int fd, struct err *err)
{
	own(str) text = {0};
	size_t cursor = 0;
	for (const struct map_entry *entry; (entry = map_next(&watch->files, &cursor));)
		str_add_bytes(&text, entry->key, strlen(entry->key) + 1);
	if (!watch->has_lost)
		str_add_char(&text, '\0');
	return fs_write_all(fd, str_text(&text), text.len, err);
}
