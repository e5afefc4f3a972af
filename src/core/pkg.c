/* From an installed tree to outputs in the store: tidied, split by rule, checked. */
#include "pkg.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "pkg-parts.h"

bool pkg_glob_matches(const char *glob, const char *path)
{
	size_t length = strlen(glob);
	if (!str_ends(glob, "/**"))
		return fnmatch(glob, path, FNM_PATHNAME | FNM_PERIOD) == 0;
	/* As many components of the path as the glob has before its stars. */
	own_free char *parent = mem_strndup(glob, length - 3);
	const char *end = path;
	for (const char *p = parent; p; p = strchr(p, '/'), p = p ? p + 1 : NULL) {
		end = strchr(end, '/');
		if (!end++)
			return false;
	}
	own_free char *head = mem_strndup(path, (size_t)(end - path) - 1);
	return fnmatch(parent, head, FNM_PATHNAME) == 0;
}

bool pkg_globs_match(const struct strv *globs, const char *path)
{
	for (size_t i = 0; i < globs->count; i++)
		if (pkg_glob_matches(globs->items[i], path))
			return true;
	return false;
}

/* ---- tidying: what every package gets, so that no recipe has to */

/* A directory of the installed tree. What was installed may hold symlinks to anywhere, and the
 * packager is not in the sandbox: by descriptors, it follows none. */
struct place {
	int fd;
	const char *path; /* for messages */
};

static int merge_tree(const struct place *from, const struct place *to, struct err *err);

/* What both hold can only be directories. */
static int merge_both(const struct place *from, const struct place *to, const char *name,
                      struct err *err)
{
	own_fd int below_from = openat(from->fd, name, FS_DIR);
	own_fd int below_to = openat(to->fd, name, FS_DIR);
	own_free char *source = path_join(from->path, name), *target = path_join(to->path, name);
	if (below_from < 0 || below_to < 0)
		return err_set(err, ERR_BUILD, "installs both %s and %s", source, target);
	if (merge_tree(&(struct place){below_from, source}, &(struct place){below_to, target},
	               err) < 0)
		return -1;
	return unlinkat(from->fd, name, AT_REMOVEDIR) < 0 ? err_errno(err, "%s", source) : 0;
}

/* Moves everything below `from` into `to`, directory by directory. */
static int merge_tree(const struct place *from, const struct place *to, struct err *err)
{
	own(strv) names = {0};
	struct stat st;
	if (fs_list_at(from->fd, &names, err) < 0)
		return err_wrap(err, "%s", from->path);
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		if (fstatat(to->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			if (merge_both(from, to, name, err) < 0)
				return -1;
		} else if (renameat(from->fd, name, to->fd, name) < 0) {
			return err_errno(err, "move %s/%s to %s", from->path, name, to->path);
		}
	}
	return 0;
}

static int no_directory(const char *path, struct err *err)
{
	if (errno != ELOOP && errno != ENOTDIR)
		return err_errno(err, "%s", path);
	return err_set(err, ERR_BUILD, "%s: a directory belongs there, no symlink and no file",
	               path);
}

/* A link that a package made to keep to the merged /usr (lib64 -> lib) is the skeleton's business.
 */
static int move_dir(const char *dest, const char *from, const char *to, struct err *err)
{
	own_free char *above = path_dir(from);
	const char *name = path_base(from);
	own_fd int parent = fs_open_below(dest, above, FS_DIR);
	struct stat st;
	if (parent < 0)
		return errno == ENOENT ? 0 : no_directory(above, err);
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_errno(err, "%s", from);
	if (S_ISLNK(st.st_mode))
		return unlinkat(parent, name, 0) < 0 ? err_errno(err, "%s", from) : 0;
	if (!S_ISDIR(st.st_mode))
		return 0;
	own_fd int source = openat(parent, name, FS_DIR);
	if (source < 0)
		return err_errno(err, "%s", from);
	own_fd int target = fs_make_dirs_below(dest, to);
	if (target < 0)
		return no_directory(to, err);
	if (merge_tree(&(struct place){source, from}, &(struct place){target, to}, err) < 0)
		return -1;
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 ? err_errno(err, "%s", from) : 0;
}

