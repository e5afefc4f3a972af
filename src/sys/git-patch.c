/* Commits on a work tree of git, and patches of them as people mail them. */
#include <git2.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "git-tree.h"
#include "own.h"

struct work {
	const char *dir, *below;
	git_repository *repository;
	git_index *index;
	git_signature *author;
	git_commit *parent;
	git_tree *tree;
	git_revwalk *walk;
};

static void work_release(struct work *work)
{
	git_revwalk_free(work->walk);
	git_tree_free(work->tree);
	git_commit_free(work->parent);
	git_signature_free(work->author);
	git_index_free(work->index);
	git_repository_free(work->repository);
	git_libgit2_shutdown();
}

static int git_fail(const char *what, struct err *err)
{
	const git_error *error = git_error_last();
	return err_set(err, ERR_SYSTEM, "%s: git: %s", what,
	               error && error->message ? error->message : "unknown error");
}

static int open_work(const char *dir, struct work *work, struct err *err)
{
	git_libgit2_init();
	work->dir = dir;
	if (git_repository_open_ext(&work->repository, dir, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) <
	    0)
		return git_fail(dir, err);
	return 0;
}

int git_tree_init(const char *dir, struct err *err)
{
	own(work) work = {0};
	git_libgit2_init();
	return git_repository_init(&work.repository, dir, 0) < 0 ? git_fail(dir, err) : 0;
}

static int make_author(git_repository *repository, const struct git_author *author,
                       git_signature **ret_author, struct err *err)
{
	int result = !author->name ? git_signature_default(ret_author, repository)
	             : author->time_utc
	                     ? git_signature_new(ret_author, author->name, author->email,
	                                         (git_time_t)author->time_utc, 0)
	                     : git_signature_now(ret_author, author->name, author->email);
	if (result == 0)
		return 0;
	err_set(err, ERR_INPUT, "git does not know who makes this change");
	return err_hint(err, "git config --global user.name \"…\"; "
	                     "git config --global user.email …");
}

/* ---- commits */

static int stage_all(struct work *work, bool force, git_oid *ret_tree, struct err *err)
{
	unsigned flags = force ? GIT_INDEX_ADD_FORCE : GIT_INDEX_ADD_DEFAULT;
	if (git_repository_index(&work->index, work->repository) < 0 ||
	    git_index_add_all(work->index, NULL, flags, NULL, NULL) < 0 ||
	    git_index_update_all(work->index, NULL, NULL, NULL) < 0 ||
	    git_index_write(work->index) < 0 || git_index_write_tree(ret_tree, work->index) < 0)
		return git_fail(work->dir, err);
	return 0;
}

static int find_parent(struct work *work, struct err *err)
{
	git_oid head;
	int code = git_reference_name_to_id(&head, work->repository, "HEAD");
	if (code == GIT_ENOTFOUND || code == GIT_EUNBORNBRANCH)
		return 0;
	if (code < 0 || git_commit_lookup(&work->parent, work->repository, &head) < 0)
		return git_fail(work->dir, err);
	return 0;
}

int git_tree_commit(const char *dir, const char *message, const struct git_author *author,
                    bool force, bool *ret_changed, struct err *err)
{
	own(work) work = {0};
	git_oid tree, commit;
	if (open_work(dir, &work, err) < 0 ||
	    make_author(work.repository, author, &work.author, err) < 0 ||
	    stage_all(&work, force, &tree, err) < 0 || find_parent(&work, err) < 0)
		return -1;
	bool changed = !work.parent || !git_oid_equal(git_commit_tree_id(work.parent), &tree);
	const git_commit *parents[] = {work.parent};
	if (changed &&
	    (git_tree_lookup(&work.tree, work.repository, &tree) < 0 ||
	     git_commit_create(&commit, work.repository, "HEAD", work.author, work.author, NULL,
	                       message, work.tree, work.parent ? 1 : 0, parents) < 0))
		return git_fail(dir, err);
	if (ret_changed)
		*ret_changed = changed;
	return 0;
}

