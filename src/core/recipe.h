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
	PHASE_PREPARE, PHASE_CONFIGURE, PHASE_COMPILE, PHASE_CHECK, PHASE_INSTALL, PHASE_COUNT
};
extern const char *const build_phase_names[PHASE_COUNT];

enum phase_place { PHASE_BEFORE, PHASE_REPLACE, PHASE_AFTER, PHASE_PLACE_COUNT };

/* What an option, switched on or off, or the recipe itself, adds. */
struct recipe_args {
	struct strv configure, meson, cmake, make, make_install;
	struct strv tools, target, runtime; /* dependencies */
};

struct recipe_option {
	char *name;
	bool default_on;
	char *summary;
	struct recipe_args on, off;
	unsigned line;
};

struct recipe_phase {
	char *text; /* shell (bash -eu -o pipefail); NULL: none */
	unsigned line; /* of its first line */
};

/* A named output beside run, dev, doc and debug. */
struct recipe_output {
	char *name;
	struct strv globs; /* fnmatch(3) with FNM_PATHNAME over "usr/lib/…"; "/**" at the end: a tree */
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
	char *source_dir;   /* sub-directory of the source to build in; NULL: the top */
	bool libc;          /* true: glibc, linux-headers, gcc-runtime are in the sysroot unasked */
	bool hardening;     /* true: the wrappers add their hardening flags */
	struct strv arches; /* empty: all */
	struct recipe_args args;
	VEC(struct recipe_option) options;
	struct strv variables; /* "NAME=value": exported to all phases */
	struct recipe_phase phases[PHASE_COUNT][PHASE_PLACE_COUNT];
	VEC(struct recipe_output) outputs;
	struct strv allow_setuid;   /* paths that may be set-id */
	struct strv allow_needs;    /* sonames that may stay unresolved */
	struct strv allow_paths;    /* globs of installed paths outside /usr and /etc */
	struct strv allow_buildpath; /* globs of files that may hold build paths */
	/* from the file system */
	VEC(struct recipe_patch) patches;
	char *dir;               /* absolute recipes/<name> */
	struct digest files;     /* of files/: names, modes, contents; zero when there is none */
	struct digest build_system; /* of recipes/.build-systems/<build>.sh and common.sh */
};

/* Reads, checks and expands ${name} ${version} ${version_major} ${version_minor} (major.minor). */
int recipe_load(const char *recipes_dir, const char *name, struct recipe **ret_recipe,
		struct err *err);
void recipe_free(struct recipe *recipe);

/* The recipe with its options decided: what is really built. */
struct recipe_config {
	const struct recipe *recipe;
	struct recipe_args args;  /* the recipe's and the options', together; sorted tools/target */
	struct strv options;      /* "name=on" / "name=off", sorted */
};

/* `choices`: "option=on|off" or "recipe.option=on|off"; an unknown option of this recipe is an
 * error. The build system's own tool groups are added to args.tools. */
int recipe_configure(const struct recipe *recipe, const struct strv *choices,
		     struct recipe_config *ret_config, struct err *err);
void recipe_config_release(struct recipe_config *config);

/* All recipes of the repository by name; loads lazily and once. */
struct recipe_set {
	char *dir;
	struct map loaded;   /* name -> struct recipe */
	struct strv names;   /* sorted, known after recipe_set_names */
};
int recipe_set_open(const char *recipes_dir, struct recipe_set *ret_set, struct err *err);
void recipe_set_release(struct recipe_set *set);
/* Unknown: ERR_INPUT with "did you mean". Owned by the set. */
int recipe_set_get(struct recipe_set *set, const char *name, const struct recipe **ret_recipe,
		   struct err *err);
/* Loads all (for list, lint and benchmarks), in parallel. */
int recipe_set_load_all(struct recipe_set *set, struct err *err);
