/* Archives, by libarchive: unpacking what is not trusted, packing the same bytes every time. */
#include "archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"

enum {
	BLOCK_BYTES = 256 << 10,
	DEFAULT_MAX_ENTRIES = 2000000,
};
#define DEFAULT_MAX_BYTES (UINT64_C(16) << 30)

/* A directory entry whose time is set last, since writing into it changes it. */
struct dir_time {
	char *path;
	time_t mtime;
};

/* One unpacking. Everything below `dest_fd` is reached by openat2(2) with RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS: the kernel, not our arithmetic on names, keeps us inside the tree. */
struct unpack {
	struct archive *archive;
	int dest_fd;
	unsigned strip;
	bool merge_usr;      /* Debian's aliased directories: bin/x is usr/bin/x */
	bool keep_dir_times; /* pointless where several archives share directories */
	uint64_t bytes_left, entries_left;
	time_t newest;
	char *parent; /* the directory that parent_fd holds open: entries come in runs */
	int parent_fd;
	VEC(struct dir_time) dirs;
};

static void unpack_release(struct unpack *unpack)
{
	archive_read_free(unpack->archive);
	if (unpack->dest_fd >= 0)
		close(unpack->dest_fd);
	if (unpack->parent_fd >= 0)
		close(unpack->parent_fd);
	free(unpack->parent);
	for (vec_each(dir, &unpack->dirs))
		free(dir->path);
	vec_release(&unpack->dirs);
}

/* libarchive converts UTF-8 names through the thread's locale and fails in "C". */
struct utf8_scope {
	locale_t locale, before;
};

static struct utf8_scope utf8_scope_enter(void)
{
	struct utf8_scope scope = {.locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0)};
	if (scope.locale)
		scope.before = uselocale(scope.locale);
	return scope;
}

static void utf8_scope_release(struct utf8_scope *scope)
{
	if (!scope->locale)
		return;
	uselocale(scope->before);
	freelocale(scope->locale);
}

/* A name from an archive, fit for a message on a terminal. */
static char *printable(const char *name)
{
	char *text = mem_strdup(name);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return text;
}

static int refuse(struct err *err, const char *name, const char *why)
{
	own_free char *shown = printable(name);
	return err_set(err, ERR_TRUST, "%s: %s", shown, why);
}

static int entry_errno(struct err *err, const char *name)
{
	int saved = errno;
	own_free char *shown = printable(name);
	errno = saved;
	if (saved == ELOOP || saved == ENOTDIR || saved == EXDEV)
		return err_set(err, ERR_TRUST, "%s: would pass through a symbolic link or a file",
		               shown);
	return err_errno(err, "%s", shown);
}

static int archive_fail(struct archive *archive, struct err *err)
{
	const char *text = archive_error_string(archive);
	int code = archive_errno(archive);
	if (code == ENOMEM || code == EIO || code == ENOSPC) {
		errno = code;
		return err_errno(err, "libarchive");
	}
	return err_set(err, ERR_INPUT, "damaged or not an archive: %s", text ? text : "unknown");
}

/* Debian's directories outside /usr are links into it (merged /usr). */
static const char *const aliased_dirs[] = {"bin/", "sbin/", "lib/", "lib64/", "lib32/"};

static const char *usr_prefix(const char *name)
{
	for (size_t i = 0; i < sizeof aliased_dirs / sizeof *aliased_dirs; i++)
		if (str_starts(name, aliased_dirs[i]))
			return "usr/";
	return "";
}

/* An entry's name as a clean relative path, without its first `strip` components; an empty one
 * means that nothing is left of it. ".." and absolute names are refused (NULL). Caller frees. */
static char *clean_name(const struct unpack *unpack, const char *name, struct err *err)
{
	own(str) clean = {0};
	unsigned dropped = 0;
	if (name[0] == '/') {
		refuse(err, name, "absolute path");
		return NULL;
	}
	for (const char *part = name; *part;) {
		size_t length = strcspn(part, "/");
		bool is_dot = length == 1 && part[0] == '.';
		if (length == 2 && part[0] == '.' && part[1] == '.') {
			refuse(err, name, "\"..\" in the path");
			return NULL;
		}
		if (length > 0 && !is_dot && dropped++ >= unpack->strip) {
			if (clean.len > 0)
				str_add_char(&clean, '/');
			str_add_bytes(&clean, part, length);
		}
		part += length;
		part += strspn(part, "/");
	}
	const char *prefix = unpack->merge_usr ? usr_prefix(str_text(&clean)) : "";
	return mem_printf("%s%s", prefix, str_text(&clean));
}

static int open_beneath(int dir_fd, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	return (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof how);
}

