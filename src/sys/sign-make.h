/* Keys of one's own and signing with them, by gpgme: in a GnuPG home that is not the user's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"
#include "vec.h"

/* A GnuPG home, locked for this process: another one that opens it waits. */
struct sign_ring;

/* A key of the ring that we hold the secret part of. */
struct sign_key {
	char fingerprint[65]; /* upper-case hexadecimal, 40 digits (64 for version 6) */
	char *user_id;        /* "Name <address>" */
	int64_t created;      /* Unix time */
	int64_t expires;      /* Unix time; 0: never */
	bool revoked, expired;
};
VEC_OF(sign_key_list, struct sign_key);

void sign_key_list_release(struct sign_key_list *list);
/* Neither revoked nor expired. */
bool sign_key_is_valid(const struct sign_key *key);

/* Opens the home, making it (mode 0700) when it is missing. One that others may read is ERR_TRUST;
 * a missing gpg or gpg-agent is ERR_SYSTEM with a hint. The agent that gpg starts for the home ends
 * with sign_ring_close. */
int sign_ring_open(const char *home, struct sign_ring **ret_ring, struct err *err);
/* NULL is fine. */
void sign_ring_close(struct sign_ring *ring);

/* The keys, oldest first. */
int sign_ring_list(struct sign_ring *ring, struct sign_key_list *ret_list, struct err *err);
/* Makes an Ed25519 key for signatures, without passphrase. `days` until it expires; 0: never. */
int sign_ring_make(struct sign_ring *ring, const char *user_id, unsigned days,
                   char **ret_fingerprint, struct err *err);
/* Moves the key's end to `days` from now. */
int sign_ring_set_expiry(struct sign_ring *ring, const char *fingerprint, unsigned days,
                         struct err *err);
/* Applies the revocation certificate that GnuPG wrote when it made the key. */
int sign_ring_revoke(struct sign_ring *ring, const char *fingerprint, struct err *err);
/* Appends the public key, armored, with its expiry and revocation. */
int sign_ring_export(struct sign_ring *ring, const char *fingerprint, struct str *ret_text,
                     struct err *err);
/* Appends the clear-signed text (RFC 9580, section 7), signed by each of the keys. */
int sign_ring_sign(struct sign_ring *ring, const struct strv *fingerprints, const char *text,
                   size_t length, struct str *ret_signed, struct err *err);
