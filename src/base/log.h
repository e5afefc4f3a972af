/* Diagnostics for the developer of the SDK: SDK_DEBUG=1 or -vv shows them on stderr. */
#pragma once

#include <stdbool.h>

/* The one global of this layer, set by main. */
extern bool log_enabled;

void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
