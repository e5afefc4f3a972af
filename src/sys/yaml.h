/* YAML by libyaml, as a tree that knows its lines, and a strict table-driven decoder. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "vec.h"

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

/* Scalars keep their text as written: 1.10 stays "1.10" and `no` stays "no"; only the decoder's
 * types give it a meaning. */
struct yaml_node {
	enum yaml_kind kind;
	unsigned line, column;    /* from 1 */
	size_t start, end;        /* its bytes in the text, quotes and brackets with them */
	const char *text;         /* scalars; never holds a NUL byte */
	bool plain;               /* an unquoted scalar: null, true, 1.2 may mean something */
	bool literal;             /* a block scalar (| or >): its text starts on the next line */
	struct yaml_node **items; /* lists: the items; maps: the values */
	const char **keys;        /* maps */
	struct yaml_node **key_nodes; /* maps: where the keys stand */
	size_t count;
};

/* A parsed document; text and nodes live in its arena. */
struct yaml {
	struct arena arena;
	const char *path; /* for messages */
	struct yaml_node *root;
};

/* One document, at most `max_bytes`, no anchors, aliases or tags, nesting at most 64 deep,
 * duplicate keys refused: ERR_INPUT "recipes/zlib/recipe.yaml:12:3: …". On failure nothing is
 * left to release. A missing file is ERR_INPUT with sys_errno ENOENT. */
int yaml_load(const char *path, size_t max_bytes, struct yaml *ret_yaml, struct err *err);
/* The same from memory; `name` stands for the path in messages and is copied. */
int yaml_parse(const char *name, const char *text, size_t length, struct yaml *ret_yaml,
               struct err *err);
void yaml_release(struct yaml *yaml);

/* The value of a key, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* Sets "<path>:<line>:<column>: <text>" (ERR_INPUT), returns -1. */
int yaml_error(const struct yaml *yaml, const struct yaml_node *node, struct err *err,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ---- the decoder: a table of fields says what a map may hold and where it goes */

enum yaml_type {
	YAML_TEXT,   /* char *: copied, the caller frees */
	YAML_BOOL,   /* bool: true or false */
	YAML_UINT,   /* uint64_t */
	YAML_BYTES,  /* uint64_t: 64, 64KiB, 64MiB, 2GiB */
	YAML_STRV,   /* struct strv: a list of scalars */
	YAML_CUSTOM, /* decode(yaml, node, &target->member, err) */
};

struct yaml_field {
	const char *key;
	enum yaml_type type;
	size_t offset; /* in the target struct */
	bool required;
	/* YAML_CUSTOM: `target` is the struct's address plus the offset. */
	int (*decode)(const struct yaml *yaml, const struct yaml_node *node, void *target,
	              struct err *err);
	const char *help; /* one line; the reference in docs/ is generated from it */
};

/* Fills `target` from the map `node`. An unknown key is an error that names the nearest known one;
 * a missing required key, a wrong type likewise, with file, line and column. Fields absent from the
 * map are left as they are (so defaults are set before); those present replace the text or list
 * that was there. At most 64 fields. */
int yaml_decode(const struct yaml *yaml, const struct yaml_node *node,
                const struct yaml_field *fields, size_t count, void *target, struct err *err);

/* One value of a simple type (all but YAML_CUSTOM) into `target`; `name` is for messages. For
 * decoders of maps whose keys are the user's own. */
int yaml_decode_value(const struct yaml *yaml, const struct yaml_node *node, enum yaml_type type,
                      const char *name, void *target, struct err *err);
/* Fails unless the node is of that kind: "NAME: wanted a list, got a map". */
int yaml_expect(const struct yaml *yaml, const struct yaml_node *node, enum yaml_kind kind,
                const char *name, struct err *err);
/* "unknown key …; did you mean …?" at key `index` of the map. */
int yaml_unknown_key(const struct yaml *yaml, const struct yaml_node *map, size_t index,
                     const char *const *known, size_t count, struct err *err);
