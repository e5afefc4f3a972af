/* What a recipe may hold: the field tables, from which the decoder and the reference are made. */
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "own.h"
#include "recipe-parts.h"
#include "str.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define FIELD(type, member) offsetof(struct type, member)

const char *const build_phase_names[PHASE_COUNT] = {"prepare", "configure", "compile", "check",
                                                    "install"};
const char *const recipe_build_systems[] = {"autotools", "configure", "meson", "cmake",
                                            "make",      "kbuild",    "copy"};
const size_t recipe_build_system_count = COUNT(recipe_build_systems);

/* ---- sources */

static int decode_sha256(const struct yaml *yaml, const struct yaml_node *node, void *target,
                         struct err *err)
{
	if (yaml_expect(yaml, node, YAML_SCALAR, "sha256", err) < 0)
		return -1;
	char *sha256 = target; /* its form is checked by the rules */
	strncpy(sha256, node->text, DIGEST_HEX - 1);
	return 0;
}

static const struct yaml_field signature_fields[] = {
	{"url", YAML_TEXT, FIELD(source, signature_url), true, NULL,
         "Where upstream's detached OpenPGP signature is."},
	{"key", YAML_TEXT, FIELD(source, signature_key), true, NULL,
         "The public key, a file beside the recipe."},
};

static int decode_signature(const struct yaml *yaml, const struct yaml_node *node, void *target,
                            struct err *err)
{
	return yaml_decode(yaml, node, signature_fields, COUNT(signature_fields), target, err);
}

static int decode_strip(const struct yaml *yaml, const struct yaml_node *node, void *target,
                        struct err *err)
{
	uint64_t strip;
	if (yaml_decode_value(yaml, node, YAML_UINT, "strip", &strip, err) < 0)
		return -1;
	if (strip > 16)
		return yaml_error(yaml, node, err, "strip: wanted at most 16, got %s", node->text);
	*(unsigned *)target = (unsigned)strip;
	return 0;
}

static const struct yaml_field source_fields[] = {
	{"urls", YAML_STRV, FIELD(source, urls), true, NULL,
         "Where the file is, tried in order. `mirror://debian/…` stands for the machine's "
         "mirrors."},
	{"size", YAML_UINT, FIELD(source, size_bytes), true, NULL, "Its size in bytes."},
	{"sha256", YAML_CUSTOM, FIELD(source, sha256), true, decode_sha256,
         "text: Its SHA-256, 64 lower-case hexadecimal digits."},
	{"extract", YAML_BOOL, FIELD(source, extract), false, NULL,
         "Unpack it (default true); false copies the file as it is."},
	{"into", YAML_TEXT, FIELD(source, into), false, NULL,
         "Sub-directory of the source directory to put it in."},
	{"strip", YAML_CUSTOM, FIELD(source, strip), false, decode_strip,
         "number: Leading path components to drop when unpacking (default 1)."},
	{"exclude", YAML_STRV, FIELD(source, exclude), false, NULL,
         "Patterns, as those of `outputs`, of what is not unpacked (after `strip`)."},
	{"signature", YAML_CUSTOM, 0, false, decode_signature,
         "map: Upstream's signature of the file, see below."},
};

static int decode_sources(const struct yaml *yaml, const struct yaml_node *node, void *target,
                          struct err *err)
{
	if (yaml_expect(yaml, node, YAML_LIST, "sources", err) < 0)
		return -1;
	struct recipe *recipe = target;
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *item = node->items[i];
		struct source source = {.extract = true, .strip = 1, .line = item->line};
		vec_push(&recipe->sources, source);
		struct source *last = &recipe->sources.items[i];
		if (yaml_decode(yaml, item, source_fields, COUNT(source_fields), last, err) < 0)
			return -1;
		if (!last->urls.count)
			return yaml_error(yaml, item, err, "urls: at least one is needed");
		if (last->exclude.count && !last->extract)
			return yaml_error(
				yaml, item, err,
				"exclude: of a file that is not unpacked (extract: false)");
	}
	return 0;
}

