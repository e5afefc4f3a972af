/* What lies beside a recipe: patches, files, and the build systems' own files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "recipe-parts.h"

/* ---- build systems */

struct recipe_systems {
	struct digest *digests; /* in the order of recipe_build_systems */
};

static int add_file(struct hash *hash, const char *path, struct err *err)
{
	own(str) text = {0};
	if (fs_is_file(path) && fs_read(path, 1 << 20, &text, err) < 0)
		return -1;
	hash_text(hash, path_base(path));
	hash_update(hash, str_text(&text), text.len + 1);
	return 0;
}

static int digest_system(const char *dir, const char *build, struct digest *ret_digest,
                         struct err *err)
{
	own_free char *common = path_join(dir, "common.sh");
	own_free char *single = path_printf("%s/%s.sh", dir, build);
	own(hash) hash = {0};
	hash_init(&hash);
	if (add_file(&hash, common, err) < 0 || add_file(&hash, single, err) < 0)
		return -1;
	hash_final(&hash, ret_digest);
	return 0;
}

int recipe_systems_new(const char *recipes_dir, struct recipe_systems **ret_systems,
                       struct err *err)
{
	own_free char *dir = path_join(recipes_dir, ".build-systems");
	struct recipe_systems *systems = mem_alloc(sizeof *systems);
	systems->digests = mem_alloc(recipe_build_system_count * sizeof *systems->digests);
	for (size_t i = 0; i < recipe_build_system_count; i++) {
		if (digest_system(dir, recipe_build_systems[i], &systems->digests[i], err) < 0) {
			recipe_systems_free(systems);
			return -1;
		}
	}
	*ret_systems = systems;
	return 0;
}

void recipe_systems_free(struct recipe_systems *systems)
{
	if (systems)
		free(systems->digests);
	free(systems);
}

const struct digest *recipe_systems_digest(const struct recipe_systems *systems, const char *build)
{
	for (size_t i = 0; i < recipe_build_system_count; i++)
		if (str_equal(recipe_build_systems[i], build))
			return &systems->digests[i];
	return NULL;
}

/* ---- patches/ and files/ */

static bool is_leftover(const char *name)
{
	return name[0] == '.' || str_ends(name, "~") || str_ends(name, ".orig");
}

static int read_patches(struct recipe *recipe, const char *dir, struct err *err)
{
	own(strv) names = {0};
	if (fs_list(dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		if (is_leftover(name))
			continue;
		own_free char *path = path_join(dir, name);
		if (!str_ends(name, ".patch"))
			return err_set(err, ERR_INPUT,
			               "%s: only *.patch belongs in patches/ "
			               "(other files go to files/)",
			               path);
		struct recipe_patch patch = {0};
		if (digest_file(path, &patch.digest, err) < 0)
			return -1;
		patch.name = mem_strdup(name);
		vec_push(&recipe->patches, patch);
	}
	return 0;
}

struct files_walk {
	const char *dir;
	struct hash hash;
};

/* Of the modes only the owner's execute bit counts, as in git: the rest depends on the umask of
 * whoever cloned. Directories show in their files' paths. */
static int visit_file(void *context, const char *relative, const struct stat *st, struct err *err)
{
	struct files_walk *walk = context;
	own_free char *path = path_join(walk->dir, relative);
	if (S_ISDIR(st->st_mode))
		return 0;
	hash_text(&walk->hash, relative);
	if (S_ISLNK(st->st_mode)) {
		own_free char *target = fs_read_link(path);
		if (!target)
			return err_errno(err, "%s", path);
		hash_text(&walk->hash, "l");
		hash_text(&walk->hash, target);
		return 0;
	}
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_INPUT, "%s: neither file, directory nor symlink", path);
	struct digest digest;
	if (digest_file(path, &digest, err) < 0)
		return -1;
	hash_text(&walk->hash, st->st_mode & S_IXUSR ? "x" : "f");
	hash_update(&walk->hash, digest.bytes, sizeof digest.bytes);
	return 0;
}

static int digest_files(const char *dir, struct digest *ret_digest, struct err *err)
{
	struct files_walk walk = {.dir = dir};
	hash_init(&walk.hash);
	if (fs_walk(dir, visit_file, &walk, err) < 0) {
		hash_release(&walk.hash);
		return -1;
	}
	hash_final(&walk.hash, ret_digest);
	return 0;
}

/* What an overlay brings was written by others: a link in it could show the build, and whoever
 * reads its log, any file of this machine. Links below files/ are never followed here, and mean
 * the sandbox's own files in there. */
int recipe_check_inside(const struct recipe_layer *layer, const char *path, const char *shown,
                        struct err *err)
{
	struct stat st;
	if (!layer->inside || lstat(path, &st) < 0 || !S_ISLNK(st.st_mode) ||
	    fs_is_inside(path, layer->inside))
		return 0;
	return err_set(err, ERR_INPUT, "%s: a symlink that leads out of overlay %s", shown,
	               layer->overlay);
}

int recipe_read_files(const struct recipe_layer *layer, struct recipe *recipe, struct err *err)
{
	own_free char *patches = path_join(recipe->dir, "patches");
	own_free char *files = path_join(recipe->dir, "files");
	if (recipe_check_inside(layer, patches, patches, err) < 0 ||
	    recipe_check_inside(layer, files, files, err) < 0)
		return -1;
	if (fs_is_dir(patches) && read_patches(recipe, patches, err) < 0)
		return -1;
	if (fs_is_dir(files) && digest_files(files, &recipe->files, err) < 0)
		return -1;
	return 0;
}
