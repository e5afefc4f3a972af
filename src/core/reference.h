/* The reference of what recipes and boards may hold, as Markdown, from the decoders' own tables. */
#pragma once

#include "str.h"

void reference_recipes(struct str *text);
void reference_boards(struct str *text);
