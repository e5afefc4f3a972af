/* YAML by libyaml's event parser, as a tree that knows its lines. */
#include "yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#include "fs.h"
#include "map.h"
#include "own.h"
#include "str.h"

enum {
	MAX_DEPTH = 64,
	MAX_LINEAR = 16, /* maps up to this size look for duplicate keys without a hash table */
};

struct members {
	VEC(struct yaml_node *) keys;
	VEC(struct yaml_node *) values;
};

struct builder {
	yaml_parser_t parser;
	struct yaml *yaml;
	struct err *err;
	const char *text;
	size_t length;
	size_t characters, bytes;   /* how far byte_at has come */
	yaml_mark_t collection_end; /* of the list or map that ended last */
};

static void members_release(struct members *members)
{
	vec_release(&members->keys);
	vec_release(&members->values);
}

static int error_at(const struct yaml *yaml, size_t line, size_t column, struct err *err,
                    const char *format, va_list args)
{
	own_free char *message = mem_vprintf(format, args);
	return err_set(err, ERR_INPUT, "%s:%zu:%zu: %s", yaml->path, line, column, message);
}

int yaml_error(const struct yaml *yaml, const struct yaml_node *node, struct err *err,
               const char *format, ...)
{
	va_list args;
	va_start(args, format);
	error_at(yaml, node ? node->line : 1, node ? node->column : 1, err, format, args);
	va_end(args);
	return -1;
}

static __attribute__((format(printf, 3, 4))) int refuse(struct builder *builder, yaml_mark_t mark,
                                                        const char *format, ...)
{
	va_list args;
	va_start(args, format);
	error_at(builder->yaml, mark.line + 1, mark.column + 1, builder->err, format, args);
	va_end(args);
	return -1;
}

/* What libyaml found wrong with the syntax. */
static int syntax_error(struct builder *builder)
{
	const yaml_parser_t *parser = &builder->parser;
	yaml_mark_t mark = parser->problem_mark;
	const char *problem = parser->problem ? parser->problem : "not YAML";
	if (parser->error == YAML_READER_ERROR)
		return err_set(builder->err, ERR_INPUT, "%s: byte %zu: %s", builder->yaml->path,
		               parser->problem_offset, problem);
	if (parser->context)
		refuse(builder, mark, "%s %s", problem, parser->context);
	else
		refuse(builder, mark, "%s", problem);
	if (mark.index < builder->length && builder->text[mark.index] == '\t')
		err_hint(builder->err, "YAML is indented by spaces, not tabs");
	return -1;
}

static int next_event(struct builder *builder, yaml_event_t *event)
{
	return yaml_parser_parse(&builder->parser, event) ? 0 : syntax_error(builder);
}

/* libyaml counts characters. Marks nearly always come in order, so that counting goes on from the
 * one before. */
static size_t byte_at(struct builder *builder, yaml_mark_t mark)
{
	if (mark.index < builder->characters)
		builder->characters = builder->bytes = 0;
	while (builder->characters < mark.index && builder->bytes < builder->length) {
		do
			builder->bytes++;
		while (builder->bytes < builder->length &&
		       (builder->text[builder->bytes] & 0xc0) == 0x80);
		builder->characters++;
	}
	return builder->bytes;
}

static struct yaml_node *new_node(struct builder *builder, const yaml_event_t *event,
                                  enum yaml_kind kind)
{
	struct yaml_node *node = arena_alloc(&builder->yaml->arena, sizeof *node);
	node->kind = kind;
	node->line = (unsigned)event->start_mark.line + 1;
	node->column = (unsigned)event->start_mark.column + 1;
	node->start = byte_at(builder, event->start_mark);
	node->end = byte_at(builder, event->end_mark);
	return node;
}

static int build_scalar(struct builder *builder, const yaml_event_t *event,
                        struct yaml_node **ret_node)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	if (event->data.scalar.anchor || event->data.scalar.tag)
		return refuse(builder, event->start_mark, "anchors and tags are not allowed here");
	if (memchr(text, '\0', length))
		return refuse(builder, event->start_mark, "a text may not hold a NUL byte");
	struct yaml_node *node = new_node(builder, event, YAML_SCALAR);
	node->text = arena_strndup(&builder->yaml->arena, text, length);
	yaml_scalar_style_t style = event->data.scalar.style;
	node->plain = style == YAML_PLAIN_SCALAR_STYLE;
	node->literal = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
	*ret_node = node;
	return 0;
}

static int build_node(struct builder *builder, const yaml_event_t *event, unsigned depth,
                      struct yaml_node **ret_node);

/* Reads the next node, or finds the end of the collection (NULL). */
static int build_next(struct builder *builder, unsigned depth, struct yaml_node **ret_node)
{
	yaml_event_t event;
	if (next_event(builder, &event) < 0)
		return -1;
	int result = 0;
	*ret_node = NULL;
	if (event.type != YAML_SEQUENCE_END_EVENT && event.type != YAML_MAPPING_END_EVENT)
		result = build_node(builder, &event, depth, ret_node);
	else
		builder->collection_end = event.end_mark;
	yaml_event_delete(&event);
	return result;
}

static struct yaml_node **keep_nodes(struct builder *builder, struct yaml_node **items,
                                     size_t count)
{
	size_t size = count * sizeof *items;
	return size ? memcpy(arena_alloc(&builder->yaml->arena, size), items, size) : NULL;
}

static int build_list(struct builder *builder, unsigned depth, struct yaml_node *list)
{
	own(members) members = {0};
	for (;;) {
		struct yaml_node *item;
		if (build_next(builder, depth, &item) < 0)
			return -1;
		if (!item)
			break;
		vec_push(&members.values, item);
	}
	list->count = members.values.count;
	list->items = keep_nodes(builder, members.values.items, list->count);
	return 0;
}

