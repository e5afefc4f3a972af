/* Bringing the checkout and its overlays up to date: fetched at once, moved forward only, and never
 * over somebody's edits. */
#include "sync.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "fs.h"
#include "git-move.h"
#include "git-tree.h"
#include "git.h"
#include "overlay.h"
#include "own.h"
#include "path.h"
#include "release.h"
#include "sign.h"
#include "signing.h"
#include "sync-fetch.h"

static const char checkout_name[] = "checkout";

static void item_release(struct sync_item *item)
{
	free(item->name);
	free(item->dir);
	free(item->ref);
	err_release(&item->err);
	diff_tree_release(&item->changes);
}

void sync_result_release(struct sync_result *result)
{
	for (vec_each(item, &result->items))
		item_release(item);
	vec_release(&result->items);
}

const char *sync_status_name(enum sync_status status)
{
	static const char *const names[] = {[SYNC_SAME] = "same",
	                                    [SYNC_CLONED] = "cloned",
	                                    [SYNC_MOVED] = "moved",
	                                    [SYNC_AHEAD] = "ahead",
	                                    [SYNC_FAILED] = "failed"};
	return names[status];
}

/* ---- what there is to do */

/* One repository on its way. */
struct pull {
	struct sync_item item;
	const struct strv *keys;        /* who may sign it; empty: not looked at */
	const char *url, *branch, *tag; /* as for git_fetch */
	char *theirs;                   /* the branch of origin's; item.ref may have another name */
	char *temporary;                /* where a new clone is made */
	struct git_place place;         /* of one that is here */
};

struct sync {
	const struct workspace *workspace;
	const struct sync_request *request;
	const struct event_sink *sink;
	struct config config;
	bool has_changed; /* before_change was called */
	VEC(struct pull) pulls;
};

static void sync_release(struct sync *sync)
{
	for (vec_each(pull, &sync->pulls)) {
		item_release(&pull->item);
		if (pull->temporary)
			fs_remove_tree(pull->temporary, NULL);
		free(pull->temporary);
		free(pull->theirs);
		git_place_release(&pull->place);
	}
	vec_release(&sync->pulls);
	config_release(&sync->config);
}

static bool is_wanted(const struct sync *sync, const char *name)
{
	return !sync->request->only->count || strv_has(sync->request->only, name);
}

static int check_names(const struct sync *sync, struct err *err)
{
	const struct strv *only = sync->request->only;
	for (size_t i = 0; i < only->count; i++) {
		if (str_equal(only->items[i], checkout_name) ||
		    config_find_repo(&sync->config, only->items[i]))
			continue;
		err_set(err, ERR_INPUT, "no overlay is called \"%s\"", only->items[i]);
		return err_hint(err, "`sdk repos list` shows them; \"%s\" is the SDK itself",
		                checkout_name);
	}
	return 0;
}

/* The branch that the checkout is to follow: the channel, else the one of its branch. */
static int choose_checkout_branch(const struct sync *sync, struct pull *pull, struct err *err)
{
	const struct sync_request *request = sync->request;
	if (!pull->place.has_origin) {
		err_set(err, ERR_INPUT, "the checkout has no remote \"origin\" to sync from");
		return err_hint(err, "git -C %s remote add origin URL, then --channel=NAME",
		                pull->item.dir);
	}
	pull->tag = request->release;
	pull->branch = request->channel ? request->channel : pull->place.follows;
	if (pull->tag || pull->branch)
		return 0;
	if (!pull->place.branch) {
		err_set(err, ERR_USAGE, "the checkout is pinned to a commit, on no branch");
		return err_hint(err, "`sdk sync --channel=NAME` goes back to one, "
		                     "`sdk sync --release=TAG` to another release");
	}
	err_set(err, ERR_USAGE, "the checkout's branch %s follows none of \"origin\"",
	        pull->place.branch);
	return err_hint(err, "git branch --set-upstream-to=origin/%s, or --channel=NAME",
	                pull->place.branch);
}

static int add_checkout(struct sync *sync, struct err *err)
{
	const char *root = sync->workspace->root;
	struct pull pull = {.item = {.is_checkout = true}, .keys = &sync->config.checkout_keys};
	if (!is_wanted(sync, checkout_name) && !sync->request->channel && !sync->request->release)
		return 0;
	if (git_tree_check(root, err) < 0 || git_find_place(root, &pull.place, err) < 0)
		return -1;
	pull.item.name = mem_strdup(checkout_name);
	pull.item.dir = mem_strdup(root);
	if (choose_checkout_branch(sync, &pull, &pull.item.err) < 0)
		pull.item.status = SYNC_FAILED;
	vec_push(&sync->pulls, pull);
	return 0;
}

