/* What is in a work tree of git: its files, with their modes and the digests of their contents. */
#include "git-tree.h"

#include <git2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"
#include "map.h"
#include "own.h"
#include "path.h"

struct tree {
	git_repository *repository;
	git_index *index;
	git_diff *diff;
	struct map changed; /* path -> delta */
};

static void tree_release(struct tree *tree)
{
	map_release(&tree->changed);
	git_diff_free(tree->diff);
	git_index_free(tree->index);
	git_repository_free(tree->repository);
	git_libgit2_shutdown();
}

void git_file_list_release(struct git_file_list *list)
{
	for (vec_each(file, list))
		free(file->path);
	vec_release(list);
}

static int git_fail(const char *what, struct err *err)
{
	const git_error *error = git_error_last();
	return err_set(err, ERR_SYSTEM, "%s: git: %s", what,
	               error && error->message ? error->message : "unknown error");
}

static int open_tree(const char *dir, git_repository **ret_repository, struct err *err)
{
	if (git_repository_open_ext(ret_repository, dir, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) ==
	            0 &&
	    !git_repository_is_bare(*ret_repository))
		return 0;
	if (!fs_is_dir(dir))
		return err_set(err, ERR_INPUT, "%s: no such directory", dir);
	own_free char *git = path_join(dir, ".git");
	if (fs_exists(git) && !*ret_repository)
		return git_fail(dir, err);
	err_set(err, ERR_INPUT, "%s is not the top of a git work tree", dir);
	return err_hint(err, "`git init` there, and commit what is in it");
}

int git_tree_check(const char *dir, struct err *err)
{
	own(tree) tree = {0};
	git_libgit2_init();
	return open_tree(dir, &tree.repository, err);
}

/* ---- files */

static int hash_content(const char *path, const struct stat *st, git_oid *id, struct err *err)
{
	if (!S_ISLNK(st->st_mode))
		return git_odb_hashfile(id, path, GIT_OBJECT_BLOB) < 0 ? git_fail(path, err) : 0;
	own_free char *target = fs_read_link(path);
	if (!target)
		return err_errno(err, "%s", path);
	return git_odb_hash(id, target, strlen(target), GIT_OBJECT_BLOB) < 0 ? git_fail(path, err)
	                                                                     : 0;
}

static void add_file(const char *prefix, const char *path, unsigned mode, const git_oid *id,
                     struct git_file_list *list)
{
	struct git_file file = {.mode = mode, .path = mem_printf("%s%s", prefix, path)};
	git_oid_tostr(file.id, sizeof file.id, id);
	vec_push(list, file);
}

/* A file that is not as the index has it; one that has gone meanwhile is none. */
static int add_changed(const char *dir, const char *prefix, const char *path,
                       struct git_file_list *list, struct err *err)
{
	own_free char *full = path_join(dir, path);
	struct stat st;
	git_oid id;
	if (lstat(full, &st) < 0 || S_ISDIR(st.st_mode))
		return 0;
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return err_set(err, ERR_INPUT, "%s: neither file, directory nor symlink", full);
	if (hash_content(full, &st, &id, err) < 0)
		return -1;
	unsigned mode = S_ISLNK(st.st_mode)            ? GIT_FILEMODE_LINK
	                : st.st_mode & (mode_t)S_IXUSR ? GIT_FILEMODE_BLOB_EXECUTABLE
	                                               : GIT_FILEMODE_BLOB;
	add_file(prefix, path, mode, &id, list);
	return 0;
}

static int list_tree(const char *dir, const char *prefix, struct git_file_list *list,
                     struct err *err);

static int add_submodule(const char *dir, const char *prefix, const char *path,
                         struct git_file_list *list, struct err *err)
{
	own_free char *inner = path_join(dir, path);
	own_free char *inner_prefix = mem_printf("%s%s/", prefix, path);
	own(err) inside = {0};
	if (list_tree(inner, inner_prefix, list, &inside) == 0)
		return 0;
	if (inside.kind != ERR_INPUT)
		return err_move(err, &inside);
	err_set(err, ERR_INPUT, "%s: a submodule that is not checked out", inner);
	return err_hint(err, "git -C %s submodule update --init", dir);
}

static int add_tracked(struct tree *tree, const char *dir, const char *prefix,
                       struct git_file_list *list, struct err *err)
{
	size_t count = git_index_entrycount(tree->index);
	for (size_t i = 0; i < count; i++) {
		const git_index_entry *entry = git_index_get_byindex(tree->index, i);
		if (git_index_entry_stage(entry) != 0 || map_get(&tree->changed, entry->path))
			continue;
		if (entry->mode == GIT_FILEMODE_COMMIT) {
			if (add_submodule(dir, prefix, entry->path, list, err) < 0)
				return -1;
			continue;
		}
		add_file(prefix, entry->path, entry->mode, &entry->id, list);
	}
	return 0;
}

static int compare(struct tree *tree, const char *dir, struct err *err)
{
	git_diff_options options;
	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.flags = GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS |
	                GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_IGNORE_SUBMODULES;
	if (git_repository_index(&tree->index, tree->repository) < 0 ||
	    git_diff_index_to_workdir(&tree->diff, tree->repository, tree->index, &options) < 0)
		return git_fail(dir, err);
	for (size_t i = 0; i < git_diff_num_deltas(tree->diff); i++) {
		const git_diff_delta *delta = git_diff_get_delta(tree->diff, i);
		map_set(&tree->changed, delta->new_file.path, (void *)delta);
	}
	return 0;
}

static int list_tree(const char *dir, const char *prefix, struct git_file_list *list,
                     struct err *err)
{
	own(tree) tree = {0};
	git_libgit2_init();
	if (open_tree(dir, &tree.repository, err) < 0 || compare(&tree, dir, err) < 0 ||
	    add_tracked(&tree, dir, prefix, list, err) < 0)
		return -1;
	for (size_t i = 0; i < git_diff_num_deltas(tree.diff); i++) {
		const git_diff_delta *delta = git_diff_get_delta(tree.diff, i);
		if (delta->status != GIT_DELTA_DELETED &&
		    add_changed(dir, prefix, delta->new_file.path, list, err) < 0)
			return -1;
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct git_file *)a)->path, ((const struct git_file *)b)->path);
}

int git_tree_list(const char *dir, struct git_file_list *ret_list, struct err *err)
{
	struct git_file_list list = {0};
	if (list_tree(dir, "", &list, err) < 0) {
		git_file_list_release(&list);
		return -1;
	}
	vec_sort(&list, by_path);
	*ret_list = list;
	return 0;
}
