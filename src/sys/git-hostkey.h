/* Keys of SSH servers that can't be believed: told with what to do. */
#pragma once

#include <stdbool.h>

#include "err.h"

/* Whether ~/.ssh/known_hosts has a key for the server of an ssh:// or user@host:path address, by
 * ssh-keygen(1), for names may be hashed there. */
bool git_hostkey_is_known(const char *url);
/* The server showed a key that known_hosts has not, or another one than it has. Returns -1, with
 * ERR_TRUST and a hint; `shown` is the address for people. */
int git_hostkey_refuse(const char *url, const char *shown, struct err *err);
