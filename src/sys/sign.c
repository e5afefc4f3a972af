/* OpenPGP signatures, by gpgme: checked against chosen keys alone, never against the user's. */
#include "sign.h"

#include <fcntl.h>
#include <gpgme.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fs.h"
#include "own.h"
#include "path.h"

/* Nothing is fetched, nothing started: no agent, no key server. */
static const char gpg_conf[] = "no-autostart\n"
			       "no-auto-key-retrieve\n"
			       "no-auto-key-locate\n"
			       "disable-dirmngr\n"
			       "weak-digest SHA1\n";

struct sign_keys {
	gpgme_ctx_t context;
	char *home;
	const struct strv *trusted; /* NULL: all */
	int64_t good_until;         /* the latest verdict */
};

static void release_data(gpgme_data_t *data)
{
	if (*data)
		gpgme_data_release(*data);
}
#define own_data __attribute__((cleanup(release_data))) gpgme_data_t

void sign_keys_close(struct sign_keys *keys)
{
	if (!keys)
		return;
	if (keys->context)
		gpgme_release(keys->context);
	if (keys->home)
		fs_remove_tree(keys->home, NULL);
	free(keys->home);
	free(keys);
}

/* ---- keys */

static int make_home(struct sign_keys *keys, const char *parent, struct err *err)
{
	if (fs_make_temporary(parent, &keys->home, err) < 0)
		return -1;
	own_free char *conf = path_join(keys->home, "gpg.conf");
	return fs_write_text(conf, gpg_conf, err);
}

static int start_engine(struct sign_keys *keys, struct err *err)
{
	gpgme_check_version(NULL);
	gpgme_error_t error = gpgme_engine_check_version(GPGME_PROTOCOL_OpenPGP);
	if (error) {
		err_set(err, ERR_SYSTEM, "gpg: %s", gpgme_strerror(error));
		return err_hint(err, "install GnuPG (Debian's package is gpg)");
	}
	error = gpgme_new(&keys->context);
	if (!error)
		error = gpgme_ctx_set_engine_info(keys->context, GPGME_PROTOCOL_OpenPGP, NULL,
		                                  keys->home);
	return error ? err_set(err, ERR_SYSTEM, "gpgme: %s", gpgme_strerror(error)) : 0;
}

static int import(struct sign_keys *keys, const char *path, struct err *err)
{
	own_data data = NULL;
	gpgme_error_t error = gpgme_data_new_from_file(&data, path, 1);
	if (!error)
		error = gpgme_op_import(keys->context, data);
	if (error)
		return err_set(err, ERR_INPUT, "%s: %s", path, gpgme_strerror(error));
	gpgme_import_result_t result = gpgme_op_import_result(keys->context);
	/* A key that is known with an older signature is neither imported nor unchanged. */
	if (result && result->considered > result->no_user_id)
		return 0;
	return err_set(err, ERR_INPUT,
	               result && result->no_user_id
	                       ? "%s: its OpenPGP key signs no name of its own with more than SHA-1"
	                       : "%s: holds no OpenPGP key",
	               path);
}

int sign_keys_open(const struct strv *key_files, const char *parent, struct sign_keys **ret_keys,
                   struct err *err)
{
	struct sign_keys *keys = mem_alloc(sizeof *keys);
	if (make_home(keys, parent, err) < 0 || start_engine(keys, err) < 0)
		goto fail;
	for (size_t i = 0; i < key_files->count; i++)
		if (import(keys, key_files->items[i], err) < 0)
			goto fail;
	*ret_keys = keys;
	return 0;
fail:
	sign_keys_close(keys);
	return -1;
}

/* ---- verdicts */

void sign_keys_trust(struct sign_keys *keys, const struct strv *fingerprints)
{
	keys->trusted = fingerprints;
}

int64_t sign_keys_good_until(const struct sign_keys *keys)
{
	return keys->good_until;
}

static void lower_until(struct sign_keys *keys, long expires)
{
	if (expires > 0 && (!keys->good_until || expires < keys->good_until))
		keys->good_until = expires;
}

/* When the signature, the key that made it or the key above that one expires first. */
static void note_expiry(struct sign_keys *keys, const struct _gpgme_signature *signature,
                        gpgme_key_t key)
{
	lower_until(keys, (long)signature->exp_timestamp);
	for (gpgme_subkey_t sub = key->subkeys; sub; sub = sub->next)
		if (sub == key->subkeys || (sub->fpr && !strcasecmp(sub->fpr, signature->fpr)))
			lower_until(keys, sub->expires);
}

/* A signature may be by a subkey: what is trusted is the key it belongs to. */
static bool is_trusted(struct sign_keys *keys, const struct _gpgme_signature *signature)
{
	gpgme_key_t key = NULL;
	if (!signature->fpr || gpgme_get_key(keys->context, signature->fpr, &key, 0) || !key)
		return !keys->trusted;
	bool trusted = !keys->trusted;
	const char *primary = key->fpr ? key->fpr : "";
	for (size_t i = 0; keys->trusted && i < keys->trusted->count; i++)
		trusted |= strcasecmp(keys->trusted->items[i], primary) == 0;
	if (trusted)
		note_expiry(keys, signature, key);
	gpgme_key_unref(key);
	return trusted;
}