/* ---- dependencies and arguments */

static const struct yaml_field depends_fields[] = {
	{"tools", YAML_STRV, FIELD(recipe_args, tools), false, NULL,
         "What runs while building: tool groups of the environment."},
	{"target", YAML_STRV, FIELD(recipe_args, target), false, NULL,
         "Recipes whose headers and libraries are in the sysroot."},
	{"runtime", YAML_STRV, FIELD(recipe_args, runtime), false, NULL,
         "Recipes needed when it runs, besides those its shared libraries show."},
};

/* `target` is the struct recipe_args. */
static int decode_depends(const struct yaml *yaml, const struct yaml_node *node, void *target,
                          struct err *err)
{
	struct recipe_args *args = target;
	args->line = node->line;
	return yaml_decode(yaml, node, depends_fields, COUNT(depends_fields), args, err);
}

/* ---- options */

/* {on: […], off: […]}; `target` is the list in option->on, its twin in option->off lies as far
 * behind it as `off` behind `on`. */
static int decode_switched(const struct yaml *yaml, const struct yaml_node *node, void *target,
                           struct err *err)
{
	const struct yaml_field fields[] = {
		{"on", YAML_STRV, 0, false, NULL, NULL},
		{"off", YAML_STRV, FIELD(recipe_option, off) - FIELD(recipe_option, on), false,
	         NULL, NULL},
	};
	return yaml_decode(yaml, node, fields, COUNT(fields), target, err);
}

#define SWITCHED_HELP "map: Arguments added with the option on, and off: `{on: […], off: […]}`."

static const struct yaml_field option_fields[] = {
	{"summary", YAML_TEXT, FIELD(recipe_option, summary), true, NULL,
         "What switching it on gives, one line."},
	{"default", YAML_BOOL, FIELD(recipe_option, default_on), false, NULL,
         "Whether it is on where nobody chose (default false)."},
	{"configure", YAML_CUSTOM, FIELD(recipe_option, on.configure), false, decode_switched,
         SWITCHED_HELP},
	{"meson", YAML_CUSTOM, FIELD(recipe_option, on.meson), false, decode_switched,
         SWITCHED_HELP},
	{"cmake", YAML_CUSTOM, FIELD(recipe_option, on.cmake), false, decode_switched,
         SWITCHED_HELP},
	{"make", YAML_CUSTOM, FIELD(recipe_option, on.make), false, decode_switched, SWITCHED_HELP},
	{"make-install", YAML_CUSTOM, FIELD(recipe_option, on.make_install), false, decode_switched,
         SWITCHED_HELP},
	{"depends", YAML_CUSTOM, FIELD(recipe_option, on), false, decode_depends,
         "map: Dependencies added with the option on; as `depends` of the recipe."},
};

