/* Dependencies by what the last build showed: what it read of its sysroot, what came out linked. */
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "fs.h"
#include "lint.h"
#include "own.h"
#include "path.h"
#include "reads.h"
#include "session.h"
#include "yaml.h"

enum { MAX_RECIPE = 1 << 20 };

/* One recipe, and what is known of its last build. */
struct judging {
	const struct node *node;
	struct lint *lint;
	struct strv linked; /* packages whose libraries its outputs need; sorted */
	struct reads reads;
	struct yaml yaml; /* the recipe's text, for the lines of its entries */
};

static void judging_release(struct judging *judging)
{
	strv_release(&judging->linked);
	reads_release(&judging->reads);
	yaml_release(&judging->yaml);
}

/* ---- where things stand */

static unsigned entry_line(const struct yaml_node *map, const char *name)
{
	const struct yaml_node *depends = map ? yaml_get(map, "depends") : NULL;
	const struct yaml_node *target = depends ? yaml_get(depends, "target") : NULL;
	for (size_t i = 0; target && i < target->count; i++)
		if (str_equal(target->items[i]->text, name))
			return target->items[i]->line;
	return 0;
}

/* Of the entry, be it the recipe's own or an option's; of `depends` when there is none. */
static unsigned find_line(const struct judging *judging, const char *name)
{
	const struct yaml_node *root = judging->yaml.root;
	const struct yaml_node *options = yaml_get(root, "options");
	unsigned line = entry_line(root, name);
	for (size_t i = 0; !line && options && i < options->count; i++)
		line = entry_line(options->items[i], name);
	return line ? line : judging->node->recipe->args.line;
}

__attribute__((format(printf, 3, 4))) static void advise(const struct judging *judging,
                                                         const char *name, const char *format, ...)
{
	const struct recipe *recipe = judging->node->recipe;
	unsigned line = find_line(judging, name);
	va_list args;
	va_start(args, format);
	own_free char *text = mem_vprintf(format, args);
	va_end(args);
	own_free char *at = line ? mem_printf(":%u", line) : mem_strdup("");
	lint_add(judging->lint, recipe, false, false,
	         mem_printf("%s%s: depends.target: %s", recipe->path, at, text));
}

/* ---- missing */

static bool is_declared(const struct judging *judging, const char *name)
{
	const struct recipe_args *args = &judging->node->config.args;
	return graph_is_implicit(name) || str_equal(name, judging->node->name) ||
	       strv_has(&args->target, name) || strv_has(&args->runtime, name);
}

static void judge_linked(const struct judging *judging)
{
	for (size_t i = 0; i < judging->linked.count; i++) {
		const char *name = judging->linked.items[i];
		if (is_declared(judging, name) ||
		    (i && str_equal(name, judging->linked.items[i - 1])))
			continue;
		advise(judging, name,
		       "%s is missing: what was built is linked with a library of it, which is "
		       "there only by way of others",
		       name);
	}
}

static void judge_read(const struct judging *judging)
{
	for (vec_each(package, &judging->reads.packages)) {
		const char *name = package->name;
		if (!package->direct || !package->examples.count || is_declared(judging, name) ||
		    strv_has(&judging->linked, name))
			continue;
		advise(judging, name,
		       "%s is missing: the build read %s of it, which is there only by way of "
		       "others",
		       name, package->examples.items[0]);
	}
}

/* ---- unused */

static void judge_declared(const struct judging *judging, const char *name)
{
	const struct reads_package *package = reads_find(&judging->reads, name);
	if (graph_is_implicit(name) || strv_has(&judging->linked, name) ||
	    (package && (package->is_named || package->files > package->shared)))
		return;
	if (!package)
		advise(judging, name,
		       "%s is unused: the build read no file of it; what is needed only to run is "
		       "for depends.runtime",
		       name);
	else
		advise(judging, name,
		       "%s is unused: the build read nothing of it but %s, and what came out is "
		       "not linked with it",
		       name, package->examples.count ? package->examples.items[0] : "a library");
}

/* ---- one recipe */

/* All that this package's outputs need of others, as their manifests say. */
static int load_linked(const struct workspace *workspace, struct judging *judging, struct err *err)
{
	for (vec_each(output, &judging->node->record.outputs)) {
		own(manifest) manifest = {0};
		if (str_equal(output->name, "debug") || str_equal(output->name, "doc"))
			continue;
		if (store_ensure(workspace, output->digest, err) < 0 ||
		    store_load_manifest(workspace, output->digest, &manifest, err) < 0)
			return err_wrap(err, "%s", judging->node->name);
		strv_add_all(&judging->linked, &manifest.requires);
	}
	strv_sort(&judging->linked);
	return 0;
}

__attribute__((format(printf, 3, 4))) static void
note_unchecked(struct lint *lint, const struct recipe *recipe, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	own_free char *why = mem_vprintf(format, args);
	va_end(args);
	lint_note(lint, recipe, mem_printf("%s: dependencies not checked: %s", recipe->path, why));
}

/* Whether more is in its sysroot than everybody has. */
static bool has_dependencies(const struct node *node)
{
	for (vec_each(dependency, &node->closure))
		if (!graph_is_implicit((*dependency)->name))
			return true;
	return false;
}

static int judge(const struct workspace *workspace, const struct node *node, struct lint *lint,
                 struct err *err)
{
	const struct recipe *recipe = node->recipe;
	own(judging) judging = {.node = node, .lint = lint};
	own_free char *path = path_join(recipe->dir, "recipe.yaml");
	if (yaml_load(path, MAX_RECIPE, &judging.yaml, err) < 0 ||
	    load_linked(workspace, &judging, err) < 0)
		return -1;
	judge_linked(&judging);
	if (!has_dependencies(node))
		return 0;
	if (!reads_load(workspace, node->record.arch, node->name, node->key, &judging.reads)) {
		note_unchecked(lint, recipe, "built elsewhere; sdk build --rebuild %s", node->name);
		return 0;
	}
	judge_read(&judging);
	if (!judging.reads.is_whole) {
		note_unchecked(lint, recipe, "not all that the build read was seen");
		return 0;
	}
	for (size_t i = 0; i < node->config.args.target.count; i++)
		judge_declared(&judging, node->config.args.target.items[i]);
	return 0;
}

int lint_dependencies(const struct workspace *workspace, const struct recipe *const *recipes,
                      size_t count, struct lint *lint, struct err *err)
{
	own(build_session) session = {0};
	own(strv) packages = {0};
	__attribute__((cleanup(board_free_ptr))) struct board *board = NULL;
	own_free char *name = mem_printf("%s-usr", workspace->build_arch);
	own(err) none = {0};
	for (size_t i = 0; i < count; i++)
		if (recipe_has_arch(recipes[i], workspace->build_arch))
			strv_add(&packages, recipes[i]->name);
	if (board_load(workspace, name, &board, &none) < 0)
		err_release(&none);
	struct build_request request = {.arch = workspace->build_arch,
	                                .packages = &packages,
	                                .options = board ? &board->options : NULL};
	if (session_make(workspace, &request, &session, err) < 0)
		return -1;
	for (size_t i = 0; i < packages.count; i++) {
		const struct node *node = graph_find(&session.graph, packages.items[i]);
		if (node->state != NODE_DONE && has_dependencies(node))
			note_unchecked(lint, node->recipe, "not built as it is now; sdk build %s",
			               node->name);
		else if (node->state == NODE_DONE && judge(workspace, node, lint, err) < 0)
			return -1;
	}
	return 0;
}
