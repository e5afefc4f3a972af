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
	strv_release(&providers->unbuilt);
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

/* ---- what recipes say of what they will install */

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || strchr("_+-.", c);
}

/* "libfoo.so.1" and "foo.pc" of a phase's text. */
static void note_word(struct providers *providers, const char *word, const char *package)
{
	const char *so = strstr(word, ".so");
	if (str_starts(word, "lib") && so > word + 3)
		add(providers, "library", word + 3, (size_t)(so - word) - 3, package);
	else if (str_ends(word, ".pc") && strlen(word) > 3)
		add(providers, "module", word, strlen(word) - 3, package);
}

/* Whole names alone: "lib$name.so" is none. */
static void note_line(struct providers *providers, const char *line, const char *package)
{
	for (const char *at = line; *at;) {
		size_t length = 0;
		while (at[length] && is_name_char(at[length]))
			length++;
		own_free char *word = mem_strndup(at, length);
		if (length && (at == line || !strchr("$}", at[-1])))
			note_word(providers, word, package);
		at += length + (at[length] != '\0');
	}
}

static void note_phase(struct providers *providers, const char *text, const char *package)
{
	own(strv) lines = {0};
	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++)
		if (!strstr(lines.items[i], "rm "))
			note_line(providers, lines.items[i], package);
}

static void note_recipe(struct providers *providers, const struct recipe *recipe)
{
	for (size_t phase = 0; phase < PHASE_COUNT; phase++)
		for (size_t place = 0; place < PHASE_PLACE_COUNT; place++)
			if (recipe->phases[phase][place].text)
				note_phase(providers, recipe->phases[phase][place].text,
				           recipe->name);
}

/* ---- all of them */

static int choose(struct recipe_set *set, const struct workspace *workspace,
                  struct providers *providers, struct err *err)
{
	if (overlay_open_recipes(workspace, set, err) < 0)
		return -1;
	for (size_t i = 0; i < set->names.count; i++) {
		const struct recipe *recipe;
		own(err) broken = {0};
		if (recipe_set_get(set, set->names.items[i], &recipe, &broken) == 0 &&
		    recipe_has_arch(recipe, workspace->build_arch))
			strv_add(&providers->packages, recipe->name);
	}
	return 0;
}

static bool read_built(const struct workspace *workspace, const struct build_session *session,
                       const char *package, struct providers *providers)
{
	own(err) unknown = {0};
	const struct node *node = graph_find(&session->graph, package);
	if (!node || node->state != NODE_DONE)
		return false;
	return !record_find(&node->record, "dev") ||
	       contents_each(workspace, node, "dev", on_entry, providers, &unknown) == 0;
}

int providers_load(const struct workspace *workspace, struct providers *ret_providers,
                   struct err *err)
{
	own(build_session) session = {0};
	own(recipe_set) set = {0};
	own(providers) providers = {0};
	own(err) none = {0};
	if (choose(&set, workspace, &providers, err) < 0)
		return -1;
	struct build_request request = {.arch = workspace->build_arch,
	                                .packages = &providers.packages};
	/* A recipe that is broken, or a missing lock, leaves the names. */
	bool planned = session_make(workspace, &request, &session, &none) == 0;
	for (size_t i = 0; i < providers.packages.count; i++)
		if (!planned ||
		    !read_built(workspace, &session, providers.packages.items[i], &providers))
			strv_add(&providers.unbuilt, providers.packages.items[i]);
	/* After all that are built: those know, these say. */
	for (size_t i = 0; i < providers.unbuilt.count; i++)
		note_recipe(&providers, map_get(&set.loaded, providers.unbuilt.items[i]));
	*ret_providers = providers;
	providers = (struct providers){0};
	return 0;
}

/* ---- who it is */

/* "ZLIB" -> "zlib". */
static char *lower(const char *text)
{
	char *result = mem_strdup(text);
	for (char *c = result; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return result;
}

/* What is left of "libcurl", "libpcre2-8", "glib-2.0" without what names of libraries wear. */
static char *plain_need(const char *name)
{
	char *plain = lower(str_starts(name, "lib") && name[3] ? name + 3 : name);
	char *dash = strrchr(plain, '-');
	if (dash && dash > plain && dash[1] && strspn(dash + 1, "0123456789.") == strlen(dash + 1))
		*dash = '\0';
	return plain;
}

/* Recipes are called as the project, the library, or the library with "lib" at an end. */
static bool is_called(const char *package, const char *plain)
{
	size_t length = strlen(plain);
	return str_equal(package, plain) ||
	       (str_starts(package, "lib") && str_equal(package + 3, plain)) ||
	       (!strncmp(package, plain, length) && str_equal(package + length, "lib"));
}

static const char *find_called(const struct strv *packages, const char *name)
{
	own_free char *whole = lower(name), *plain = plain_need(name);
	for (size_t i = 0; i < packages->count; i++)
		if (str_equal(packages->items[i], whole))
			return packages->items[i];
	for (size_t i = 0; i < packages->count; i++)
		if (is_called(packages->items[i], plain))
			return packages->items[i];
	return NULL;
}

/* "curl/curl.h" by its directory, "zlib.h" by itself; what is built would be known. */
static const char *guess_header(const struct providers *providers, const char *header)
{
	own_free char *stem = mem_strndup(header, strcspn(header, "/."));
	return find_called(&providers->unbuilt, stem);
}

const char *providers_find(const struct providers *providers, const char *need)
{
	const char *found = map_get(&providers->by_name, need), *name = strchr(need, ' ');
	static const char *const kinds[] = {"module", "library"};
	if (found || !name)
		return found;
	if (str_starts(need, "header "))
		return guess_header(providers, name + 1);
	own_free char *plain = lower(name + 1);
	for (size_t i = 0; i < 2 && !found && str_starts(need, "cmake "); i++) {
		own_free char *other = mem_printf("%s %s", kinds[i], plain);
		found = map_get(&providers->by_name, other);
	}
	return found ? found : find_called(&providers->packages, name + 1);
}