static int duplicate_key(struct builder *builder, const struct yaml_node *first,
                         const struct yaml_node *second)
{
	return yaml_error(builder->yaml, second, builder->err,
	                  "key \"%s\" is given twice (first in line %u)", second->text,
	                  first->line);
}

static int check_duplicates(struct builder *builder, const struct yaml_node *map)
{
	if (map->count > MAX_LINEAR) {
		own(map) seen = {0};
		for (size_t i = 0; i < map->count; i++) {
			struct yaml_node *first = map_set(&seen, map->keys[i], map->key_nodes[i]);
			if (first)
				return duplicate_key(builder, first, map->key_nodes[i]);
		}
		return 0;
	}
	for (size_t i = 1; i < map->count; i++)
		for (size_t j = 0; j < i; j++)
			if (str_equal(map->keys[i], map->keys[j]))
				return duplicate_key(builder, map->key_nodes[j], map->key_nodes[i]);
	return 0;
}

static int build_map(struct builder *builder, unsigned depth, struct yaml_node *map)
{
	own(members) members = {0};
	for (;;) {
		struct yaml_node *key, *value;
		if (build_next(builder, depth, &key) < 0)
			return -1;
		if (!key)
			break;
		if (key->kind != YAML_SCALAR)
			return yaml_error(builder->yaml, key, builder->err,
			                  "a key must be a plain word");
		if (build_next(builder, depth, &value) < 0)
			return -1;
		vec_push(&members.keys, key);
		vec_push(&members.values, value);
	}
	map->count = members.keys.count;
	map->items = keep_nodes(builder, members.values.items, map->count);
	map->key_nodes = keep_nodes(builder, members.keys.items, map->count);
	map->keys = arena_alloc(&builder->yaml->arena, (map->count + 1) * sizeof *map->keys);
	for (size_t i = 0; i < map->count; i++)
		map->keys[i] = map->key_nodes[i]->text;
	return check_duplicates(builder, map);
}

static int build_collection(struct builder *builder, const yaml_event_t *event, unsigned depth,
                            struct yaml_node **ret_node)
{
	bool is_map = event->type == YAML_MAPPING_START_EVENT;
	if (is_map ? event->data.mapping_start.anchor || event->data.mapping_start.tag
	           : event->data.sequence_start.anchor || event->data.sequence_start.tag)
		return refuse(builder, event->start_mark, "anchors and tags are not allowed here");
	if (depth >= MAX_DEPTH)
		return refuse(builder, event->start_mark, "nested more than %d deep", MAX_DEPTH);
	struct yaml_node *node = new_node(builder, event, is_map ? YAML_MAP : YAML_LIST);
	*ret_node = node;
	if ((is_map ? build_map : build_list)(builder, depth + 1, node) < 0)
		return -1;
	node->end = byte_at(builder, builder->collection_end);
	return 0;
}

static int build_node(struct builder *builder, const yaml_event_t *event, unsigned depth,
                      struct yaml_node **ret_node)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return build_scalar(builder, event, ret_node);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return build_collection(builder, event, depth, ret_node);
	case YAML_ALIAS_EVENT:
		return refuse(builder, event->start_mark,
		              "aliases are not allowed here; write the value out "
		              "(or quote a text that starts with *)");
	default:
		return refuse(builder, event->start_mark, "a value was expected here");
	}
}

/* Whether the stream goes on with an event of this type, which is swallowed. */
static int expect_event(struct builder *builder, yaml_event_type_t type, const char *otherwise)
{
	yaml_event_t event;
	if (next_event(builder, &event) < 0)
		return -1;
	int result = event.type == type ? 0 : refuse(builder, event.start_mark, "%s", otherwise);
	yaml_event_delete(&event);
	return result;
}

static int build_document(struct builder *builder)
{
	if (expect_event(builder, YAML_STREAM_START_EVENT, "not YAML") < 0 ||
	    expect_event(builder, YAML_DOCUMENT_START_EVENT, "the file is empty") < 0 ||
	    build_next(builder, 0, &builder->yaml->root) < 0 ||
	    expect_event(builder, YAML_DOCUMENT_END_EVENT, "the document should end here") < 0)
		return -1;
	return expect_event(builder, YAML_STREAM_END_EVENT, "a second document is not allowed");
}

int yaml_parse(const char *name, const char *text, size_t length, struct yaml *ret_yaml,
               struct err *err)
{
	own(yaml) yaml = {0};
	yaml.path = arena_strdup(&yaml.arena, name);
	struct builder builder = {.yaml = &yaml, .err = err, .text = text, .length = length};
	if (!yaml_parser_initialize(&builder.parser))
		return err_set(err, ERR_SYSTEM, "libyaml: out of memory");
	yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&builder.parser, (const unsigned char *)text, length);
	int result = build_document(&builder);
	yaml_parser_delete(&builder.parser);
	if (result < 0)
		return -1;
	*ret_yaml = yaml;
	yaml.arena = (struct arena){0};
	return 0;
}

int yaml_load(const char *path, size_t max_bytes, struct yaml *ret_yaml, struct err *err)
{
	own(str) text = {0};
	own(err) failure = {0};
	if (fs_read(path, max_bytes, &text, &failure) < 0) {
		if (failure.sys_errno == ENOENT)
			failure.kind = ERR_INPUT;
		return err_move(err, &failure);
	}
	return yaml_parse(path, str_text(&text), text.len, ret_yaml, err);
}

void yaml_release(struct yaml *yaml)
{
	arena_release(&yaml->arena);
	*yaml = (struct yaml){0};
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (map && map->kind == YAML_MAP)
		for (size_t i = 0; i < map->count; i++)
			if (str_equal(map->keys[i], key))
				return map->items[i];
	return NULL;
}
