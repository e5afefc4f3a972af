/* A partial download: "<path>.part" beside the file that it will become, locked while written. */
#include "part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "mem.h"
#include "own.h"

enum { READ_BYTES = 128 << 10 };

void part_init(struct part *part, const char *path)
{
	*part = (struct part){
		.path = mem_strdup(path),
		.part_path = mem_printf("%s.part", path),
		.fd = -1,
	};
}

static void part_close(struct part *part)
{
	if (part->fd >= 0)
		close(part->fd);
	part->fd = -1;
	hash_release(&part->hash);
}

void part_release(struct part *part)
{
	if (part->fd >= 0 && part->received == 0)
		unlink(part->part_path); /* nothing worth keeping; ours while locked */
	part_close(part);
	free(part->path);
	free(part->part_path);
	*part = (struct part){.fd = -1};
}

/* Whether the name still leads to what we locked: its owner may have renamed it meanwhile. */
static bool is_current(const struct part *part)
{
	struct stat ours, named;
	return fstat(part->fd, &ours) == 0 && stat(part->part_path, &named) == 0 &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

static int hash_left_over(struct part *part)
{
	own_free char *buffer = mem_alloc(READ_BYTES);
	for (;;) {
		ssize_t n = read(part->fd, buffer, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		hash_update(&part->hash, buffer, (size_t)n);
		part->received += (uint64_t)n;
	}
}

int part_open(struct part *part, bool resume, enum part_state *ret_state, struct err *err)
{
	if (fs_make_parents(part->path, err) < 0)
		return -1;
	part->fd = open(part->part_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (part->fd < 0)
		return err_errno(err, "%s", part->part_path);
	bool locked = flock(part->fd, LOCK_EX | LOCK_NB) == 0;
	if (!locked && errno != EWOULDBLOCK)
		return err_errno(err, "lock %s", part->part_path);
	if (!locked || !is_current(part)) {
		part_close(part);
		*ret_state = PART_BUSY;
		return 0;
	}
	if (fs_exists(part->path)) {
		part_drop(part);
		*ret_state = PART_PUBLISHED;
		return 0;
	}
	hash_release(&part->hash);
	hash_init(&part->hash);
	part->received = 0;
	if ((resume ? hash_left_over(part) : ftruncate(part->fd, 0)) < 0)
		return err_errno(err, "%s", part->part_path);
	*ret_state = PART_OPEN;
	return 0;
}

int part_write(struct part *part, const void *bytes, size_t count)
{
	const char *at = bytes;
	for (size_t left = count; left > 0;) {
		ssize_t n = pwrite(part->fd, at, left, (off_t)(part->received + count - left));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n, left -= (size_t)n;
	}
	hash_update(&part->hash, bytes, count);
	part->received += count;
	return 0;
}

int part_restart(struct part *part)
{
	hash_release(&part->hash);
	hash_init(&part->hash);
	part->received = 0;
	return ftruncate(part->fd, 0);
}

void part_digest(struct part *part, struct digest *ret_digest)
{
	hash_final(&part->hash, ret_digest);
}

/* The directory is not synced: a rename that a crash undoes is a file to fetch again. */
int part_publish(struct part *part, bool durable, struct err *err)
{
	if (durable && fsync(part->fd) < 0)
		return err_errno(err, "%s", part->part_path);
	if (rename(part->part_path, part->path) < 0)
		return err_errno(err, "rename %s to %s", part->part_path, part->path);
	part_close(part);
	return 0;
}

void part_drop(struct part *part)
{
	unlink(part->part_path);
	part_close(part);
}
