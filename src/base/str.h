/* A growing byte string, always terminated. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is the empty string. `data` is NULL only while nothing was ever added; use str_text for a
 * pointer that is never NULL. Pointers into `data` are invalid after the next str_add*. */
struct str {
	char *data;
	size_t len; /* bytes, without the terminator */
	size_t cap;
};

void str_release(struct str *str);
/* Empties, keeping the memory. */
void str_reset(struct str *str);
void str_add(struct str *str, const char *text);
void str_add_bytes(struct str *str, const void *bytes, size_t count);
void str_add_char(struct str *str, char c);
void str_addf(struct str *str, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_addv(struct str *str, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
/* Makes room for `count` more bytes and returns where they go; the caller raises len itself. */
char *str_room(struct str *str, size_t count);
/* The text, "" when empty; owned by the string. */
const char *str_text(const struct str *str);
/* Hands the text over (never NULL, the caller frees) and leaves the string empty. */
char *str_steal(struct str *str);

bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);
static inline bool str_equal(const char *a, const char *b)
{
	return __builtin_strcmp(a, b) == 0;
}
/* Reads the decimal number that begins at *at, and moves *at behind it. False, with nothing moved:
 * there is no digit, or the number is too large. */
bool str_read_number(const char **at, uint64_t *ret_number);
/* Bytes of the UTF-8 sequence at `text` (RFC 3629), 0 if it is none. */
size_t str_utf8_length(const char *text);
/* What others wrote (a name in an archive, a page) as a part of one line: what would move a
 * terminal's cursor, end the line, or is no UTF-8 becomes "\x1b". Caller frees. */
char *str_visible(const char *text);
/* Edit distance (Damerau-Levenshtein, adjacent swaps count one), for "did you mean". */
size_t str_distance(const char *a, const char *b);
