/* Revisions of a git repository, read without checking them out, by libgit2. */
#include "git-read.h"

#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "own.h"

struct reading {
	git_repository *repository;
	git_object *object;
	git_tree *tree;
	git_blob *blob;
};

static void reading_release(struct reading *reading)
{
	git_blob_free(reading->blob);
	git_tree_free(reading->tree);
	git_object_free(reading->object);
	git_repository_free(reading->repository);
	git_libgit2_shutdown();
}

static int git_fail(const char *what, struct err *err)
{
	const git_error *error = git_error_last();
	return err_set(err, ERR_INPUT, "%s: git: %s", what,
	               error && error->message ? error->message : "unknown error");
}

static int open_repository(struct reading *reading, const char *dir, struct err *err)
{
	git_libgit2_init();
	if (git_repository_open_ext(&reading->repository, dir, GIT_REPOSITORY_OPEN_NO_SEARCH,
	                            NULL) == 0)
		return 0;
	err_set(err, ERR_INPUT, "%s is not the top of a git repository", dir);
	return err_hint(err, "revisions can be compared in a checkout that git made");
}

bool git_has_revision(const char *dir, const char *revision)
{
	own(reading) reading = {0};
	own(err) none = {0};
	return open_repository(&reading, dir, &none) == 0 &&
	       git_revparse_single(&reading.object, reading.repository, revision) == 0;
}

void git_list_tags(const char *dir, struct strv *ret_names)
{
	own(reading) reading = {0};
	own(err) none = {0};
	git_strarray names;
	if (open_repository(&reading, dir, &none) < 0 ||
	    git_tag_list(&names, reading.repository) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		strv_add(ret_names, names.strings[i]);
	git_strarray_dispose(&names);
	strv_sort(ret_names);
}

struct listing {
	struct git_file_list *list;
};

static int on_entry(const char *root, const git_tree_entry *entry, void *context)
{
	struct listing *listing = context;
	if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
		return 0;
	struct git_file file = {.path = mem_printf("%s%s", root, git_tree_entry_name(entry)),
	                        .mode = (unsigned)git_tree_entry_filemode(entry)};
	git_oid_tostr(file.id, sizeof file.id, git_tree_entry_id(entry));
	vec_push(listing->list, file);
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct git_file *)a)->path, ((const struct git_file *)b)->path);
}

int git_list_revision(const char *dir, const char *revision, struct git_file_list *ret_list,
                      struct err *err)
{
	own(reading) reading = {0};
	struct listing listing = {ret_list};
	if (open_repository(&reading, dir, err) < 0)
		return -1;
	if (git_revparse_single(&reading.object, reading.repository, revision) < 0)
		return git_fail(revision, err);
	git_object *tree = NULL;
	if (git_object_peel(&tree, reading.object, GIT_OBJECT_TREE) < 0)
		return git_fail(revision, err);
	reading.tree = (git_tree *)tree;
	if (git_tree_walk(reading.tree, GIT_TREEWALK_PRE, on_entry, &listing) < 0)
		return git_fail(revision, err);
	vec_sort(ret_list, by_path);
	return 0;
}

int git_read_blob(const char *dir, const char *id, size_t max_bytes, struct str *ret_text,
                  struct err *err)
{
	own(reading) reading = {0};
	git_oid oid;
	if (open_repository(&reading, dir, err) < 0)
		return -1;
	if (git_oid_fromstr(&oid, id) < 0 ||
	    git_blob_lookup(&reading.blob, reading.repository, &oid) < 0)
		return git_fail(id, err);
	size_t size = (size_t)git_blob_rawsize(reading.blob);
	if (size > max_bytes)
		return err_set(err, ERR_INPUT, "%s: %zu bytes are too many", id, size);
	str_add_bytes(ret_text, git_blob_rawcontent(reading.blob), size);
	return 0;
}
