/* Archives read without unpacking them, by libarchive. */
#include "archive-read.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdbool.h>

#include "mem.h"
#include "own.h"

enum { BLOCK_BYTES = 256 << 10, DEFAULT_MAX_ENTRIES = 2000000 };

/* An archive being read, and the locale it is read in: libarchive converts UTF-8 names through the
 * thread's and fails in "C". */
struct reading {
	struct archive *archive;
	locale_t locale, before;
};

static void reading_release(struct reading *reading)
{
	archive_read_free(reading->archive);
	if (!reading->locale)
		return;
	uselocale(reading->before);
	freelocale(reading->locale);
}

static int fail(struct archive *archive, const char *path, struct err *err)
{
	const char *text = archive_error_string(archive);
	int code = archive_errno(archive);
	if (code == ENOENT || code == EACCES || code == EIO || code == ENOMEM) {
		errno = code;
		return err_errno(err, "%s", path);
	}
	return err_set(err, ERR_INPUT, "%s: damaged or not an archive: %s", path,
	               text ? text : "unknown");
}

static int open_archive(struct reading *reading, const char *path, bool raw, struct err *err)
{
	reading->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (reading->locale)
		reading->before = uselocale(reading->locale);
	reading->archive = archive_read_new();
	if (!reading->archive)
		return err_set(err, ERR_SYSTEM, "libarchive: out of memory");
	archive_read_support_filter_all(reading->archive);
	if (raw) {
		archive_read_support_format_raw(reading->archive);
		archive_read_support_format_empty(reading->archive);
	} else {
		archive_read_support_format_tar(reading->archive);
		archive_read_support_format_gnutar(reading->archive);
		archive_read_support_format_zip(reading->archive);
	}
	if (archive_read_open_filename(reading->archive, path, BLOCK_BYTES) != ARCHIVE_OK)
		return fail(reading->archive, path, err);
	return 0;
}

static char type_of(unsigned mode)
{
	return mode == AE_IFREG ? 'f' : mode == AE_IFDIR ? 'd' : mode == AE_IFLNK ? 'l' : '?';
}

static int read_content(struct archive *archive, const char *path,
                        const struct archive_reader *reader, const struct archive_member *member,
                        size_t wanted, struct err *err)
{
	char block[16 << 10];
	while (wanted > 0) {
		la_ssize_t count = archive_read_data(archive, block,
		                                     wanted < sizeof block ? wanted : sizeof block);
		if (count < 0)
			return fail(archive, path, err);
		if (count == 0)
			return 0;
		if (reader->content(reader->context, member, block, (size_t)count, err) < 0)
			return -1;
		wanted -= (size_t)count;
	}
	return 0;
}

static int read_member(struct archive *archive, const char *path, struct archive_entry *entry,
                       const struct archive_reader *reader, struct err *err)
{
	const char *name = archive_entry_pathname_utf8(entry);
	if (!name)
		name = archive_entry_pathname(entry);
	struct archive_member member = {.name = name ? name : "",
	                                .type = type_of(archive_entry_filetype(entry)),
	                                .size_bytes = (uint64_t)archive_entry_size(entry),
	                                .mtime = archive_entry_mtime(entry)};
	size_t wanted = 0;
	if (archive_entry_hardlink(entry))
		member.type = 'l';
	if (reader->member(reader->context, &member, &wanted, err) < 0)
		return -1;
	return read_content(archive, path, reader, &member, wanted, err);
}

int archive_read_members(const char *path, const struct archive_reader *reader,
                         uint64_t max_entries, struct err *err)
{
	own(reading) reading = {0};
	uint64_t left = max_entries ? max_entries : DEFAULT_MAX_ENTRIES;
	if (open_archive(&reading, path, false, err) < 0)
		return -1;
	for (;; left--) {
		struct archive_entry *entry;
		int result = archive_read_next_header(reading.archive, &entry);
		if (result == ARCHIVE_EOF)
			return 0;
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
			return fail(reading.archive, path, err);
		if (!left)
			return err_set(err, ERR_INPUT, "%s: holds too many members", path);
		if (read_member(reading.archive, path, entry, reader, err) < 0)
			return -1;
	}
}

int archive_read_stream(const char *path, uint64_t max_bytes,
                        int (*chunk)(void *context, const char *bytes, size_t count,
                                     struct err *err),
                        void *context, struct err *err)
{
	own(reading) reading = {0};
	struct archive_entry *entry;
	own_free char *block = mem_alloc(BLOCK_BYTES);
	if (open_archive(&reading, path, true, err) < 0)
		return -1;
	int result = archive_read_next_header(reading.archive, &entry);
	if (result == ARCHIVE_EOF)
		return 0;
	if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
		return fail(reading.archive, path, err);
	for (uint64_t total = 0;;) {
		la_ssize_t count = archive_read_data(reading.archive, block, BLOCK_BYTES);
		if (count < 0)
			return fail(reading.archive, path, err);
		if (count == 0)
			return 0;
		total += (uint64_t)count;
		if (total > max_bytes)
			return err_set(err, ERR_INPUT, "%s: holds more than %llu bytes", path,
			               (unsigned long long)max_bytes);
		if (chunk(context, block, (size_t)count, err) < 0)
			return -1;
	}
}
