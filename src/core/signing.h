/* The project's own signing keys: where they lie, and what is done with them.
 *
 * Secret keys lie in $SDK_DATA/gnupg (workspace.h), not below out/, which people delete, and not in
 * the user's ~/.gnupg, whose keys and habits are no business of ours. Public parts are written to
 * $SDK_DATA/keys/<fingerprint>.asc, to be handed out. */
#pragma once

#include "err.h"
#include "sign-make.h"
#include "str.h"
#include "vec.h"
#include "workspace.h"

/* $SDK_DATA/gnupg; caller closes the ring. */
int signing_open(const struct workspace *workspace, struct sign_ring **ret_ring, struct err *err);
/* $SDK_DATA/keys/<fingerprint>.asc; caller frees. */
char *signing_public_path(const struct workspace *workspace, const char *fingerprint);
/* Appends the paths of all public parts, for sign_keys_open. */
int signing_public_files(const struct workspace *workspace, struct strv *ret_paths,
                         struct err *err);
/* The same, and bootstrap/keys/<name>.asc of the checkout: every key that may be named. */
int signing_trusted_files(const struct workspace *workspace, struct strv *ret_paths,
                          struct err *err);

/* Makes a key and writes its public part. The user id may be NULL: one with the names of the user
 * and the machine. */
int signing_make(const struct workspace *workspace, struct sign_ring *ring, const char *user_id,
                 unsigned days, char **ret_fingerprint, struct err *err);
/* Makes a key that takes over: those that were valid expire after `overlap_days` (sooner ones stay)
 * and sign as well until then. Appends their fingerprints to ret_old. */
int signing_rotate(const struct workspace *workspace, struct sign_ring *ring, const char *user_id,
                   unsigned days, unsigned overlap_days, char **ret_fingerprint,
                   struct strv *ret_old, struct err *err);
/* Revokes a key, named by its fingerprint or by the end of it (8 digits at least), and writes its
 * public part with the revocation. */
int signing_revoke(const struct workspace *workspace, struct sign_ring *ring, const char *name,
                   char **ret_fingerprint, struct err *err);

/* Clear-signs a text with all valid keys. ERR_INPUT with a hint when there are none. */
int signing_sign(const struct workspace *workspace, const char *text, size_t length,
                 struct str *ret_signed, struct err *err);
/* The fingerprints of the valid keys, oldest first; without any, `make` has one made. */
int signing_valid_keys(const struct workspace *workspace, bool make, struct strv *ret_fingerprints,
                       struct err *err);