static int remove_libtool_archive(void *context, const char *relative, const struct stat *st,
                                  struct err *err)
{
	own_free char *path = path_join(context, relative);
	bool index = str_equal(relative, "usr/share/info/dir");
	if (!S_ISREG(st->st_mode) || !(str_ends(relative, ".la") || index))
		return 0;
	return unlink(path) < 0 ? err_errno(err, "%s", path) : 0;
}

static int tidy(const char *dest, struct err *err)
{
	static const char *const moves[][2] = {
		{"bin", "usr/bin"},
		{"sbin", "usr/bin"},
		{"lib", "usr/lib"},
		{"lib64", "usr/lib"},
		{"usr/sbin", "usr/bin"},
		{"usr/lib64", "usr/lib"},
		{"etc", "usr/share/factory/etc"},
	};
	for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
		if (move_dir(dest, moves[i][0], moves[i][1], err) < 0)
			return -1;
	return fs_walk(dest, remove_libtool_archive, (void *)dest, err);
}

/* ---- splitting */

static bool below(const char *path, const char *dir)
{
	size_t length = strlen(dir);
	return strncmp(path, dir, length) == 0 && path[length] == '/';
}

static bool below_any(const char *path, const char *const *dirs)
{
	for (; *dirs; dirs++)
		if (below(path, *dirs))
			return true;
	return false;
}

const char *pkg_default_output(const char *path, bool is_link)
{
	static const char *const dev[] = {"usr/include",
	                                  "usr/lib/pkgconfig",
	                                  "usr/share/pkgconfig",
	                                  "usr/lib/cmake",
	                                  "usr/share/cmake",
	                                  "usr/share/aclocal",
	                                  NULL};
	static const char *const doc[] = {"usr/share/man", "usr/share/doc", "usr/share/info",
	                                  "usr/share/gtk-doc", NULL};
	const char *name = path_base(path);
	bool in_lib = below(path, "usr/lib") && !strchr(path + strlen("usr/lib/"), '/');
	if (below(path, "usr/lib/debug"))
		return "debug";
	if (below_any(path, dev) || str_equal(path, "usr/share/config.site"))
		return "dev";
	if (below_any(path, doc))
		return "doc";
	if (in_lib && (str_ends(name, ".a") || str_ends(name, ".o")))
		return "dev";
	if (in_lib && str_ends(name, ".so") && is_link)
		return "dev";
	return "run";
}

static const char *output_of(const struct recipe *recipe, const char *path, bool is_link)
{
	for (vec_each(output, &recipe->outputs))
		if (pkg_globs_match(&output->globs, path))
			return output->name;
	return pkg_default_output(path, is_link);
}

void pkg_output_release(struct pkg_output *output)
{
	manifest_release(&output->manifest);
	free(output->root);
	map_release(&output->dirs);
	vec_release(&output->files);
}

static struct pkg_output *find_output(struct packager *packager, const char *name)
{
	for (vec_each(output, &packager->outputs))
		if (str_equal(output->manifest.output, name))
			return output;
	const struct recipe *recipe = packager->input->config->recipe;
	struct pkg_output output = {.root = path_join(packager->input->stage, name)};
	struct manifest *manifest = &output.manifest;
	manifest->package = arena_strdup(&manifest->arena, recipe->name);
	manifest->version = arena_strdup(&manifest->arena, recipe->version);
	manifest->output = arena_strdup(&manifest->arena, name);
	manifest->arch = arena_strdup(&manifest->arena, packager->input->toolchain->arch);
	vec_push(&packager->outputs, output);
	return &packager->outputs.items[packager->outputs.count - 1];
}

/* An output holds the directories above what it holds, each once. */
static int add_dirs(struct pkg_output *output, const char *path, struct err *err)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		char *dir = arena_strndup(&output->manifest.arena, path, (size_t)(slash - path));
		if (map_get(&output->dirs, dir))
			continue;
		map_set(&output->dirs, dir, dir);
		struct manifest_entry entry = {.type = 'd', .mode = 0755, .value = "", .path = dir};
		vec_push(&output->manifest.entries, entry);
		own_free char *target = path_join(output->root, dir);
		if (fs_make_dirs(target, 0755, err) < 0)
			return -1;
	}
	return 0;
}

static unsigned normal_mode(mode_t mode)
{
	return (mode & (S_ISUID | S_ISGID)) | (mode & 0111 ? 0755 : 0644);
}

