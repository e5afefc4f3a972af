/* Between the files that make up the recipe module; nobody else includes this. */
#pragma once

#include "recipe.h"
#include "yaml.h"

/* ---- recipe-fields.c: what a recipe may hold */

/* Tables with a heading, for the decoder and for the reference in docs/. */
struct recipe_table {
	const char *title, *intro;
	const struct yaml_field *fields;
	size_t count;
};
extern const struct recipe_table recipe_tables[];
extern const size_t recipe_table_count;

/* Decodes the whole file into a zeroed recipe, setting defaults. */
int recipe_decode(const struct yaml *yaml, struct recipe *recipe, struct err *err);
extern const char *const recipe_build_systems[];
extern const size_t recipe_build_system_count;

/* ---- recipe-expand.c: ${…} */

/* The variables that recipes may use, with their help, ended by a NULL name. */
struct recipe_variable {
	const char *name, *help;
};
extern const struct recipe_variable recipe_variables[];
/* Expands the texts of sources, argument lists and variables in place. */
int recipe_expand(struct yaml *yaml, struct err *err);

/* ---- recipe-rules.c: the form of every text */

/* Runs on the decoded tree, so that each message names the text's place. */
int recipe_check_rules(const struct yaml *yaml, struct err *err);
bool recipe_is_option_name(const char *text);
bool recipe_is_variable_name(const char *text);

/* ---- recipe-spdx.c: licence expressions */

/* SPDX specification 2.3, annex D: identifiers, "+", WITH, AND, OR, parentheses. The form alone is
 * checked, not that the identifiers are on SPDX's list. */
bool recipe_is_license(const char *text);

/* ---- recipe-files.c: what lies beside the recipe */

struct recipe_systems;
/* Digests of the build systems' files; those that are missing count as empty. */
int recipe_systems_new(const char *recipes_dir, struct recipe_systems **ret_systems,
                       struct err *err);
void recipe_systems_free(struct recipe_systems *systems);
const struct digest *recipe_systems_digest(const struct recipe_systems *systems, const char *build);
/* Fails when the path (shown as `shown`) is a symlink that leads out of the layer. */
int recipe_check_inside(const struct recipe_layer *layer, const char *path, const char *shown,
                        struct err *err);
/* Fills patches and files from recipe->dir. */
int recipe_read_files(const struct recipe_layer *layer, struct recipe *recipe, struct err *err);

/* ---- recipe-load.c */

int recipe_load_with(const struct recipe_systems *systems, const struct recipe_layer *layer,
                     const char *name, struct recipe **ret_recipe, struct err *err);
