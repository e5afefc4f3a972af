/* A recipe: how one package is made from upstream source (recipes/<name>/recipe.yaml). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "hash.h"
#include "map.h"
#include "source.h"
#include "vec.h"

enum build_phase {
	PHASE_PREPARE,
	PHASE_CONFIGURE,
	PHASE_COMPILE,
	PHASE_CHECK,
	PHASE_INSTALL,
	PHASE_COUNT
};
extern const char *const build_phase_names[PHASE_COUNT];

enum phase_place { PHASE_BEFORE, PHASE_REPLACE, PHASE_AFTER, PHASE_PLACE_COUNT };

/* What an option, switched on or off, or the recipe itself, adds. */
struct recipe_args {
	struct strv configure, meson, cmake, make, make_install;
	struct strv tools, target, runtime; /* dependencies */
	unsigned line;                      /* of `depends`, for messages; 0: none */
};

struct recipe_option {
	char *name;
	bool default_on;
	char *summary;
	struct recipe_args on, off;
	unsigned line;
};

struct recipe_phase {
	char *text;    /* shell (bash -eu -o pipefail); NULL: none */
	unsigned line; /* of its first line */
};

/* A named output beside run, dev, doc and debug. Its globs are fnmatch(3) patterns with
 * FNM_PATHNAME over "usr/lib/…"; two stars as the last component stand for a whole tree. */
struct recipe_output {
	char *name;
	struct strv globs;
};

struct recipe_patch {
	char *name; /* file name, in order */
	struct digest digest;
};

struct recipe {
	char *name, *version;
	uint64_t revision;
	char *summary, *homepage, *license;
	VEC(struct source) sources;
	char *upstream_check, *upstream_match;
	char *build;        /* autotools configure meson cmake make kbuild copy */
	bool in_source;     /* build in the source directory */
	bool autoreconf;    /* autotools: run autoreconf -fi in prepare */
	char *source_dir;   /* sub-directory of the source to build in; NULL: the top */
	bool libc;          /* true: glibc, linux-headers, gcc-runtime are in the sysroot unasked */
	bool hardening;     /* true: the wrappers add their hardening flags */
	struct strv arches; /* empty: all */
	struct recipe_args args;
	VEC(struct recipe_option) options;
	struct strv variables; /* "NAME=value", in the recipe's order: exported to all phases */
	struct recipe_phase phases[PHASE_COUNT][PHASE_PLACE_COUNT];
	VEC(struct recipe_output) outputs;
	struct strv allow_setuid;    /* paths that may be set-id */
	struct strv allow_needs;     /* sonames that may stay unresolved */
	struct strv allow_paths;     /* globs of installed paths outside /usr and /etc */
	struct strv allow_buildpath; /* globs of files that may hold build paths */
	/* from the file system */
	VEC(struct recipe_patch) patches;
	char *dir;           /* absolute recipes/<name>; NULL when parsed from memory */
	char *path;          /* "recipes/<name>/recipe.yaml", as messages show it */
	char *overlay;       /* whose it is; NULL: the checkout's own */
	struct digest files; /* of files/: names, modes, contents; zero when there is none. Of the
	                      * modes, only whether the owner may execute counts, as in git. */
	struct digest build_system; /* of recipes/.build-systems/<build>.sh and common.sh */
};

/* Reads, checks and expands ${name} ${version} ${version_major} ${version_minor} (major.minor). */
int recipe_load(const char *recipes_dir, const char *name, struct recipe **ret_recipe,
                struct err *err);
/* The same from memory, without what the file system adds. `name` NULL: any name will do. */
int recipe_parse(const char *path, const char *name, const char *text, size_t length,
                 struct recipe **ret_recipe, struct err *err);
void recipe_free(struct recipe *recipe);

/* The recipe with its options decided: what is really built. */
struct recipe_config {
	const struct recipe *recipe;
	struct recipe_args args; /* the recipe's and the options', together; dependencies sorted */
	struct strv options;     /* "name=on" / "name=off", sorted */
};

