/* Fetching from git servers, by libgit2: one branch or tag at a time, nothing checked out. */
#include "git-remote.h"

#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "git-credentials.h"
#include "git-hostkey.h"
#include "git.h"
#include "own.h"
#include "str.h"
#include "vec.h"

/* One connection. */
struct talk {
	struct git_credentials credentials; /* first: the callbacks' payload is also this */
	const struct git_fetch_spec *spec;
	git_repository *repository;
	git_remote *remote;
	char *shown;     /* its address, for messages */
	const char *ref; /* "refs/heads/main", "refs/tags/v1" */
	char *found_ref; /* the one the server's HEAD names */
	git_oid wanted;  /* what the server has there */
	bool is_refused; /* its SSH key was not to be believed */
};

static void talk_release(struct talk *talk)
{
	if (talk->remote && git_remote_connected(talk->remote))
		git_remote_disconnect(talk->remote);
	git_remote_free(talk->remote);
	git_repository_free(talk->repository);
	free(talk->found_ref);
	free(talk->shown);
	git_libgit2_shutdown();
}

void git_fetched_release(struct git_fetched *fetched)
{
	free(fetched->branch);
	*fetched = (struct git_fetched){0};
}

static int fail(enum err_kind kind, const char *what, struct err *err)
{
	const git_error *error = git_error_last();
	return err_set(err, kind, "%s: %s", what,
	               error && error->message ? error->message : "git failed");
}

/* ---- callbacks */

static int on_credentials(git_credential **ret, const char *url, const char *user, unsigned allowed,
                          void *payload)
{
	return git_credentials_next(ret, url, user, allowed, payload);
}

static int on_progress(const git_indexer_progress *stats, void *payload)
{
	struct talk *talk = payload;
	if (talk->spec->progress)
		talk->spec->progress(talk->spec->context, stats->received_objects,
		                     stats->total_objects, stats->received_bytes);
	return 0;
}

/* Versions of libgit2 before 1.4.5 look into no known_hosts, and would believe any key: they say
 * here that it is not valid. */
static int on_certificate(git_cert *certificate, int valid, const char *host, void *payload)
{
	struct talk *talk = payload;
	(void)host;
	if (certificate->cert_type != GIT_CERT_HOSTKEY_LIBSSH2)
		return GIT_PASSTHROUGH;
	talk->is_refused = !valid;
	return valid ? 0 : GIT_ECERTIFICATE;
}

static void set_callbacks(struct talk *talk, git_remote_callbacks *callbacks)
{
	callbacks->credentials = on_credentials;
	callbacks->certificate_check = on_certificate;
	callbacks->transfer_progress = on_progress;
	callbacks->payload = talk;
}

/* ---- the server's side */

static int open_remote(struct talk *talk, struct err *err)
{
	static const char name[] = "origin";
	const struct git_fetch_spec *spec = talk->spec;
	if (git_repository_open_ext(&talk->repository, spec->dir, GIT_REPOSITORY_OPEN_NO_SEARCH,
	                            NULL) < 0)
		return fail(ERR_INPUT, spec->dir, err);
	int found = git_remote_lookup(&talk->remote, talk->repository, name);
	if (found == 0 && (!spec->url || str_equal(git_remote_url(talk->remote), spec->url)))
		return 0;
	if (!spec->url) {
		err_set(err, ERR_INPUT, "%s has no remote \"%s\"", spec->dir, name);
		return err_hint(err, "git remote add %s URL", name);
	}
	git_remote_free(talk->remote);
	talk->remote = NULL;
	if ((found == 0 && git_remote_set_url(talk->repository, name, spec->url) < 0) ||
	    (found < 0 &&
	     git_remote_create(&talk->remote, talk->repository, name, spec->url) < 0) ||
	    (!talk->remote && git_remote_lookup(&talk->remote, talk->repository, name) < 0))
		return fail(ERR_INPUT, "origin", err);
	return 0;
}

/* libgit2 asks an SSH server for a key of the kind that known_hosts has for it. */
static bool lacks_known_key(const struct talk *talk, const git_error *error)
{
	return error && strstr(error->message, "exchange encryption keys") &&
	       git_hostkey_is_known(git_remote_url(talk->remote));
}

static int fail_to_connect(const struct talk *talk, struct err *err)
{
	const git_error *error = git_error_last();
	if (talk->is_refused || lacks_known_key(talk, error))
		return git_hostkey_refuse(git_remote_url(talk->remote), talk->shown, err);
	fail(ERR_NETWORK, talk->shown, err);
	if (error && strstr(error->message, "credentials"))
		err_hint(err, "ssh-add a key, or tell `git credential` or ~/.netrc the login");
	if (error && strstr(error->message, "agent"))
		err_hint(err, "$SSH_AUTH_SOCK names no agent that answers: unset it, or start one");
	return -1;
}

static int connect(struct talk *talk, struct err *err)
{
	git_remote_callbacks callbacks;
	git_proxy_options proxy;
	talk->shown = git_url_mask(git_remote_url(talk->remote));
	git_remote_init_callbacks(&callbacks, GIT_REMOTE_CALLBACKS_VERSION);
	git_proxy_options_init(&proxy, GIT_PROXY_OPTIONS_VERSION);
	set_callbacks(talk, &callbacks);
	proxy.type = GIT_PROXY_AUTO;
	if (git_remote_connect(talk->remote, GIT_DIRECTION_FETCH, &callbacks, &proxy, NULL) == 0)
		return 0;
	return fail_to_connect(talk, err);
}

