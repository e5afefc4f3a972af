/* Errors: a kind, an errno and a message that grows outwards as callers wrap it. */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

static const struct {
	const char *name;
	int exit_code;
} kinds[] = {
	[ERR_NONE] = {"none", 0},     [ERR_USAGE] = {"usage", 2},
	[ERR_INPUT] = {"input", 3},   [ERR_NETWORK] = {"network", 4},
	[ERR_TRUST] = {"trust", 5},   [ERR_BUILD] = {"build", 1},
	[ERR_SYSTEM] = {"system", 6}, [ERR_INTERRUPTED] = {"interrupted", 130},
};

static void replace(struct err *err, enum err_kind kind, int sys_errno, char *message)
{
	err_release(err);
	err->kind = kind;
	err->sys_errno = sys_errno;
	err->message = message;
}

int(err_set)(struct err *err, enum err_kind kind, const char *format, ...)
{
	if (!err)
		return -1;
	va_list args;
	va_start(args, format);
	char *message = mem_vprintf(format, args);
	va_end(args);
	replace(err, kind, 0, message);
	return -1;
}

int(err_errno)(struct err *err, const char *format, ...)
{
	int saved = errno;
	if (!err)
		return -1;
	va_list args;
	va_start(args, format);
	char *text = mem_vprintf(format, args);
	va_end(args);
	replace(err, ERR_SYSTEM, saved, mem_printf("%s: %s", text, strerror(saved)));
	free(text);
	return -1;
}

int(err_wrap)(struct err *err, const char *format, ...)
{
	if (!err)
		return -1;
	va_list args;
	va_start(args, format);
	char *text = mem_vprintf(format, args);
	va_end(args);
	char *inner = err->message;
	err->message = inner ? mem_printf("%s: %s", text, inner) : mem_strdup(text);
	free(inner);
	free(text);
	return -1;
}

int(err_hint)(struct err *err, const char *format, ...)
{
	if (!err || err->hint)
		return -1;
	va_list args;
	va_start(args, format);
	err->hint = mem_vprintf(format, args);
	va_end(args);
	return -1;
}

int(err_move)(struct err *to, struct err *from)
{
	if (!to) {
		err_release(from);
		return -1;
	}
	err_release(to);
	*to = *from;
	*from = (struct err){0};
	return -1;
}

void err_release(struct err *err)
{
	free(err->message);
	free(err->hint);
	*err = (struct err){0};
}

int err_exit_code(enum err_kind kind)
{
	return kinds[kind].exit_code;
}

const char *err_kind_name(enum err_kind kind)
{
	return kinds[kind].name;
}
