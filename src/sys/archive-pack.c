/* Packing: the same bytes every time. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive-parts.h"
#include "fs.h"
#include "own.h"

/* One packing into `temporary`, which becomes the archive by rename. */
struct pack {
	struct archive *archive;
	struct archive_entry *entry; /* used again for each entry */
	time_t epoch;
	int fd, root_fd;
	char *temporary;
};

static void pack_release(struct pack *pack)
{
	archive_entry_free(pack->entry);
	archive_write_free(pack->archive);
	if (pack->fd >= 0)
		close(pack->fd);
	if (pack->root_fd >= 0)
		close(pack->root_fd);
	if (pack->temporary)
		unlink(pack->temporary);
	free(pack->temporary);
}

static int pack_open(struct pack *pack, const char *root, const char *path, int level,
                     struct err *err)
{
	pack->archive = archive_write_new();
	pack->entry = archive_entry_new();
	pack->root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (pack->root_fd < 0)
		return err_errno(err, "%s", root);
	if (fs_open_beside(path, &pack->temporary, &pack->fd, err) < 0)
		return -1;
	if (fchmod(pack->fd, 0644) < 0)
		return err_errno(err, "%s", pack->temporary);
	own_free char *number = mem_printf("%d", level);
	if (archive_write_set_format_pax_restricted(pack->archive) != ARCHIVE_OK ||
	    archive_write_add_filter_zstd(pack->archive) != ARCHIVE_OK ||
	    archive_write_set_filter_option(pack->archive, "zstd", "compression-level", number) !=
	            ARCHIVE_OK ||
	    archive_write_open_fd(pack->archive, pack->fd) != ARCHIVE_OK)
		return archive_fail(pack->archive, err);
	return 0;
}

static int pack_header(struct pack *pack, const char *name, mode_t mode, uint64_t size,
                       const char *target, struct err *err)
{
	struct archive_entry *entry = archive_entry_clear(pack->entry);
	archive_entry_copy_pathname(entry, name);
	archive_entry_set_mode(entry, mode);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_uname(entry, "root");
	archive_entry_set_gname(entry, "root");
	archive_entry_set_mtime(entry, pack->epoch, 0);
	if (target)
		archive_entry_copy_symlink(entry, target);
	if (archive_write_header(pack->archive, entry) < ARCHIVE_WARN)
		return archive_fail(pack->archive, err);
	return 0;
}

static int pack_bytes(struct pack *pack, const void *bytes, size_t count, struct err *err)
{
	la_ssize_t n = count ? archive_write_data(pack->archive, bytes, count) : 0;
	if (n < 0 || (size_t)n != count)
		return archive_fail(pack->archive, err);
	return 0;
}

static int pack_file(struct pack *pack, const char *name, const struct stat *st, struct err *err)
{
	own_fd int fd = openat(pack->root_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "%s", name);
	uint64_t left = (uint64_t)st->st_size;
	if (pack_header(pack, name, st->st_mode, left, NULL, err) < 0)
		return -1;
	own_free char *buffer = mem_alloc(ARCHIVE_BLOCK_BYTES);
	while (left > 0) {
		ssize_t n =
			read(fd, buffer, left < ARCHIVE_BLOCK_BYTES ? left : ARCHIVE_BLOCK_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "%s", name);
		if (n == 0)
			return err_set(err, ERR_SYSTEM, "%s: shrank while it was read", name);
		if (pack_bytes(pack, buffer, (size_t)n, err) < 0)
			return -1;
		left -= (uint64_t)n;
	}
	return 0;
}

static int pack_symlink(struct pack *pack, const char *name, const struct stat *st, struct err *err)
{
	size_t size = (size_t)st->st_size + 1;
	own_free char *target = mem_alloc(size + 1);
	ssize_t n = readlinkat(pack->root_fd, name, target, size);
	if (n < 0)
		return err_errno(err, "%s", name);
	return pack_header(pack, name, S_IFLNK | 0777, 0, target, err);
}

static int pack_name(struct pack *pack, const char *name, struct err *err)
{
	struct stat st;
	if (fstatat(pack->root_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, "%s", name);
	if (S_ISREG(st.st_mode))
		return pack_file(pack, name, &st, err);
	if (S_ISLNK(st.st_mode))
		return pack_symlink(pack, name, &st, err);
	if (S_ISDIR(st.st_mode))
		return pack_header(pack, name, st.st_mode, 0, NULL, err);
	return err_set(err, ERR_INPUT, "%s: neither file nor link nor directory", name);
}

static int pack_all(struct pack *pack, const struct strv *names, const char *first_name,
                    const char *first_text, struct err *err)
{
	if (first_name) {
		size_t size = strlen(first_text);
		if (pack_header(pack, first_name, S_IFREG | 0644, size, NULL, err) < 0 ||
		    pack_bytes(pack, first_text, size, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < names->count; i++)
		if (pack_name(pack, names->items[i], err) < 0)
			return -1;
	if (archive_write_close(pack->archive) != ARCHIVE_OK)
		return archive_fail(pack->archive, err);
	return 0;
}

int archive_pack(const char *root, const struct strv *names, const char *first_name,
                 const char *first_text, time_t epoch, int level, const char *path, struct err *err)
{
	own(utf8_scope) scope = utf8_scope_enter();
	own(pack) pack = {.epoch = epoch, .fd = -1, .root_fd = -1};
	if (pack_open(&pack, root, path, level, err) < 0 ||
	    pack_all(&pack, names, first_name, first_text, err) < 0)
		return err_wrap(err, "pack %s", path);
	if (fsync(pack.fd) < 0 || close(steal_fd(pack.fd)) < 0)
		return err_errno(err, "%s", pack.temporary);
	if (fs_publish(pack.temporary, path, err) < 0)
		return -1;
	free(steal_ptr(pack.temporary));
	return 0;
}
