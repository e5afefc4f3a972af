/* Entries added to lists and maps of a YAML text, and taken out. */
#include "yaml-change.h"

#include <stdlib.h>
#include <string.h>

#include "own.h"

void yaml_change_release(struct yaml_change *change)
{
	yaml_edits_release(&change->edits);
}

bool yaml_change_is_flow(const struct yaml_change *change, const struct yaml_node *collection)
{
	char first = change->text[collection->start];
	return first == '[' || first == '{';
}

size_t yaml_index_of(const struct yaml_node *collection, const char *text)
{
	size_t i = 0;
	for (; i < collection->count; i++) {
		const char *own = collection->kind == YAML_MAP ? collection->keys[i]
		                                               : collection->items[i]->text;
		if (own && str_equal(own, text))
			break;
	}
	return i;
}

/* ---- places */

static size_t line_start(const struct yaml_change *change, size_t at)
{
	while (at > 0 && change->text[at - 1] != '\n')
		at--;
	return at;
}

/* Behind the newline of what ends at `at`; a block scalar ends there already. */
static size_t line_end(const struct yaml_change *change, size_t at)
{
	if (at > 0 && change->text[at - 1] == '\n')
		return at;
	while (at < change->length && change->text[at] != '\n')
		at++;
	return at < change->length ? at + 1 : at;
}

static size_t indent_at(const struct yaml_change *change, size_t line)
{
	return strspn(change->text + line, " ");
}

/* Where a node's own bytes end: the parser counts the comments behind a block to it. */
static size_t true_end(const struct yaml_change *change, const struct yaml_node *node)
{
	while (node->kind != YAML_SCALAR && node->count && !yaml_change_is_flow(change, node))
		node = node->items[node->count - 1];
	return node->end;
}

/* The line where an entry of a block begins: with its key, or its dash. */
static size_t entry_line(const struct yaml_change *change, const struct yaml_node *block,
                         size_t index)
{
	if (block->kind == YAML_MAP)
		return line_start(change, block->key_nodes[index]->start);
	size_t line = line_start(change, block->items[index]->start);
	while (line > 0 && change->text[line + indent_at(change, line)] != '-')
		line = line_start(change, line - 1);
	return line;
}

/* Over the comments below that are indented deeper than `indent`: they belong to what is above. */
static size_t skip_comments(const struct yaml_change *change, size_t at, size_t indent)
{
	while (at < change->length && indent_at(change, at) > indent &&
	       change->text[at + indent_at(change, at)] == '#')
		at = line_end(change, at + 1);
	return at;
}

/* ---- adding */

