/* Where a work tree of git stands, and moving it without touching anybody's edits, by libgit2. */
#include "git-move.h"

#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "own.h"

enum { MAX_BLOCKING = 100, MAX_REFLOG = 50 };

struct standing {
	git_repository *repository;
	git_object *object; /* what the id names */
	git_commit *commit;
	git_reference *head, *upstream, *branch;
};

static void standing_release(struct standing *standing)
{
	git_reference_free(standing->branch);
	git_reference_free(standing->upstream);
	git_reference_free(standing->head);
	git_commit_free(standing->commit);
	git_object_free(standing->object);
	git_repository_free(standing->repository);
	git_libgit2_shutdown();
}

void git_place_release(struct git_place *place)
{
	free(place->branch);
	free(place->follows);
	*place = (struct git_place){0};
}

static int fail(const char *what, struct err *err)
{
	const git_error *error = git_error_last();
	return err_set(err, ERR_INPUT, "%s: git: %s", what,
	               error && error->message ? error->message : "unknown error");
}

static int open_at(struct standing *standing, const char *dir, struct err *err)
{
	git_libgit2_init();
	if (git_repository_open_ext(&standing->repository, dir, GIT_REPOSITORY_OPEN_NO_SEARCH,
	                            NULL) == 0)
		return 0;
	return fail(dir, err);
}

static int open_commit(struct standing *standing, const char *dir, const char *id, struct err *err)
{
	git_object *commit;
	if (open_at(standing, dir, err) < 0)
		return -1;
	if (git_revparse_single(&standing->object, standing->repository, id) < 0 ||
	    git_object_peel(&commit, standing->object, GIT_OBJECT_COMMIT) < 0)
		return fail(id, err);
	standing->commit = (git_commit *)commit;
	return 0;
}

/* ---- where */

/* "refs/remotes/origin/main" -> "main" */
static char *branch_of_origin(const char *ref)
{
	static const char prefix[] = "refs/remotes/origin/";
	return str_starts(ref, prefix) ? mem_strdup(ref + sizeof prefix - 1) : NULL;
}

int git_find_place(const char *dir, struct git_place *ret_place, struct err *err)
{
	own(standing) standing = {0};
	git_oid id;
	*ret_place = (struct git_place){0};
	if (open_at(&standing, dir, err) < 0)
		return -1;
	git_remote *origin = NULL;
	ret_place->has_origin = git_remote_lookup(&origin, standing.repository, "origin") == 0;
	git_remote_free(origin);
	if (git_reference_name_to_id(&id, standing.repository, "HEAD") == 0)
		git_oid_tostr(ret_place->id, sizeof ret_place->id, &id);
	if (git_repository_head_detached(standing.repository) == 1 ||
	    git_repository_head(&standing.head, standing.repository) < 0)
		return 0;
	ret_place->branch = mem_strdup(git_reference_shorthand(standing.head));
	if (git_branch_upstream(&standing.upstream, standing.head) == 0)
		ret_place->follows = branch_of_origin(git_reference_name(standing.upstream));
	return 0;
}

static bool find_commit(git_repository *repository, const char *name, git_oid *ret_id)
{
	git_object *object = NULL, *commit = NULL;
	bool found = git_revparse_single(&object, repository, name) == 0 &&
	             git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0;
	if (found)
		*ret_id = *git_object_id(commit);
	git_object_free(commit);
	git_object_free(object);
	return found;
}

int git_count_apart(const char *dir, const char *mine, const char *theirs, size_t *ret_mine,
                    size_t *ret_theirs, struct err *err)
{
	own(standing) standing = {0};
	git_oid a, b;
	if (open_at(&standing, dir, err) < 0)
		return -1;
	if (!find_commit(standing.repository, mine, &a) ||
	    !find_commit(standing.repository, theirs, &b) ||
	    git_graph_ahead_behind(ret_mine, ret_theirs, standing.repository, &a, &b) < 0)
		return fail(dir, err);
	return 0;
}

bool git_find_branch(const char *dir, const char *branch, char ret_id[41])
{
	own(standing) standing = {0};
	own(err) none = {0};
	git_oid id;
	own_free char *name = mem_printf("refs/heads/%s", branch);
	if (open_at(&standing, dir, &none) < 0 ||
	    git_reference_name_to_id(&id, standing.repository, name) < 0)
		return false;
	git_oid_tostr(ret_id, 41, &id);
	return true;
}

