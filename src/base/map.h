/* A hash table from strings to pointers. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct map_entry {
	const char *key; /* NULL: free place */
	void *value;
	uint64_t hash;
};

/* {0} is empty. Keys are borrowed: they must live as long as the entry. Values are the caller's. */
struct map {
	struct map_entry *entries;
	size_t count, cap; /* cap is a power of two */
};

void map_release(struct map *map);
/* The value, or NULL. */
void *map_get(const struct map *map, const char *key);
/* Sets, returning the value that was there before, or NULL. `value` must not be NULL. */
void *map_set(struct map *map, const char *key, void *value);
/* Walks the entries in no particular order: start with *cursor = 0; NULL at the end. */
const struct map_entry *map_next(const struct map *map, size_t *cursor);
