/* Changes to sdk.yaml: its overlays, with everything else left as it was written. */
#include "config-edit.h"

#include <stdlib.h>
#include <string.h>

#include "config-parts.h"
#include "fs.h"
#include "own.h"
#include "str.h"
#include "yaml-edit.h"
#include "yaml.h"

enum { MAX_CONFIG_BYTES = 1 << 20, USUAL_PRIORITY = 100 };

/* sdk.yaml, read to be changed. */
struct editing {
	char *path;
	struct str text;
	struct yaml yaml;
	const struct yaml_node *repos; /* NULL: there is no such key */
	struct yaml_edits edits;
};

static void editing_release(struct editing *editing)
{
	free(editing->path);
	str_release(&editing->text);
	yaml_release(&editing->yaml);
	yaml_edits_release(&editing->edits);
}

static int open_editing(const struct workspace *workspace, struct editing *editing, struct err *err)
{
	editing->path = workspace_root(workspace, "sdk.yaml");
	if (fs_exists(editing->path) &&
	    fs_read(editing->path, MAX_CONFIG_BYTES, &editing->text, err) < 0)
		return -1;
	if (config_is_blank(str_text(&editing->text), editing->text.len))
		return 0;
	if (yaml_parse(editing->path, str_text(&editing->text), editing->text.len, &editing->yaml,
	               err) < 0)
		return -1;
	const struct yaml_node *root = editing->yaml.root;
	if (root && root->kind == YAML_MAP)
		editing->repos = yaml_get(root, "repos");
	return 0;
}

/* Only what can be read again is written. */
static int close_editing(struct editing *editing, struct err *err)
{
	own(str) text = {0};
	own(config) config = {0};
	yaml_edits_apply(&editing->edits, str_text(&editing->text), editing->text.len, &text);
	if (config_parse(editing->path, str_text(&text), text.len, &config, err) < 0)
		return -1;
	return fs_write_text(editing->path, str_text(&text), err);
}

/* ---- places in the text */

static size_t line_start(const struct editing *editing, size_t at)
{
	const char *text = str_text(&editing->text);
	while (at > 0 && text[at - 1] != '\n')
		at--;
	return at;
}

/* Behind the newline. */
static size_t line_end(const struct editing *editing, size_t at)
{
	const char *text = str_text(&editing->text);
	while (at < editing->text.len && text[at] != '\n')
		at++;
	return at < editing->text.len ? at + 1 : at;
}

static bool is_flow(const struct editing *editing, const struct yaml_node *node)
{
	char first = str_text(&editing->text)[node->start];
	return first == '[' || first == '{';
}

/* Where a node's own bytes end: the parser counts the comments behind a block to it. */
static size_t true_end(const struct editing *editing, const struct yaml_node *node)
{
	while (node->kind != YAML_SCALAR && node->count && !is_flow(editing, node))
		node = node->items[node->count - 1];
	return node->end;
}

/* ---- adding */

