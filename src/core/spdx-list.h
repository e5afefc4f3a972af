/* The identifiers of the SPDX licence list, each table sorted bytewise. */
#pragma once

#include <stddef.h>

extern const char *const spdx_licenses[], *const spdx_deprecated[], *const spdx_exceptions[];
extern const size_t spdx_licenses_count, spdx_deprecated_count, spdx_exceptions_count;
