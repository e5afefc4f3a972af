/* Keys of one's own and signing with them, by gpgme: in a GnuPG home that is not the user's.
 *
 * GnuPG keeps secret keys in an agent, a process of the home that outlives the gpg that started it.
 * Ours is ended when the ring is closed; the lock keeps others from being cut off by that. */
#include "sign-make.h"

#include <errno.h>
#include <gpgme.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "proc.h"

/* Nothing is fetched from key servers; the digest does not depend on GnuPG's version. */
static const char gpg_conf[] = "no-auto-key-retrieve\n"
			       "no-auto-key-locate\n"
			       "disable-dirmngr\n"
			       "personal-digest-preferences SHA512\n"
			       "cert-digest-algo SHA512\n";

enum { MAX_CERTIFICATE_BYTES = 1 << 20, SECONDS_A_DAY = 86400 };

struct sign_ring {
	gpgme_ctx_t context;
	char *home;
	int lock_fd;
};

static void release_data(gpgme_data_t *data)
{
	if (*data)
		gpgme_data_release(*data);
}
#define own_data __attribute__((cleanup(release_data))) gpgme_data_t

static void release_key(gpgme_key_t *key)
{
	if (*key)
		gpgme_key_unref(*key);
}
#define own_key __attribute__((cleanup(release_key))) gpgme_key_t

static int failed(const struct sign_ring *ring, const char *doing, gpgme_error_t error,
                  struct err *err)
{
	err_set(err, ERR_SYSTEM, "%s with the keys in %s: %s", doing, ring->home,
	        gpgme_strerror(error));
	gpgme_err_code_t code = gpgme_err_code(error);
	if (code == GPG_ERR_NO_AGENT || code == GPG_ERR_AGENT || code == GPG_ERR_GENERAL)
		return err_hint(err, "GnuPG needs its agent (Debian's package is gpg-agent), and a "
		                     "home whose path is shorter than 80 characters");
	return -1;
}

/* ---- open and close */

static int make_home(const char *home, struct err *err)
{
	struct stat st;
	if (fs_make_parents(home, err) < 0 || fs_make_dirs(home, 0700, err) < 0)
		return -1;
	if (stat(home, &st) < 0)
		return err_errno(err, "%s", home);
	if (st.st_mode & 077) {
		err_set(err, ERR_TRUST, "%s: others may look at these secret keys", home);
		return err_hint(err, "if nobody has: chmod 700 %s; else revoke them", home);
	}
	own_free char *conf = path_join(home, "gpg.conf");
	return fs_exists(conf) ? 0 : fs_write_text(conf, gpg_conf, err);
}

static int start_engine(struct sign_ring *ring, struct err *err)
{
	gpgme_check_version(NULL);
	gpgme_error_t error = gpgme_engine_check_version(GPGME_PROTOCOL_OpenPGP);
	if (error) {
		err_set(err, ERR_SYSTEM, "gpg: %s", gpgme_strerror(error));
		return err_hint(err, "install GnuPG (Debian's package is gpg)");
	}
	error = gpgme_new(&ring->context);
	if (!error)
		error = gpgme_ctx_set_engine_info(ring->context, GPGME_PROTOCOL_OpenPGP, NULL,
		                                  ring->home);
	if (error)
		return failed(ring, "start gpg", error, err);
	gpgme_set_armor(ring->context, 1);
	return 0;
}

int sign_ring_open(const char *home, struct sign_ring **ret_ring, struct err *err)
{
	struct sign_ring *ring = mem_alloc(sizeof *ring);
	ring->lock_fd = -1;
	ring->home = mem_strdup(home);
	own_free char *lock = path_join(home, ".sdk-lock");
	if (make_home(home, err) < 0 || fs_lock(lock, true, true, &ring->lock_fd, err) < 0 ||
	    start_engine(ring, err) < 0) {
		sign_ring_close(ring);
		return -1;
	}
	*ret_ring = ring;
	return 0;
}

