/* Allocation that never fails: running out of memory aborts here and nowhere else. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Zeroed memory; the caller frees. */
void *mem_alloc(size_t size);
void *mem_realloc(void *old, size_t size);
/* Aborts on count * size overflow. */
void *mem_realloc_array(void *old, size_t count, size_t size);
char *mem_strdup(const char *text);
/* Copies at most `length` bytes and terminates them. */
char *mem_strndup(const char *text, size_t length);
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *mem_vprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