/* Opens the directory `path`, making what is missing on the way, one component at a time so that
 * each is checked. */
static int open_dir_making(int dest_fd, const char *path)
{
	int fd = open_beneath(dest_fd, path);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	own_fd int at = open_beneath(dest_fd, ".");
	for (const char *part = path; at >= 0 && *part;) {
		size_t length = strcspn(part, "/");
		own_free char *name = mem_strndup(part, length);
		if (mkdirat(at, name, 0755) < 0 && errno != EEXIST)
			return -1;
		int next = open_beneath(at, name);
		close(at);
		at = next;
		part += length;
		part += strspn(part, "/");
	}
	return steal_fd(at);
}

/* Splits `path` into an open parent (owned by `unpack`, valid until the next call) and a name. */
static int open_parent(struct unpack *unpack, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return unpack->dest_fd;
	size_t length = (size_t)(slash - path);
	if (unpack->parent && strlen(unpack->parent) == length &&
	    memcmp(unpack->parent, path, length) == 0)
		return unpack->parent_fd;
	own_free char *parent = mem_strndup(path, length);
	int fd = open_dir_making(unpack->dest_fd, parent);
	if (fd < 0)
		return -1;
	if (unpack->parent_fd >= 0)
		close(unpack->parent_fd);
	free(unpack->parent);
	unpack->parent_fd = fd;
	unpack->parent = steal_ptr(parent);
	return fd;
}

static int write_block(int fd, const char *bytes, size_t count, off_t offset)
{
	while (count > 0) {
		ssize_t n = pwrite(fd, bytes, count, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n, count -= (size_t)n, offset += n;
	}
	return 0;
}

static int copy_data(struct unpack *unpack, int fd, const char *name, struct err *err)
{
	for (;;) {
		const void *bytes = NULL;
		size_t count = 0;
		la_int64_t offset = 0;
		int result = archive_read_data_block(unpack->archive, &bytes, &count, &offset);
		if (result == ARCHIVE_EOF)
			return 0;
		if (result < ARCHIVE_WARN)
			return archive_fail(unpack->archive, err);
		if (count > unpack->bytes_left)
			return refuse(err, name, "the archive unpacks to more than is allowed");
		unpack->bytes_left -= count;
		if (write_block(fd, bytes, count, offset) < 0)
			return entry_errno(err, name);
	}
}

/* O_EXCL: a file of that name (perhaps a hard link to another one) is replaced, never written. */
static int create_file(int dir_fd, const char *name, mode_t mode)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir_fd, name, flags, mode);
	if (fd >= 0 || errno != EEXIST || unlinkat(dir_fd, name, 0) < 0)
		return fd;
	return openat(dir_fd, name, flags, mode);
}