static void end_agent(const struct sign_ring *ring)
{
	char *argv[] = {"gpgconf", "--homedir", ring->home, "--kill", "gpg-agent", NULL};
	proc_run(&(struct proc_spec){.argv = argv}, NULL); /* at worst it stays */
}

void sign_ring_close(struct sign_ring *ring)
{
	if (!ring)
		return;
	if (ring->context) {
		gpgme_release(ring->context);
		end_agent(ring);
	}
	own_close_fd(&ring->lock_fd);
	free(ring->home);
	free(ring);
}

/* ---- the keys */

void sign_key_list_release(struct sign_key_list *list)
{
	for (vec_each(key, list))
		free(key->user_id);
	vec_release(list);
}

bool sign_key_is_valid(const struct sign_key *key)
{
	return !key->revoked && !key->expired;
}

static void add_key(struct sign_key_list *list, gpgme_key_t from)
{
	struct sign_key key = {.revoked = from->revoked, .expired = from->expired};
	if (!from->subkeys || !from->subkeys->fpr ||
	    strlen(from->subkeys->fpr) >= sizeof key.fingerprint)
		return;
	memcpy(key.fingerprint, from->subkeys->fpr, strlen(from->subkeys->fpr));
	key.user_id = mem_strdup(from->uids && from->uids->uid ? from->uids->uid : "");
	key.created = from->subkeys->timestamp;
	key.expires = from->subkeys->expires;
	vec_push(list, key);
}

static int by_creation(const void *a, const void *b)
{
	const struct sign_key *x = a, *y = b;
	if (x->created != y->created)
		return x->created < y->created ? -1 : 1;
	return strcmp(x->fingerprint, y->fingerprint);
}

int sign_ring_list(struct sign_ring *ring, struct sign_key_list *ret_list, struct err *err)
{
	struct sign_key_list list = {0};
	gpgme_error_t error = gpgme_op_keylist_start(ring->context, NULL, 1);
	while (!error) {
		own_key key = NULL;
		error = gpgme_op_keylist_next(ring->context, &key);
		if (!error)
			add_key(&list, key);
	}
	gpgme_op_keylist_end(ring->context);
	if (gpgme_err_code(error) != GPG_ERR_EOF) {
		sign_key_list_release(&list);
		return failed(ring, "list", error, err);
	}
	vec_sort(&list, by_creation);
	*ret_list = list;
	return 0;
}

static int find_key(struct sign_ring *ring, const char *fingerprint, gpgme_key_t *ret_key,
                    struct err *err)
{
	gpgme_error_t error = gpgme_get_key(ring->context, fingerprint, ret_key, 1);
	if (gpgme_err_code(error) == GPG_ERR_EOF)
		return err_set(err, ERR_INPUT, "no secret key %s in %s", fingerprint, ring->home);
	return error ? failed(ring, "look", error, err) : 0;
}

int sign_ring_make(struct sign_ring *ring, const char *user_id, unsigned days,
                   char **ret_fingerprint, struct err *err)
{
	unsigned flags = GPGME_CREATE_SIGN | GPGME_CREATE_NOPASSWD | GPGME_CREATE_FORCE;
	if (days == 0)
		flags |= GPGME_CREATE_NOEXPIRE;
	gpgme_error_t error = gpgme_op_createkey(ring->context, user_id, "ed25519", 0,
	                                         (unsigned long)days * SECONDS_A_DAY, NULL, flags);
	gpgme_genkey_result_t result = gpgme_op_genkey_result(ring->context);
	if (error || !result || !result->fpr)
		return failed(ring, "make a key", error, err);
	*ret_fingerprint = mem_strdup(result->fpr);
	return 0;
}

