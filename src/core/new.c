/* A new package: its first recipe, from what its tarball shows. */
#include "new.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debsource.h"
#include "env.h"
#include "fetch.h"
#include "fs.h"
#include "hash.h"
#include "mirror.h"
#include "own.h"
#include "path.h"
#include "providers.h"
#include "recipe.h"
#include "tarball.h"
#include "version.h"

#define MAX_SOURCE_BYTES (UINT64_C(4) << 30)

void new_package_release(struct new_package *package)
{
	free(package->path);
	str_release(&package->text);
	strv_release(&package->checks);
	*package = (struct new_package){0};
}

/* One being made. */
struct making {
	const struct workspace *workspace;
	const char *name;
	const char *where; /* as messages name the source: the argument, or its address */
	struct new_package *package;
	char *url, *version, *sha256_wanted; /* the last: of a signed index, or NULL */
	char *file;                          /* in the cache */
	struct source source;
	struct tarball tarball;
	struct strv target, tools;
};

static void making_release(struct making *making)
{
	free(making->url);
	free(making->version);
	free(making->sha256_wanted);
	free(making->file);
	source_release(&making->source);
	tarball_release(&making->tarball);
	strv_release(&making->target);
	strv_release(&making->tools);
}

/* ---- where it is */

/* The file is a copy that is gone when the message is read. */
static int read_tarball(struct making *making, const char *path, struct err *err)
{
	own(err) wrong = {0};
	if (tarball_read(path, &making->tarball, &wrong) == 0)
		return 0;
	const char *message = wrong.message;
	if (str_starts(message, path) && str_starts(message + strlen(path), ": "))
		message += strlen(path) + 2;
	return err_set(err, wrong.kind, "%s: %s", making->where ? making->where : making->url,
	               message);
}

static int fetch(struct making *making, const char *dir, const struct event_sink *sink,
                 struct err *err)
{
	own(mirrors) mirrors = {0};
	own(strv) urls = {0};
	own_free char *plain = mem_strndup(making->url, strcspn(making->url, "?#"));
	const char *base = path_base(plain);
	own_free char *path = path_join(dir, path_is_safe(base) ? base : "source");
	if (mirrors_load(making->workspace, &mirrors, err) < 0 ||
	    mirrors_expand(&mirrors, making->url, &urls, err) < 0)
		return -1;
	const struct fetch_file file = {.name = path_base(path),
	                                .path = path,
	                                .urls = &urls,
	                                .max_bytes = MAX_SOURCE_BYTES,
	                                .sha256 = making->sha256_wanted};
	const struct fetch_options options = {.rounds = 2};
	struct digest digest;
	struct stat st;
	if (fetch_all(&file, 1, &options, sink, err) < 0 || read_tarball(making, path, err) < 0 ||
	    digest_file(path, &digest, err) < 0)
		return -1;
	if (stat(path, &st) < 0)
		return err_errno(err, "%s", path);
	strv_add(&making->source.urls, making->url);
	digest_hex(&digest, making->source.sha256);
	making->source.size_bytes = (uint64_t)st.st_size;
	making->file = source_cache_path(making->workspace, &making->source);
	if (source_is_cached(making->workspace, &making->source))
		return 0;
	if (fs_make_parents(making->file, err) < 0)
		return -1;
	return fs_copy_file(path, making->file, 0644, err);
}

static int fetch_aside(struct making *making, const struct event_sink *sink, struct err *err)
{
	own_free char *parent = workspace_out(making->workspace, "new");
	own_free char *dir = NULL;
	if (fs_make_dirs(parent, 0755, err) < 0 || fs_clean_temporaries(parent, err) < 0 ||
	    fs_make_temporary(parent, &dir, err) < 0)
		return -1;
	int result = fetch(making, dir, sink, err);
	fs_remove_tree(dir, NULL);
	return result;
}

static void forget_address(struct making *making)
{
	free(making->url);
	free(making->version);
	free(making->sha256_wanted);
	making->url = making->version = making->sha256_wanted = NULL;
}

static int newest_first(const void *a, const void *b)
{
	return version_compare(((const struct debsource *)b)->upstream,
	                       ((const struct debsource *)a)->upstream);
}