/* ---- what would be lost */

struct tips {
	git_repository *repository;
	VEC(git_oid) ids;
};

static int on_ref(const char *name, void *payload)
{
	struct tips *tips = payload;
	git_oid id;
	bool counts = str_starts(name, "refs/heads/") || str_starts(name, "refs/tags/") ||
	              str_starts(name, "refs/remotes/");
	if (counts && find_commit(tips->repository, name, &id))
		vec_push(&tips->ids, id);
	return 0;
}

int git_is_kept(const char *dir, const char *id, bool *ret_kept, struct err *err)
{
	own(standing) standing = {0};
	if (open_commit(&standing, dir, id, err) < 0)
		return -1;
	struct tips tips = {.repository = standing.repository};
	int found = git_reference_foreach_name(standing.repository, on_ref, &tips);
	if (found == 0)
		found = git_graph_reachable_from_any(standing.repository,
		                                     git_commit_id(standing.commit), tips.ids.items,
		                                     tips.ids.count);
	vec_release(&tips.ids);
	if (found < 0)
		return fail(dir, err);
	*ret_kept = found > 0;
	return 0;
}

/* Of what origin once had, up to `once`, and has not now. */
static size_t count_lost(git_repository *repository, const git_oid *once, const git_oid *mine,
                         const git_oid *now)
{
	size_t beyond, lost, others;
	if (git_oid_is_zero(once) ||
	    git_graph_ahead_behind(&beyond, &others, repository, once, mine) < 0 || beyond ||
	    git_graph_ahead_behind(&lost, &others, repository, once, now) < 0)
		return 0;
	return lost;
}

size_t git_count_withdrawn(const char *dir, const char *branch, const char *mine)
{
	own(standing) standing = {0};
	own(err) none = {0};
	own_free char *ref = mem_printf("refs/remotes/origin/%s", branch);
	git_reflog *log = NULL;
	git_oid now, here;
	size_t withdrawn = 0;
	if (open_at(&standing, dir, &none) < 0 || !find_commit(standing.repository, ref, &now) ||
	    !find_commit(standing.repository, mine, &here) ||
	    git_reflog_read(&log, standing.repository, ref) < 0)
		return 0;
	for (size_t i = 0; i < git_reflog_entrycount(log) && i < MAX_REFLOG; i++) {
		const git_reflog_entry *entry = git_reflog_entry_byindex(log, i);
		size_t lost = count_lost(standing.repository, git_reflog_entry_id_old(entry), &here,
		                         &now);
		withdrawn = lost > withdrawn ? lost : withdrawn;
	}
	git_reflog_free(log);
	return withdrawn;
}

/* ---- moving */

struct blocking {
	struct strv *paths;
	bool is_unknown; /* the first one: git knows no such file here */
};

static int on_conflict(git_checkout_notify_t why, const char *path, const git_diff_file *baseline,
                       const git_diff_file *target, const git_diff_file *workdir, void *payload)
{
	(void)why, (void)target, (void)workdir;
	struct blocking *blocking = payload;
	if (!blocking->paths->count)
		blocking->is_unknown = !baseline;
	if (blocking->paths->count < MAX_BLOCKING)
		strv_add(blocking->paths, path);
	return 0;
}

static int blocked(const struct blocking *blocking, const char *dir, struct err *err)
{
	const char *first = blocking->paths->items[0];
	bool more = blocking->paths->count > 1;
	if (blocking->is_unknown) {
		err_set(err, ERR_USAGE,
		        "%s%s here without git's knowing, and new there, so nothing was touched",
		        first, more ? " and others are" : " is");
		return err_hint(err, "move it away (mv %s/%s %s/%s.mine), then sync again", dir,
		                first, dir, first);
	}
	err_set(err, ERR_USAGE, "%s%s edited here and changed there, so nothing was touched", first,
	        more ? " and others were" : " was");
	return err_hint(err, "commit or stash it (git -C %s stash), then sync again", dir);
}

/* All or nothing: libgit2 looks for conflicts before it writes the first file. To git a file that
 * is ignored may be overwritten; here sdk.yaml is one, and out/ is full of them. */
