/* A hash table from strings to pointers: open addressing, linear probing, at most 3/4 full. */
#include "map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* FNV-1a, 64 bits. */
static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return hash;
}

static struct map_entry *find(const struct map *map, const char *key, uint64_t hash)
{
	size_t mask = map->cap - 1;
	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct map_entry *entry = &map->entries[i];
		if (!entry->key || (entry->hash == hash && strcmp(entry->key, key) == 0))
			return entry;
	}
}

static void grow(struct map *map)
{
	struct map old = *map;
	map->cap = old.cap ? 2 * old.cap : 16;
	map->entries = mem_alloc(map->cap * sizeof *map->entries);
	for (size_t i = 0; i < old.cap; i++)
		if (old.entries[i].key)
			*find(map, old.entries[i].key, old.entries[i].hash) = old.entries[i];
	free(old.entries);
}

void map_release(struct map *map)
{
	free(map->entries);
	*map = (struct map){0};
}

void *map_get(const struct map *map, const char *key)
{
	return map->cap ? find(map, key, hash_text(key))->value : NULL;
}

void *map_set(struct map *map, const char *key, void *value)
{
	assert(value);
	if (4 * (map->count + 1) > 3 * map->cap)
		grow(map);
	uint64_t hash = hash_text(key);
	struct map_entry *entry = find(map, key, hash);
	void *before = entry->value;
	if (!entry->key) {
		map->count++;
		*entry = (struct map_entry){.key = key, .hash = hash};
	}
	entry->value = value;
	return before;
}

const struct map_entry *map_next(const struct map *map, size_t *cursor)
{
	while (*cursor < map->cap) {
		const struct map_entry *entry = &map->entries[(*cursor)++];
		if (entry->key)
			return entry;
	}
	return NULL;
}