/* An index can be older than the archive: then the newest it names is gone from there. */
static int take_first(struct making *making, const struct debsources *sources,
                      const struct event_sink *sink, struct err *err)
{
	for (vec_each(source, &sources->items)) {
		own(err) gone = {0};
		if (version_is_prerelease(source->upstream))
			continue;
		making->url = mem_strdup(source->url);
		making->version = mem_strdup(source->upstream);
		making->sha256_wanted = mem_strdup(source->sha256);
		if (fetch_aside(making, sink, &gone) == 0)
			return 0;
		if (gone.kind != ERR_NETWORK)
			return err_move(err, &gone);
		event_note(sink, "%s %s: %s", source->package, source->upstream, gone.message);
		forget_address(making);
	}
	err_set(err, ERR_INPUT, "Debian has no source package %s that could be had", making->name);
	return err_hint(err, "sdk new %s https://…/%s-1.0.tar.gz", making->name, making->name);
}

static int fetch_from_debian(struct making *making, const struct event_sink *sink, struct err *err)
{
	own(map) wanted = {0};
	own(debsources) sources = {0};
	map_set(&wanted, making->name, making);
	if (debsources_load(making->workspace, &wanted, sink, &sources, err) < 0)
		return -1;
	vec_sort(&sources.items, newest_first);
	for (size_t i = 0; i < sources.notes.count; i++)
		event_note(sink, "%s", sources.notes.items[i]);
	return take_first(making, &sources, sink, err);
}

/* RFC 3986, of an absolute path. */
static char *file_url(const char *path)
{
	struct str url = {0};
	str_add(&url, "file://");
	for (const char *c = path; *c; c++)
		if (isalnum((unsigned char)*c) || strchr("/-._~+", *c))
			str_add_char(&url, *c);
		else
			str_addf(&url, "%%%02X", (unsigned char)*c);
	return str_steal(&url);
}

static int fetch_source(struct making *making, const char *where, const struct event_sink *sink,
                        struct err *err)
{
	if (!where)
		return fetch_from_debian(making, sink, err);
	if (strstr(where, "://")) {
		making->url = mem_strdup(where);
		return fetch_aside(making, sink, err);
	}
	own_free char *path = realpath(where, NULL);
	if (!path)
		return err_errno(err, "%s", where);
	making->where = where;
	making->url = file_url(path);
	strv_add(&making->package->checks,
	         "sources: the file is on this machine alone; name where all can have it");
	return fetch_aside(making, sink, err);
}

/* ---- what it is */

__attribute__((format(printf, 2, 3))) static void check(struct making *making, const char *format,
                                                        ...)
{
	va_list args;
	va_start(args, format);
	strv_take(&making->package->checks, mem_vprintf(format, args));
	va_end(args);
}

static int find_version(struct making *making, struct err *err)
{
	own_free char *plain = mem_strndup(making->url, strcspn(making->url, "?#"));
	own_free char *inside = new_version_of_tarball(&making->tarball);
	if (!making->version)
		making->version = new_version_of_name(path_base(plain));
	if (making->version && inside && !str_equal(inside, making->version))
		check(making, "version: the file's name says %s, its build files %s",
		      making->version, inside);
	if (!making->version)
		making->version = steal_ptr(inside);
	if (making->version)
		return 0;
	err_set(err, ERR_INPUT, "%s: neither its name nor what is in it shows a version",
	        making->url);
	return err_hint(err, "a file named %s-VERSION.tar.gz shows it", making->name);
}

static const char *build_system(const struct tarball *tarball)
{
	return tarball->has_meson          ? "meson"
	       : tarball->has_configure_ac ? "autotools"
	       : tarball->has_configure    ? "configure"
	       : tarball->has_cmake        ? "cmake"
	       : tarball->has_makefile     ? "make"
	                                   : "copy";
}

/* How many packages the lock has for the group. */
static size_t size_of_group(const struct env *env, const char *group)
{
	size_t count = 0;
	for (vec_each(file, &env->lock.files)) {
		own(strv) groups = {0};
		int layer = env_layer_of(env, file);
		if (layer >= 0)
			strv_split(&groups, env->layers.items[layer], ",");
		count += strv_has(&groups, group);
	}
	return count;
}

