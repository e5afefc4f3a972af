/* Where a recipe comes from, and which ones it hides: for `list` and `info`. */
#pragma once

#include "json.h"
#include "recipe.h"

/* "overlay acme, in place of the checkout's 1.3.1"; "" for one of the checkout that hides nothing.
 * The caller frees. */
char *origin_text(const struct recipe_set *set, const struct recipe *recipe);
/* The members "overlay" (null: the checkout) and "hides", a list of {overlay, version, path}. */
void origin_json(struct json *json, const struct recipe_set *set, const struct recipe *recipe);
