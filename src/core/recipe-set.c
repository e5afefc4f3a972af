/* All recipes: found by listing each directory once, loaded when asked for, or all at once. */
#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <regex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "nearest.h"
#include "own.h"
#include "path.h"
#include "recipe-parts.h"
#include "str.h"

enum { MAX_THREADS = 8, FEW = 16 /* not worth a thread */ };

static bool is_directory(const char *dir, const struct dirent *entry)
{
	if (entry->d_type == DT_DIR)
		return true;
	if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
		return false;
	own_free char *path = path_join(dir, entry->d_name);
	return fs_is_dir(path);
}

static int list_names(const char *recipes_dir, struct strv *names, struct err *err)
{
	own_dir DIR *dir = opendir(recipes_dir);
	if (!dir)
		return err_errno(err, "%s", recipes_dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.' && is_directory(recipes_dir, entry))
			strv_add(names, entry->d_name);
	strv_sort(names);
	return 0;
}

/* ---- the layers */

void recipe_layers_release(struct recipe_layers *layers)
{
	for (vec_each(layer, layers)) {
		free(layer->overlay);
		free(layer->dir);
		free(layer->shown);
		free(layer->inside);
		strv_release(&layer->names);
	}
	vec_release(layers);
}

static int by_priority(const void *a, const void *b)
{
	const struct recipe_layer *left = a, *right = b;
	return (left->priority < right->priority) - (left->priority > right->priority);
}

static void sort_unique(struct strv *names)
{
	strv_sort(names);
	size_t kept = 0;
	for (size_t i = 0; i < names->count; i++) {
		if (kept && str_equal(names->items[kept - 1], names->items[i]))
			free(names->items[i]);
		else
			names->items[kept++] = names->items[i];
	}
	names->count = kept;
}

/* The names of all layers, each once. */
static void join_names(const struct recipe_layers *layers, struct strv *names)
{
	for (vec_each(layer, layers))
		strv_add_all(names, &layer->names);
	if (layers->count > 1)
		sort_unique(names);
}

static int open_systems(struct recipe_set *set, struct err *err)
{
	for (vec_each(layer, &set->layers))
		if (!layer->overlay)
			return recipe_systems_new(layer->dir, &set->systems, err);
	return err_set(err, ERR_INPUT, "there are no recipes but those of overlays");
}

int recipe_set_open_layers(struct recipe_layers *layers, struct recipe_set *ret_set,
                           struct err *err)
{
	struct recipe_set set = {.layers = *layers};
	*layers = (struct recipe_layers){0};
	vec_sort(&set.layers, by_priority);
	int result = open_systems(&set, err);
	for (size_t i = 0; i < set.layers.count && result == 0; i++)
		result = list_names(set.layers.items[i].dir, &set.layers.items[i].names, err);
	if (result < 0) {
		recipe_set_release(&set);
		return -1;
	}
	join_names(&set.layers, &set.names);
	*ret_set = set;
	return 0;
}

int recipe_set_open(const char *recipes_dir, struct recipe_set *ret_set, struct err *err)
{
	struct recipe_layers layers = {0};
	vec_push(&layers, (struct recipe_layer){.dir = mem_strdup(recipes_dir),
	                                        .shown = mem_strdup(path_base(recipes_dir))});
	return recipe_set_open_layers(&layers, ret_set, err);
}

void recipe_set_release(struct recipe_set *set)
{
	size_t cursor = 0;
	for (const struct map_entry *entry; (entry = map_next(&set->loaded, &cursor));)
		recipe_free(entry->value);
	map_release(&set->loaded);
	strv_release(&set->names);
	recipe_systems_free(set->systems);
	recipe_layers_release(&set->layers);
	*set = (struct recipe_set){0};
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_name(const struct strv *names, const char *name)
{
	return names->count &&
	       bsearch(&name, names->items, names->count, sizeof *names->items, compare_names);
}

bool recipe_set_has(const struct recipe_set *set, const char *name)
{
	return has_name(&set->names, name);
}

/* The next layer, from `at` on, that has the recipe; NULL at the end. */
static const struct recipe_layer *next_layer(const struct recipe_set *set, size_t at,
                                             const char *name)
{
	for (; at < set->layers.count; at++)
		if (has_name(&set->layers.items[at].names, name))
			return &set->layers.items[at];
	return NULL;
}

static size_t after(const struct recipe_set *set, const struct recipe_layer *layer)
{
	return (size_t)(layer - set->layers.items) + 1;
}

int recipe_set_unknown(const struct recipe_set *set, const char *name, struct err *err)
{
	err_set(err, ERR_INPUT, "no recipe is called \"%s\"", name);
	const char *near =
		nearest_word(name, (const char *const *)set->names.items, set->names.count);
	return near ? err_hint(err, "did you mean \"%s\"?", near)
	            : err_hint(err, "`sdk list` shows all recipes");
}

/* The recipe of the layer that wins; two of one priority are nobody's choice but the user's. */
static int load_winner(const struct recipe_set *set, const char *name, struct recipe **ret_recipe,
                       struct err *err)
{
	const struct recipe_layer *winner = next_layer(set, 0, name);
	const struct recipe_layer *next = next_layer(set, after(set, winner), name);
	if (!next || next->priority < winner->priority)
		return recipe_load_with(set->systems, winner, name, ret_recipe, err);
	err_set(err, ERR_INPUT,
	        "%s: overlays %s and %s both have it, with the same priority (%" PRIu64 ")", name,
	        winner->overlay, next->overlay, winner->priority);
	return err_hint(err, "give the one that is to win a higher `priority` in sdk.yaml");
}

int recipe_set_get(struct recipe_set *set, const char *name, const struct recipe **ret_recipe,
                   struct err *err)
{
	struct recipe *recipe = map_get(&set->loaded, name);
	if (!recipe) {
		if (!recipe_set_has(set, name))
			return recipe_set_unknown(set, name, err);
		if (load_winner(set, name, &recipe, err) < 0)
			return -1;
		map_set(&set->loaded, recipe->name, recipe);
	}
	*ret_recipe = recipe;
	return 0;
}

void recipe_set_get_hidden(const struct recipe_set *set, const char *name,
                           struct recipe_list *ret_recipes)
{
	const struct recipe_layer *layer = next_layer(set, 0, name);
	while (layer && (layer = next_layer(set, after(set, layer), name))) {
		struct recipe *recipe;
		if (recipe_load_with(set->systems, layer, name, &recipe, NULL) == 0)
			vec_push(ret_recipes, recipe);
	}
}

/* ---- all at once */

struct load {
	struct recipe *recipe; /* NULL: failed */
	struct err err;
};

struct loading {
	const struct recipe_set *set;
	const struct strv *names;
	struct load *loads; /* one a name; of those loaded before, and of no recipe, empty */
	atomic_size_t next;
};

static void *load_some(void *context)
{
	struct loading *loading = context;
	const struct recipe_set *set = loading->set;
	for (size_t i; (i = atomic_fetch_add(&loading->next, 1)) < loading->names->count;) {
		const char *name = loading->names->items[i];
		struct load *load = &loading->loads[i];
		if (!map_get(&set->loaded, name) && recipe_set_has(set, name))
			load_winner(set, name, &load->recipe, &load->err);
	}
	return NULL;
}

static void load_in_threads(struct loading *loading)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t count = cpus < 1 ? 1 : cpus > MAX_THREADS ? MAX_THREADS : (size_t)cpus;
	if (loading->names->count <= FEW)
		count = 1;
	pthread_t threads[MAX_THREADS];
	size_t started = 0;
	while (started + 1 < count &&
	       pthread_create(&threads[started], NULL, load_some, loading) == 0)
		started++;
	load_some(loading);
	while (started)
		pthread_join(threads[--started], NULL);
}

size_t recipe_set_load_each(struct recipe_set *set,
                            void (*failed)(void *context, const char *name, struct err *err),
                            void *context)
{
	size_t failures = 0;
	own_free struct load *loads = mem_alloc((set->names.count + 1) * sizeof *loads);
	struct loading loading = {.set = set, .names = &set->names, .loads = loads};
	load_in_threads(&loading);
	for (size_t i = 0; i < set->names.count; i++) {
		if (loads[i].recipe)
			map_set(&set->loaded, loads[i].recipe->name, loads[i].recipe);
		if (loads[i].err.kind == ERR_NONE)
			continue;
		failures++;
		failed(context, set->names.items[i], &loads[i].err);
		err_release(&loads[i].err);
	}
	return failures;
}

void recipe_set_load(struct recipe_set *set, struct strv *names)
{
	sort_unique(names);
	if (names->count <= FEW)
		return;
	own_free struct load *loads = mem_alloc(names->count * sizeof *loads);
	struct loading loading = {.set = set, .names = names, .loads = loads};
	load_in_threads(&loading);
	for (size_t i = 0; i < names->count; i++) {
		if (loads[i].recipe)
			map_set(&set->loaded, loads[i].recipe->name, loads[i].recipe);
		err_release(&loads[i].err);
	}
}

static void keep_first(void *context, const char *name, struct err *err)
{
	(void)name;
	struct err *first = context;
	if (first->kind == ERR_NONE)
		err_move(first, err);
}

int recipe_set_load_all(struct recipe_set *set, struct err *err)
{
	own(err) first = {0};
	if (!recipe_set_load_each(set, keep_first, &first))
		return 0;
	return err_move(err, &first);
}

/* ---- checks across recipes */

static int check_names(const struct recipe_set *set, const struct recipe *recipe, unsigned line,
                       const struct strv *names, struct err *err)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		if (str_equal(name, recipe->name))
			return err_set(err, ERR_INPUT, "%s:%u: depends on itself", recipe->path,
			               line);
		if (recipe_set_has(set, name))
			continue;
		recipe_set_unknown(set, name, err);
		return err_wrap(err, "%s:%u: depends", recipe->path, line);
	}
	return 0;
}

