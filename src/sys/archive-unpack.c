/* Unpacking what is not trusted: entry by entry, inside one directory. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "archive-parts.h"
#include "hash.h"
#include "own.h"
#include "path.h"
#include "str.h"

enum { DEFAULT_MAX_ENTRIES = 2000000 };
#define DEFAULT_MAX_BYTES (UINT64_C(16) << 30)

void unpack_release(struct unpack *unpack)
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

/* Debian's directories outside /usr are links into it (merged /usr). */
static const char *const aliased_dirs[] = {"bin/", "sbin/", "lib/", "lib64/", "lib32/"};

static const char *usr_prefix(const char *name)
{
	for (size_t i = 0; i < sizeof aliased_dirs / sizeof *aliased_dirs; i++)
		if (str_starts(name, aliased_dirs[i]))
			return "usr/";
	return "";
}

/* An entry's name as a clean relative path, without the components to drop; an empty one
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
		if (length > 0 && !is_dot && dropped++ >= unpack->choice.strip) {
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

static time_t time_of(const struct unpack *unpack, struct archive_entry *entry)
{
	return unpack->check ? 0 : archive_entry_mtime(entry);
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

/* `hash` (NULL: nobody asks) takes the bytes on their way; then holes are refused. */
static int copy_data(struct unpack *unpack, int fd, const char *name, struct hash *hash,
                     struct err *err)
{
	la_int64_t expected = 0;
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
		if (hash && offset != expected)
			return refuse(err, name, "a file with holes");
		if (hash)
			hash_update(hash, bytes, count);
		expected = offset + (la_int64_t)count;
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

/* Data into the open file, compared by its digest where there is a check. */
static int fill_file(struct unpack *unpack, int fd, const char *path, struct err *err)
{
	if (!unpack->check)
		return copy_data(unpack, fd, path, NULL, err);
	struct digest digest;
	own(hash) hash;
	hash_init(&hash);
	if (copy_data(unpack, fd, path, &hash, err) < 0)
		return -1;
	hash_final(&hash, &digest);
	return unpack->check->file(unpack->check->context, path, &digest, err);
}

static int unpack_file(struct unpack *unpack, struct archive_entry *entry, const char *path,
                       struct err *err)
{
	uint64_t size = (uint64_t)archive_entry_size(entry);
	if (archive_entry_size_is_set(entry) && size > unpack->bytes_left)
		return refuse(err, path, "the archive unpacks to more than is allowed");
	const char *name;
	int dir_fd = open_parent(unpack, path, &name);
	mode_t perm = archive_entry_perm(entry);
	mode_t mode = unpack->check ? perm & 07777 : (perm & 0777) | 0600;
	own_fd int fd = dir_fd < 0 ? -1 : create_file(dir_fd, name, mode & 0777);
	if (fd < 0)
		return entry_errno(err, path);
	if (fill_file(unpack, fd, path, err) < 0)
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
	struct timespec mtime = {.tv_sec = time_of(unpack, entry)};
	if (futimens(fd, (struct timespec[]){mtime, mtime}) < 0 || close(steal_fd(fd)) < 0)
		return entry_errno(err, path);
	return 0;
}

static int unpack_dir(struct unpack *unpack, struct archive_entry *entry, const char *path,
                      struct err *err)
{
	mode_t mode = (archive_entry_perm(entry) & 01777) | 0700;
	mode_t end_mode = unpack->check ? archive_entry_perm(entry) & 07777 : mode;
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
		vec_push(&unpack->dirs, (struct dir_end){.path = mem_strdup(path),
		                                         .mode = end_mode,
		                                         .mtime = time_of(unpack, entry)});
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
	struct timespec mtime = {.tv_sec = time_of(unpack, entry)};
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

/* ---- entry by entry */

/* Whether the check wants this entry; it knows neither hard links nor devices. */
static int check_entry(const struct unpack *unpack, struct archive_entry *entry, const char *path,
                       struct err *err)
{
	mode_t type = archive_entry_filetype(entry);
	struct archive_member member = {
		.path = path,
		.type = type == AE_IFREG   ? 'f'
	                : type == AE_IFLNK ? 'l'
	                : type == AE_IFDIR ? 'd'
	                                   : '?',
		.mode = archive_entry_perm(entry) & 07777,
		.size = type == AE_IFREG ? (uint64_t)archive_entry_size(entry) : 0,
		.target = type == AE_IFLNK ? archive_entry_symlink(entry) : NULL,
	};
	if (archive_entry_hardlink(entry) || member.type == '?')
		return refuse(err, path, "neither file nor symbolic link nor directory");
	return unpack->check->entry(unpack->check->context, &member, err);
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
	if (unpack->check && check_entry(unpack, entry, path, err) < 0)
		return -1;
	if (archive_entry_mtime(entry) > unpack->newest)
		unpack->newest = archive_entry_mtime(entry);
	if (unpack->choice.excludes && unpack->choice.excludes(unpack->choice.context, path))
		return 0;
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

/* Children come after their parents in `dirs`: going backwards no time is disturbed again, and no
 * directory is closed to writing before all is in it. */
static int end_dirs(struct unpack *unpack, struct err *err)
{
	for (size_t i = unpack->dirs.count; i-- > 0;) {
		const struct dir_end *dir = &unpack->dirs.items[i];
		const char *name;
		struct timespec mtime = {.tv_sec = dir->mtime};
		int fd = open_parent(unpack, dir->path, &name);
		if (fd < 0 || (unpack->check && fchmodat(fd, name, dir->mode, 0) < 0) ||
		    utimensat(fd, name, (struct timespec[]){mtime, mtime}, AT_SYMLINK_NOFOLLOW) < 0)
			return entry_errno(err, dir->path);
	}
	return 0;
}

/* The member that comes first goes into memory. */
static int take_first(struct unpack *unpack, struct archive_entry *entry, struct err *err)
{
	const struct archive_check *check = unpack->check;
	const char *name = archive_entry_pathname(entry);
	la_int64_t size = archive_entry_size(entry);
	own(str) text = {0};
	if (!name || !str_equal(name, check->first_name) ||
	    archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return err_set(err, ERR_TRUST, "%s is not its first member", check->first_name);
	if (size < 0 || (uint64_t)size > check->first_max_bytes)
		return refuse(err, name, "larger than is allowed");
	for (;;) {
		const void *bytes = NULL;
		size_t count = 0;
		la_int64_t offset = 0;
		int result = archive_read_data_block(unpack->archive, &bytes, &count, &offset);
		if (result == ARCHIVE_EOF)
			return check->first(check->context, &text, err);
		if (result < ARCHIVE_WARN)
			return archive_fail(unpack->archive, err);
		if ((size_t)offset != text.len || count > (size_t)size - text.len)
			return refuse(err, name, "a file with holes");
		str_add_bytes(&text, bytes, count);
	}
}

int unpack_all(struct unpack *unpack, struct err *err)
{
	bool want_first = unpack->check;
	for (;;) {
		struct archive_entry *entry;
		int result = archive_read_next_header(unpack->archive, &entry);
		if (result == ARCHIVE_EOF && want_first)
			return err_set(err, ERR_TRUST, "it is empty");
		if (result == ARCHIVE_EOF)
			return end_dirs(unpack, err);
		if (result < ARCHIVE_WARN)
			return archive_fail(unpack->archive, err);
		if ((want_first ? take_first : unpack_entry)(unpack, entry, err) < 0)
			return -1;
		want_first = false;
	}
}

int unpack_init(struct unpack *unpack, const char *dest, const struct archive_limits *limits,
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
	return 0;
}
