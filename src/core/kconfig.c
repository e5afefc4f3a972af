/* Configurations of the kernel's kind and fragments of them. */
#include "kconfig.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "own.h"

static const char prefix[] = "CONFIG_";
static const char unset[] = " is not set";

void kconfig_release(struct kconfig *config)
{
	for (vec_each(symbol, &config->symbols)) {
		free(symbol->name);
		free(symbol->value);
	}
	vec_release(&config->symbols);
}

static size_t name_length(const char *text)
{
	size_t length = strlen(prefix);
	if (strncmp(text, prefix, length) != 0)
		return 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		length++;
	return length > strlen(prefix) ? length : 0;
}

/* Whether the line [line, line + length) is about a symbol. */
static bool read_line(const char *line, size_t length, struct kconfig_symbol *ret_symbol)
{
	bool comment = length > 2 && line[0] == '#' && line[1] == ' ';
	const char *name = comment ? line + 2 : line, *end = line + length;
	size_t named = name_length(name);
	if (!named || name + named > end)
		return false;
	const char *rest = name + named;
	size_t left = (size_t)(end - rest);
	if (comment ? left < strlen(unset) || strncmp(rest, unset, strlen(unset)) != 0
	            : !left || *rest != '=')
		return false;
	*ret_symbol = (struct kconfig_symbol){.name = mem_strndup(name, named),
	                                      .value = comment ? mem_strdup("n")
	                                                       : mem_strndup(rest + 1, left - 1)};
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct kconfig_symbol *)a)->name,
	              ((const struct kconfig_symbol *)b)->name);
}

/* qsort(3) is no stable sort: of doubles, the one further down the text must win. */
static void drop_symbol(struct kconfig *config, const char *name)
{
	for (vec_each(symbol, &config->symbols)) {
		if (!str_equal(symbol->name, name))
			continue;
		free(symbol->name);
		free(symbol->value);
		*symbol = config->symbols.items[--config->symbols.count];
		return;
	}
}

static bool has_doubles(const struct kconfig *config)
{
	for (size_t i = 1; i < config->symbols.count; i++)
		if (str_equal(config->symbols.items[i - 1].name, config->symbols.items[i].name))
			return true;
	return false;
}

static void parse(const char *text, bool unique, struct kconfig *config)
{
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		struct kconfig_symbol symbol;
		if (read_line(line, length, &symbol)) {
			if (unique)
				drop_symbol(config, symbol.name);
			vec_push(&config->symbols, symbol);
		}
		line += length + (line[length] == '\n');
	}
	vec_sort(&config->symbols, by_name);
}

void kconfig_parse(const char *text, struct kconfig *ret_config)
{
	*ret_config = (struct kconfig){0};
	parse(text, false, ret_config);
	if (!has_doubles(ret_config))
		return;
	kconfig_release(ret_config);
	parse(text, true, ret_config);
}

const char *kconfig_get(const struct kconfig *config, const char *name)
{
	struct kconfig_symbol wanted = {.name = (char *)name};
	const struct kconfig_symbol *found =
		config->symbols.count ? bsearch(&wanted, config->symbols.items,
	                                        config->symbols.count, sizeof wanted, by_name)
				      : NULL;
	return found ? found->value : NULL;
}

void kconfig_compare(const struct kconfig *before, const struct kconfig *after,
                     struct kconfig_changes *ret_changes)
{
	size_t i = 0, j = 0;
	while (i < before->symbols.count || j < after->symbols.count) {
		const struct kconfig_symbol *a =
			i < before->symbols.count ? &before->symbols.items[i] : NULL;
		const struct kconfig_symbol *b =
			j < after->symbols.count ? &after->symbols.items[j] : NULL;
		assert(a || b);
		int order = !a ? 1 : !b ? -1 : strcmp(a->name, b->name);
		struct kconfig_change change = {.name = order <= 0 ? a->name : b->name,
		                                .before = order <= 0 ? a->value : NULL,
		                                .after = order >= 0 ? b->value : NULL};
		if (order || !str_equal(a->value, b->value))
			vec_push(ret_changes, change);
		i += order <= 0;
		j += order >= 0;
	}
}

char *kconfig_line(const char *name, const char *value)
{
	return str_equal(value, "n") ? mem_printf("# %s is not set", name)
	                             : mem_printf("%s=%s", name, value);
}

void kconfig_edit(const char *text, const char *name, const char *value, struct str *ret_text)
{
	bool done = false;
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		struct kconfig_symbol symbol = {0};
		bool ours = read_line(line, length, &symbol) && str_equal(symbol.name, name);
		own_free char *with = ours && value ? kconfig_line(name, value) : NULL;
		length += line[length] == '\n';
		if (!ours)
			str_add_bytes(ret_text, line, length);
		else if (with && !done)
			str_addf(ret_text, "%s\n", with);
		done = done || ours;
		free(symbol.name);
		free(symbol.value);
		line += length;
	}
	if (done || !value)
		return;
	if (ret_text->len && ret_text->data[ret_text->len - 1] != '\n')
		str_add_char(ret_text, '\n');
	own_free char *line = kconfig_line(name, value);
	str_addf(ret_text, "%s\n", line);
}
