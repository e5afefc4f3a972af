/* "Did you mean …?": the known word that a misspelt one was most likely meant to be. */
#include "nearest.h"

#include <string.h>

#include "str.h"

enum { LONGEST = 256 }; /* str_distance is quadratic: nobody means a longer word */

const char *nearest_word(const char *word, const char *const *words, size_t count)
{
	size_t length = strlen(word);
	if (length > LONGEST)
		return NULL;
	size_t limit = length / 3 < 2 ? 2 : length / 3;
	if (limit >= length) /* everything is two edits away from "ab" */
		limit = length ? length - 1 : 0;
	const char *nearest = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t other = strlen(words[i]);
		if (other > length + limit || length > other + limit)
			continue;
		size_t distance = str_distance(word, words[i]);
		if (distance <= limit && (!nearest || distance < limit)) {
			nearest = words[i];
			limit = distance;
		}
	}
	return nearest;
}
