/* What built packages hold: their outputs' manifests, looked through file by file. */
#include "contents.h"

#include "own.h"
#include "store.h"
#include "str.h"

static int not_built(const struct node *node, struct err *err)
{
	err_set(err, ERR_INPUT, "%s is not built: %s", node->name,
	        node->reason ? node->reason : "nobody asked for it");
	return err_hint(err, "sdk build %s", node->name);
}

static int no_output(const struct node *node, const char *output, struct err *err)
{
	own(strv) names = {0};
	for (vec_each(item, &node->record.outputs))
		strv_add(&names, item->name);
	if (node->state != NODE_DONE)
		recipe_outputs(node->recipe, &names);
	own_free char *list = strv_join(&names, ", ");
	err_set(err, ERR_INPUT, "%s has no output \"%s\"", node->name, output);
	return err_hint(err, "it has: %s", list);
}

static int visit_output(const struct workspace *workspace, const struct node *node,
                        const struct record_output *output,
                        int (*visit)(void *context, const struct contents_item *item),
                        void *context, struct err *err)
{
	own(manifest) manifest = {0};
	if (store_ensure(workspace, output->digest, err) < 0 ||
	    store_load_manifest(workspace, output->digest, &manifest, err) < 0)
		return err_wrap(err, "%s", node->name);
	for (vec_each(entry, &manifest.entries)) {
		int result = visit(context, &(struct contents_item){.node = node,
		                                                    .output = output->name,
		                                                    .entry = entry});
		if (result)
			return result;
	}
	return 0;
}

int contents_each(const struct workspace *workspace, const struct node *node, const char *output,
                  int (*visit)(void *context, const struct contents_item *item), void *context,
                  struct err *err)
{
	own(strv) outputs = {0};
	recipe_outputs(node->recipe, &outputs);
	if (output && !strv_has(&outputs, output))
		return no_output(node, output, err);
	if (node->state != NODE_DONE)
		return not_built(node, err);
	if (output && !record_find(&node->record, output))
		return no_output(node, output, err);
	for (vec_each(item, &node->record.outputs)) {
		if (output && !str_equal(item->name, output))
			continue;
		int result = visit_output(workspace, node, item, visit, context, err);
		if (result)
			return result;
	}
	return 0;
}

const char *contents_type(const struct manifest_entry *entry)
{
	return entry->type == 'd' ? "directory" : entry->type == 'l' ? "link" : "file";
}
