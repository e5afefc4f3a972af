/* A recipe's life, and what it is once its options are decided. */
#include "recipe.h"

#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "own.h"
#include "str.h"

static void args_release(struct recipe_args *args)
{
	strv_release(&args->configure);
	strv_release(&args->meson);
	strv_release(&args->cmake);
	strv_release(&args->make);
	strv_release(&args->make_install);
	strv_release(&args->tools);
	strv_release(&args->target);
	strv_release(&args->runtime);
}

static void release_source(struct source *source)
{
	strv_release(&source->urls);
	free(source->signature_url);
	free(source->signature_key);
	free(source->into);
}

static void release_lists(struct recipe *recipe)
{
	for (vec_each(source, &recipe->sources))
		release_source(source);
	for (vec_each(option, &recipe->options)) {
		free(option->name);
		free(option->summary);
		args_release(&option->on);
		args_release(&option->off);
	}
	for (vec_each(output, &recipe->outputs)) {
		free(output->name);
		strv_release(&output->globs);
	}
	for (vec_each(patch, &recipe->patches))
		free(patch->name);
	vec_release(&recipe->sources);
	vec_release(&recipe->options);
	vec_release(&recipe->outputs);
	vec_release(&recipe->patches);
}

void recipe_free(struct recipe *recipe)
{
	if (!recipe)
		return;
	release_lists(recipe);
	for (size_t i = 0; i < PHASE_COUNT; i++)
		for (size_t j = 0; j < PHASE_PLACE_COUNT; j++)
			free(recipe->phases[i][j].text);
	char *texts[] = {recipe->name,     recipe->version,        recipe->summary,
	                 recipe->homepage, recipe->license,        recipe->upstream_check,
	                 recipe->build,    recipe->upstream_match, recipe->source_dir,
	                 recipe->dir,      recipe->path,           recipe->overlay};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	args_release(&recipe->args);
	strv_release(&recipe->arches);
	strv_release(&recipe->variables);
	strv_release(&recipe->allow_setuid);
	strv_release(&recipe->allow_needs);
	strv_release(&recipe->allow_paths);
	strv_release(&recipe->allow_buildpath);
	free(recipe);
}

bool recipe_has_arch(const struct recipe *recipe, const char *arch)
{
	return !recipe->arches.count || strv_has(&recipe->arches, arch);
}

void recipe_outputs(const struct recipe *recipe, struct strv *ret_names)
{
	strv_split(ret_names, "run dev doc debug", " ");
	if (recipe)
		for (vec_each(output, &recipe->outputs))
			strv_add(ret_names, output->name);
}

/* ---- options */

static int unknown_option(const struct recipe *recipe, const char *name, struct err *err)
{
	const char *names[64];
	size_t count = 0;
	for (vec_each(option, &recipe->options))
		if (count < 64)
			names[count++] = option->name;
	err_set(err, ERR_INPUT, "%s has no option \"%s\"", recipe->name, name);
	const char *near = nearest_word(name, names, count);
	if (near)
		return err_hint(err, "did you mean \"%s\"?", near);
	return err_hint(
		err, count ? "`sdk info %s` lists its options" : "recipe %s has no options at all",
		recipe->name);
}

/* One choice, taken apart: [recipe.]option=on|off. */
struct choice {
	char *recipe; /* NULL: whichever is asked */
	char *option;
	bool on;
};

static void choice_release(struct choice *choice)
{
	free(choice->recipe);
	free(choice->option);
}

static int choice_parse(const char *text, struct choice *ret_choice, struct err *err)
{
	const char *equals = strrchr(text, '=');
	bool on = equals && str_equal(equals, "=on");
	if (!equals || equals == text || (!on && !str_equal(equals, "=off")))
		return err_set(err, ERR_INPUT,
		               "option \"%s\": wanted OPTION=on, OPTION=off or "
		               "RECIPE.OPTION=on|off",
		               text);
	const char *dot = equals;
	while (dot > text && *dot != '.')
		dot--;
	bool qualified = dot > text;
	const char *option = qualified ? dot + 1 : text;
	*ret_choice = (struct choice){
		.recipe = qualified ? mem_strndup(text, (size_t)(dot - text)) : NULL,
		.option = mem_strndup(option, (size_t)(equals - option)),
		.on = on,
	};
	return 0;
}

static int apply_choice(const struct recipe *recipe, const char *text, bool *on, struct err *err)
{
	own(choice) choice = {0};
	if (choice_parse(text, &choice, err) < 0)
		return -1;
	if (choice.recipe && !str_equal(choice.recipe, recipe->name))
		return 0;
	for (size_t i = 0; i < recipe->options.count; i++) {
		if (str_equal(recipe->options.items[i].name, choice.option)) {
			on[i] = choice.on;
			return 0;
		}
	}
	return unknown_option(recipe, choice.option, err);
}

static void add_args(struct recipe_args *to, const struct recipe_args *from)
{
	strv_add_all(&to->configure, &from->configure);
	strv_add_all(&to->meson, &from->meson);
	strv_add_all(&to->cmake, &from->cmake);
	strv_add_all(&to->make, &from->make);
	strv_add_all(&to->make_install, &from->make_install);
	strv_add_all(&to->tools, &from->tools);
	strv_add_all(&to->target, &from->target);
	strv_add_all(&to->runtime, &from->runtime);
}

static void sort_unique(struct strv *list)
{
	strv_sort(list);
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (kept && str_equal(list->items[kept - 1], list->items[i]))
			free(list->items[i]);
		else
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

/* The tool groups that a build system runs from. */
static void add_system_tools(const char *build, struct strv *tools)
{
	static const struct {
		const char *build, *group;
	} implied[] = {{"autotools", "autotools"},
	               {"meson", "meson"},
	               {"cmake", "cmake"},
	               {"kbuild", "kernel"}};
	for (size_t i = 0; i < sizeof implied / sizeof *implied; i++)
		if (str_equal(implied[i].build, build))
			strv_add(tools, implied[i].group);
}

int recipe_configure(const struct recipe *recipe, const struct strv *choices,
                     struct recipe_config *ret_config, struct err *err)
{
	own_free bool *on = mem_alloc(recipe->options.count + 1);
	for (size_t i = 0; i < recipe->options.count; i++)
		on[i] = recipe->options.items[i].default_on;
	for (size_t i = 0; choices && i < choices->count; i++)
		if (apply_choice(recipe, choices->items[i], on, err) < 0)
			return -1;
	struct recipe_config config = {.recipe = recipe};
	add_args(&config.args, &recipe->args);
	config.args.line = recipe->args.line;
	for (size_t i = 0; i < recipe->options.count; i++) {
		const struct recipe_option *option = &recipe->options.items[i];
		add_args(&config.args, on[i] ? &option->on : &option->off);
		strv_addf(&config.options, "%s=%s", option->name, on[i] ? "on" : "off");
	}
	add_system_tools(recipe->build, &config.args.tools);
	sort_unique(&config.args.tools);
	sort_unique(&config.args.target);
	sort_unique(&config.args.runtime);
	strv_sort(&config.options);
	*ret_config = config;
	return 0;
}

void recipe_config_release(struct recipe_config *config)
{
	args_release(&config->args);
	strv_release(&config->options);
	*config = (struct recipe_config){0};
}