/* A scalar in quotes where a plain one would not be the same. */
static void add_scalar(struct str *text, const char *value)
{
	if (!strpbrk(value, ":#{}[],&*?|<>=!%@`'\" ")) {
		str_add(text, value);
		return;
	}
	str_add(text, "\"");
	for (; *value; value++)
		str_addf(text, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
	str_add(text, "\"");
}

static void add_field(struct str *text, const char *between, const char *key, const char *value)
{
	if (!value)
		return;
	str_addf(text, "%s%s: ", between, key);
	add_scalar(text, value);
}

static void format_repo(const struct config_repo *repo, const char *between, struct str *text)
{
	str_addf(text, "name: %s", repo->name);
	add_field(text, between, "url", repo->url);
	add_field(text, between, "branch", repo->branch);
	add_field(text, between, "tag", repo->tag);
	if (repo->priority != USUAL_PRIORITY)
		str_addf(text, "%spriority: %llu", between, (unsigned long long)repo->priority);
	if (!repo->keys.count)
		return;
	own_free char *keys = strv_join(&repo->keys, ", ");
	str_addf(text, "%skeys: [%s]", between, keys);
}

static void insert(struct editing *editing, size_t at, const struct str *text)
{
	yaml_edits_replace(&editing->edits, at, at, str_text(text));
}

/* `repos:` at the end of the file. */
static void add_first(struct editing *editing, const struct config_repo *repo)
{
	own(str) text = {0};
	size_t length = editing->text.len;
	if (length && str_text(&editing->text)[length - 1] != '\n')
		str_add(&text, "\n");
	str_add(&text, "repos:\n  - ");
	format_repo(repo, "\n    ", &text);
	str_add(&text, "\n");
	insert(editing, length, &text);
}

static void add_to_flow(struct editing *editing, const struct config_repo *repo)
{
	const struct yaml_node *repos = editing->repos;
	own(str) text = {0};
	str_add(&text, repos->count ? ", {" : "{");
	format_repo(repo, ", ", &text);
	str_add(&text, "}");
	size_t at = repos->count ? repos->items[repos->count - 1]->end : repos->start + 1;
	insert(editing, at, &text);
}

static void add_to_block(struct editing *editing, const struct config_repo *repo)
{
	const struct yaml_node *last = editing->repos->items[editing->repos->count - 1];
	size_t start = line_start(editing, last->start);
	size_t end = line_end(editing, true_end(editing, last));
	const char *line = str_text(&editing->text) + start;
	int indent = (int)strspn(line, " ");
	own_free char *between = mem_printf("\n%*s", indent + 2, "");
	own(str) text = {0};
	if (end && str_text(&editing->text)[end - 1] != '\n')
		str_add(&text, "\n");
	str_addf(&text, "%*s- ", indent, "");
	format_repo(repo, between, &text);
	str_add(&text, "\n");
	insert(editing, end, &text);
}

int config_add_repo(const struct workspace *workspace, const struct config_repo *repo,
                    struct err *err)
{
	own(editing) editing = {0};
	if (open_editing(workspace, &editing, err) < 0)
		return -1;
	if (!editing.repos)
		add_first(&editing, repo);
	else if (yaml_expect(&editing.yaml, editing.repos, YAML_LIST, "repos", err) < 0)
		return -1;
	else if (is_flow(&editing, editing.repos))
		add_to_flow(&editing, repo);
	else
		add_to_block(&editing, repo);
	return close_editing(&editing, err);
}

/* ---- removing */

static void cut(struct editing *editing, size_t start, size_t end)
{
	yaml_edits_replace(&editing->edits, start, end, "");
}

/* The key with its value: an empty `repos:` would be no list. */
static void cut_all(struct editing *editing)
{
	const struct yaml_node *root = editing->yaml.root;
	if (is_flow(editing, root) || is_flow(editing, editing->repos)) {
		yaml_edits_replace(&editing->edits, editing->repos->start, editing->repos->end,
		                   "[]");
		return;
	}
	for (size_t i = 0; i < root->count; i++)
		if (root->items[i] == editing->repos)
			cut(editing, line_start(editing, root->key_nodes[i]->start),
			    line_end(editing, true_end(editing, editing->repos)));
}

static void cut_item(struct editing *editing, size_t index)
{
	const struct yaml_node *repos = editing->repos, *item = repos->items[index];
	if (repos->count == 1)
		cut_all(editing);
	else if (!is_flow(editing, repos))
		cut(editing, line_start(editing, item->start),
		    line_end(editing, true_end(editing, item)));
	else if (index)
		cut(editing, repos->items[index - 1]->end, item->end);
	else
		cut(editing, item->start, repos->items[1]->start);
}

int config_remove_repo(const struct workspace *workspace, const char *name, struct err *err)
{
	own(editing) editing = {0};
	own(config) config = {0};
	if (config_load(workspace, &config, err) < 0 || open_editing(workspace, &editing, err) < 0)
		return -1;
	for (size_t i = 0; i < config.repos.count; i++) {
		if (!str_equal(config.repos.items[i].name, name))
			continue;
		cut_item(&editing, i);
		return close_editing(&editing, err);
	}
	err_set(err, ERR_INPUT, "no overlay is called \"%s\"", name);
	return err_hint(err, "`sdk repos list` shows them");
}
