/* A growing array of any type. */
#pragma once

#include <stddef.h>
#include <stdlib.h>

#include "mem.h"

/* struct VEC(char *) names; a zeroed one is empty. Items move when it grows. */
#define VEC(type)                  \
	struct {                   \
		type *items;       \
		size_t count, cap; \
	}

/* VEC_OF(node_list, struct node *); declares struct node_list, for vectors that are passed around.
 */
#define VEC_OF(name, type)         \
	struct name {              \
		type *items;       \
		size_t count, cap; \
	}

#define vec_push(vec, ...)                                                                         \
	do {                                                                                       \
		if ((vec)->count == (vec)->cap) {                                                  \
			(vec)->cap = (vec)->cap ? 2 * (vec)->cap : 8;                              \
			(vec)->items =                                                             \
				mem_realloc_array((vec)->items, (vec)->cap, sizeof *(vec)->items); \
		}                                                                                  \
		(vec)->items[(vec)->count++] = (__VA_ARGS__);                                      \
	} while (0)

/* Frees the array, not what its items point to. */
#define vec_release(vec)                       \
	do {                                   \
		free((vec)->items);            \
		(vec)->items = NULL;           \
		(vec)->count = (vec)->cap = 0; \
	} while (0)

#define vec_sort(vec, compare)                                                               \
	((vec)->count > 1 ? qsort((vec)->items, (vec)->count, sizeof *(vec)->items, compare) \
	                  : (void)0)

/* for (vec_each(item, &vec)) …: `item` points at each element in turn. */
#define vec_each(item, vec)                               \
	__typeof__((vec)->items + 0) item = (vec)->items; \
	item < (vec)->items + (vec)->count;               \
	item++

/* A list of strings it owns. */
struct strv {
	char **items;
	size_t count, cap;
};

void strv_release(struct strv *list);
/* Copies the text. */
void strv_add(struct strv *list, const char *text);
/* Takes the text over. */
void strv_take(struct strv *list, char *text);
void strv_addf(struct strv *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strv_add_all(struct strv *list, const struct strv *other);
/* A NULL-terminated view for exec; valid until the next change. */
char **strv_argv(struct strv *list);
void strv_sort(struct strv *list);
/* Whether the text is in the list (linear). */
int strv_has(const struct strv *list, const char *text);
/* Splits at any byte of `separators`, dropping empty parts; returns a new list's content in `ret`.
 */
void strv_split(struct strv *list, const char *text, const char *separators);
/* The items with `between` between them; the caller frees. */
char *strv_join(const struct strv *list, const char *between);
