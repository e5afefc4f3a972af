/* The form of a recipe's text: what lint advises, and can put right without touching comments. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "str.h"
#include "vec.h"

struct recipe_finding {
	unsigned line; /* 0: the file as a whole */
	bool is_wrong; /* else advice */
	bool can_fix;
	char *text;
};
VEC_OF(recipe_findings, struct recipe_finding);
void recipe_findings_release(struct recipe_findings *findings);

/* Licences by the SPDX list, the order of keys (what it is, where from, how, with what, what comes
 * out), addresses that follow the version, blanks and CRs at ends of lines, entries that a list has
 * twice, and what sdk new leaves to be written. The text must be a recipe. */
int recipe_form_check(const char *path, const char *text, size_t length,
                      struct recipe_findings *ret_findings, struct err *err);
/* Appends the text with all of it put right that can be. It says the same as before: the tree is
 * compared, and what would not be the same is ERR_INPUT. */
int recipe_form_fix(const char *path, const char *text, size_t length, struct str *ret_text,
                    struct err *err);