static int fill_entry(const char *path, const struct stat *st, struct arena *arena,
                      struct manifest_entry *entry, struct err *err)
{
	if (S_ISLNK(st->st_mode)) {
		own_free char *target = fs_read_link(path);
		if (!target)
			return err_errno(err, "%s", path);
		entry->type = 'l';
		entry->mode = 0777;
		entry->value = arena_strdup(arena, target);
		return 0;
	}
	struct digest digest;
	char hex[DIGEST_HEX];
	if (digest_file(path, &digest, err) < 0)
		return -1;
	digest_hex(&digest, hex);
	entry->type = 'f';
	entry->mode = normal_mode(st->st_mode);
	entry->size = (uint64_t)st->st_size;
	entry->value = arena_strdup(arena, hex);
	return 0;
}

static int add_file(struct packager *packager, struct pkg_output *output, const char *relative,
                    const struct stat *st, struct err *err)
{
	own_free char *path = path_join(packager->input->dest, relative);
	own_free char *target = path_join(output->root, relative);
	struct manifest *manifest = &output->manifest;
	struct manifest_entry entry = {.path = arena_strdup(&manifest->arena, relative)};
	if (add_dirs(output, relative, err) < 0 ||
	    fill_entry(path, st, &manifest->arena, &entry, err) < 0)
		return -1;
	vec_push(&manifest->entries, entry);
	if (entry.type == 'f' && pkg_check_file(packager, output, path, &entry, err) < 0)
		return -1;
	if (rename(path, target) < 0)
		return err_errno(err, "move %s to output %s", relative, manifest->output);
	return 0;
}

static bool is_empty_dir(const char *path)
{
	own(strv) names = {0};
	return fs_list(path, &names, NULL) == 0 && names.count == 0;
}

static int place(void *context, const char *relative, const struct stat *st, struct err *err)
{
	struct packager *packager = context;
	pkg_check_path(packager, relative, st);
	if (!S_ISDIR(st->st_mode)) {
		bool is_link = S_ISLNK(st->st_mode);
		if (!is_link && !S_ISREG(st->st_mode))
			return pkg_find(packager, "%s: neither file, directory nor symlink",
			                relative);
		const char *name = output_of(packager->input->config->recipe, relative, is_link);
		return add_file(packager, find_output(packager, name), relative, st, err);
	}
	own_free char *path = path_join(packager->input->dest, relative);
	if (!is_empty_dir(path))
		return 0;
	own_free char *inside = path_join(relative, ".");
	return add_dirs(find_output(packager, "run"), inside, err);
}

/* ---- all of it */

static void packager_release(struct packager *packager)
{
	for (vec_each(output, &packager->outputs))
		pkg_output_release(output);
	vec_release(&packager->outputs);
	strv_release(&packager->findings);
}

static int by_name(const void *a, const void *b)
{
	const struct pkg_output *x = a, *y = b;
	return strcmp(x->manifest.output, y->manifest.output);
}

static int store_outputs(const struct workspace *workspace, struct packager *packager,
                         struct record *record, struct err *err)
{
	vec_sort(&packager->outputs, by_name);
	for (vec_each(output, &packager->outputs)) {
		struct record_output item = {.name = mem_strdup(output->manifest.output),
		                             .bytes = manifest_bytes(&output->manifest)};
		int result =
			store_add(workspace, &output->manifest, output->root, item.digest, err);
		vec_push(&record->outputs, item);
		if (result < 0)
			return -1;
	}
	return 0;
}

int pkg_make(const struct workspace *workspace, const struct pkg_input *input,
             struct record *record, struct err *err)
{
	own(packager) packager = {.input = input};
	own_fd int dest = open(input->dest, FS_DIR);
	if (dest < 0)
		return no_directory("$DEST", err);
	if (tidy(input->dest, err) < 0)
		return -1;
	/* Nothing is in the outputs but what is put there. */
	if (mkdir(input->stage, 0755) < 0)
		return err_errno(err, "%s", input->stage);
	/* Even an empty package has a `run`, which holds what it requires. */
	struct pkg_output *run = find_output(&packager, "run");
	if (fs_make_dirs(run->root, 0755, err) < 0 ||
	    fs_walk(input->dest, place, &packager, err) < 0 ||
	    pkg_check_needs(&packager, err) < 0 || pkg_check_findings(&packager, err) < 0)
		return -1;
	return store_outputs(workspace, &packager, record, err);
}
