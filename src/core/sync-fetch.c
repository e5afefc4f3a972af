/* Fetching from several git servers at once: a process each, since libgit2 blocks. */
#include "sync-fetch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "own.h"
#include "proc.h"
#include "str.h"
#include "vec.h"

enum { STALL_MS = 60 * 1000, SHOW_MS = 100, MAX_LINE = 4096 };

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- in the child: what happens, a line each */

struct child {
	const struct sync_fetch *fetch;
	int fd;
	int64_t shown_ms;
};

static void tell(const struct child *child, const char *word, const char *text)
{
	own_free char *line = mem_printf("%s %.*s\n", word, MAX_LINE - 64, text);
	for (char *c = line; c[1]; c++)
		if (*c == '\n')
			*c = ' ';
	size_t length = strlen(line);
	if (write(child->fd, line, length) != (ssize_t)length)
		_exit(1); /* nobody listens */
}

static void on_progress(void *context, size_t done, size_t total, size_t bytes)
{
	struct child *child = context;
	int64_t now = now_ms();
	if (now - child->shown_ms < SHOW_MS && done < total)
		return;
	child->shown_ms = now;
	own_free char *text = mem_printf("%zu %zu %zu", done, total, bytes);
	tell(child, "progress", text);
}

static int fetch_in_child(void *context)
{
	struct child *child = context;
	own(git_fetched) fetched = {0};
	own(err) err = {0};
	struct git_fetch_spec spec = child->fetch->spec;
	spec.progress = on_progress;
	spec.context = child;
	signal(SIGPIPE, SIG_IGN);
	if (git_fetch(&spec, &fetched, &err) == 0) {
		if (fetched.branch)
			tell(child, "branch", fetched.branch);
		tell(child, "id", fetched.id);
		return 0;
	}
	own_free char *kind = mem_printf("%d", (int)err.kind);
	tell(child, "kind", kind);
	if (err.hint)
		tell(child, "hint", err.hint);
	tell(child, "error", err.message);
	return 1;
}

/* ---- here */

struct running {
	struct sync_fetch *fetch;
	const struct event_sink *sink;
	struct proc proc;
	int fd; /* -1: it has ended */
	struct str text;
	int64_t heard_ms, started_ms;
	int kind; /* of the error that follows */
	char *hint;
};

static void running_release(struct running *running)
{
	if (running->proc.pid) {
		proc_kill(&running->proc, SIGKILL);
		proc_wait(&running->proc, &(int){0}, NULL);
	}
	if (running->fd >= 0)
		close(running->fd);
	str_release(&running->text);
	free(running->hint);
}

static void emit(const struct running *running, struct event event)
{
	event.task = running->fetch->name;
	event_emit(running->sink, &event);
}

static int start(struct running *running, struct err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	struct child child = {.fetch = running->fetch, .fd = fds[1]};
	int result = proc_fork(fetch_in_child, &child, &running->proc, err);
	close(fds[1]);
	running->fd = fds[0];
	running->heard_ms = running->started_ms = now_ms();
	if (result == 0)
		emit(running, (struct event){.kind = EVENT_BEGIN});
	return result;
}

static void on_line(struct running *running, const char *line)
{
	struct sync_fetch *fetch = running->fetch;
	const char *value = strchr(line, ' ');
	size_t done, total, bytes;
	value = value ? value + 1 : "";
	if (sscanf(line, "progress %zu %zu %zu", &done, &total, &bytes) == 3) {
		emit(running, (struct event){.kind = EVENT_PROGRESS,
		                             .done = done,
		                             .total = total,
		                             .unit = "objects"});
	} else if (str_starts(line, "branch ")) {
		fetch->fetched.branch = mem_strdup(value);
	} else if (str_starts(line, "id ")) {
		snprintf(fetch->fetched.id, sizeof fetch->fetched.id, "%s", value);
	} else if (str_starts(line, "kind ")) {
		running->kind = atoi(value);
	} else if (str_starts(line, "hint ")) {
		running->hint = mem_strdup(value);
	} else if (str_starts(line, "error ")) {
		err_set(&fetch->err, (enum err_kind)running->kind, "%s", value);
		if (running->hint)
			err_hint(&fetch->err, "%s", running->hint);
	}
}

static void on_bytes(struct running *running, const char *bytes, size_t count)
{
	running->heard_ms = now_ms();
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] != '\n') {
			str_add_bytes(&running->text, &bytes[i], 1);
			continue;
		}
		on_line(running, str_text(&running->text));
		running->text.len = 0;
	}
}

/* The process is over, or is made to be. */
static void end(struct running *running)
{
	struct sync_fetch *fetch = running->fetch;
	int status = 0;
	close(running->fd);
	running->fd = -1;
	proc_wait(&running->proc, &status, NULL);
	running->proc = (struct proc){0};
	if (!fetch->fetched.id[0] && fetch->err.kind == ERR_NONE) {
		own(str) how = {0};
		proc_describe_status(status, &how);
		err_set(&fetch->err, ERR_SYSTEM, "the fetching process ended: %s", str_text(&how));
	}
	emit(running, (struct event){.kind = EVENT_END,
	                             .status = fetch->err.kind == ERR_NONE ? 0 : -1,
	                             .seconds = (double)(now_ms() - running->started_ms) / 1000});
}

static void give_up(struct running *running)
{
	err_set(&running->fetch->err, ERR_NETWORK, "nothing came for %d seconds", STALL_MS / 1000);
	proc_kill(&running->proc, SIGKILL);
	end(running);
}

static void read_some(struct running *running)
{
	char bytes[4096];
	ssize_t count = read(running->fd, bytes, sizeof bytes);
	if (count > 0)
		on_bytes(running, bytes, (size_t)count);
	else
		end(running);
}

static void loop(struct running *all, size_t count)
{
	for (;;) {
		struct pollfd *polls = mem_alloc(count * sizeof *polls);
		size_t left = 0;
		for (size_t i = 0; i < count; i++) {
			polls[i] = (struct pollfd){.fd = all[i].fd, .events = POLLIN};
			left += all[i].fd >= 0;
		}
		if (left && poll(polls, count, 1000) >= 0)
			for (size_t i = 0; i < count; i++) {
				if (all[i].fd >= 0 && polls[i].revents)
					read_some(&all[i]);
				else if (all[i].fd >= 0 && now_ms() - all[i].heard_ms > STALL_MS)
					give_up(&all[i]);
			}
		free(polls);
		if (!left)
			return;
	}
}

int sync_fetch_all(struct sync_fetch *fetches, size_t count, const struct event_sink *sink,
                   struct err *err)
{
	struct running *all = mem_alloc((count + 1) * sizeof *all);
	int result = 0;
	for (size_t i = 0; i < count; i++)
		all[i] = (struct running){.fetch = &fetches[i], .sink = sink, .fd = -1};
	for (size_t i = 0; i < count && result == 0; i++)
		result = start(&all[i], err);
	if (result == 0)
		loop(all, count);
	for (size_t i = 0; i < count; i++)
		running_release(&all[i]);
	free(all);
	return result;
}
