/* Licence expressions in SPDX's grammar. */
#include <string.h>

#include "recipe-parts.h"
#include "str.h"

enum { MAX_NESTING = 16 };

struct spdx {
	const char *at; /* start of the next token, blanks skipped */
};

static size_t token_length(const char *text)
{
	if (*text == '(' || *text == ')')
		return 1;
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:");
}

static void advance(struct spdx *spdx, size_t length)
{
	spdx->at += length;
	spdx->at += strspn(spdx->at, " ");
}

static bool take_word(struct spdx *spdx, const char *word)
{
	size_t length = token_length(spdx->at);
	if (length != strlen(word) || memcmp(spdx->at, word, length) != 0)
		return false;
	advance(spdx, length);
	return true;
}

static bool take_identifier(struct spdx *spdx)
{
	static const char *const operators[] = {"AND", "OR", "WITH"};
	size_t length = token_length(spdx->at);
	if (!length || strchr("-.:()", *spdx->at))
		return false;
	for (size_t i = 0; i < 3; i++)
		if (length == strlen(operators[i]) && !memcmp(spdx->at, operators[i], length))
			return false;
	if (spdx->at[length] == '+')
		length++;
	advance(spdx, length);
	return true;
}

static bool take_expression(struct spdx *spdx, unsigned nesting)
{
	do {
		if (take_word(spdx, "(")) {
			if (nesting == MAX_NESTING || !take_expression(spdx, nesting + 1) ||
			    !take_word(spdx, ")"))
				return false;
		} else if (!take_identifier(spdx) ||
		           (take_word(spdx, "WITH") && !take_identifier(spdx))) {
			return false;
		}
	} while (take_word(spdx, "AND") || take_word(spdx, "OR"));
	return true;
}

bool recipe_is_license(const char *text)
{
	struct spdx spdx = {text};
	advance(&spdx, 0);
	return take_expression(&spdx, 0) && !*spdx.at;
}
