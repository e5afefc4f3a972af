/* Diagnostics for the developer of the SDK. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

bool log_enabled;

void log_debug(const char *format, ...)
{
	if (!log_enabled)
		return;
	va_list args;
	va_start(args, format);
	fputs("debug: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}
