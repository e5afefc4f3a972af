/* Changes to sdk.yaml: its overlays, with everything else left as it was written. */
#include "config-edit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config-parts.h"
#include "fs.h"
#include "own.h"
#include "str.h"
#include "yaml-change.h"
#include "yaml.h"

enum { MAX_CONFIG_BYTES = 1 << 20, USUAL_PRIORITY = 100 };

/* sdk.yaml, read to be changed. */
struct editing {
	char *path;
	struct str text;
	struct yaml yaml;
	const struct yaml_node *repos; /* NULL: there is no such key */
	struct yaml_change change;
};

static void editing_release(struct editing *editing)
{
	free(editing->path);
	str_release(&editing->text);
	yaml_release(&editing->yaml);
	yaml_change_release(&editing->change);
}

static int open_editing(const struct workspace *workspace, struct editing *editing, struct err *err)
{
	editing->path = workspace_root(workspace, "sdk.yaml");
	if (fs_exists(editing->path) &&
	    fs_read(editing->path, MAX_CONFIG_BYTES, &editing->text, err) < 0)
		return -1;
	editing->change = (struct yaml_change){.text = str_text(&editing->text),
	                                       .length = editing->text.len,
	                                       .yaml = &editing->yaml};
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
	yaml_edits_apply(&editing->change.edits, str_text(&editing->text), editing->text.len,
	                 &text);
	if (config_parse(editing->path, str_text(&text), text.len, &config, err) < 0)
		return -1;
	return fs_write_text(editing->path, str_text(&text), err);
}

/* ---- adding */

static void add_field(struct str *text, const char *between, const char *key, const char *value)
{
	if (!value)
		return;
	str_addf(text, "%s%s: ", between, key);
	yaml_add_scalar(text, value);
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

int config_add_repo(const struct workspace *workspace, const struct config_repo *repo,
                    struct err *err)
{
	own(editing) editing = {0};
	own(str) block = {0}, flow = {0};
	if (open_editing(workspace, &editing, err) < 0 ||
	    (editing.repos &&
	     yaml_expect(&editing.yaml, editing.repos, YAML_LIST, "repos", err) < 0))
		return -1;
	format_repo(repo, "\n", &block);
	str_add(&flow, "{");
	format_repo(repo, ", ", &flow);
	str_add(&flow, "}");
	if (editing.repos) {
		yaml_change_insert(&editing.change, editing.repos, str_text(&block),
		                   str_text(&flow));
	} else {
		own(str) first = {0};
		own_free char *in_flow = mem_printf("repos: [%s]", str_text(&flow));
		str_add(&first, "repos:\n  - ");
		format_repo(repo, "\n    ", &first);
		yaml_change_insert(&editing.change, editing.yaml.root, str_text(&first), in_flow);
	}
	return close_editing(&editing, err);
}

/* ---- removing */

/* The last one goes with its key: an empty `repos:` would be no list. */
static void cut_item(struct editing *editing, size_t index)
{
	const struct yaml_node *root = editing->yaml.root, *repos = editing->repos;
	assert(repos);
	if (repos->count > 1 || yaml_change_is_flow(&editing->change, repos))
		yaml_change_cut(&editing->change, repos, index);
	else
		yaml_change_cut(&editing->change, root, yaml_index_of(root, "repos"));
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