static int prepare_clone(const struct sync *sync, struct pull *pull, struct err *err)
{
	own_free char *parent = workspace_out(sync->workspace, "repos");
	if (fs_make_dirs(parent, 0755, err) < 0 || fs_clean_temporaries(parent, err) < 0 ||
	    fs_make_temporary(parent, &pull->temporary, err) < 0)
		return -1;
	return git_tree_init(pull->temporary, err);
}

static int fail(struct pull *pull, struct err *err)
{
	pull->item.status = SYNC_FAILED;
	err_move(&pull->item.err, err);
	return -1;
}

static int find_clone(struct pull *pull, struct err *err)
{
	if (git_find_place(pull->item.dir, &pull->place, err) == 0)
		return 0;
	return err_hint(err, "move %s away, and sync clones it anew", pull->item.dir);
}

static void add_overlay(struct sync *sync, const struct config_repo *repo)
{
	own(err) err = {0};
	struct pull pull = {.keys = &repo->keys,
	                    .url = repo->url,
	                    .branch = repo->branch,
	                    .tag = repo->tag,
	                    .item = {.name = mem_strdup(repo->name),
	                             .dir = overlay_dir(sync->workspace, repo->name)}};
	if ((fs_is_dir(pull.item.dir) ? find_clone(&pull, &err)
	                              : prepare_clone(sync, &pull, &err)) < 0)
		fail(&pull, &err);
	vec_push(&sync->pulls, pull);
}

static int gather(struct sync *sync, struct err *err)
{
	if (config_load(sync->workspace, &sync->config, err) < 0 || check_names(sync, err) < 0 ||
	    add_checkout(sync, err) < 0)
		return -1;
	for (vec_each(repo, &sync->config.repos))
		if (is_wanted(sync, repo->name))
			add_overlay(sync, repo);
	return 0;
}

/* ---- fetching */

static int fetch_all(struct sync *sync, struct sync_fetch *fetches, struct err *err)
{
	size_t count = 0;
	for (vec_each(pull, &sync->pulls)) {
		if (pull->item.status == SYNC_FAILED)
			continue;
		fetches[count++] = (struct sync_fetch){
			.name = pull->item.name,
			.spec = {.dir = pull->temporary ? pull->temporary : pull->item.dir,
		                 .url = pull->url,
		                 .branch = pull->branch,
		                 .tag = pull->tag,
		                 .shallow = pull->temporary}};
	}
	if (sync_fetch_all(fetches, count, sync->sink, err) < 0)
		return -1;
	count = 0;
	for (vec_each(pull, &sync->pulls)) {
		if (pull->item.status == SYNC_FAILED)
			continue;
		struct sync_fetch *fetch = &fetches[count++];
		memcpy(pull->item.new_id, fetch->fetched.id, sizeof pull->item.new_id);
		pull->item.is_tag = pull->tag;
		pull->item.ref = mem_strdup(pull->tag               ? pull->tag
		                            : fetch->fetched.branch ? fetch->fetched.branch
		                                                    : "");
		pull->theirs = steal_ptr(fetch->fetched.branch);
		git_fetched_release(&fetch->fetched);
		if (fetch->err.kind != ERR_NONE)
			fail(pull, &fetch->err);
	}
	return 0;
}

/* ---- trust */

/* A tag that was signed under another name says nothing of this one. */
static int check_tag_name(const struct pull *pull, const struct str *text, struct err *err)
{
	own_free char *line = mem_printf("\ntag %s\n", pull->tag);
	if (strstr(str_text(text), line))
		return 0;
	return err_set(err, ERR_TRUST, "tag %s was signed under another name", pull->tag);
}

static int check_signature(const struct sync *sync, const struct pull *pull, const char *scratch,
                           struct err *err)
{
	const char *dir = pull->temporary ? pull->temporary : pull->item.dir;
	own(str) text = {0}, signature = {0};
	own(strv) files = {0};
	own_free char *text_path = path_join(scratch, "text");
	own_free char *signature_path = path_join(scratch, "signature");
	struct sign_keys *keys = NULL;
	if (git_find_signature(dir, pull->item.new_id, &text, &signature, err) < 0 ||
	    (pull->tag && check_tag_name(pull, &text, err) < 0))
		return -1;
	if (!str_starts(str_text(&signature), "-----BEGIN PGP "))
		return err_set(err, ERR_TRUST, "%.12s is not signed with OpenPGP",
		               pull->item.new_id);
	if (fs_write_file(text_path, text.data, text.len, 0600, err) < 0 ||
	    fs_write_file(signature_path, signature.data, signature.len, 0600, err) < 0 ||
	    signing_trusted_files(sync->workspace, &files, err) < 0 ||
	    sign_keys_open(&files, scratch, &keys, err) < 0)
		return -1;
	sign_keys_trust(keys, pull->keys);
	int result = sign_verify_detached(keys, text_path, signature_path, err);
	sign_keys_close(keys);
	return result;
}

