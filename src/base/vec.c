/* A list of strings. */
#include "vec.h"

#include <stdarg.h>
#include <string.h>

#include "str.h"

void strv_release(struct strv *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	vec_release(list);
}

void strv_add(struct strv *list, const char *text)
{
	strv_take(list, mem_strdup(text));
}

void strv_take(struct strv *list, char *text)
{
	vec_push(list, text);
}

void strv_addf(struct strv *list, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	strv_take(list, mem_vprintf(format, args));
	va_end(args);
}

void strv_add_all(struct strv *list, const struct strv *other)
{
	for (size_t i = 0; i < other->count; i++)
		strv_add(list, other->items[i]);
}

char **strv_argv(struct strv *list)
{
	vec_push(list, NULL);
	list->count--;
	return list->items;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *list)
{
	vec_sort(list, compare);
}

int strv_has(const struct strv *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_equal(list->items[i], text))
			return 1;
	return 0;
}

void strv_split(struct strv *list, const char *text, const char *separators)
{
	for (;;) {
		text += strspn(text, separators);
		size_t length = strcspn(text, separators);
		if (!length)
			return;
		strv_take(list, mem_strndup(text, length));
		text += length;
	}
}

char *strv_join(const struct strv *list, const char *between)
{
	struct str text = {0};
	for (size_t i = 0; i < list->count; i++) {
		if (i)
			str_add(&text, between);
		str_add(&text, list->items[i]);
	}
	return str_steal(&text);
}
