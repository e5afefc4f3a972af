/* An arena: many small allocations that live and die together. */
#pragma once

#include <stddef.h>

struct arena_block;

/* {0} is empty; arena_release frees everything at once. */
struct arena {
	struct arena_block *blocks;
};

void arena_release(struct arena *arena);
/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