int sign_ring_set_expiry(struct sign_ring *ring, const char *fingerprint, unsigned days,
                         struct err *err)
{
	own_key key = NULL;
	if (find_key(ring, fingerprint, &key, err) < 0)
		return -1;
	gpgme_error_t error = gpgme_op_setexpire(ring->context, key,
	                                         (unsigned long)days * SECONDS_A_DAY, NULL, 0);
	return error ? failed(ring, "change an expiry", error, err) : 0;
}

/* GnuPG puts text and a colon before the armor, so that nobody applies it by accident. */
static int read_certificate(const struct sign_ring *ring, const char *fingerprint, struct str *text,
                            const char **ret_armor, struct err *err)
{
	own_free char *path = mem_printf("%s/openpgp-revocs.d/%s.rev", ring->home, fingerprint);
	if (fs_read(path, MAX_CERTIFICATE_BYTES, text, err) < 0)
		return err_wrap(err, "the key's revocation certificate");
	*ret_armor = strstr(str_text(text), "-----BEGIN");
	return *ret_armor ? 0 : err_set(err, ERR_INPUT, "%s: no certificate in it", path);
}

int sign_ring_revoke(struct sign_ring *ring, const char *fingerprint, struct err *err)
{
	own_key key = NULL;
	own_data data = NULL;
	own(str) text = {0};
	const char *armor;
	if (find_key(ring, fingerprint, &key, err) < 0 ||
	    read_certificate(ring, fingerprint, &text, &armor, err) < 0)
		return -1;
	gpgme_error_t error = gpgme_data_new_from_mem(&data, armor, strlen(armor), 0);
	if (!error)
		error = gpgme_op_import(ring->context, data);
	if (error)
		return failed(ring, "revoke a key", error, err);
	gpgme_import_result_t result = gpgme_op_import_result(ring->context);
	if (!result || (!result->new_revocations && !key->revoked))
		return err_set(err, ERR_SYSTEM, "gpg did not take the revocation of %s",
		               fingerprint);
	return 0;
}

/* ---- what leaves the ring */

static int append(gpgme_data_t data, struct str *text, struct err *err)
{
	char buffer[16384];
	ssize_t count;
	if (gpgme_data_seek(data, 0, SEEK_SET) < 0)
		return err_errno(err, "gpgme");
	while ((count = gpgme_data_read(data, buffer, sizeof buffer)) > 0)
		str_add_bytes(text, buffer, (size_t)count);
	return count < 0 ? err_errno(err, "gpgme") : 0;
}

int sign_ring_export(struct sign_ring *ring, const char *fingerprint, struct str *ret_text,
                     struct err *err)
{
	own_data data = NULL;
	gpgme_error_t error = gpgme_data_new(&data);
	if (!error)
		error = gpgme_op_export(ring->context, fingerprint, GPGME_EXPORT_MODE_MINIMAL,
		                        data);
	return error ? failed(ring, "export", error, err) : append(data, ret_text, err);
}

static int choose_signers(struct sign_ring *ring, const struct strv *fingerprints, struct err *err)
{
	gpgme_signers_clear(ring->context);
	for (size_t i = 0; i < fingerprints->count; i++) {
		own_key key = NULL;
		if (find_key(ring, fingerprints->items[i], &key, err) < 0)
			return -1;
		gpgme_error_t error = gpgme_signers_add(ring->context, key);
		if (error)
			return failed(ring, "choose a key", error, err);
	}
	return 0;
}

int sign_ring_sign(struct sign_ring *ring, const struct strv *fingerprints, const char *text,
                   size_t length, struct str *ret_signed, struct err *err)
{
	own_data in = NULL, out = NULL;
	if (choose_signers(ring, fingerprints, err) < 0)
		return -1;
	gpgme_error_t error = gpgme_data_new_from_mem(&in, text, length, 0);
	if (!error)
		error = gpgme_data_new(&out);
	if (!error)
		error = gpgme_op_sign(ring->context, in, out, GPGME_SIG_MODE_CLEAR);
	gpgme_signers_clear(ring->context);
	return error ? failed(ring, "sign", error, err) : append(out, ret_signed, err);
}
