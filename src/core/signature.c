/* Upstream's OpenPGP signature of a source's file: fetched, and verified by the recipe's key. */
#include "signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive-read.h"
#include "fetch.h"
#include "fs.h"
#include "mirror.h"
#include "own.h"
#include "path.h"
#include "sign.h"

#define MAX_TAR_BYTES (UINT64_C(4) << 30)

int signature_fetch(const struct workspace *workspace, const struct source *source,
                    const char *path, const struct event_sink *sink, struct err *err)
{
	own(mirrors) mirrors = {0};
	own(strv) urls = {0};
	const struct fetch_options options = {.rounds = 2};
	if (mirrors_load(workspace, &mirrors, err) < 0 ||
	    mirrors_expand(&mirrors, source->signature_url, &urls, err) < 0)
		return -1;
	const struct fetch_file file = {.name = path_base(path),
	                                .path = path,
	                                .urls = &urls,
	                                .max_bytes = SIGNATURE_MAX_BYTES};
	return fetch_all(&file, 1, &options, sink, err);
}

struct output {
	int fd;
};

static int on_chunk(void *context, const char *bytes, size_t count, struct err *err)
{
	const struct output *output = context;
	return fs_write_all(output->fd, bytes, count, err);
}

/* Some sign the tar, not its compressed form: foo.tar.sign for foo.tar.xz. */
static bool is_of_plain_tar(const char *file, const char *signature_url)
{
	own_free char *stem = mem_strdup(path_base(signature_url));
	char *dot = strrchr(stem, '.');
	if (dot)
		*dot = '\0';
	return str_ends(stem, ".tar") && !str_ends(file, ".tar");
}

static int unpack_plain(const char *file, const char *plain, struct err *err)
{
	FILE *stream = fopen(plain, "we");
	if (!stream)
		return err_errno(err, "%s", plain);
	struct output output = {fileno(stream)};
	int result = archive_read_stream(file, MAX_TAR_BYTES, on_chunk, &output, err);
	if (fclose(stream) != 0 && result == 0)
		result = err_errno(err, "%s", plain);
	return result;
}

static int verify_with(const char *key, const char *file, const char *signature, const char *dir,
                       struct err *err)
{
	own(strv) key_files = {0};
	struct sign_keys *keys;
	strv_add(&key_files, key);
	if (sign_keys_open(&key_files, dir, &keys, err) < 0)
		return -1;
	int result = sign_verify_detached(keys, file, signature, err);
	sign_keys_close(keys);
	return result;
}

int signature_verify(const struct source *source, const char *recipe_dir, const char *file,
                     const char *signature, const char *dir, struct err *err)
{
	own_free char *key = path_join(recipe_dir, source->signature_key);
	own_free char *plain = path_join(dir, "plain.tar");
	bool of_plain = is_of_plain_tar(file, source->signature_url);
	if (of_plain && unpack_plain(file, plain, err) < 0)
		return -1;
	int result = verify_with(key, of_plain ? plain : file, signature, dir, err);
	if (of_plain)
		unlink(plain);
	return result < 0 ? err_wrap(err, "%s: upstream's signature", path_base(file)) : 0;
}