/* The smallest tool group that has a program; NULL: base has it, or none. Caller frees. */
static char *group_with(const struct workspace *workspace, const char *program)
{
	own(env) env = {0};
	own(strv) groups = {0};
	own(err) none = {0};
	const char *best = NULL;
	if (env_open_lock(workspace, &env, &none) < 0)
		return NULL;
	for (vec_each(file, &env.lock.files)) {
		int layer = str_equal(file->name, program) ? env_layer_of(&env, file) : -1;
		if (layer > 0)
			strv_split(&groups, env.layers.items[layer], ",");
	}
	for (size_t i = 0; i < groups.count; i++)
		if (!best || size_of_group(&env, groups.items[i]) < size_of_group(&env, best))
			best = groups.items[i];
	return best ? mem_strdup(best) : NULL;
}

static void add_once(struct strv *list, const char *item)
{
	if (!strv_has(list, item))
		strv_add(list, item);
}

/* In every sysroot unasked. */
static bool is_of_libc(const char *package)
{
	return str_equal(package, "glibc") || str_equal(package, "linux-headers") ||
	       str_equal(package, "gcc-runtime");
}

static void sort_need(struct making *making, const struct providers *providers, const char *need,
                      struct strv *unknown)
{
	if (str_starts(need, "program ")) {
		own_free char *group = group_with(making->workspace, need + strlen("program "));
		if (group)
			add_once(&making->tools, group);
		return;
	}
	const char *package = providers_find(providers, need);
	/* Build files look for headers of all systems: those of no package say nothing. */
	if (!package && !str_starts(need, "header "))
		strv_add(unknown, need);
	if (package && !str_equal(package, making->name) && !is_of_libc(package))
		add_once(&making->target, package);
}

static void check_unknown(struct making *making, const struct providers *providers,
                          const struct strv *unknown)
{
	own_free char *list = strv_join(unknown, ", ");
	if (unknown->count && providers->unbuilt.count)
		check(making,
		      "%zu of %zu recipes are not built yet, so that it can't be known whether one "
		      "provides what the build files also look for: %s",
		      providers->unbuilt.count, providers->packages.count, list);
	else if (unknown->count)
		check(making, "no recipe provides what the build files also look for: %s", list);
}

static int find_needs(struct making *making, struct err *err)
{
	own(providers) providers = {0};
	own(strv) needs = {0};
	own(strv) unknown = {0};
	tarball_needs(&making->tarball, &needs);
	if (providers_load(making->workspace, &providers, err) < 0)
		return -1;
	for (size_t i = 0; i < needs.count; i++)
		sort_need(making, &providers, needs.items[i], &unknown);
	strv_sort(&making->target);
	strv_sort(&making->tools);
	if (making->target.count)
		check(making,
		      "depends.target: what the build files look for and is a recipe%s; "
		      "take out what is optional and not wanted",
		      providers.unbuilt.count ? " (by its name, where it is not built yet)" : "");
	check_unknown(making, &providers, &unknown);
	return 0;
}

/* ---- the text */

static void add_list(struct str *text, const char *name, const struct strv *list)
{
	own_free char *items = strv_join(list, ", ");
	if (list->count)
		str_addf(text, "  %s: [%s]\n", name, items);
}

/* A version that YAML would take for a number is text all the same. */
static bool looks_like_number(const char *version)
{
	return strspn(version, "0123456789") == strlen(version);
}

static void add_source(const struct making *making, struct str *text)
{
	own_free char *form = new_url_form(making->url, making->version);
	str_addf(text, "sources:\n  - urls: [\"%s\"]\n    size: %" PRIu64 "\n    sha256: %s\n",
	         form, making->source.size_bytes, making->source.sha256);
	if (!making->tarball.has_top)
		str_add(text, "    strip: 0\n");
}

static void add_license(struct making *making, struct str *text)
{
	bool sure;
	own_free char *license = tarball_license(&making->tarball, &sure);
	own(strv) names = {0};
	for (vec_each(file, &making->tarball.licences))
		strv_add(&names, file->name);
	own_free char *files = strv_join(&names, ", ");
	str_addf(text, "license: %s\n", license ? license : "LicenseRef-unknown");
	if (making->tarball.has_more)
		check(making, "there are more licence or build files than were looked at");
	if (!license)
		check(making, "license: no licence was recognised (%s)",
		      names.count ? files : "there is no licence file");
	else if (!sure)
		check(making,
		      "license: read from %s; files' heads say whether later versions of a "
		      "GNU licence count, and whether all of it is meant",
		      files);
	else
		check(making, "license: read from %s", files);
}

