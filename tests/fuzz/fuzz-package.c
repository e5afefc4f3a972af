/* Fuzz target: any bytes as a binhost's package: its digest is right by chance alone, so what is
 * expected of it is taken from the bytes themselves; nothing may appear outside its tree. */
#include "replay.h"

#include <string.h>
#include <unistd.h>

#include "hash.h"
#include "store-unpack.h"

struct bytes {
	const uint8_t *data;
	size_t size;
};

static ssize_t read_bytes(void *context, const void **ret_bytes, struct err *err)
{
	(void)err;
	struct bytes *bytes = context;
	size_t count = bytes->size < 100 ? bytes->size : 100;
	*ret_bytes = bytes->data;
	bytes->data += count;
	bytes->size -= count;
	return (ssize_t)count;
}

/* The digest of what an uncompressed archive has as its first member: so that mutations get as far
 * as the comparison of entries. */
static void guess_digest(const uint8_t *data, size_t size, char hex[DIGEST_HEX])
{
	struct digest digest;
	size_t length = 0;
	if (size > 512)
		length = strtoul((const char *)data + 124, NULL, 8);
	bool fits = size > 512 && length <= size - 512;
	digest_of(fits ? data + 512 : data, fits ? length : size, &digest);
	digest_hex(&digest, hex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/tmp/sdk-fuzz-package-XXXXXX", hex[DIGEST_HEX];
	own(err) err = {0};
	own(strv) names = {0};
	if (!mkdtemp(dir))
		abort();
	own_free char *staging = path_join(dir, "staging");
	struct bytes bytes = {.data = data, .size = size};
	const struct archive_stream stream = {.read = read_bytes, .context = &bytes};
	guess_digest(data, size, hex);
	if (fs_make_dirs(staging, 0755, NULL) < 0)
		abort();
	if (store_unpack(&stream, hex, UINT64_MAX, staging, &err) < 0 &&
	    (!err.kind || !err.message))
		abort();
	if (fs_list(dir, &names, NULL) < 0 || names.count != 1)
		abort();
	fs_remove_tree(dir, NULL);
	return 0;
}
