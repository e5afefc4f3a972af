/* A growing byte string, always terminated. */
#include "str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "own.h"

void str_release(struct str *str)
{
	free(str->data);
	*str = (struct str){0};
}

void str_reset(struct str *str)
{
	str->len = 0;
	if (str->data)
		str->data[0] = '\0';
}

char *str_room(struct str *str, size_t count)
{
	if (str->cap - str->len < count + 1) {
		size_t cap = str->cap ? str->cap : 64;
		while (cap - str->len < count + 1)
			cap *= 2;
		str->data = mem_realloc(str->data, cap);
		str->cap = cap;
	}
	return str->data + str->len;
}

void str_add_bytes(struct str *str, const void *bytes, size_t count)
{
	char *room = str_room(str, count);
	if (count)
		memcpy(room, bytes, count);
	str->len += count;
	str->data[str->len] = '\0';
}

void str_add(struct str *str, const char *text)
{
	str_add_bytes(str, text, strlen(text));
}

void str_add_char(struct str *str, char c)
{
	str_add_bytes(str, &c, 1);
}

void str_addv(struct str *str, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int need = vsnprintf(NULL, 0, format, args);
	if (need > 0) {
		vsnprintf(str_room(str, (size_t)need), (size_t)need + 1, format, again);
		str->len += (size_t)need;
	}
	va_end(again);
}

void str_addf(struct str *str, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	str_addv(str, format, args);
	va_end(args);
}

const char *str_text(const struct str *str)
{
	return str->data ? str->data : "";
}

char *str_steal(struct str *str)
{
	char *text = str->data ? str->data : mem_strdup("");
	*str = (struct str){0};
	return text;
}

bool str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);
	return length >= tail && memcmp(text + length - tail, suffix, tail) == 0;
}

/* (strtoull would take blanks and a sign, too.) */
bool str_read_number(const char **at, uint64_t *ret_number)
{
	char *end;
	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	unsigned long long number = strtoull(*at, &end, 10);
	if (errno)
		return false;
	*at = end;
	*ret_number = number;
	return true;
}

size_t str_utf8_length(const char *start)
{
	const unsigned char *text = (const unsigned char *)start;
	size_t length = text[0] < 0x80                      ? 1
	                : text[0] >= 0xc2 && text[0] < 0xe0 ? 2
	                : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
	                : text[0] >= 0xf0 && text[0] < 0xf5 ? 4
	                                                    : 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] >= 0xa0) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] >= 0x90))
		return 0;
	return length;
}

/* U+0080 to U+009F, in two bytes, are controls of terminals as well (ISO 6429). */
static bool is_control(const unsigned char *text)
{
	return text[0] < 0x20 || text[0] == 0x7f || (text[0] == 0xc2 && text[1] < 0xa0);
}

char *str_visible(const char *text)
{
	struct str visible = {0};
	while (*text) {
		size_t length = str_utf8_length(text);
		if (length && !is_control((const unsigned char *)text)) {
			str_add_bytes(&visible, text, length);
			text += length;
			continue;
		}
		for (size_t i = 0; i < (length ? length : 1); i++)
			str_addf(&visible, "\\x%02x", (unsigned char)text[i]);
		text += length ? length : 1;
	}
	return str_steal(&visible);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t str_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	own_free size_t *rows = mem_alloc(3 * (m + 1) * sizeof *rows);
	size_t *before = rows, *last = rows + m + 1, *now = rows + 2 * (m + 1);
	for (size_t j = 0; j <= m; j++)
		last[j] = j;
	for (size_t i = 1; i <= n; i++) {
		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t cost = a[i - 1] != b[j - 1];
			now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + cost);
			bool swapped =
				i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
			if (swapped)
				now[j] = least(now[j], before[j - 2] + 1);
		}
		size_t *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[m];
}