static void add_homepage(struct making *making, struct str *text)
{
	const char *host = strstr(making->url, "://");
	if (!str_starts(making->url, "http")) {
		check(making, "homepage: upstream's page is to be added");
		return;
	}
	size_t length = (size_t)(host + 3 - making->url) + strcspn(host + 3, "/");
	str_addf(text, "homepage: %.*s/\n", (int)length, making->url);
	check(making, "homepage: guessed from the source's address");
}

static void add_build(struct making *making, struct str *text)
{
	const struct tarball *tarball = &making->tarball;
	const char *build = build_system(tarball);
	str_addf(text, "build: %s\n", build);
	if (str_equal(build, "autotools") && !tarball->has_configure)
		str_add(text, "autoreconf: true\n");
	if (str_equal(build, "make"))
		str_add(text, "make: [PREFIX=/usr]\n");
	if (str_equal(build, "configure"))
		str_add(text, "configure: [--prefix=/usr, --libdir=/usr/lib]\n");
	if (str_equal(build, "make") || str_equal(build, "configure"))
		check(making, "%s: whether it knows these arguments, and DESTDIR", build);
	if (making->target.count || making->tools.count)
		str_add(text, "depends:\n");
	add_list(text, "tools", &making->tools);
	add_list(text, "target", &making->target);
	if (!str_equal(build, "copy"))
		return;
	str_add(text, "libc: false\nphases:\n  install: |\n"
	              "    mkdir -p \"$DEST\"/usr/share/\"$NAME\"\n"
	              "    cp -r \"$SRC\"/. \"$DEST\"/usr/share/\"$NAME\"/\n");
	check(making, "phases.install: no build system was found; it copies everything");
}

static void write_text(struct making *making)
{
	struct str *text = &making->package->text;
	bool quoted = looks_like_number(making->version);
	str_addf(text, "name: %s\nversion: %s%s%s\n", making->name, quoted ? "\"" : "",
	         making->version, quoted ? "\"" : "");
	str_add(text, "summary: To be written, what it is in one line\n");
	check(making, "summary: to be written");
	add_homepage(making, text);
	add_license(making, text);
	add_source(making, text);
	add_build(making, text);
	check(making, "upstream: with check and match, `sdk bump --check` knows of new versions");
}

/* ---- all of it */

static int check_name(const struct making *making, struct err *err)
{
	own_free char *text = mem_printf(
		"name: %s\nversion: 1\nsummary: x\nlicense: MIT\nsources: []\nbuild: make\n",
		making->name);
	struct recipe *recipe;
	if (recipe_parse("the new recipe", NULL, text, strlen(text), &recipe, NULL) < 0)
		return err_set(err, ERR_USAGE,
		               "\"%s\": wanted lower-case letters, digits, \"+\", "
		               "\"-\" and \".\"",
		               making->name);
	recipe_free(recipe);
	if (fs_exists(making->package->path)) {
		err_set(err, ERR_INPUT, "recipes/%s is there already", making->name);
		return err_hint(err, "sdk bump %s takes it to a newer version", making->name);
	}
	return 0;
}

static int publish(struct making *making, struct err *err)
{
	struct recipe *recipe;
	const struct str *text = &making->package->text;
	own_free char *shown = mem_printf("recipes/%s/recipe.yaml", making->name);
	if (recipe_parse(shown, making->name, str_text(text), text->len, &recipe, err) < 0)
		return -1;
	recipe_free(recipe);
	if (fs_make_parents(making->package->path, err) < 0)
		return -1;
	return fs_write_file(making->package->path, str_text(text), text->len, 0644, err);
}

int new_package_make(const struct workspace *workspace, const char *name, const char *where,
                     const struct event_sink *sink, struct new_package *ret_package,
                     struct err *err)
{
	own(new_package)
		package = {.path = workspace_root(workspace, "recipes/%s/recipe.yaml", name)};
	own(making) making = {.workspace = workspace, .name = name, .package = &package};
	if (check_name(&making, err) < 0 || fetch_source(&making, where, sink, err) < 0 ||
	    find_version(&making, err) < 0 || find_needs(&making, err) < 0)
		return -1;
	write_text(&making);
	if (publish(&making, err) < 0)
		return -1;
	*ret_package = package;
	package = (struct new_package){0};
	return 0;
}
