/* "Did you mean …?": the known word that a misspelt one was most likely meant to be. */
#pragma once

#include <stddef.h>

/* The word of the list nearest to `word` by str_distance, or NULL when none is near enough to be
 * worth suggesting (more than two edits, or than a third of the word). Points into the list. */
const char *nearest_word(const char *word, const char *const *words, size_t count);