int git_tree_is_dirty(const char *dir, bool *ret_dirty, struct err *err)
{
	own(work) work = {0};
	git_status_list *list;
	git_status_options options;
	git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
	options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED;
	if (open_work(dir, &work, err) < 0)
		return -1;
	if (git_status_list_new(&list, work.repository, &options) < 0)
		return git_fail(dir, err);
	*ret_dirty = git_status_list_entrycount(list) > 0;
	git_status_list_free(list);
	return 0;
}

int git_tree_mark(const char *dir, const char *ref, struct err *err)
{
	own(work) work = {0};
	git_oid head;
	git_reference *made = NULL;
	if (open_work(dir, &work, err) < 0)
		return -1;
	if (git_reference_name_to_id(&head, work.repository, "HEAD") < 0 ||
	    git_reference_create(&made, work.repository, ref, &head, 1, "sdk") < 0)
		return git_fail(dir, err);
	git_reference_free(made);
	return 0;
}

bool git_tree_has_mark(const char *dir, const char *ref)
{
	own(work) work = {0};
	git_oid id;
	return open_work(dir, &work, NULL) == 0 &&
	       git_reference_name_to_id(&id, work.repository, ref) == 0;
}

/* ---- patches */

void git_mail_list_release(struct git_mail_list *list)
{
	for (vec_each(mail, list)) {
		free(mail->subject);
		free(mail->text);
	}
	vec_release(list);
}

/* RFC 5322, in UTC: what a reader needs, and the same wherever it is written. */
static void add_head(const git_signature *author, const char *message, struct str *text)
{
	char date[64];
	time_t when = (time_t)author->when.time;
	struct tm parts;
	gmtime_r(&when, &parts);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &parts);
	size_t subject = strcspn(message, "\n");
	const char *body = message + subject + strspn(message + subject, "\n");
	str_addf(text, "From: %s <%s>\nDate: %s\nSubject: %.*s\n\n", author->name, author->email,
	         date, (int)subject, message);
	if (*body)
		str_addf(text, "%s%s", body, str_ends(body, "\n") ? "" : "\n");
	str_add(text, "---\n");
}

int git_mail_head(const char *message, const struct git_author *author, struct str *ret_text,
                  struct err *err)
{
	own(work) work = {0};
	git_config *config = NULL, *snapshot = NULL;
	struct git_author known = *author;
	git_libgit2_init();
	if (!known.name && git_config_open_default(&config) == 0 &&
	    git_config_snapshot(&snapshot, config) == 0) {
		git_config_get_string(&known.name, snapshot, "user.name");
		git_config_get_string(&known.email, snapshot, "user.email");
	}
	int result = -1;
	if (known.name && known.email)
		result = make_author(NULL, &known, &work.author, err);
	else {
		err_set(err, ERR_INPUT, "git does not know who makes this change");
		err_hint(err, "git config --global user.name \"…\"; "
		              "git config --global user.email …");
	}
	if (result == 0)
		add_head(work.author, message, ret_text);
	git_config_free(snapshot);
	git_config_free(config);
	return result;
}

/* The tree of the commit, or of the sub-directory that counts. */
static int tree_of(const struct work *work, const git_commit *commit, git_tree **ret_tree)
{
	git_tree *top;
	git_tree_entry *entry = NULL;
	if (git_commit_tree(&top, commit) < 0)
		return -1;
	if (!work->below) {
		*ret_tree = top;
		return 0;
	}
	int result = git_tree_entry_bypath(&entry, top, work->below);
	if (result == 0)
		result = git_tree_lookup(ret_tree, work->repository, git_tree_entry_id(entry));
	git_tree_entry_free(entry);
	git_tree_free(top);
	return result;
}

static int add_diff(struct work *work, git_commit *commit, struct str *text, struct err *err)
{
	git_commit *parent = NULL;
	git_tree *old_tree = NULL, *new_tree = NULL;
	git_diff *diff = NULL;
	size_t before = text->len;
	git_diff_options options;
	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	git_buf buffer = {0};
	/* Names of blobs in full: short ones depend on what else the repository holds. */
	options.flags = GIT_DIFF_SHOW_BINARY;
	options.id_abbrev = 40;
	bool done =
		git_commit_parent(&parent, commit, 0) == 0 &&
		tree_of(work, parent, &old_tree) == 0 && tree_of(work, commit, &new_tree) == 0 &&
		git_diff_tree_to_tree(&diff, work->repository, old_tree, new_tree, &options) == 0 &&
		git_diff_to_buf(&buffer, diff, GIT_DIFF_FORMAT_PATCH) == 0;
	if (done)
		str_add_bytes(text, buffer.ptr, buffer.size);
	git_buf_dispose(&buffer);
	git_diff_free(diff);
	git_tree_free(new_tree);
	git_tree_free(old_tree);
	git_commit_free(parent);
	if (!done)
		return git_fail(work->dir, err);
	return text->len > before
	               ? 0
	               : err_set(err, ERR_INPUT, "%s: commit %.12s changes nothing%s%s", work->dir,
	                         git_oid_tostr_s(git_commit_id(commit)),
	                         work->below ? " below " : "", work->below ? work->below : "");
}

