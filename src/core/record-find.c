/* Builds by their names: a key, or an output's digest, or the beginning of either. */
#include "record-find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "own.h"
#include "path.h"

enum { SHORTEST = 8 };

bool record_is_name(const char *text)
{
	size_t length = strlen(text);
	return length >= SHORTEST && length < DIGEST_HEX &&
	       strspn(text, "0123456789abcdef") == length;
}

/* The files of a directory whose names begin so. */
static void add_matches(const char *dir, const char *prefix, struct strv *paths)
{
	own(strv) names = {0};
	if (!fs_is_dir(dir) || fs_list(dir, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (str_starts(names.items[i], prefix))
			strv_take(paths, path_join(dir, names.items[i]));
}

/* out/keys/<arch>/<package>/<key> and cache/keys/<aa>/<key>. */
static void find_keys(const struct workspace *workspace, const char *text, struct strv *paths)
{
	own_free char *keys = workspace_out(workspace, "keys");
	own(strv) arches = {0};
	if (fs_is_dir(keys))
		fs_list(keys, &arches, NULL);
	for (size_t i = 0; i < arches.count; i++) {
		own_free char *arch = path_join(keys, arches.items[i]);
		own(strv) packages = {0};
		fs_list(arch, &packages, NULL);
		for (size_t j = 0; j < packages.count; j++) {
			own_free char *package = path_join(arch, packages.items[j]);
			add_matches(package, text, paths);
		}
	}
	own_free char *cached = workspace_cache(workspace, "keys/%.2s", text);
	add_matches(cached, text, paths);
}

static void find_outputs(const struct workspace *workspace, const char *text, struct strv *paths)
{
	own_free char *store = workspace_out(workspace, "store");
	own_free char *cached = workspace_cache(workspace, "objects/%.2s", text);
	add_matches(store, text, paths);
	add_matches(cached, text, paths);
}

/* The one name of 64 digits that all paths end in; false when there are several. */
static bool one_name(const struct strv *paths, char ret_hex[DIGEST_HEX])
{
	for (size_t i = 0; i < paths->count; i++) {
		own_free char *hex = mem_strndup(path_base(paths->items[i]), DIGEST_HEX - 1);
		if (i && !str_equal(hex, ret_hex))
			return false;
		snprintf(ret_hex, DIGEST_HEX, "%s", hex);
	}
	return true;
}

static int of_output(const struct workspace *workspace, const char *digest,
                     struct record *ret_record, struct err *err)
{
	own(manifest) manifest = {0};
	if (store_ensure(workspace, digest, err) < 0 ||
	    store_load_manifest(workspace, digest, &manifest, err) < 0)
		return -1;
	*ret_record = (struct record){.package = mem_strdup(manifest.package),
	                              .version = mem_strdup(manifest.version),
	                              .arch = mem_strdup(manifest.arch)};
	struct record_output output = {.name = mem_strdup(manifest.output),
	                               .bytes = manifest_bytes(&manifest)};
	snprintf(output.digest, sizeof output.digest, "%s", digest);
	vec_push(&ret_record->outputs, output);
	return 0;
}

int record_find_named(const struct workspace *workspace, const char *text,
                      struct record *ret_record, struct err *err)
{
	own(strv) paths = {0};
	char hex[DIGEST_HEX] = "";
	find_keys(workspace, text, &paths);
	bool is_key = paths.count > 0;
	if (!is_key)
		find_outputs(workspace, text, &paths);
	if (!paths.count) {
		err_set(err, ERR_INPUT, "%s: no build and no output is known by that", text);
		return err_hint(err, "sdk info PACKAGE shows its outputs, sdk history its builds");
	}
	if (!one_name(&paths, hex))
		return err_set(err, ERR_INPUT, "%s: several begin so: give more digits", text);
	if (!is_key)
		return of_output(workspace, hex, ret_record, err);
	for (size_t i = 0; i < paths.count; i++)
		if (record_read(paths.items[i], ret_record))
			return 0;
	return err_set(err, ERR_INPUT, "%s: its record can't be read", text);
}
