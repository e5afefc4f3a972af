/* Entries added to lists and maps of a YAML text, and taken out: in the form that the collection
 * has there, with every comment outside of the entry left where it is. */
#pragma once

#include <stddef.h>

#include "str.h"
#include "yaml-edit.h"
#include "yaml.h"

/* A text on its way to another one; `text` and `yaml`, which was parsed from it, are borrowed. */
struct yaml_change {
	const char *text;
	size_t length;
	const struct yaml *yaml;
	struct yaml_edits edits;
};

void yaml_change_release(struct yaml_change *change);

/* Appends the value as a scalar that means the same in every place: plain, or in double quotes. */
void yaml_add_scalar(struct str *text, const char *value);

/* Adds an entry at the end of the map or list; NULL: at the end of a text that holds nothing yet.
 * `block` is how it looks there, with '\n' between lines and no indentation of its own; `flow` how
 * it looks between brackets. */
void yaml_change_insert(struct yaml_change *change, const struct yaml_node *collection,
                        const char *block, const char *flow);
/* Takes out entry `index`, with the comment behind it on its line, unless its value is a list or a
 * map: then the comment stays, on a line of its own. Of a block collection that has
 * no other, what is left is no collection any more: then its own entry is what to cut. Not for the
 * first key of a map that is a list's item. */
void yaml_change_cut(struct yaml_change *change, const struct yaml_node *collection, size_t index);
/* Takes out the line of a block map's key alone, but no comment on it; what is below it is to be
 * cut as well. */
void yaml_change_cut_key(struct yaml_change *change, const struct yaml_node *map, size_t index);
/* Whether it is written with brackets. */
bool yaml_change_is_flow(const struct yaml_change *change, const struct yaml_node *collection);
/* The index of a key of a map, or of a scalar of a list; the count when there is none. */
size_t yaml_index_of(const struct yaml_node *collection, const char *text);
