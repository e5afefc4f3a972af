/* SHA-256 (FIPS 180-4, by libcrypto) and digests as values. */
#include "hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "own.h"

void hash_init(struct hash *hash)
{
	hash->context = EVP_MD_CTX_new();
	if (!hash->context || EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1)
		abort();
}

void hash_update(struct hash *hash, const void *bytes, size_t count)
{
	if (EVP_DigestUpdate(hash->context, bytes, count) != 1)
		abort();
}

void hash_text(struct hash *hash, const char *text)
{
	hash_update(hash, text, strlen(text) + 1);
}

void hash_final(struct hash *hash, struct digest *ret_digest)
{
	if (EVP_DigestFinal_ex(hash->context, ret_digest->bytes, NULL) != 1)
		abort();
	hash_release(hash);
}

void hash_release(struct hash *hash)
{
	EVP_MD_CTX_free(hash->context);
	hash->context = NULL;
}

void digest_of(const void *bytes, size_t count, struct digest *ret_digest)
{
	struct hash hash;
	hash_init(&hash);
	hash_update(&hash, bytes, count);
	hash_final(&hash, ret_digest);
}

int digest_fd(int fd, struct digest *ret_digest, struct err *err)
{
	enum { CHUNK = 128 * 1024 };
	own_free char *buffer = malloc(CHUNK);
	if (!buffer)
		abort();
	own(hash) hash;
	hash_init(&hash);
	for (;;) {
		ssize_t count = read(fd, buffer, CHUNK);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return err_errno(err, "read");
		if (count == 0)
			break;
		hash_update(&hash, buffer, (size_t)count);
	}
	hash_final(&hash, ret_digest);
	return 0;
}

int digest_file(const char *path, struct digest *ret_digest, struct err *err)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_errno(err, "open %s", path);
	if (digest_fd(fd, ret_digest, err) < 0)
		return err_wrap(err, "%s", path);
	return 0;
}

void digest_hex(const struct digest *digest, char ret_hex[DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		ret_hex[2 * i] = digits[digest->bytes[i] >> 4];
		ret_hex[2 * i + 1] = digits[digest->bytes[i] & 15];
	}
	ret_hex[2 * DIGEST_SIZE] = '\0';
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool digest_parse(const char *hex, struct digest *ret_digest)
{
	struct digest digest;
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		int high = nibble(hex[2 * i]);
		int low = high < 0 ? -1 : nibble(hex[2 * i + 1]);
		if (low < 0)
			return false;
		digest.bytes[i] = (uint8_t)(high << 4 | low);
	}
	if (hex[2 * DIGEST_SIZE])
		return false;
	*ret_digest = digest;
	return true;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}
