/* Changes to single values of a YAML text: every byte that is not one of them stays as it is. */
#include "yaml-edit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void yaml_edits_release(struct yaml_edits *edits)
{
	for (vec_each(edit, &edits->items))
		free(edit->with);
	vec_release(&edits->items);
}

void yaml_edits_replace(struct yaml_edits *edits, size_t start, size_t end, const char *with)
{
	vec_push(&edits->items, (struct yaml_edit){start, end, mem_strdup(with)});
}

bool yaml_is_plain_safe(const char *value)
{
	static const char *const special[] = {"~", "null", "true", "false", "---", "..."};
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (str_equal(value, special[i]))
			return false;
	size_t length = strlen(value);
	return length && !strchr("-?:.", *value) && value[length - 1] != ':' &&
	       strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                     "-._+~/:=@%$") == length;
}

static void add_escaped(struct str *text, const char *value, char quote)
{
	str_add_char(text, quote);
	for (; *value; value++) {
		if (quote == '\'' && *value == '\'')
			str_add_char(text, '\'');
		else if (quote == '"' && (*value == '"' || *value == '\\'))
			str_add_char(text, '\\');
		str_add_char(text, *value);
	}
	str_add_char(text, quote);
}

int yaml_edits_set(struct yaml_edits *edits, const struct yaml *yaml, const char *text,
                   const struct yaml_node *node, const char *value, struct err *err)
{
	if (node->kind != YAML_SCALAR || node->literal)
		return yaml_error(yaml, node, err, "only a value of one line can be changed here");
	if (strpbrk(value, "\r\n\t"))
		return yaml_error(yaml, node, err, "\"%s\" is no value of one line", value);
	if (str_equal(node->text, value))
		return 0;
	struct str with = {0};
	char quote = node->plain ? '"' : text[node->start];
	if (node->plain && yaml_is_plain_safe(value))
		str_add(&with, value);
	else
		add_escaped(&with, value, quote);
	vec_push(&edits->items, (struct yaml_edit){node->start, node->end, str_steal(&with)});
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct yaml_edit *left = a, *right = b;
	return (left->start > right->start) - (left->start < right->start);
}

void yaml_edits_apply(struct yaml_edits *edits, const char *text, size_t length,
                      struct str *ret_text)
{
	size_t at = 0;
	vec_sort(&edits->items, by_start);
	for (vec_each(edit, &edits->items)) {
		assert(edit->start >= at && edit->end >= edit->start && edit->end <= length);
		str_add_bytes(ret_text, text + at, edit->start - at);
		str_add(ret_text, edit->with);
		at = edit->end;
	}
	str_add_bytes(ret_text, text + at, length - at);
}
