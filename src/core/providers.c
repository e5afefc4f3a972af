/* Who provides what is built against: headers, libraries, pkg-config modules, by package. */
#include "providers.h"

#include <ctype.h>
#include <string.h>

#include "contents.h"
#include "overlay.h"
#include "own.h"
#include "path.h"
#include "session.h"
#include "str.h"

void providers_release(struct providers *providers)
{
	map_release(&providers->by_name);
	strv_release(&providers->packages);
	arena_release(&providers->arena);
}

static void add(struct providers *providers, const char *kind, const char *name, size_t length,
                const char *package)
{
	char *key = arena_printf(&providers->arena, "%s %.*s", kind, (int)length, name);
	if (!map_get(&providers->by_name, key))
		map_set(&providers->by_name, key, arena_strdup(&providers->arena, package));
}

static int on_entry(void *context, const struct contents_item *item)
{
	struct providers *providers = context;
	const char *path = item->entry->path, *package = item->node->name, *base = path_base(path);
	static const char include[] = "usr/include/";
	if (item->entry->type == 'd')
		return 0;
	if (str_starts(path, include))
		add(providers, "header", path + strlen(include), strlen(path) - strlen(include),
		    package);
	else if (str_ends(base, ".pc"))
		add(providers, "module", base, strlen(base) - 3, package);
	else if (str_starts(base, "lib") && (str_ends(base, ".so") || str_ends(base, ".a")))
		add(providers, "library", base + 3, strcspn(base, ".") - 3, package);
	return 0;
}

static int choose(const struct workspace *workspace, struct providers *providers, struct err *err)
{
	own(recipe_set) set = {0};
	if (overlay_open_recipes(workspace, &set, err) < 0)
		return -1;
	for (size_t i = 0; i < set.names.count; i++) {
		const struct recipe *recipe;
		own(err) broken = {0};
		if (recipe_set_get(&set, set.names.items[i], &recipe, &broken) == 0 &&
		    recipe_has_arch(recipe, workspace->build_arch))
			strv_add(&providers->packages, recipe->name);
	}
	return 0;
}

int providers_load(const struct workspace *workspace, struct providers *ret_providers,
                   struct err *err)
{
	own(build_session) session = {0};
	own(providers) providers = {0};
	own(err) none = {0};
	if (choose(workspace, &providers, err) < 0)
		return -1;
	struct build_request request = {.arch = workspace->build_arch,
	                                .packages = &providers.packages};
	/* A recipe that is broken, or a missing lock, leaves the names. */
	if (session_make(workspace, &request, &session, &none) == 0)
		for (vec_each(node, &session.graph.nodes)) {
			own(err) unknown = {0};
			if ((*node)->state == NODE_DONE && record_find(&(*node)->record, "dev"))
				contents_each(workspace, *node, "dev", on_entry, &providers,
				              &unknown);
		}
	*ret_providers = providers;
	providers = (struct providers){0};
	return 0;
}

/* "ZLIB" -> "zlib". */
static char *lower(const char *text)
{
	char *result = mem_strdup(text);
	for (char *c = result; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return result;
}

static const char *find_package(const struct providers *providers, const char *name)
{
	own_free char *with_lib = mem_printf("lib%s", name);
	for (size_t i = 0; i < providers->packages.count; i++)
		if (str_equal(providers->packages.items[i], name) ||
		    str_equal(providers->packages.items[i], with_lib))
			return providers->packages.items[i];
	return NULL;
}

const char *providers_find(const struct providers *providers, const char *need)
{
	const char *found = map_get(&providers->by_name, need), *name = strchr(need, ' ');
	static const char *const kinds[] = {"module", "library"};
	if (found || !name || str_starts(need, "header "))
		return found;
	own_free char *plain = lower(name + 1);
	for (size_t i = 0; i < 2 && !found && str_starts(need, "cmake "); i++) {
		own_free char *other = mem_printf("%s %s", kinds[i], plain);
		found = map_get(&providers->by_name, other);
	}
	return found ? found : find_package(providers, plain);
}
