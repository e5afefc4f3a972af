/* Changes to single values of a YAML text: every byte that is not one of them stays as it is. */
#pragma once

#include <stddef.h>

#include "err.h"
#include "str.h"
#include "vec.h"
#include "yaml.h"

/* Bytes [start, end) of the text give way to `with`. */
struct yaml_edit {
	size_t start, end;
	char *with;
};

/* Edits of one text, in any order; {0} changes nothing. */
struct yaml_edits {
	VEC(struct yaml_edit) items;
};

void yaml_edits_release(struct yaml_edits *edits);
/* Bytes for bytes; `with` is copied. */
void yaml_edits_replace(struct yaml_edits *edits, size_t start, size_t end, const char *with);
/* The scalar `node` of `text` (that `yaml` was parsed from) gets the value `value`, written in the
 * quotes it had; a plain one is quoted when it has to be. A block scalar, or a value of several
 * lines, is ERR_INPUT. A value that is there already is no edit. */
int yaml_edits_set(struct yaml_edits *edits, const struct yaml *yaml, const char *text,
                   const struct yaml_node *node, const char *value, struct err *err);
/* Whether the text can stand unquoted wherever a scalar can, flow collections and keys included.
 * Narrower than YAML's rules: what is doubtful is quoted. */
bool yaml_is_plain_safe(const char *value);
/* Appends the changed text. Edits must not overlap. */
void yaml_edits_apply(struct yaml_edits *edits, const char *text, size_t length,
                      struct str *ret_text);