int recipe_set_check_choice(struct recipe_set *set, const char *choice, struct err *err)
{
	own(strv) choices = {0};
	own(recipe_config) config = {0};
	const struct recipe *recipe;
	own_free char *name = mem_strndup(choice, strcspn(choice, "="));
	char *dot = strrchr(name, '.'); /* a recipe's name may have one, an option's has none */
	if (!dot)
		return 0;
	*dot = '\0';
	if (!recipe_set_has(set, name))
		return recipe_set_unknown(set, name, err);
	strv_add(&choices, choice);
	return recipe_set_get(set, name, &recipe, NULL) < 0
	               ? 0
	               : recipe_configure(recipe, &choices, &config, err);
}

static int check_args(const struct recipe_set *set, const struct recipe *recipe,
                      const struct recipe_args *args, struct err *err)
{
	if (check_names(set, recipe, args->line, &args->target, err) < 0)
		return -1;
	return check_names(set, recipe, args->line, &args->runtime, err);
}

static int check_upstream(const struct recipe *recipe, struct err *err)
{
	if (!recipe->upstream_match)
		return 0;
	regex_t regex;
	int code = regcomp(&regex, recipe->upstream_match, REG_EXTENDED);
	if (code) {
		char text[200];
		regerror(code, &regex, text, sizeof text);
		return err_set(err, ERR_INPUT, "%s: upstream.match: %s", recipe->path, text);
	}
	size_t groups = regex.re_nsub;
	regfree(&regex);
	if (groups != 1)
		return err_set(err, ERR_INPUT,
		               "%s: upstream.match: wanted one group, \"(…)\" around the version, "
		               "got %zu",
		               recipe->path, groups);
	return 0;
}

int recipe_check(struct recipe_set *set, const struct recipe *recipe, struct err *err)
{
	if (check_args(set, recipe, &recipe->args, err) < 0)
		return -1;
	for (vec_each(option, &recipe->options))
		if (check_args(set, recipe, &option->on, err) < 0)
			return -1;
	return check_upstream(recipe, err);
}
