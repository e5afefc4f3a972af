/* From an output's archive to a tree: one pass, in which every byte is checked. */
#include "store-unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "manifest.h"
#include "own.h"
#include "path.h"

enum { MAX_MANIFEST_BYTES = 64 << 20, READ_BYTES = 256 << 10 };

/* An unpacking: entries come in the order of the manifest, so the next one is all to compare. */
struct arrival {
	const char *digest, *staging;
	uint64_t bytes;
	struct manifest manifest;
	size_t next;
	struct digest content; /* that the file now written must have */
};

static void arrival_release(struct arrival *arrival)
{
	manifest_release(&arrival->manifest);
}

static int mismatch(const char *path, const char *what, struct err *err)
{
	return err_set(err, ERR_TRUST, "%s: %s differs from the manifest", path, what);
}

/* Not synced: an output is as a whole, when it gets its name. */
static int write_manifest(const struct arrival *arrival, const struct str *text, struct err *err)
{
	own_free char *path = path_join(arrival->staging, "manifest");
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, "%s", path);
	if (fs_write_all(fd, text->data, text->len, err) < 0)
		return err_wrap(err, "%s", path);
	return close(steal_fd(fd)) < 0 ? err_errno(err, "%s", path) : 0;
}

static int take_manifest(void *context, const struct str *text, struct err *err)
{
	struct arrival *arrival = context;
	struct digest found;
	char hex[DIGEST_HEX];
	digest_of(text->data, text->len, &found);
	digest_hex(&found, hex);
	if (!str_equal(hex, arrival->digest))
		return err_set(err, ERR_TRUST, "its manifest is %s", hex);
	if (manifest_parse("manifest", str_text(text), &arrival->manifest, err) < 0)
		return -1;
	uint64_t bytes = manifest_bytes(&arrival->manifest);
	if (arrival->bytes != UINT64_MAX && arrival->bytes != bytes)
		return err_set(err, ERR_TRUST,
		               "its files have %llu bytes, %llu are said of it elsewhere",
		               (unsigned long long)bytes, (unsigned long long)arrival->bytes);
	return write_manifest(arrival, text, err);
}

static int check_entry(void *context, const struct archive_member *member, struct err *err)
{
	struct arrival *arrival = context;
	if (arrival->next == arrival->manifest.entries.count)
		return mismatch(member->path, "an extra entry", err);
	const struct manifest_entry *entry = &arrival->manifest.entries.items[arrival->next++];
	if (!str_equal(entry->path, member->path))
		return err_set(err, ERR_TRUST, "%s comes in the place of %s", member->path,
		               entry->path);
	if (entry->type != member->type)
		return mismatch(member->path, "type", err);
	if (entry->type != 'l' && entry->mode != member->mode)
		return mismatch(member->path, "mode", err);
	if (entry->size != member->size)
		return mismatch(member->path, "size", err);
	if (entry->type == 'l' && !(member->target && str_equal(member->target, entry->value)))
		return mismatch(member->path, "target", err);
	if (entry->type == 'f' && !digest_parse(entry->value, &arrival->content))
		return mismatch(member->path, "content", err);
	return 0;
}

static int check_file(void *context, const char *path, const struct digest *digest, struct err *err)
{
	const struct arrival *arrival = context;
	return digest_equal(digest, &arrival->content) ? 0 : mismatch(path, "content", err);
}

/* The tree's own directory is in no manifest. */
static int finish_root(const char *root, const char *staging, struct err *err)
{
	const struct timespec epoch[2] = {{0}, {0}};
	if (chmod(root, 0755) < 0 || utimensat(AT_FDCWD, root, epoch, 0) < 0 ||
	    chmod(staging, 0755) < 0)
		return err_errno(err, "%s", root);
	return 0;
}

int store_unpack(const struct archive_stream *stream, const char *digest, uint64_t bytes,
                 const char *staging, struct err *err)
{
	own(arrival) arrival = {.digest = digest, .staging = staging, .bytes = bytes};
	own_free char *root = path_join(staging, "root");
	const struct archive_check check = {.first_name = ".manifest",
	                                    .first_max_bytes = MAX_MANIFEST_BYTES,
	                                    .first = take_manifest,
	                                    .entry = check_entry,
	                                    .file = check_file,
	                                    .context = &arrival};
	if (fs_make_dirs(root, 0755, err) < 0 ||
	    archive_unpack_checked(stream, root, &check, err) < 0)
		return -1;
	if (arrival.next != arrival.manifest.entries.count)
		return err_set(err, ERR_TRUST, "%zu entries of the manifest are missing",
		               arrival.manifest.entries.count - arrival.next);
	return finish_root(root, staging, err);
}

/* ---- from a file */

struct file_stream {
	int fd;
	const char *path;
	char *buffer;
};

static void file_stream_release(struct file_stream *stream)
{
	if (stream->fd >= 0)
		close(stream->fd);
	free(stream->buffer);
}

static ssize_t read_file(void *context, const void **ret_bytes, struct err *err)
{
	struct file_stream *stream = context;
	ssize_t count;
	do
		count = read(stream->fd, stream->buffer, READ_BYTES);
	while (count < 0 && errno == EINTR);
	*ret_bytes = stream->buffer;
	return count < 0 ? err_errno(err, "%s", stream->path) : count;
}

int store_unpack_file(const char *path, const char *digest, const char *staging, struct err *err)
{
	own(file_stream) file = {.fd = open(path, O_RDONLY | O_CLOEXEC), .path = path};
	if (file.fd < 0)
		return err_errno(err, "%s", path);
	file.buffer = mem_alloc(READ_BYTES);
	const struct archive_stream stream = {.read = read_file, .context = &file};
	return store_unpack(&stream, digest, UINT64_MAX, staging, err);
}

int store_check_archive(const char *path, const char *digest, const char *scratch, struct err *err)
{
	own_free char *staging = NULL;
	if (fs_make_temporary(scratch, &staging, err) < 0)
		return -1;
	int result = store_unpack_file(path, digest, staging, err);
	fs_remove_tree(staging, NULL);
	return result;
}
