/* Archives, by libarchive: the ways in to unpacking. */
#include "archive.h"

#include <errno.h>
#include <stdlib.h>

#include "archive-parts.h"
#include "lazy.h"
#include "own.h"
#include "str.h"

void archive_load(void)
{
	lazy_load("archive_read_new");
}

struct utf8_scope utf8_scope_enter(void)
{
	struct utf8_scope scope = {.locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0)};
	if (scope.locale)
		scope.before = uselocale(scope.locale);
	return scope;
}

void utf8_scope_release(struct utf8_scope *scope)
{
	if (!scope->locale)
		return;
	uselocale(scope->before);
	freelocale(scope->locale);
}

int archive_fail(struct archive *archive, struct err *err)
{
	const char *text = archive_error_string(archive);
	int code = archive_errno(archive);
	if (code == ENOMEM || code == EIO || code == ENOSPC) {
		errno = code;
		return err_errno(err, "libarchive");
	}
	return err_set(err, ERR_INPUT, "damaged or not an archive: %s", text ? text : "unknown");
}

/* What Debian's packages and upstreams' sources are made of. */
static void accept_all(struct archive *archive)
{
	archive_read_support_format_tar(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_lzma(archive);
	archive_read_support_filter_zstd(archive);
}

int archive_unpack(const char *path, const char *dest, const struct archive_choice *choice,
                   const struct archive_limits *limits, time_t *ret_newest, struct err *err)
{
	own(utf8_scope) scope = utf8_scope_enter();
	own(unpack) unpack;
	if (unpack_init(&unpack, dest, limits, err) < 0)
		return -1;
	unpack.choice = *choice;
	unpack.keep_dir_times = true;
	accept_all(unpack.archive);
	archive_read_support_format_zip(unpack.archive);
	if (archive_read_open_filename(unpack.archive, path, ARCHIVE_BLOCK_BYTES) != ARCHIVE_OK)
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
	if (archive_read_open_filename(deb->ar, path, ARCHIVE_BLOCK_BYTES) != ARCHIVE_OK)
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
	accept_all(unpack.archive);
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

/* ---- as it comes, and checked */

/* The stream, and the error of its last call, which libarchive would not carry. */
struct streaming {
	const struct archive_stream *stream;
	struct err err;
};

static void streaming_release(struct streaming *streaming)
{
	err_release(&streaming->err);
}

static la_ssize_t stream_read(struct archive *archive, void *context, const void **ret_bytes)
{
	struct streaming *streaming = context;
	ssize_t count =
		streaming->stream->read(streaming->stream->context, ret_bytes, &streaming->err);
	if (count < 0)
		archive_set_error(archive, EIO, "the stream failed");
	return count;
}

/* What stands behind the archive's end has been vouched for as well, or not. */
static int drain(struct streaming *streaming)
{
	const void *bytes;
	ssize_t count;
	do
		count = streaming->stream->read(streaming->stream->context, &bytes,
		                                &streaming->err);
	while (count > 0);
	return (int)count;
}

int archive_unpack_checked(const struct archive_stream *stream, const char *dest,
                           const struct archive_check *check, struct err *err)
{
	own(utf8_scope) scope = utf8_scope_enter();
	own(streaming) streaming = {.stream = stream};
	own(unpack) unpack;
	if (unpack_init(&unpack, dest, NULL, err) < 0)
		return -1;
	unpack.check = check;
	unpack.keep_dir_times = true;
	archive_read_support_format_tar(unpack.archive);
	archive_read_support_filter_zstd(unpack.archive);
	int result = 0;
	if (archive_read_open(unpack.archive, &streaming, NULL, stream_read, NULL) != ARCHIVE_OK)
		result = archive_fail(unpack.archive, err);
	else
		result = unpack_all(&unpack, err);
	if (result == 0)
		result = drain(&streaming);
	return streaming.err.kind ? err_move(err, &streaming.err) : result;
}