static int choose_ref(struct talk *talk, struct err *err)
{
	const struct git_fetch_spec *spec = talk->spec;
	git_buf name = GIT_BUF_INIT;
	if (spec->branch || spec->tag) {
		talk->found_ref = spec->tag ? mem_printf("refs/tags/%s", spec->tag)
		                            : mem_printf("refs/heads/%s", spec->branch);
	} else if (git_remote_default_branch(&name, talk->remote) == 0) {
		talk->found_ref = mem_strndup(name.ptr, name.size);
		git_buf_dispose(&name);
	} else {
		err_set(err, ERR_INPUT, "%s: it has no default branch", talk->shown);
		return err_hint(err, "name one: `branch:` in sdk.yaml");
	}
	talk->ref = talk->found_ref;
	return 0;
}

static int find_ref(struct talk *talk, struct err *err)
{
	const git_remote_head **heads;
	size_t count;
	if (git_remote_ls(&heads, &count, talk->remote) < 0)
		return fail(ERR_NETWORK, talk->shown, err);
	for (size_t i = 0; i < count; i++) {
		if (!str_equal(heads[i]->name, talk->ref))
			continue;
		talk->wanted = heads[i]->oid;
		return 0;
	}
	return err_set(err, ERR_INPUT, "%s has no %s \"%s\"", talk->shown,
	               talk->spec->tag ? "tag" : "branch",
	               strchr(strchr(talk->ref, '/') + 1, '/') + 1);
}

/* ---- clones without their past: libgit2 learned in 1.7 that a commit's parents may be missing */

#if LIBGIT2_VER_MAJOR > 1 || LIBGIT2_VER_MINOR >= 7

static int check_shallow(const struct talk *talk, struct err *err)
{
	(void)talk, (void)err;
	return 0;
}

/* Its transport for files on this machine still can't. */
static void set_depth(const struct talk *talk, git_fetch_options *options)
{
	if (talk->spec->shallow && !str_starts(git_remote_url(talk->remote), "file:"))
		options->depth = 1;
}

#else

static int check_shallow(const struct talk *talk, struct err *err)
{
	const char *dir = talk->spec->dir;
	if (git_repository_is_shallow(talk->repository) != 1)
		return 0;
	err_set(err, ERR_INPUT, "%s is a shallow clone, which libgit2 %s can't fetch into", dir,
	        LIBGIT2_VERSION);
	return err_hint(err, "git -C %s fetch --unshallow, then sync again", dir);
}

static void set_depth(const struct talk *talk, git_fetch_options *options)
{
	(void)talk, (void)options;
}

#endif

/* ---- our side */

static char *local_ref(const struct talk *talk)
{
	if (talk->spec->tag)
		return mem_strdup(talk->ref);
	return mem_printf("refs/remotes/origin/%s", talk->ref + strlen("refs/heads/"));
}

static bool is_here(const struct talk *talk, const char *ref)
{
	git_oid id;
	return git_reference_name_to_id(&id, talk->repository, ref) == 0 &&
	       git_oid_equal(&id, &talk->wanted);
}

/* A tag is the name of one state for good. One that has become another is not taken over it. */
static int check_tag(const struct talk *talk, const char *local, struct err *err)
{
	const char *dir = talk->spec->dir, *tag = talk->spec->tag;
	char before[41], now[41];
	git_oid id;
	if (!tag || git_reference_name_to_id(&id, talk->repository, local) < 0)
		return 0;
	git_oid_tostr(before, sizeof before, &id);
	git_oid_tostr(now, sizeof now, &talk->wanted);
	err_set(err, ERR_TRUST, "%s has moved tag %s: it was %.12s here, and is %.12s there",
	        talk->shown, tag, before, now);
	return err_hint(err,
	                "if that is meant: git -C %s branch old-%s %s, git -C %s tag -d %s, then "
	                "sync again",
	                dir, tag, tag, dir, tag);
}

static int download(struct talk *talk, const char *local, struct err *err)
{
	git_fetch_options options;
	git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
	own_free char *spec = mem_printf("+%s:%s", talk->ref, local);
	git_strarray specs = {&spec, 1};
	set_callbacks(talk, &options.callbacks);
	options.proxy_opts.type = GIT_PROXY_AUTO;
	options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	set_depth(talk, &options);
	if (git_remote_fetch(talk->remote, &specs, &options, NULL) < 0)
		return fail(ERR_NETWORK, talk->shown, err);
	if (!is_here(talk, local)) /* it moved in between, or libgit2 and we disagree */
		return err_set(err, ERR_NETWORK, "%s: %s changed while it was fetched", talk->shown,
		               talk->ref);
	return 0;
}

int git_fetch(const struct git_fetch_spec *spec, struct git_fetched *ret_fetched, struct err *err)
{
	own(talk) talk = {.spec = spec};
	git_libgit2_init();
	if (open_remote(&talk, err) < 0 || connect(&talk, err) < 0 || choose_ref(&talk, err) < 0 ||
	    find_ref(&talk, err) < 0)
		return -1;
	own_free char *local = local_ref(&talk);
	if (!is_here(&talk, local) &&
	    (check_shallow(&talk, err) < 0 || check_tag(&talk, local, err) < 0 ||
	     download(&talk, local, err) < 0))
		return -1;
	git_oid_tostr(ret_fetched->id, sizeof ret_fetched->id, &talk.wanted);
	ret_fetched->branch = spec->tag ? NULL : mem_strdup(talk.ref + strlen("refs/heads/"));
	return 0;
}
