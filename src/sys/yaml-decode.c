/* The strict decoder: a table of fields says what a map may hold and where it goes. */
#include "yaml.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "own.h"
#include "str.h"

enum { MAX_FIELDS = 64 };

static const char *const kind_names[] = {
	[YAML_SCALAR] = "a single value",
	[YAML_LIST] = "a list",
	[YAML_MAP] = "a map of keys and values",
};

static bool is_missing(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && node->plain &&
	       (!*node->text || str_equal(node->text, "~") || str_equal(node->text, "null"));
}

int yaml_expect(const struct yaml *yaml, const struct yaml_node *node, enum yaml_kind kind,
                const char *name, struct err *err)
{
	if (is_missing(node))
		return yaml_error(yaml, node, err, "%s has no value; wanted %s", name,
		                  kind_names[kind]);
	if (node->kind != kind)
		return yaml_error(yaml, node, err, "%s: wanted %s, got %s", name, kind_names[kind],
		                  kind_names[node->kind]);
	return 0;
}

static int decode_text(const struct yaml_node *node, void *target)
{
	char **text = target;
	free(*text);
	*text = mem_strdup(node->text);
	return 0;
}

static int decode_bool(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                       void *target, struct err *err)
{
	bool is_true = str_equal(node->text, "true");
	if (!node->plain || (!is_true && !str_equal(node->text, "false")))
		return yaml_error(yaml, node, err, "%s: wanted true or false, got \"%s\"", name,
		                  node->text);
	*(bool *)target = is_true;
	return 0;
}

/* Digits, then a unit if `units`; false when malformed or too large. */
static bool parse_number(const char *text, bool units, uint64_t *ret_number)
{
	static const struct {
		const char *name;
		unsigned shift;
	} known[] = {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
	if (*text < '0' || *text > '9')
		return false;
	char *end;
	errno = 0;
	uint64_t number = strtoull(text, &end, 10);
	if (errno)
		return false;
	for (size_t i = 0; i < (units ? sizeof known / sizeof *known : 1); i++) {
		if (!str_equal(end, known[i].name) || number > UINT64_MAX >> known[i].shift)
			continue;
		*ret_number = number << known[i].shift;
		return true;
	}
	return false;
}

static int decode_number(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                         bool units, void *target, struct err *err)
{
	uint64_t number;
	if (!parse_number(node->text, units, &number))
		return yaml_error(yaml, node, err, "%s: wanted %s, got \"%s\"", name,
		                  units ? "a size such as 4096, 64KiB, 512MiB or 2GiB"
		                        : "a whole number",
		                  node->text);
	*(uint64_t *)target = number;
	return 0;
}

static int decode_strv(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                       void *target, struct err *err)
{
	struct strv list = {0};
	for (size_t i = 0; i < node->count; i++) {
		own_free char *item = mem_printf("%s: item %zu", name, i + 1);
		if (yaml_expect(yaml, node->items[i], YAML_SCALAR, item, err) < 0) {
			strv_release(&list);
			return -1;
		}
		strv_add(&list, node->items[i]->text);
	}
	strv_release(target);
	*(struct strv *)target = list;
	return 0;
}

int yaml_decode_value(const struct yaml *yaml, const struct yaml_node *node, enum yaml_type type,
                      const char *name, void *target, struct err *err)
{
	if (yaml_expect(yaml, node, type == YAML_STRV ? YAML_LIST : YAML_SCALAR, name, err) < 0)
		return -1;
	switch (type) {
	case YAML_TEXT:
		return decode_text(node, target);
	case YAML_BOOL:
		return decode_bool(yaml, node, name, target, err);
	case YAML_UINT:
	case YAML_BYTES:
		return decode_number(yaml, node, name, type == YAML_BYTES, target, err);
	case YAML_STRV:
		return decode_strv(yaml, node, name, target, err);
	case YAML_CUSTOM:
		break;
	}
	assert(!"a custom type has its own decoder");
	return -1;
}

int yaml_unknown_key(const struct yaml *yaml, const struct yaml_node *map, size_t index,
                     const char *const *known, size_t count, struct err *err)
{
	const char *key = map->keys[index];
	const char *near = nearest_word(key, known, count);
	if (near)
		return yaml_error(yaml, map->key_nodes[index], err,
		                  "unknown key \"%s\"; did you mean \"%s\"?", key, near);
	own(str) list = {0};
	for (size_t i = 0; i < count; i++)
		str_addf(&list, "%s%s", i ? ", " : "", known[i]);
	return yaml_error(yaml, map->key_nodes[index], err,
	                  "unknown key \"%s\"; the keys known here are: %s", key, str_text(&list));
}

static int unknown_field(const struct yaml *yaml, const struct yaml_node *map, size_t index,
                         const struct yaml_field *fields, size_t count, struct err *err)
{
	const char *names[MAX_FIELDS];
	for (size_t i = 0; i < count; i++)
		names[i] = fields[i].key;
	return yaml_unknown_key(yaml, map, index, names, count, err);
}

static int decode_field(const struct yaml *yaml, const struct yaml_node *node,
                        const struct yaml_field *field, void *target, struct err *err)
{
	void *member = (char *)target + field->offset;
	if (field->type == YAML_CUSTOM)
		return field->decode(yaml, node, member, err);
	return yaml_decode_value(yaml, node, field->type, field->key, member, err);
}

static size_t find_field(const struct yaml_field *fields, size_t count, const char *key)
{
	size_t i = 0;
	while (i < count && !str_equal(fields[i].key, key))
		i++;
	return i;
}

int yaml_decode(const struct yaml *yaml, const struct yaml_node *node,
                const struct yaml_field *fields, size_t count, void *target, struct err *err)
{
	assert(count <= MAX_FIELDS);
	if (yaml_expect(yaml, node, YAML_MAP, node == yaml->root ? "the file" : "this", err) < 0)
		return -1;
	uint64_t seen = 0;
	for (size_t i = 0; i < node->count; i++) {
		size_t f = find_field(fields, count, node->keys[i]);
		if (f == count)
			return unknown_field(yaml, node, i, fields, count, err);
		seen |= UINT64_C(1) << f;
		if (decode_field(yaml, node->items[i], &fields[f], target, err) < 0)
			return -1;
	}
	for (size_t f = 0; f < count; f++)
		if (fields[f].required && !(seen >> f & 1))
			return yaml_error(yaml, node, err, "key \"%s\" is missing", fields[f].key);
	return 0;
}