static int check_out(const struct standing *standing, struct strv *ret_blocking, const char *dir,
                     struct err *err)
{
	struct blocking blocking = {.paths = ret_blocking};
	git_checkout_options options;
	git_checkout_options_init(&options, GIT_CHECKOUT_OPTIONS_VERSION);
	options.checkout_strategy = GIT_CHECKOUT_SAFE | GIT_CHECKOUT_RECREATE_MISSING |
	                            GIT_CHECKOUT_DONT_OVERWRITE_IGNORED;
	options.disable_filters = 1;
	options.notify_flags = GIT_CHECKOUT_NOTIFY_CONFLICT;
	options.notify_cb = on_conflict;
	options.notify_payload = &blocking;
	if (git_checkout_tree(standing->repository, (const git_object *)standing->commit,
	                      &options) == 0)
		return 0;
	return ret_blocking->count ? blocked(&blocking, dir, err) : fail(dir, err);
}

static int move_branch(struct standing *standing, const char *branch, struct err *err)
{
	own_free char *ref = mem_printf("refs/heads/%s", branch);
	own_free char *upstream = mem_printf("origin/%s", branch);
	git_reference *moved = NULL;
	int result = git_reference_create(&moved, standing->repository, ref,
	                                  git_commit_id(standing->commit), 1, "sdk sync");
	git_reference_free(moved);
	if (result < 0 || git_repository_set_head(standing->repository, ref) < 0)
		return fail(ref, err);
	/* Only where origin has one of that name. */
	if (git_branch_lookup(&standing->branch, standing->repository, branch, GIT_BRANCH_LOCAL) ==
	    0)
		git_branch_set_upstream(standing->branch, upstream);
	return 0;
}

int git_move(const char *dir, const char *id, const char *branch, struct strv *ret_blocking,
             struct err *err)
{
	own(standing) standing = {0};
	if (open_commit(&standing, dir, id, err) < 0 ||
	    check_out(&standing, ret_blocking, dir, err) < 0)
		return -1;
	if (branch)
		return move_branch(&standing, branch, err);
	if (git_repository_set_head_detached(standing.repository, git_commit_id(standing.commit)) <
	    0)
		return fail(dir, err);
	return 0;
}

/* ---- signatures */

static int unsigned_object(const char *kind, const char *id, struct err *err)
{
	return err_set(err, ERR_TRUST, "%s %.12s is not signed", kind, id);
}

static int commit_signature(const struct standing *standing, const char *id, struct str *text,
                            struct str *signature, struct err *err)
{
	git_buf signature_bytes = {0}, signed_bytes = {0};
	int result =
		git_commit_extract_signature(&signature_bytes, &signed_bytes, standing->repository,
	                                     (git_oid *)git_object_id(standing->object), NULL);
	if (result == 0) {
		str_add_bytes(text, signed_bytes.ptr, signed_bytes.size);
		str_add_bytes(signature, signature_bytes.ptr, signature_bytes.size);
	}
	git_buf_dispose(&signature_bytes);
	git_buf_dispose(&signed_bytes);
	return result == 0 ? 0 : unsigned_object("commit", id, err);
}

/* An annotated tag's signature is the end of its message (git-tag(1)). */
static int tag_signature(const struct standing *standing, const char *id, struct str *text,
                         struct str *signature, struct err *err)
{
	static const char begin[] = "-----BEGIN PGP SIGNATURE-----";
	git_odb *odb = NULL;
	git_odb_object *raw = NULL;
	int result = git_repository_odb(&odb, standing->repository);
	if (result == 0)
		result = git_odb_read(&raw, odb, git_object_id(standing->object));
	if (result == 0) {
		const char *bytes = git_odb_object_data(raw);
		size_t size = git_odb_object_size(raw);
		const char *at = memmem(bytes, size, begin, sizeof begin - 1);
		size_t length = at ? (size_t)(at - bytes) : size;
		str_add_bytes(text, bytes, length);
		str_add_bytes(signature, bytes + length, size - length);
	}
	git_odb_object_free(raw);
	git_odb_free(odb);
	if (result < 0)
		return fail(id, err);
	return signature->len ? 0 : unsigned_object("tag", id, err);
}

int git_find_signature(const char *dir, const char *id, struct str *ret_signed,
                       struct str *ret_signature, struct err *err)
{
	own(standing) standing = {0};
	if (open_commit(&standing, dir, id, err) < 0)
		return -1;
	if (git_object_type(standing.object) == GIT_OBJECT_TAG)
		return tag_signature(&standing, id, ret_signed, ret_signature, err);
	return commit_signature(&standing, id, ret_signed, ret_signature, err);
}
