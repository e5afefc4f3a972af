/* A Debian Release file: which index files belong to a suite, and how long it may be believed.
 * https://wiki.debian.org/DebianRepository/Format */
#pragma once

#include <stdint.h>
#include <time.h>

#include "err.h"

struct debrelease_file {
	char sha256[65];
	uint64_t size_bytes;
};

/* Whether the (verified) text is the Release of `suite`, by codename or suite name, and has not
 * expired at `now`: an old or another suite's release, truly signed, is how an attacker would hand
 * out packages with known holes. ERR_TRUST otherwise. */
int debrelease_check(const char *text, const char *suite, time_t now, struct err *err);
/* Finds a file ("main/binary-amd64/Packages.xz") in the list of SHA-256 digests. 1: found, 0: not
 * listed, -1: the list is broken. */
int debrelease_find(const char *text, const char *path, struct debrelease_file *ret_file,
                    struct err *err);