void yaml_add_scalar(struct str *text, const char *value)
{
	if (yaml_is_plain_safe(value)) {
		str_add(text, value);
		return;
	}
	str_add_char(text, '"');
	for (; *value; value++)
		str_addf(text, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
	str_add_char(text, '"');
}

static const char *newline_of(const struct yaml_change *change)
{
	const char *first = memchr(change->text, '\n', change->length);
	return first && first > change->text && first[-1] == '\r' ? "\r\n" : "\n";
}

/* The lines, indented; those after the first by `more` as well. */
static void add_lines(struct str *text, const char *lines, size_t indent, const char *dash,
                      const char *newline)
{
	str_addf(text, "%*s%s", (int)indent, "", dash);
	for (; *lines; lines++) {
		if (*lines == '\n')
			str_addf(text, "%s%*s", newline, (int)(indent + strlen(dash)), "");
		else
			str_add_char(text, *lines);
	}
	str_add(text, newline);
}

static void insert(struct yaml_change *change, size_t at, const struct str *text)
{
	yaml_edits_replace(&change->edits, at, at, str_text(text));
}

static void insert_flow(struct yaml_change *change, const struct yaml_node *collection,
                        const char *flow)
{
	own(str) text = {0};
	str_addf(&text, collection->count ? ", %s" : "%s", flow);
	insert(change,
	       collection->count ? collection->items[collection->count - 1]->end
	                         : collection->start + 1,
	       &text);
}

void yaml_change_insert(struct yaml_change *change, const struct yaml_node *collection,
                        const char *block, const char *flow)
{
	const char *newline = newline_of(change);
	size_t at = change->length, indent = 0;
	bool is_list = collection && collection->kind == YAML_LIST;
	own(str) text = {0};
	if (collection && yaml_change_is_flow(change, collection)) {
		insert_flow(change, collection, flow);
		return;
	}
	if (collection) {
		at = line_end(change, true_end(change, collection));
		indent = is_list ? indent_at(change,
		                             entry_line(change, collection, collection->count - 1))
		                 : collection->key_nodes[0]->column - 1;
		at = skip_comments(change, at, indent);
	}
	if (at > 0 && change->text[at - 1] != '\n')
		str_add(&text, newline);
	add_lines(&text, block, indent, is_list ? "- " : "", newline);
	insert(change, at, &text);
}

/* ---- taking out */

/* The comma behind `at`, over blanks and comments; 0: there is none before `end`. */
static size_t find_comma(const struct yaml_change *change, size_t at, size_t end)
{
	for (; at < end; at++) {
		if (change->text[at] == ',')
			return at;
		if (change->text[at] == '#')
			while (at + 1 < end && change->text[at + 1] != '\n')
				at++;
	}
	return 0;
}

static void cut(struct yaml_change *change, size_t start, size_t end)
{
	yaml_edits_replace(&change->edits, start, end, "");
}

/* With the comma before it on its line, else the one behind it, else the one on a line before; and
 * its line, if that is all. */
static void cut_flow(struct yaml_change *change, const struct yaml_node *flow, size_t index)
{
	bool is_map = flow->kind == YAML_MAP;
	const char *text = change->text;
	size_t start = is_map ? flow->key_nodes[index]->start : flow->items[index]->start;
	size_t end = flow->items[index]->end;
	size_t before = index > 0 ? find_comma(change, flow->items[index - 1]->end, start) : 0;
	size_t behind = find_comma(change, end, flow->end);
	if (before && strspn(text + before + 1, " ") == start - before - 1) {
		start = before;
	} else if (behind) {
		end = behind + 1;
		end += strspn(text + end, " ");
	} else if (before) {
		cut(change, before, before + 1);
	}
	size_t line = line_start(change, start);
	bool alone = line + indent_at(change, line) == start &&
	             (text[end] == '\n' || text[end] == '\r' || text[end] == '#');
	if (alone)
		cut(change, line, line_end(change, end));
	else
		cut(change, start, end);
}

/* The line that holds `start` and `end`, but for a comment behind them: who wrote it beside the
 * name of a map or list meant more than the one entry that goes. It gets the line to itself. */
static void cut_to_comment(struct yaml_change *change, size_t start, size_t end)
{
	const char *text = change->text;
	size_t last = line_end(change, end), comment = end;
	while (comment < last && !(text[comment] == '#' && strchr(" \t", text[comment - 1])))
		comment++;
	if (comment < last)
		cut(change, start, comment);
	else
		cut(change, line_start(change, start), last);
}

void yaml_change_cut(struct yaml_change *change, const struct yaml_node *collection, size_t index)
{
	const struct yaml_node *value = collection->items[index];
	if (yaml_change_is_flow(change, collection))
		cut_flow(change, collection, index);
	else if (collection->kind == YAML_MAP && value->kind != YAML_SCALAR)
		cut_to_comment(change, collection->key_nodes[index]->start,
		               true_end(change, value));
	else
		cut(change, entry_line(change, collection, index),
		    line_end(change, true_end(change, value)));
}

void yaml_change_cut_key(struct yaml_change *change, const struct yaml_node *map, size_t index)
{
	const struct yaml_node *key = map->key_nodes[index];
	cut_to_comment(change, key->start, key->end);
}
