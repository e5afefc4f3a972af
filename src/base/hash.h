/* SHA-256 (FIPS 180-4, by libcrypto) and digests as values. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum { DIGEST_SIZE = 32, DIGEST_HEX = 65 /* with the terminator */ };

struct digest {
	uint8_t bytes[DIGEST_SIZE];
};

/* A running hash. hash_init … hash_update* … hash_final (which also releases). */
struct hash {
	void *context;
};

void hash_init(struct hash *hash);
void hash_update(struct hash *hash, const void *bytes, size_t count);
/* Text and its terminator, so that ("ab","c") and ("a","bc") differ. */
void hash_text(struct hash *hash, const char *text);
void hash_final(struct hash *hash, struct digest *ret_digest);
void hash_release(struct hash *hash);

void digest_of(const void *bytes, size_t count, struct digest *ret_digest);
/* Reads the whole file, not following a final symlink. */
int digest_file(const char *path, struct digest *ret_digest, struct err *err);
/* Hashes what is left to read of the descriptor. */
int digest_fd(int fd, struct digest *ret_digest, struct err *err);

/* 64 lower-case hexadecimal digits. */
void digest_hex(const struct digest *digest, char ret_hex[DIGEST_HEX]);
/* False when the text is not exactly 64 hexadecimal digits. */
bool digest_parse(const char *hex, struct digest *ret_digest);
bool digest_equal(const struct digest *a, const struct digest *b);