static int verify(const struct sync *sync, struct pull *pull, struct err *err)
{
	own_free char *parent = workspace_out(sync->workspace, "repos"), *scratch = NULL;
	if (!pull->keys->count)
		return 0;
	if (fs_make_dirs(parent, 0755, err) < 0 || fs_make_temporary(parent, &scratch, err) < 0)
		return -1;
	int result = check_signature(sync, pull, scratch, err);
	fs_remove_tree(scratch, NULL);
	pull->item.is_signed = result == 0;
	if (result == 0)
		return 0;
	err_wrap(err, "%s %s", pull->tag ? "tag" : "branch", pull->item.ref);
	return err_hint(err, "nothing was changed; its keys are named in sdk.yaml, their public "
	                     "parts lie in bootstrap/keys/");
}

/* ---- moving */

static void announce_change(struct sync *sync)
{
	if (sync->request->before_change && !sync->has_changed)
		sync->request->before_change(sync->request->context);
	sync->has_changed = true;
}

static int finish_clone(struct sync *sync, struct pull *pull, struct err *err)
{
	own(strv) none = {0};
	pull->item.status = SYNC_CLONED;
	if (sync->request->dry_run)
		return 0;
	announce_change(sync);
	if (git_move(pull->temporary, pull->item.new_id, pull->tag ? NULL : pull->item.ref, &none,
	             err) < 0 ||
	    chmod(pull->temporary, 0755) < 0 ||
	    fs_publish(pull->temporary, pull->item.dir, err) < 0)
		return -1;
	free(steal_ptr(pull->temporary));
	return 0;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static int diverged(const struct pull *pull, size_t mine, size_t theirs, struct err *err)
{
	err_set(err, ERR_USAGE, "%s has %zu commit%s of its own, origin has %zu other%s",
	        pull->item.ref, mine, plural(mine), theirs, plural(theirs));
	return err_hint(err, "git -C %s rebase origin/%s, then sync again", pull->item.dir,
	                pull->theirs);
}

/* What origin had and has no more looks like commits of one's own, but is somebody's decision, or
 * an attack: an older state that is signed as well as the newest. */
static int withdrawn(const struct pull *pull, size_t count, size_t mine, struct err *err)
{
	const char *dir = pull->item.dir;
	err_set(err, ERR_USAGE, "origin has taken back %zu commit%s of %s that %s here", count,
	        plural(count), pull->theirs, count == 1 ? "is" : "are");
	if (mine > count)
		return err_hint(err,
		                "if that is meant: git -C %s rebase --interactive origin/%s, and "
		                "take out all but yours",
		                dir, pull->theirs);
	return err_hint(err, "if that is meant: git -C %s reset --keep origin/%s", dir,
	                pull->theirs);
}

/* Whether the branch can get to new_id by going forward. One that is there already, with commits of
 * its own, stays there: new_id is then its end. */
static int check_forward(struct pull *pull, struct err *err)
{
	char start[41];
	size_t mine, theirs;
	if (pull->tag || !git_find_branch(pull->item.dir, pull->item.ref, start))
		return 0;
	if (git_count_apart(pull->item.dir, start, pull->item.new_id, &mine, &theirs, err) < 0)
		return -1;
	if (!mine)
		return 0;
	size_t lost = git_count_withdrawn(pull->item.dir, pull->theirs, start);
	if (lost)
		return withdrawn(pull, lost, mine, err);
	if (theirs)
		return diverged(pull, mine, theirs, err);
	pull->item.own = mine;
	memcpy(pull->item.new_id, start, sizeof pull->item.new_id);
	return 0;
}

/* Commits on no branch would be in nobody's sight once HEAD is elsewhere. */
static int check_kept(const struct pull *pull, struct err *err)
{
	bool kept;
	if (pull->place.branch || !*pull->place.id)
		return 0;
	if (git_is_kept(pull->item.dir, pull->place.id, &kept, err) < 0)
		return -1;
	if (kept)
		return 0;
	err_set(err, ERR_USAGE, "it is at %.12s, which is on no branch and would be lost",
	        pull->place.id);
	return err_hint(err, "git -C %s branch NAME keeps it; then sync again", pull->item.dir);
}

static void count_commits(struct pull *pull)
{
	if (*pull->item.old_id)
		git_count_apart(pull->item.dir, pull->item.old_id, pull->item.new_id,
		                &pull->item.back, &pull->item.commits, NULL);
}

static bool is_there_already(const struct pull *pull)
{
	bool same_branch =
		pull->tag ? !pull->place.branch
			  : pull->place.branch && str_equal(pull->place.branch, pull->item.ref);
	size_t mine = 1, theirs = 1;
	return same_branch &&
	       git_count_apart(pull->item.dir, "HEAD", pull->item.new_id, &mine, &theirs, NULL) ==
	               0 &&
	       mine + theirs == 0;
}

/* An overlay's branch is what sdk.yaml names; if a user has switched to another one, that is an
 * edit of theirs. The checkout stays on the branch that it is on, or goes where it was told to. */
static int check_branch(const struct sync *sync, const struct pull *pull, struct err *err)
{
	bool told = sync->request->channel || sync->request->release;
	if (pull->tag || !pull->place.branch || str_equal(pull->place.branch, pull->item.ref) ||
	    (pull->item.is_checkout && told))
		return 0;
	err_set(err, ERR_USAGE, "it is on branch %s, not on %s", pull->place.branch,
	        pull->item.ref);
	return err_hint(err, "git -C %s switch %s, then sync again", pull->item.dir,
	                pull->item.ref);
}

/* A local branch of another name that follows this one. */
static void choose_local_branch(const struct sync *sync, struct pull *pull)
{
	if (!pull->place.branch || !pull->place.follows || sync->request->channel || pull->tag ||
	    !str_equal(pull->place.follows, pull->item.ref))
		return;
	free(pull->item.ref);
	pull->item.ref = mem_strdup(pull->place.branch);
}

static int move(struct sync *sync, struct pull *pull, struct err *err)
{
	own(strv) blocking = {0};
	struct sync_item *item = &pull->item;
	memcpy(item->old_id, pull->place.id, sizeof item->old_id);
	choose_local_branch(sync, pull);
	if (is_there_already(pull))
		return 0;
	if (check_branch(sync, pull, err) < 0 || check_kept(pull, err) < 0 ||
	    check_forward(pull, err) < 0)
		return -1;
	if (item->own && pull->place.branch && str_equal(pull->place.branch, item->ref)) {
		item->status = SYNC_AHEAD;
		return 0;
	}
	item->status = SYNC_MOVED;
	count_commits(pull);
	if (sync->request->dry_run)
		return 0;
	announce_change(sync);
	return git_move(item->dir, item->new_id, pull->tag ? NULL : item->ref, &blocking, err);
}

/* What the checkout is at now decides which index of a binhost is asked first. */
static int pin(const struct sync *sync, const struct pull *pull, struct err *err)
{
	if (sync->request->dry_run || !pull->item.is_checkout)
		return 0;
	return release_pin(sync->workspace, pull->tag, err);
}

static void finish(struct sync *sync, struct pull *pull)
{
	own(err) err = {0};
	if (pull->item.status == SYNC_FAILED)
		return;
	if (verify(sync, pull, &err) < 0 ||
	    (pull->temporary ? finish_clone(sync, pull, &err) : move(sync, pull, &err)) < 0 ||
	    pin(sync, pull, &err) < 0) {
		fail(pull, &err);
		return;
	}
	if (pull->item.status == SYNC_MOVED && *pull->item.old_id)
		diff_tree_make_at(pull->item.dir, pull->item.old_id, pull->item.new_id, NULL,
		                  &pull->item.changes, NULL);
}

/* ---- all of it */

static int first_error(const struct sync_result *result, struct err *err)
{
	size_t failed = 0;
	const struct sync_item *first = NULL;
	for (vec_each(item, &result->items)) {
		if (item->status != SYNC_FAILED)
			continue;
		failed++;
		first = first ? first : item;
	}
	if (!first)
		return 0;
	if (result->items.count > 1) /* the items say what */
		return err_set(err, first->err.kind, "%zu of %zu repositories could not be synced",
		               failed, result->items.count);
	err_set(err, first->err.kind, "%s: %s", first->name, first->err.message);
	return first->err.hint ? err_hint(err, "%s", first->err.hint) : -1;
}

int sync_run(const struct workspace *workspace, const struct sync_request *request,
             const struct event_sink *sink, struct sync_result *ret_result, struct err *err)
{
	own(sync) sync = {.workspace = workspace, .request = request, .sink = sink};
	own_fd int lock = -1;
	own_free char *lock_path = workspace_out(workspace, "repos.lock");
	if (fs_lock(lock_path, true, true, &lock, err) < 0 || gather(&sync, err) < 0)
		return -1;
	struct sync_fetch *fetches = mem_alloc((sync.pulls.count + 1) * sizeof *fetches);
	int result = fetch_all(&sync, fetches, err);
	free(fetches);
	if (result < 0)
		return -1;
	for (vec_each(pull, &sync.pulls)) {
		finish(&sync, pull);
		vec_push(&ret_result->items, pull->item);
		pull->item = (struct sync_item){0};
	}
	return first_error(ret_result, err);
}