/* `choices`: "option=on|off" or "recipe.option=on|off", the last one counts; an unknown option of
 * this recipe is an error, choices for other recipes are passed over. The build system's own tool
 * groups are added to args.tools. `choices` may be NULL. */
int recipe_configure(const struct recipe *recipe, const struct strv *choices,
                     struct recipe_config *ret_config, struct err *err);
void recipe_config_release(struct recipe_config *config);

/* Whether the recipe builds for the architecture. */
bool recipe_has_arch(const struct recipe *recipe, const char *arch);
/* The names of the outputs that it may have: those of every package and its own; `recipe` NULL:
 * those of every package. */
void recipe_outputs(const struct recipe *recipe, struct strv *ret_names);

/* One directory of recipes: the checkout's, or an overlay's. */
struct recipe_layer {
	char *overlay;     /* its name; NULL: the checkout's own */
	char *dir;         /* absolute */
	char *shown;       /* as messages show it: "recipes", "out/repos/acme/recipes" */
	char *inside;      /* nothing outside of this directory is read; NULL: links are followed */
	uint64_t priority; /* the higher one wins */
	struct strv names; /* sorted; filled by recipe_set_open_layers */
};
VEC_OF(recipe_layers, struct recipe_layer);
void recipe_layers_release(struct recipe_layers *layers);

/* All recipes by name, of one directory or of several laid over each other; loads lazily and once.
 * Not for several threads. */
struct recipe_set {
	struct recipe_layers layers; /* those that win first */
	struct map loaded;           /* name -> struct recipe */
	struct strv names;           /* sorted; every directory of a layer that is not hidden */
	struct recipe_systems *systems;
};
int recipe_set_open(const char *recipes_dir, struct recipe_set *ret_set, struct err *err);
/* Takes the layers over, on failure as well. The build systems are those of the checkout's own. A
 * recipe that two layers of one priority have, with none above them, can't be got: ERR_INPUT. */
int recipe_set_open_layers(struct recipe_layers *layers, struct recipe_set *ret_set,
                           struct err *err);
void recipe_set_release(struct recipe_set *set);
bool recipe_set_has(const struct recipe_set *set, const char *name);
/* Always -1: ERR_INPUT, no recipe is called that, with "did you mean". */
int recipe_set_unknown(const struct recipe_set *set, const char *name, struct err *err);
/* Of the layer that wins. Unknown: ERR_INPUT with "did you mean". Owned by the set. */
int recipe_set_get(struct recipe_set *set, const char *name, const struct recipe **ret_recipe,
                   struct err *err);
/* Appends the recipes of that name that another one of the set stands before, nearest first; those
 * that can't be read are left out. The caller frees each. */
VEC_OF(recipe_list, struct recipe *);
void recipe_set_get_hidden(const struct recipe_set *set, const char *name,
                           struct recipe_list *ret_recipes);
/* Loads all (for list, lint and benchmarks), in parallel. The first failure by name is returned;
 * the others are loaded all the same. */
int recipe_set_load_all(struct recipe_set *set, struct err *err);
/* The same, but tells every failure, ordered by name, from the calling thread. Returns how many
 * failed. */
size_t recipe_set_load_each(struct recipe_set *set,
                            void (*failed)(void *context, const char *name, struct err *err),
                            void *context);

/* "recipe.option=on": that there is such a recipe, and has such an option. One that can't be read
 * passes: those who need it will tell. "option=on", of no recipe, passes. */
int recipe_set_check_choice(struct recipe_set *set, const char *choice, struct err *err);
/* Loads those recipes that recipe_set_get will be asked for, in threads when they are many, and
 * sorts the names, each once. What fails does so again when it is asked for. */
void recipe_set_load(struct recipe_set *set, struct strv *names);
/* What the files cannot show alone: that everything a recipe depends on, with all of its options
 * on, is a recipe too, and that upstream.match is a regular expression with one group. */
int recipe_check(struct recipe_set *set, const struct recipe *recipe, struct err *err);
