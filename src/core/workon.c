/* Packages that are worked on: their source is a git work tree, not what the recipe names. */
#include "workon.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "git-tree.h"
#include "own.h"
#include "path.h"

void worktree_list_release(struct worktree_list *list)
{
	for (vec_each(tree, list)) {
		free(tree->package);
		free(tree->dir);
	}
	vec_release(list);
}

/* ---- what is worked on */

static int read_entry(const struct workspace *workspace, const char *package,
                      struct worktree_list *list, struct err *err)
{
	own_free char *path = workspace_out(workspace, "workon/%s", package);
	own(str) text = {0};
	if (fs_read(path, PATH_MAX, &text, err) < 0)
		return -1;
	own_free char *dir = mem_strndup(str_text(&text), strcspn(str_text(&text), "\n"));
	if (!*dir)
		return err_set(err, ERR_INPUT, "%s: empty", path);
	vec_push(list,
	         (struct worktree){.package = mem_strdup(package),
	                           .dir = *dir == '/' ? mem_strdup(dir)
	                                              : workspace_root(workspace, "%s", dir)});
	return 0;
}

int workon_load(const struct workspace *workspace, struct worktree_list *ret_list, struct err *err)
{
	own_free char *dir = workspace_out(workspace, "workon");
	own(strv) names = {0};
	own(worktree_list) list = {0};
	if (fs_is_dir(dir) && fs_list(dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (names.items[i][0] != '.' && !strstr(names.items[i], ".tmp-") &&
		    read_entry(workspace, names.items[i], &list, err) < 0)
			return -1;
	*ret_list = list;
	list = (struct worktree_list){0};
	return 0;
}

const struct worktree *workon_find(const struct worktree_list *list, const char *package)
{
	for (vec_each(tree, list))
		if (str_equal(tree->package, package))
			return tree;
	return NULL;
}

int workon_start(const struct workspace *workspace, const char *package, const char *dir,
                 struct err *err)
{
	own_free char *path = workspace_out(workspace, "workon/%s", package);
	size_t length = strlen(workspace->root);
	bool below = !strncmp(dir, workspace->root, length) && dir[length] == '/';
	own_free char *text = mem_printf("%s\n", below ? dir + length + 1 : dir);
	if (git_tree_check(dir, err) < 0 || fs_make_parents(path, err) < 0)
		return -1;
	return fs_write_text(path, text, err);
}

int workon_stop(const struct workspace *workspace, const char *package, char **ret_dir,
                struct err *err)
{
	own(worktree_list) list = {0};
	own_free char *path = workspace_out(workspace, "workon/%s", package);
	if (workon_load(workspace, &list, err) < 0)
		return -1;
	const struct worktree *tree = workon_find(&list, package);
	if (!tree) {
		err_set(err, ERR_INPUT, "%s is not worked on", package);
		return err_hint(err, "`sdk workon` shows what is");
	}
	if (unlink(path) < 0)
		return err_errno(err, "%s", path);
	*ret_dir = mem_strdup(tree->dir);
	return 0;
}

/* ---- what is in the trees */

static void digest_list(const struct git_file_list *files, char ret_hex[DIGEST_HEX])
{
	struct digest digest;
	own(hash) hash = {0};
	hash_init(&hash);
	for (vec_each(file, files)) {
		own_free char *mode = mem_printf("%o", file->mode);
		hash_text(&hash, file->path);
		hash_text(&hash, mode);
		hash_text(&hash, file->id);
	}
	hash_final(&hash, &digest);
	digest_hex(&digest, ret_hex);
}

static int read_tree(struct worktree *tree, struct err *err)
{
	own(git_file_list) files = {0};
	if (git_tree_list(tree->dir, &files, err) < 0) {
		err_wrap(err, "%s is worked on", tree->package);
		return err_hint(err, "`sdk workon %s stop` goes back to the recipe's source",
		                tree->package);
	}
	digest_list(&files, tree->digest);
	return 0;
}

int workon_attach(struct worktree_list *list, const struct graph *graph, struct err *err)
{
	for (vec_each(tree, list)) {
		struct node *node = graph_find(graph, tree->package);
		if (!node)
			continue;
		if (read_tree(tree, err) < 0)
			return -1;
		node->worktree = tree;
	}
	return 0;
}

void workon_tell(const struct graph *graph, const struct event_sink *sink)
{
	for (vec_each(node, &graph->nodes))
		if ((*node)->worktree)
			event_note(sink, "%s: source is the working tree %s", (*node)->name,
			           (*node)->worktree->dir);
}

/* ---- taking it */

bool workon_replaces(const struct source *source)
{
	return source->extract && !source->into;
}

static int copy_file(const char *from, const char *to, const struct git_file *file, struct err *err)
{
	struct stat st;
	if (lstat(from, &st) < 0 || fs_make_parents(to, err) < 0)
		return err_errno(err, "%s", from);
	if (S_ISLNK(st.st_mode)) {
		own_free char *target = fs_read_link(from);
		return target && symlink(target, to) == 0 ? 0 : err_errno(err, "%s", to);
	}
	if (fs_copy_file(from, to, file->mode & 0777, err) < 0)
		return -1;
	/* What make goes by: that a file was edited after those made from it. */
	struct timespec times[2] = {st.st_mtim, st.st_mtim};
	return utimensat(AT_FDCWD, to, times, 0) < 0 ? err_errno(err, "%s", to) : 0;
}

static int check_digest(const struct worktree *tree, struct git_file_list *ret_files,
                        struct err *err)
{
	char digest[DIGEST_HEX];
	own(git_file_list) files = {0};
	if (git_tree_list(tree->dir, &files, err) < 0)
		return -1;
	digest_list(&files, digest);
	if (!str_equal(digest, tree->digest)) {
		err_set(err, ERR_INPUT, "the working tree %s was changed meanwhile", tree->dir);
		return err_hint(err, "build again");
	}
	if (ret_files) {
		*ret_files = files;
		files = (struct git_file_list){0};
	}
	return 0;
}

int workon_copy(const struct worktree *tree, const char *dest, struct err *err)
{
	own(git_file_list) files = {0};
	if (check_digest(tree, &files, err) < 0)
		return -1;
	for (vec_each(file, &files)) {
		own_free char *from = path_join(tree->dir, file->path);
		own_free char *to = path_join(dest, file->path);
		if (copy_file(from, to, file, err) < 0)
			return -1;
	}
	return check_digest(tree, NULL, err);
}
