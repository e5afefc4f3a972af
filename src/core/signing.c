/* The project's own signing keys: where they lie, and what is done with them. */
#include "signing.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "fs.h"
#include "own.h"
#include "path.h"

enum { DEFAULT_DAYS = 730, SECONDS_A_DAY = 86400, MIN_NAME_DIGITS = 8 };

int signing_open(const struct workspace *workspace, struct sign_ring **ret_ring, struct err *err)
{
	own_free char *home = workspace_data(workspace, "gnupg");
	return sign_ring_open(home, ret_ring, err);
}

/* ---- public parts */

char *signing_public_path(const struct workspace *workspace, const char *fingerprint)
{
	return workspace_data(workspace, "keys/%s.asc", fingerprint);
}

static int add_key_files(const char *dir, struct strv *ret_paths, struct err *err)
{
	own(strv) names = {0};
	if (!fs_is_dir(dir))
		return 0;
	if (fs_list(dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (str_ends(names.items[i], ".asc"))
			strv_take(ret_paths, path_join(dir, names.items[i]));
	return 0;
}

int signing_public_files(const struct workspace *workspace, struct strv *ret_paths, struct err *err)
{
	own_free char *dir = workspace_data(workspace, "keys");
	return add_key_files(dir, ret_paths, err);
}

int signing_trusted_files(const struct workspace *workspace, struct strv *ret_paths,
                          struct err *err)
{
	own_free char *dir = workspace_root(workspace, "bootstrap/keys");
	if (add_key_files(dir, ret_paths, err) < 0)
		return -1;
	return signing_public_files(workspace, ret_paths, err);
}

static int write_public(const struct workspace *workspace, struct sign_ring *ring,
                        const char *fingerprint, struct err *err)
{
	own(str) text = {0};
	own_free char *path = signing_public_path(workspace, fingerprint);
	if (sign_ring_export(ring, fingerprint, &text, err) < 0 || fs_make_parents(path, err) < 0)
		return -1;
	return fs_write_text(path, str_text(&text), err);
}

/* ---- making, rotating, revoking */

/* Who signs what a reader trusts should be plain from the key. */
static char *default_user_id(void)
{
	char host[256] = "localhost";
	const struct passwd *user = getpwuid(getuid());
	gethostname(host, sizeof host - 1);
	return mem_printf("Binhost <%s@%s>", user ? user->pw_name : "nobody", host);
}

int signing_make(const struct workspace *workspace, struct sign_ring *ring, const char *user_id,
                 unsigned days, char **ret_fingerprint, struct err *err)
{
	own_free char *by_default = user_id ? NULL : default_user_id();
	own_free char *fingerprint = NULL;
	if (user_id && (!*user_id || strpbrk(user_id, "\n\r")))
		return err_set(err, ERR_USAGE, "\"%s\": not the name of a key", user_id);
	if (sign_ring_make(ring, user_id ? user_id : by_default, days, &fingerprint, err) < 0 ||
	    write_public(workspace, ring, fingerprint, err) < 0)
		return -1;
	*ret_fingerprint = steal_ptr(fingerprint);
	return 0;
}

static int shorten(const struct workspace *workspace, struct sign_ring *ring,
                   const struct sign_key *key, unsigned overlap_days, struct err *err)
{
	int64_t end = (int64_t)time(NULL) + (int64_t)overlap_days * SECONDS_A_DAY;
	if (key->expires && key->expires <= end)
		return 0;
	if (sign_ring_set_expiry(ring, key->fingerprint, overlap_days, err) < 0)
		return -1;
	return write_public(workspace, ring, key->fingerprint, err);
}

int signing_rotate(const struct workspace *workspace, struct sign_ring *ring, const char *user_id,
                   unsigned days, unsigned overlap_days, char **ret_fingerprint,
                   struct strv *ret_old, struct err *err)
{
	own(sign_key_list) keys = {0};
	own_free char *fingerprint = NULL;
	if (sign_ring_list(ring, &keys, err) < 0 ||
	    signing_make(workspace, ring, user_id, days, &fingerprint, err) < 0)
		return -1;
	for (vec_each(key, &keys)) {
		if (!sign_key_is_valid(key))
			continue;
		if (shorten(workspace, ring, key, overlap_days, err) < 0)
			return -1;
		strv_add(ret_old, key->fingerprint);
	}
	*ret_fingerprint = steal_ptr(fingerprint);
	return 0;
}

static bool is_named(const struct sign_key *key, const char *name)
{
	size_t length = strlen(name), whole = strlen(key->fingerprint);
	return length >= MIN_NAME_DIGITS && length <= whole &&
	       strcasecmp(key->fingerprint + whole - length, name) == 0;
}

static int find_named(const struct sign_key_list *keys, const char *name,
                      const struct sign_key **ret_key, struct err *err)
{
	const struct sign_key *found = NULL;
	for (vec_each(key, keys)) {
		if (!is_named(key, name))
			continue;
		if (found)
			return err_set(err, ERR_USAGE, "%s: more than one key ends so", name);
		found = key;
	}
	if (!found) {
		err_set(err, ERR_USAGE, "%s: no key of ours", name);
		return err_hint(err, "`sdk binhost keys list` shows them; name one by its "
		                     "fingerprint, or the last 8 digits or more");
	}
	*ret_key = found;
	return 0;
}

int signing_revoke(const struct workspace *workspace, struct sign_ring *ring, const char *name,
                   char **ret_fingerprint, struct err *err)
{
	own(sign_key_list) keys = {0};
	const struct sign_key *key = NULL;
	if (sign_ring_list(ring, &keys, err) < 0 || find_named(&keys, name, &key, err) < 0 ||
	    sign_ring_revoke(ring, key->fingerprint, err) < 0 ||
	    write_public(workspace, ring, key->fingerprint, err) < 0)
		return -1;
	*ret_fingerprint = mem_strdup(key->fingerprint);
	return 0;
}

/* ---- signing */

static int list_valid(struct sign_ring *ring, struct strv *fingerprints, struct err *err)
{
	own(sign_key_list) keys = {0};
	if (sign_ring_list(ring, &keys, err) < 0)
		return -1;
	for (vec_each(key, &keys))
		if (sign_key_is_valid(key))
			strv_add(fingerprints, key->fingerprint);
	return 0;
}

static int sign_in(struct sign_ring *ring, const char *text, size_t length, struct str *ret_signed,
                   struct err *err)
{
	own(strv) fingerprints = {0};
	if (list_valid(ring, &fingerprints, err) < 0)
		return -1;
	if (fingerprints.count == 0) {
		err_set(err, ERR_INPUT, "no valid key to sign with");
		return err_hint(err, "`sdk binhost keys make` makes one");
	}
	return sign_ring_sign(ring, &fingerprints, text, length, ret_signed, err);
}

int signing_sign(const struct workspace *workspace, const char *text, size_t length,
                 struct str *ret_signed, struct err *err)
{
	struct sign_ring *ring = NULL;
	if (signing_open(workspace, &ring, err) < 0)
		return -1;
	int result = sign_in(ring, text, length, ret_signed, err);
	sign_ring_close(ring);
	return result;
}

static int list_or_make(const struct workspace *workspace, struct sign_ring *ring, bool make,
                        struct strv *fingerprints, struct err *err)
{
	own_free char *fingerprint = NULL;
	if (list_valid(ring, fingerprints, err) < 0)
		return -1;
	if (fingerprints->count || !make)
		return 0;
	if (signing_make(workspace, ring, NULL, DEFAULT_DAYS, &fingerprint, err) < 0)
		return -1;
	strv_add(fingerprints, fingerprint);
	return 0;
}

int signing_valid_keys(const struct workspace *workspace, bool make, struct strv *ret_fingerprints,
                       struct err *err)
{
	struct sign_ring *ring = NULL;
	if (signing_open(workspace, &ring, err) < 0)
		return -1;
	int result = list_or_make(workspace, ring, make, ret_fingerprints, err);
	sign_ring_close(ring);
	return result;
}
