/* The seed's lock: every file of which the environment and the prebuilt toolchains are made. */
#include "lock.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "own.h"
#include "path.h"

enum { MAX_LOCK_BYTES = 16 << 20, FIELDS = 7 };

void lock_release(struct lock *lock)
{
	arena_release(&lock->arena);
	vec_release(&lock->files);
	*lock = (struct lock){0};
}

int lock_file_in_group(const struct lock_file *file, const char *group)
{
	size_t length = strlen(group);
	for (const char *p = file->groups; p; p = strchr(p, ','), p = p ? p + 1 : NULL)
		if (!strncmp(p, group, length) && (p[length] == ',' || !p[length]))
			return 1;
	return 0;
}

void lock_group_digest(const struct lock *lock, const char *group, struct digest *ret_digest)
{
	struct hash hash;
	hash_init(&hash);
	for (vec_each(file, &lock->files)) {
		if (!lock_file_in_group(file, group))
			continue;
		hash_text(&hash, file->name);
		hash_text(&hash, file->sha256);
	}
	hash_final(&hash, ret_digest);
}

/* ---- reading */

static int complain(const char *path, unsigned line, const char *what, struct err *err)
{
	err_set(err, ERR_INPUT, "%s:%u: %s", path, line, what);
	return err_hint(err, "the lock is written by `sdk seed update`");
}

static bool is_mirror_url(const char *url)
{
	static const char scheme[] = "mirror://";
	return str_starts(url, scheme) && path_is_safe(url + strlen(scheme)) &&
	       strchr(url + strlen(scheme), '/') && str_ends(url, ".deb");
}

/* One or more of `allowed`. */
static bool is_made_of(const char *text, const char *allowed)
{
	return *text && !text[strspn(text, allowed)];
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* Debian Policy, 5.6.1 and 5.6.12. */
static bool is_package_name(const char *name)
{
	return is_made_of(name, LOWER DIGITS "+-.") && isalnum((unsigned char)name[0]);
}

static bool is_version(const char *version)
{
	return is_made_of(version, LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS ".+-:~");
}

/* "base,kernel": names, sorted, each once. */
static bool is_group_list(const char *groups)
{
	own_free char *copy = mem_strdup(groups);
	char *rest = copy;
	for (char *name, *last = NULL; (name = strsep(&rest, ",")); last = name)
		if (!is_made_of(name, LOWER DIGITS "-") || (last && strcmp(last, name) >= 0))
			return false;
	return true;
}

static const char *check_file(const struct lock_file *file, const struct lock *lock)
{
	struct digest digest;
	if (!is_package_name(file->name))
		return "a name that is no package's";
	if (!is_version(file->version))
		return "a version that is no package's";
	if (!is_made_of(file->arch, LOWER DIGITS "-"))
		return "an architecture that is none";
	if (!is_mirror_url(file->url))
		return "wanted mirror://<mirror>/<path>.deb";
	if (!is_made_of(file->sha256, DIGITS "abcdef") || !digest_parse(file->sha256, &digest))
		return "wanted a SHA-256 of 64 lower-case hexadecimal digits";
	if (!file->size_bytes)
		return "wanted a size in bytes";
	if (!is_group_list(file->groups))
		return "wanted groups, sorted, with commas between";
	size_t count = lock->files.count;
	if (count && strcmp(lock->files.items[count - 1].name, file->name) >= 0)
		return "names out of order";
	return NULL;
}

/* Digits alone: 0 for anything else, for what does not fit, and for a leading zero. */
static uint64_t parse_size(const char *text)
{
	errno = 0;
	uint64_t size = is_made_of(text, DIGITS) && *text != '0' ? strtoull(text, NULL, 10) : 0;
	return errno ? 0 : size;
}

static int read_file_line(struct lock *lock, char *line, const char *path, unsigned number,
                          struct err *err)
{
	char *fields[FIELDS], *rest = line;
	for (int i = 0; i < FIELDS; i++)
		if (!(fields[i] = strsep(&rest, "\t")))
			return complain(path, number, "wanted seven fields, tab separated", err);
	if (rest)
		return complain(path, number, "more than seven fields", err);
	struct lock_file file = {.name = fields[0],
	                         .version = fields[1],
	                         .arch = fields[2],
	                         .url = fields[3],
	                         .size_bytes = parse_size(fields[4]),
	                         .sha256 = fields[5],
	                         .groups = fields[6]};
	const char *wrong = check_file(&file, lock);
	if (wrong)
		return complain(path, number, wrong, err);
	vec_push(&lock->files, file);
	return 0;
}

static int read_header(const char **value, char *line, const char *key, const char *path,
                       unsigned number, struct err *err)
{
	if (!str_starts(line, key))
		return complain(path, number, "the lines \"suite\" and \"arch\" come first", err);
	*value = line + strlen(key);
	if (!is_made_of(*value, LOWER DIGITS "-"))
		return complain(path, number, "a suite or architecture that is none", err);
	return 0;
}

static int read_line(struct lock *lock, char *line, const char *path, unsigned number,
                     struct err *err)
{
	if (!*line || *line == '#')
		return 0;
	if (!lock->suite)
		return read_header(&lock->suite, line, "suite\t", path, number, err);
	if (!lock->arch)
		return read_header(&lock->arch, line, "arch\t", path, number, err);
	return read_file_line(lock, line, path, number, err);
}

static void digest_files(struct lock *lock)
{
	struct hash hash;
	hash_init(&hash);
	for (vec_each(file, &lock->files)) {
		hash_text(&hash, file->name);
		hash_text(&hash, file->sha256);
		hash_text(&hash, file->groups);
	}
	hash_final(&hash, &lock->digest);
}

static int read_lines(struct lock *lock, char *text, const char *path, struct err *err)
{
	unsigned number = 0;
	for (char *line; (line = strsep(&text, "\n"));)
		if (read_line(lock, line, path, ++number, err) < 0)
			return -1;
	if (!lock->suite || !lock->arch || !lock->files.count)
		return complain(path, number, "suite, arch or all files are missing", err);
	digest_files(lock);
	return 0;
}

int lock_parse(const char *name, const char *text, size_t length, struct lock *ret_lock,
               struct err *err)
{
	struct lock lock = {0};
	if (memchr(text, '\0', length))
		return complain(name, 1, "a NUL byte", err);
	if (read_lines(&lock, arena_strndup(&lock.arena, text, length), name, err) < 0) {
		lock_release(&lock);
		return -1;
	}
	*ret_lock = lock;
	return 0;
}

int lock_load(const char *path, struct lock *ret_lock, struct err *err)
{
	own(str) text = {0};
	if (fs_read(path, MAX_LOCK_BYTES, &text, err) < 0)
		return -1;
	return lock_parse(path, str_text(&text), text.len, ret_lock, err);
}

/* ---- writing */

void lock_format(const struct lock *lock, struct str *text)
{
	str_addf(text,
	         "# Every file of the environment and of the prebuilt toolchains; written by\n"
	         "# `sdk seed update`. Fields: name, version, arch, URL, bytes, SHA-256, groups.\n"
	         "suite\t%s\narch\t%s\n",
	         lock->suite, lock->arch);
	for (vec_each(file, &lock->files))
		str_addf(text, "%s\t%s\t%s\t%s\t%" PRIu64 "\t%s\t%s\n", file->name, file->version,
		         file->arch, file->url, file->size_bytes, file->sha256, file->groups);
}
