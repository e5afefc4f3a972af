/* Versions as upstreams write them, put in order. */
#include "version.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "own.h"
#include "str.h"

/* In the order in which tokens sort where versions begin to differ. */
enum rank { BEFORE, END, LETTERS, NUMBER };

struct token {
	enum rank rank;
	const char *text;
	size_t length;
	int stage; /* BEFORE: dev < alpha < beta < pre < rc */
};

static const struct {
	const char *word;
	int stage;
} stages[] = {
	{"dev", 0}, {"snapshot", 0}, {"nightly", 0}, {"alpha", 1}, {"beta", 2}, {"test", 2},
	{"pre", 3}, {"prev", 3},     {"preview", 3}, {"rc", 4},    {"cr", 4},
};

static bool is_separator(char c)
{
	return c && strchr("._-+~", c);
}

/* A lone a or b between digits: 3.13a1. (1.1.1a and 2025b are later ones.) */
static int letter_stage(const char *start, const char *text, size_t length)
{
	bool between = text > start && isdigit((unsigned char)text[-1]) &&
	               isdigit((unsigned char)text[length]);
	if (length != 1 || !between)
		return -1;
	return *text == 'a' ? 1 : *text == 'b' ? 2 : -1;
}

static int stage_of(const char *start, const char *text, size_t length, bool tilde)
{
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
		if (strlen(stages[i].word) == length && !strncasecmp(text, stages[i].word, length))
			return stages[i].stage;
	return tilde ? 0 : letter_stage(start, text, length);
}

static struct token next_token(const char *start, const char **at)
{
	bool tilde = false;
	while (is_separator(**at))
		tilde |= *(*at)++ == '~';
	struct token token = {.rank = END, .text = *at};
	bool digits = isdigit((unsigned char)**at);
	while (**at && !is_separator(**at) && !!isdigit((unsigned char)**at) == digits) {
		(*at)++;
		token.length++;
	}
	if (!token.length)
		return token;
	token.rank = digits ? NUMBER : LETTERS;
	int stage = digits ? -1 : stage_of(start, token.text, token.length, tilde);
	if (stage >= 0) {
		token.rank = BEFORE;
		token.stage = stage;
	}
	return token;
}

static int compare_numbers(const struct token *a, const struct token *b)
{
	struct token left = *a, right = *b;
	for (; left.length > 1 && *left.text == '0'; left.text++)
		left.length--;
	for (; right.length > 1 && *right.text == '0'; right.text++)
		right.length--;
	if (left.length != right.length)
		return left.length < right.length ? -1 : 1;
	return strncmp(left.text, right.text, left.length);
}

static int compare_letters(const struct token *a, const struct token *b)
{
	size_t shorter = a->length < b->length ? a->length : b->length;
	int result = strncasecmp(a->text, b->text, shorter);
	return result ? result : (a->length > b->length) - (a->length < b->length);
}

static bool is_zero(const struct token *token)
{
	return token->rank == NUMBER && strspn(token->text, "0") >= token->length;
}

static int compare_tokens(const struct token *a, const struct token *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	switch (a->rank) {
	case BEFORE:
		return a->stage - b->stage;
	case LETTERS:
		return compare_letters(a, b);
	case NUMBER:
		return compare_numbers(a, b);
	case END:
		break;
	}
	return 0;
}

int version_compare(const char *a, const char *b)
{
	const char *at_a = a, *at_b = b;
	for (;;) {
		struct token left = next_token(a, &at_a), right = next_token(b, &at_b);
		while (left.rank != NUMBER && is_zero(&right))
			right = next_token(b, &at_b);
		while (right.rank != NUMBER && is_zero(&left))
			left = next_token(a, &at_a);
		int result = compare_tokens(&left, &right);
		if (result || (left.rank == END && right.rank == END))
			return result;
	}
}

bool version_is_prerelease(const char *version)
{
	const char *at = version;
	for (struct token token = next_token(version, &at); token.rank != END;
	     token = next_token(version, &at))
		if (token.rank == BEFORE)
			return true;
	return strchr(version, '~') != NULL;
}

/* 20250419, 2025c, 2025.04.19 */
static bool is_date(const char *version)
{
	size_t digits = strspn(version, "0123456789");
	return (digits == 8 || digits == 4) &&
	       (str_starts(version, "19") || str_starts(version, "20"));
}

bool version_is_alike(const char *a, const char *b)
{
	return is_date(a) == is_date(b);
}

/* "+ds", ".dfsg1", "~repack": what Debian took out, not what upstream released. */
static void cut_repack(char *version)
{
	static const char *const words[] = {"dfsg", "ds", "repack", "debian"};
	for (char *c = version; *c; c++)
		for (size_t i = 0; is_separator(*c) && i < sizeof words / sizeof *words; i++) {
			size_t length = strlen(words[i]);
			if (strncmp(c + 1, words[i], length) != 0)
				continue;
			const char *end = c + 1 + length;
			if (!end[strspn(end, ".0123456789")]) {
				*c = '\0';
				return;
			}
		}
}

char *version_of_debian(const char *version)
{
	const char *colon = strchr(version, ':');
	own_free char *text = mem_strdup(colon ? colon + 1 : version);
	char *revision = strrchr(text, '-');
	if (revision)
		*revision = '\0';
	char *really = strstr(text, "+really");
	char *result = mem_strdup(really ? really + strlen("+really") : text);
	cut_repack(result);
	for (char *c = result; *c; c++)
		if (*c == '+' && isdigit((unsigned char)c[1]))
			*c = '.';
	return result;
}
