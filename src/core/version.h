/* Versions as upstreams write them, put in order. */
#pragma once

#include <stdbool.h>

/* <0, 0 or >0. Numbers count as numbers (1.9 < 1.10), what comes before a release sorts there
 * (2.0-alpha1 < 2.0beta < 2.0~rc1 < 2.0), other letters after it (10.0 < 10.0p1, 2025b < 2025c), a
 * missing part is zero (4.2 = 4.2.0); the separators . _ - + ~ are all alike. */
int version_compare(const char *a, const char *b);
/* alpha, beta, rc, pre, dev, snapshot and the like, or a tilde. */
bool version_is_prerelease(const char *version);
/* Whether one can follow the other: a date (20250419, 2025c) never follows a number (6.5), though
 * it is greater, nor the other way round. */
bool version_is_alike(const char *a, const char *b);
/* The upstream version in a Debian one: "1:1.3.dfsg+really1.3.1-1+b1" is 1.3.1, "0.18+ds-2" is
 * 0.18, "6.5+20250216-2" is 6.5.20250216. Caller frees. */
char *version_of_debian(const char *version);
