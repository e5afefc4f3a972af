/* OpenPGP signatures, by gpgme: checked against chosen keys alone, never against the user's. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"
#include "vec.h"

/* Some public keys, imported into a GnuPG home of their own that lives as long as the struct. */
struct sign_keys;

/* Imports key files (armored or not). The private home is a temporary directory below `parent`,
 * which must exist. A file without keys is ERR_INPUT; a missing gpg is ERR_SYSTEM with a hint. */
int sign_keys_open(const struct strv *key_files, const char *parent, struct sign_keys **ret_keys,
                   struct err *err);
/* From now on only signatures by these keys count, named by the fingerprints of their primary keys
 * (40 hexadecimal digits, of either case); borrowed. */
void sign_keys_trust(struct sign_keys *keys, const struct strv *fingerprints);
/* After a good verdict: when the first of what it rests on expires (signatures, keys), as Unix
 * time; 0: never. Until then the same text and the same keys give the same verdict. */
int64_t sign_keys_good_until(const struct sign_keys *keys);
/* Removes the private home. NULL is fine. */
void sign_keys_close(struct sign_keys *keys);

/* Checks a clear-signed text (RFC 9580, section 7) and appends exactly what was signed;
 * nothing may stand around it. At least one signature must be good and by one of the keys;
 * signatures by other keys don't matter, but a wrong one does, as do expired or revoked keys and
 * SHA-1. Else ERR_TRUST beginning with `name`. */
int sign_verify_clear(struct sign_keys *keys, const char *name, const char *text, size_t length,
                      struct str *ret_signed, struct err *err);
/* The same for a signature that stands in a file of its own. */
int sign_verify_detached(struct sign_keys *keys, const char *path, const char *signature_path,
                         struct err *err);