static int decode_options(const struct yaml *yaml, const struct yaml_node *node, void *target,
                          struct err *err)
{
	struct recipe *recipe = target;
	if (yaml_expect(yaml, node, YAML_MAP, "options", err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		const char *name = node->keys[i];
		if (!recipe_is_option_name(name))
			return yaml_error(yaml, node->key_nodes[i], err,
			                  "option \"%s\": wanted lower-case letters, digits and "
			                  "\"-\"",
			                  name);
		struct recipe_option option = {.name = mem_strdup(name),
		                               .line = node->key_nodes[i]->line};
		vec_push(&recipe->options, option);
		if (yaml_decode(yaml, node->items[i], option_fields, COUNT(option_fields),
		                &recipe->options.items[i], err) < 0)
			return -1;
	}
	return 0;
}

/* ---- variables, phases, outputs, allow, upstream */

static int decode_variables(const struct yaml *yaml, const struct yaml_node *node, void *target,
                            struct err *err)
{
	if (yaml_expect(yaml, node, YAML_MAP, "variables", err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		if (!recipe_is_variable_name(node->keys[i]))
			return yaml_error(yaml, node->key_nodes[i], err,
			                  "variable \"%s\": wanted letters, digits and \"_\"",
			                  node->keys[i]);
		if (yaml_expect(yaml, node->items[i], YAML_SCALAR, node->keys[i], err) < 0)
			return -1;
		strv_addf(target, "%s=%s", node->keys[i], node->items[i]->text);
	}
	return 0;
}

static const char *const place_suffixes[PHASE_PLACE_COUNT] = {
	[PHASE_BEFORE] = ".before", [PHASE_REPLACE] = "", [PHASE_AFTER] = ".after"};

/* "install.after" -> PHASE_INSTALL * PHASE_PLACE_COUNT + PHASE_AFTER; -1 if unknown. */
static int find_phase(const char *key)
{
	size_t length = strcspn(key, ".");
	for (int phase = 0; phase < PHASE_COUNT; phase++)
		for (int place = 0; place < PHASE_PLACE_COUNT; place++)
			if (!strncmp(key, build_phase_names[phase], length) &&
			    !build_phase_names[phase][length] &&
			    str_equal(key + length, place_suffixes[place]))
				return phase * PHASE_PLACE_COUNT + place;
	return -1;
}

static int unknown_phase(const struct yaml *yaml, const struct yaml_node *node, size_t index,
                         struct err *err)
{
	own(strv) known = {0};
	for (int phase = 0; phase < PHASE_COUNT; phase++)
		for (int place = 0; place < PHASE_PLACE_COUNT; place++)
			strv_addf(&known, "%s%s", build_phase_names[phase], place_suffixes[place]);
	const char *near =
		nearest_word(node->keys[index], (const char *const *)known.items, known.count);
	if (near)
		return yaml_error(yaml, node->key_nodes[index], err,
		                  "unknown phase \"%s\"; did you mean \"%s\"?", node->keys[index],
		                  near);
	return yaml_error(yaml, node->key_nodes[index], err,
	                  "unknown phase \"%s\"; the phases are prepare, configure, compile, check "
	                  "and install, alone or with .before or .after",
	                  node->keys[index]);
}

static int decode_phases(const struct yaml *yaml, const struct yaml_node *node, void *target,
                         struct err *err)
{
	if (yaml_expect(yaml, node, YAML_MAP, "phases", err) < 0)
		return -1;
	struct recipe_phase *phases = target;
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *text = node->items[i];
		int index = find_phase(node->keys[i]);
		if (index < 0)
			return unknown_phase(yaml, node, i, err);
		if (yaml_expect(yaml, text, YAML_SCALAR, node->keys[i], err) < 0)
			return -1;
		phases[index] = (struct recipe_phase){mem_strdup(text->text),
		                                      text->line + (text->literal ? 1 : 0)};
	}
	return 0;
}

static int decode_outputs(const struct yaml *yaml, const struct yaml_node *node, void *target,
                          struct err *err)
{
	own(strv) taken = {0};
	struct recipe *recipe = target;
	recipe_outputs(NULL, &taken);
	if (yaml_expect(yaml, node, YAML_MAP, "outputs", err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		const char *name = node->keys[i];
		if (!recipe_is_option_name(name))
			return yaml_error(yaml, node->key_nodes[i], err,
			                  "output \"%s\": wanted lower-case letters, digits and "
			                  "\"-\"",
			                  name);
		if (strv_has(&taken, name))
			return yaml_error(yaml, node->key_nodes[i], err,
			                  "output \"%s\": every package has it already", name);
		struct recipe_output output = {.name = mem_strdup(name)};
		vec_push(&recipe->outputs, output);
		if (yaml_decode_value(yaml, node->items[i], YAML_STRV, name,
		                      &recipe->outputs.items[i].globs, err) < 0)
			return -1;
	}
	return 0;
}

static const struct yaml_field allow_fields[] = {
	{"setuid", YAML_STRV, FIELD(recipe, allow_setuid), false, NULL,
         "Installed files that may be set-user-id or set-group-id."},
	{"needs", YAML_STRV, FIELD(recipe, allow_needs), false, NULL,
         "Shared libraries (sonames) that may stay unresolved."},
	{"paths", YAML_STRV, FIELD(recipe, allow_paths), false, NULL,
         "Patterns of files that may be installed outside `/usr` and `/etc`, or in `/usr/local`."},
	{"build-path", YAML_STRV, FIELD(recipe, allow_buildpath), false, NULL,
         "Patterns of files that may hold the path they were built in."},
};

static int decode_allow(const struct yaml *yaml, const struct yaml_node *node, void *target,
                        struct err *err)
{
	return yaml_decode(yaml, node, allow_fields, COUNT(allow_fields), target, err);
}

static const struct yaml_field upstream_fields[] = {
	{"check", YAML_TEXT, FIELD(recipe, upstream_check), true, NULL,
         "A page that names the newest version."},
	{"match", YAML_TEXT, FIELD(recipe, upstream_match), true, NULL,
         "An extended regular expression; its group is a version."},
};

static int decode_upstream(const struct yaml *yaml, const struct yaml_node *node, void *target,
                           struct err *err)
{
	return yaml_decode(yaml, node, upstream_fields, COUNT(upstream_fields), target, err);
}

/* ---- the recipe */

static const struct yaml_field recipe_fields[] = {
	{"name", YAML_TEXT, FIELD(recipe, name), true, NULL,
         "The package's name; the directory has the same."},
	{"version", YAML_TEXT, FIELD(recipe, version), true, NULL, "Upstream's version."},
	{"revision", YAML_UINT, FIELD(recipe, revision), false, NULL,
         "Number to raise when the package shall differ at the same version (default 0)."},
	{"summary", YAML_TEXT, FIELD(recipe, summary), true, NULL,
         "One line without a full stop, at most 120 bytes."},
	{"homepage", YAML_TEXT, FIELD(recipe, homepage), false, NULL, "Upstream's page."},
	{"license", YAML_TEXT, FIELD(recipe, license), true, NULL,
         "SPDX expression, as in `MIT` or `(GPL-2.0-only OR BSD-2-Clause)`."},
	{"sources", YAML_CUSTOM, 0, false, decode_sources,
         "list of maps: The files it is made from, see below."},
	{"upstream", YAML_CUSTOM, 0, false, decode_upstream,
         "map: How to learn of new versions, see below."},
	{"build", YAML_TEXT, FIELD(recipe, build), true, NULL,
         "The build system: `autotools`, `configure`, `meson`, `cmake`, `make`, `kbuild` or "
         "`copy`."},
	{"build-in-source", YAML_BOOL, FIELD(recipe, in_source), false, NULL,
         "Build in the source directory (default true for `configure`, `make` and `copy`)."},
	{"source-dir", YAML_TEXT, FIELD(recipe, source_dir), false, NULL,
         "Sub-directory of the source to build in."},
	{"autoreconf", YAML_BOOL, FIELD(recipe, autoreconf), false, NULL,
         "With `autotools`: run `autoreconf -fi` first (default false)."},
	{"configure", YAML_STRV, FIELD(recipe, args.configure), false, NULL,
         "Arguments of the `configure` script."},
	{"meson", YAML_STRV, FIELD(recipe, args.meson), false, NULL, "Arguments of `meson setup`."},
	{"cmake", YAML_STRV, FIELD(recipe, args.cmake), false, NULL, "Arguments of `cmake`."},
	{"make", YAML_STRV, FIELD(recipe, args.make), false, NULL,
         "Arguments of `make` when compiling."},
	{"make-install", YAML_STRV, FIELD(recipe, args.make_install), false, NULL,
         "Arguments of `make` when installing, instead of `install`."},
	{"depends", YAML_CUSTOM, FIELD(recipe, args), false, decode_depends,
         "map: What it needs, see below."},
	{"libc", YAML_BOOL, FIELD(recipe, libc), false, NULL,
         "Put the C library, the kernel's headers and the compiler's runtime in the sysroot "
         "(default true)."},
	{"hardening", YAML_BOOL, FIELD(recipe, hardening), false, NULL,
         "Compile with the toolchain's hardening flags (default true)."},
	{"arches", YAML_STRV, FIELD(recipe, arches), false, NULL,
         "Architectures it builds for: `amd64`, `arm64` (default all)."},
	{"options", YAML_CUSTOM, 0, false, decode_options,
         "map: Choices for boards and users, by name; see below."},
	{"variables", YAML_CUSTOM, FIELD(recipe, variables), false, decode_variables,
         "map: Environment variables of all phases, by name."},
	{"phases", YAML_CUSTOM, FIELD(recipe, phases), false, decode_phases,
         "map: Shell texts that replace a phase (`install`) or run around it "
         "(`install.before`, `install.after`)."},
	{"outputs", YAML_CUSTOM, 0, false, decode_outputs,
         "map: Outputs beside `run`, `dev`, `doc` and `debug`: a name and the patterns of its "
         "files."},
	{"allow", YAML_CUSTOM, 0, false, decode_allow,
         "map: Exceptions from the checks after installing, see below."},
};

const struct recipe_table recipe_tables[] = {
	{"recipe", "The keys of `recipes/<name>/recipe.yaml`.", recipe_fields,
         COUNT(recipe_fields)},
	{"sources", "One file of `sources`.", source_fields, COUNT(source_fields)},
	{"sources: signature", NULL, signature_fields, COUNT(signature_fields)},
	{"upstream", NULL, upstream_fields, COUNT(upstream_fields)},
	{"depends", "Each is a list of names.", depends_fields, COUNT(depends_fields)},
	{"options", "One option; its name is the key.", option_fields, COUNT(option_fields)},
	{"allow",
         "Each is a list; patterns are relative to the root, `**` at the end takes in a "
         "whole tree.",
         allow_fields, COUNT(allow_fields)},
};
const size_t recipe_table_count = COUNT(recipe_tables);

static bool builds_in_source(const char *build)
{
	return str_equal(build, "configure") || str_equal(build, "make") ||
	       str_equal(build, "copy");
}

static int check_together(const struct yaml *yaml, const struct recipe *recipe, struct err *err)
{
	const char *build = recipe->build;
	if (recipe->autoreconf && !str_equal(build, "autotools"))
		return yaml_error(yaml, yaml_get(yaml->root, "autoreconf"), err,
		                  "autoreconf: only with build: autotools, not %s", build);
	if (recipe->in_source && str_equal(build, "meson"))
		return yaml_error(yaml, yaml_get(yaml->root, "build-in-source"), err,
		                  "build-in-source: meson cannot build in the source directory");
	if (recipe->args.meson.count && !str_equal(build, "meson"))
		return yaml_error(yaml, yaml_get(yaml->root, "meson"), err,
		                  "meson: arguments for meson, but build is %s", build);
	if (recipe->args.cmake.count && !str_equal(build, "cmake"))
		return yaml_error(yaml, yaml_get(yaml->root, "cmake"), err,
		                  "cmake: arguments for cmake, but build is %s", build);
	return 0;
}

int recipe_decode(const struct yaml *yaml, struct recipe *recipe, struct err *err)
{
	const struct yaml_node *build = yaml_get(yaml->root, "build");
	recipe->libc = true;
	recipe->hardening = true;
	recipe->in_source = build && build->kind == YAML_SCALAR && builds_in_source(build->text);
	if (yaml_decode(yaml, yaml->root, recipe_fields, COUNT(recipe_fields), recipe, err) < 0 ||
	    recipe_check_rules(yaml, err) < 0)
		return -1;
	return check_together(yaml, recipe, err);
}
