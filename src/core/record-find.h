/* Builds by their names: a key, or an output's digest, or the beginning of either. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "store.h"

/* Whether it can be one: 8 to 64 hexadecimal digits. */
bool record_is_name(const char *text);
/* The record of the key that begins so, among those of this checkout and of the cache; or else one
 * made up of the single output of the store or cache whose digest begins so. None, or several, is
 * ERR_INPUT. */
int record_find_named(const struct workspace *workspace, const char *text,
                      struct record *ret_record, struct err *err);