static int add_mail(struct work *work, const git_oid *id, struct git_mail_list *list,
                    struct err *err)
{
	git_commit *commit;
	own(str) text = {0};
	if (git_commit_lookup(&commit, work->repository, id) < 0)
		return git_fail(work->dir, err);
	const char *message = git_commit_message(commit);
	int result = 0;
	if (git_commit_parentcount(commit) != 1)
		result = err_set(err, ERR_INPUT, "%s: commit %.12s is a merge: no patch", work->dir,
		                 git_oid_tostr_s(id));
	add_head(git_commit_author(commit), message, &text);
	if (result == 0)
		result = add_diff(work, commit, &text, err);
	if (result == 0)
		vec_push(list, (struct git_patch_mail){
				       .subject = mem_strndup(message, strcspn(message, "\n")),
				       .text = str_steal(&text)});
	git_commit_free(commit);
	return result;
}

static int start_walk(struct work *work, const char *since, struct err *err)
{
	git_object *from;
	git_oid head;
	if (git_revparse_single(&from, work->repository, since) < 0)
		return err_set(err, ERR_INPUT, "%s: git knows no revision \"%s\"", work->dir,
		               since);
	git_oid id = *git_object_id(from);
	git_object_free(from);
	if (git_reference_name_to_id(&head, work->repository, "HEAD") < 0)
		return git_fail(work->dir, err);
	if (!git_oid_equal(&id, &head) &&
	    git_graph_descendant_of(work->repository, &head, &id) != 1)
		return err_set(err, ERR_INPUT, "%s: HEAD does not come from %s", work->dir, since);
	if (git_revwalk_new(&work->walk, work->repository) < 0 ||
	    git_revwalk_sorting(work->walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE) < 0 ||
	    git_revwalk_push(work->walk, &head) < 0 || git_revwalk_hide(work->walk, &id) < 0)
		return git_fail(work->dir, err);
	return 0;
}

int git_tree_patches(const char *dir, const char *below, const char *since,
                     struct git_mail_list *ret_list, struct err *err)
{
	own(work) work = {0};
	own(git_mail_list) list = {0};
	git_oid id;
	work.below = below;
	if (open_work(dir, &work, err) < 0 || start_walk(&work, since, err) < 0)
		return -1;
	while (git_revwalk_next(&id, work.walk) == 0)
		if (add_mail(&work, &id, &list, err) < 0)
			return -1;
	*ret_list = list;
	list = (struct git_mail_list){0};
	return 0;
}

int git_diff_texts(const char *path, const struct str *before, const struct str *after,
                   struct str *ret_text, struct err *err)
{
	own(work) work = {0};
	git_patch *patch = NULL;
	git_buf buffer = {0};
	git_diff_options options;
	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	git_libgit2_init();
	int code = git_patch_from_buffers(&patch, before ? str_text(before) : NULL,
	                                  before ? before->len : 0, path,
	                                  after ? str_text(after) : NULL, after ? after->len : 0,
	                                  path, &options);
	if (code < 0)
		return git_fail(path, err);
	if (git_patch_get_delta(patch)->flags & GIT_DIFF_FLAG_BINARY)
		code = err_set(err, ERR_INPUT, "%s: a binary file can't be in a patch", path);
	else if ((code = git_patch_to_buf(&buffer, patch)) < 0)
		git_fail(path, err);
	else
		str_add_bytes(ret_text, buffer.ptr, buffer.size);
	git_buf_dispose(&buffer);
	git_patch_free(patch);
	return code;
}