/* Why a signature doesn't count; NULL when it is good. */
static const char *fault_of(const struct _gpgme_signature *signature)
{
	switch (gpgme_err_code(signature->status)) {
	case GPG_ERR_NO_ERROR:
		return NULL;
	case GPG_ERR_BAD_SIGNATURE:
		return "the text is not what was signed";
	case GPG_ERR_NO_PUBKEY:
		return "none of our keys";
	case GPG_ERR_KEY_EXPIRED:
		return "the key has expired";
	case GPG_ERR_SIG_EXPIRED:
		return "the signature has expired";
	case GPG_ERR_CERT_REVOKED:
		return "the key was revoked";
	default:
		return gpgme_strerror(signature->status);
	}
}

/* One good signature is needed; one that is wrong spoils all. */
static int judge(struct sign_keys *keys, const char *name, struct err *err)
{
	own(str) faults = {0};
	bool good = false, bad = false;
	keys->good_until = 0;
	gpgme_verify_result_t result = gpgme_op_verify_result(keys->context);
	if (result)
		gpgme_result_ref(result); /* looking for keys would take it away */
	for (gpgme_signature_t s = result ? result->signatures : NULL; s; s = s->next) {
		const char *fault = fault_of(s);
		if (!fault && !is_trusted(keys, s))
			fault = "not a key that is trusted here";
		good |= !fault;
		bad |= gpgme_err_code(s->status) == GPG_ERR_BAD_SIGNATURE;
		if (fault)
			str_addf(&faults, "%s%s: %s", faults.len ? "; " : "",
			         s->fpr ? s->fpr : "a key", fault);
	}
	if (result)
		gpgme_result_unref(result);
	if (good && !bad)
		return 0;
	return err_set(err, ERR_TRUST, "%s: no valid signature (%s)", name,
	               faults.len ? str_text(&faults) : "it has none");
}

static int append(gpgme_data_t data, struct str *text)
{
	char buffer[16384];
	ssize_t count;
	if (gpgme_data_seek(data, 0, SEEK_SET) < 0)
		return -1;
	while ((count = gpgme_data_read(data, buffer, sizeof buffer)) > 0)
		str_add_bytes(text, buffer, (size_t)count);
	return count < 0 ? -1 : 0;
}

/* gpg's own "no data" is said of what is no signed text at all. */
static int not_verified(const char *name, gpgme_error_t error, struct err *err)
{
	if (gpgme_err_code(error) == GPG_ERR_NO_DATA)
		return err_set(err, ERR_TRUST, "%s: no valid signature (it is not signed)", name);
	return err_set(err, ERR_TRUST, "%s: %s", name, gpgme_strerror(error));
}

/* gpg passes over what stands before and after a signed text. */
static bool is_all_signed(const char *text, size_t length)
{
	static const char begin[] = "-----BEGIN PGP SIGNED MESSAGE-----";
	static const char end[] = "\n-----END PGP SIGNATURE-----";
	own_free char *copy = mem_strndup(text, length);
	const char *at = str_starts(copy, begin) ? strstr(copy, end) : NULL;
	if (!at || strlen(copy) != length)
		return false;
	at += strlen(end);
	return at[strspn(at, "\r\n")] == '\0';
}

int sign_verify_clear(struct sign_keys *keys, const char *name, const char *text, size_t length,
                      struct str *ret_signed, struct err *err)
{
	own_data in = NULL, out = NULL;
	gpgme_error_t error = gpgme_data_new_from_mem(&in, text, length, 0);
	if (!error)
		error = gpgme_data_new(&out);
	if (error)
		return err_set(err, ERR_SYSTEM, "gpgme: %s", gpgme_strerror(error));
	error = gpgme_op_verify(keys->context, in, NULL, out);
	if (error)
		return not_verified(name, error, err);
	if (judge(keys, name, err) < 0)
		return -1;
	if (!is_all_signed(text, length))
		return err_set(err, ERR_TRUST, "%s: holds more than the signed text", name);
	return append(out, ret_signed) < 0 ? err_errno(err, "%s", name) : 0;
}

int sign_verify_detached(struct sign_keys *keys, const char *path, const char *signature_path,
                         struct err *err)
{
	own_fd int file = open(path, O_RDONLY | O_CLOEXEC);
	own_fd int signature = open(signature_path, O_RDONLY | O_CLOEXEC);
	own_data data = NULL, signature_data = NULL;
	if (file < 0 || signature < 0)
		return err_errno(err, "%s", file < 0 ? path : signature_path);
	gpgme_error_t error = gpgme_data_new_from_fd(&data, file);
	if (!error)
		error = gpgme_data_new_from_fd(&signature_data, signature);
	if (error)
		return err_set(err, ERR_SYSTEM, "gpgme: %s", gpgme_strerror(error));
	error = gpgme_op_verify(keys->context, signature_data, data, NULL);
	return error ? not_verified(path, error, err) : judge(keys, path, err);
}