static int unpack_file(struct unpack *unpack, struct archive_entry *entry, const char *path,
                       struct err *err)
{
	uint64_t size = (uint64_t)archive_entry_size(entry);
	if (archive_entry_size_is_set(entry) && size > unpack->bytes_left)
		return refuse(err, path, "the archive unpacks to more than is allowed");
	const char *name;
	int dir_fd = open_parent(unpack, path, &name);
	mode_t mode = (archive_entry_perm(entry) & 0777) | 0600;
	own_fd int fd = dir_fd < 0 ? -1 : create_file(dir_fd, name, mode);
	if (fd < 0)
		return entry_errno(err, path);
	if (copy_data(unpack, fd, path, err) < 0)
		return -1;
	/* A sparse file may end in a hole. */
	struct stat st;
	if (fstat(fd, &st) < 0)
		return entry_errno(err, path);
	if (archive_entry_size_is_set(entry) && (uint64_t)st.st_size < size &&
	    ftruncate(fd, (off_t)size) < 0)
		return entry_errno(err, path);
	if ((st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
		return entry_errno(err, path);
	struct timespec mtime = {.tv_sec = archive_entry_mtime(entry)};
	if (futimens(fd, (struct timespec[]){mtime, mtime}) < 0 || close(steal_fd(fd)) < 0)
		return entry_errno(err, path);
	return 0;
}

static int unpack_dir(struct unpack *unpack, struct archive_entry *entry, const char *path,
                      struct err *err)
{
	mode_t mode = (archive_entry_perm(entry) & 01777) | 0700;
	const char *name;
	int dir_fd = open_parent(unpack, path, &name);
	if (dir_fd < 0)
		return entry_errno(err, path);
	if (mkdirat(dir_fd, name, mode) < 0 && errno != EEXIST)
		return entry_errno(err, path);
	struct stat st;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_errno(err, path);
	if (!S_ISDIR(st.st_mode))
		return refuse(err, path, "a directory in the place of something else");
	if ((st.st_mode & 07777) != mode && fchmodat(dir_fd, name, mode, 0) < 0)
		return entry_errno(err, path);
	if (unpack->keep_dir_times)
		vec_push(&unpack->dirs, (struct dir_time){.path = mem_strdup(path),
		                                          .mtime = archive_entry_mtime(entry)});
	return 0;
}

static int unpack_symlink(struct unpack *unpack, struct archive_entry *entry, const char *path,
                          struct err *err)
{
	const char *target = archive_entry_symlink(entry);
	if (!target || !*target)
		return refuse(err, path, "a symbolic link to nothing");
	const char *name;
	int dir_fd = open_parent(unpack, path, &name);
	if (dir_fd < 0)
		return entry_errno(err, path);
	if (symlinkat(target, dir_fd, name) < 0 &&
	    (errno != EEXIST || unlinkat(dir_fd, name, 0) < 0 ||
	     symlinkat(target, dir_fd, name) < 0))
		return entry_errno(err, path);
	struct timespec mtime = {.tv_sec = archive_entry_mtime(entry)};
	struct timespec times[] = {mtime, mtime};
	if (utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_errno(err, path);
	return 0;
}

static int unpack_hardlink(struct unpack *unpack, const char *target, const char *path,
                           struct err *err)
{
	own_free char *clean = clean_name(unpack, target, err);
	if (!clean)
		return err_wrap(err, "hard link %s", path_base(path));
	const char *name;
	int dir_fd = open_parent(unpack, clean, &name);
	own_fd int from_fd = dir_fd < 0 ? -1 : dup(dir_fd);
	own_free char *from = mem_strdup(name);
	if (from_fd < 0)
		return entry_errno(err, target);
	dir_fd = open_parent(unpack, path, &name);
	if (dir_fd < 0)
		return entry_errno(err, path);
	if (str_equal(clean, path))
		return 0;
	if (linkat(from_fd, from, dir_fd, name, 0) < 0 &&
	    (errno != EEXIST || unlinkat(dir_fd, name, 0) < 0 ||
	     linkat(from_fd, from, dir_fd, name, 0) < 0)) {
		if (errno == ENOENT || errno == EPERM)
			return refuse(err, path, "a hard link to what is not in the archive");
		return entry_errno(err, path);
	}
	return 0;
}

static int unpack_entry(struct unpack *unpack, struct archive_entry *entry, struct err *err)
{
	const char *name = archive_entry_pathname(entry);
	if (!name)
		return err_set(err, ERR_TRUST, "an entry without a readable name");
	if (unpack->entries_left-- == 0)
		return refuse(err, name, "the archive holds more entries than are allowed");
	own_free char *path = clean_name(unpack, name, err);
	if (!path)
		return -1;
	if (!*path)
		return 0;
	if (archive_entry_mtime(entry) > unpack->newest)
		unpack->newest = archive_entry_mtime(entry);
	if (archive_entry_hardlink(entry))
		return unpack_hardlink(unpack, archive_entry_hardlink(entry), path, err);
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return unpack_file(unpack, entry, path, err);
	case AE_IFDIR:
		return unpack_dir(unpack, entry, path, err);
	case AE_IFLNK:
		return unpack_symlink(unpack, entry, path, err);
	default:
		return refuse(err, name, "a device, a socket or a pipe");
	}
}

/* Children come after their parents in `dirs`: going backwards no time is disturbed again. */
static int set_dir_times(struct unpack *unpack, struct err *err)
{
	for (size_t i = unpack->dirs.count; i-- > 0;) {
		const struct dir_time *dir = &unpack->dirs.items[i];
		const char *name;
		struct timespec mtime = {.tv_sec = dir->mtime};
		int fd = open_parent(unpack, dir->path, &name);
		if (fd < 0 ||
		    utimensat(fd, name, (struct timespec[]){mtime, mtime}, AT_SYMLINK_NOFOLLOW) < 0)
			return entry_errno(err, dir->path);
	}
	return 0;
}

static int unpack_all(struct unpack *unpack, struct err *err)
{
	for (;;) {
		struct archive_entry *entry;
		int result = archive_read_next_header(unpack->archive, &entry);
		if (result == ARCHIVE_EOF)
			return set_dir_times(unpack, err);
		if (result < ARCHIVE_WARN)
			return archive_fail(unpack->archive, err);
		if (unpack_entry(unpack, entry, err) < 0)
			return -1;
	}
}

static int unpack_init(struct unpack *unpack, const char *dest, const struct archive_limits *limits,
                       struct err *err)
{
	*unpack = (struct unpack){
		.archive = archive_read_new(),
		.bytes_left = limits && limits->max_bytes ? limits->max_bytes : DEFAULT_MAX_BYTES,
		.entries_left =
			limits && limits->max_entries ? limits->max_entries : DEFAULT_MAX_ENTRIES,
		.dest_fd = open(dest, O_PATH | O_DIRECTORY | O_CLOEXEC),
		.parent_fd = -1,
	};
	if (!unpack->archive)
		return err_set(err, ERR_SYSTEM, "libarchive: out of memory");
	if (unpack->dest_fd < 0)
		return err_errno(err, "%s", dest);
	archive_read_support_format_tar(unpack->archive);
	archive_read_support_filter_gzip(unpack->archive);
	archive_read_support_filter_bzip2(unpack->archive);
	archive_read_support_filter_xz(unpack->archive);
	archive_read_support_filter_lzma(unpack->archive);
	archive_read_support_filter_zstd(unpack->archive);
	return 0;
}

int archive_unpack(const char *path, const char *dest, unsigned strip,
                   const struct archive_limits *limits, time_t *ret_newest, struct err *err)
{
	own(utf8_scope) scope = utf8_scope_enter();
	own(unpack) unpack;
	if (unpack_init(&unpack, dest, limits, err) < 0)
		return -1;
	unpack.strip = strip;
	unpack.keep_dir_times = true;
	archive_read_support_format_zip(unpack.archive);
	if (archive_read_open_filename(unpack.archive, path, BLOCK_BYTES) != ARCHIVE_OK)
		archive_fail(unpack.archive, err);
	else if (unpack_all(&unpack, err) == 0) {
		if (ret_newest)
			*ret_newest = unpack.newest;
		return 0;
	}
	return err_wrap(err, "%s", path);
}

/* A .deb, deb(5): an ar archive with debian-binary, control.tar.* and data.tar.*. */
struct deb {
	struct archive *ar;
};

static void deb_release(struct deb *deb)
{
	archive_read_free(deb->ar);
}

static la_ssize_t deb_read(struct archive *inner, void *context, const void **ret_bytes)
{
	struct deb *deb = context;
	size_t count = 0;
	la_int64_t offset;
	int result = archive_read_data_block(deb->ar, ret_bytes, &count, &offset);
	if (result == ARCHIVE_EOF)
		return 0;
	if (result >= ARCHIVE_WARN)
		return (la_ssize_t)count;
	archive_set_error(inner, archive_errno(deb->ar), "%s", archive_error_string(deb->ar));
	return -1;
}

static int deb_find_data(struct deb *deb, const char *path, struct err *err)
{
	archive_read_support_format_ar(deb->ar);
	if (archive_read_open_filename(deb->ar, path, BLOCK_BYTES) != ARCHIVE_OK)
		return archive_fail(deb->ar, err);
	for (;;) {
		struct archive_entry *entry;
		int result = archive_read_next_header(deb->ar, &entry);
		if (result == ARCHIVE_EOF)
			return err_set(err, ERR_INPUT, "not a Debian package: no data.tar in it");
		if (result < ARCHIVE_WARN)
			return archive_fail(deb->ar, err);
		const char *name = archive_entry_pathname(entry);
		if (name && str_starts(name, "data.tar"))
			return 0;
	}
}

static int unpack_deb(struct deb *deb, const char *path, const char *dest, struct err *err)
{
	own(unpack) unpack;
	if (unpack_init(&unpack, dest, NULL, err) < 0 || deb_find_data(deb, path, err) < 0)
		return -1;
	unpack.merge_usr = true;
	if (archive_read_open(unpack.archive, deb, NULL, deb_read, NULL) != ARCHIVE_OK)
		return archive_fail(unpack.archive, err);
	return unpack_all(&unpack, err);
}

int archive_unpack_deb(const char *path, const char *dest, struct err *err)
{
	own(utf8_scope) scope = utf8_scope_enter();
	own(deb) deb = {.ar = archive_read_new()};
	if (!deb.ar)
		return err_set(err, ERR_SYSTEM, "libarchive: out of memory");
	if (unpack_deb(&deb, path, dest, err) < 0)
		return err_wrap(err, "%s", path);
	return 0;
}

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
	own_free char *temporary = mem_printf("%s.tmp-%d", path, (int)getpid());
	pack->fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (pack->fd < 0)
		return err_errno(err, "%s", temporary);
	pack->temporary = steal_ptr(temporary);
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
	own_free char *buffer = mem_alloc(BLOCK_BYTES);
	while (left > 0) {
		ssize_t n = read(fd, buffer, left < BLOCK_BYTES ? left : BLOCK_BYTES);
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
