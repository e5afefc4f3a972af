/* The copy of a binhost's index: fetched, verified, and kept with what was verified. */
#include "binhost-copy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "binhost-mark.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "sign.h"
#include "signing.h"

enum { MAX_INDEX_BYTES = 64 << 20, MAX_STATE_BYTES = 64 << 10, MAX_KEY_BYTES = 4 << 20 };
enum { DAY_SECONDS = 24 * 60 * 60 };

/* ---- where it lies, what is known of it */

static char *hex_of(const void *bytes, size_t count)
{
	struct digest digest;
	char hex[DIGEST_HEX];
	digest_of(bytes, count, &digest);
	digest_hex(&digest, hex);
	return mem_strdup(hex);
}

static char *file_of(const struct binhost_copy *copy, const char *what)
{
	return mem_printf("%s.%s", copy->base, what);
}

void binhost_copy_release(struct binhost_copy *copy)
{
	free(copy->url);
	free(copy->base);
	free(copy->seen);
	free(copy->etag);
	free(copy->modified);
	free(copy->digest);
	free(copy->failure);
	*copy = (struct binhost_copy){0};
}

static void read_state(struct binhost_copy *copy)
{
	own_free char *path = file_of(copy, "state");
	own(str) text = {0};
	if (!fs_exists(path) || fs_read(path, MAX_STATE_BYTES, &text, NULL) < 0 || !text.len)
		return;
	char *rest = text.data;
	for (char *line; (line = strsep(&rest, "\n"));) {
		char *value = line, *word = strsep(&value, " ");
		char **texts[] = {&copy->etag, &copy->modified, &copy->digest, &copy->failure};
		static const char *const words[] = {"etag", "modified", "digest", "failure"};
		if (str_equal(word, "refused"))
			copy->is_refused = true;
		if (value && str_equal(word, "asked"))
			copy->asked = strtoll(value, NULL, 10);
		for (size_t i = 0; value && i < sizeof words / sizeof *words; i++) {
			if (!str_equal(word, words[i]))
				continue;
			free(*texts[i]);
			*texts[i] = mem_strdup(value);
		}
	}
}

static void add_line(struct str *text, const char *word, const char *value)
{
	if (value)
		str_addf(text, "%s %.*s\n", word, (int)strcspn(value, "\n"), value);
}

static int write_state(const struct binhost_copy *copy, struct err *err)
{
	own_free char *path = file_of(copy, "state");
	own(str) text = {0};
	str_addf(&text, "asked %" PRId64 "\n", copy->asked);
	add_line(&text, "digest", copy->digest);
	add_line(&text, "etag", copy->etag);
	add_line(&text, "modified", copy->modified);
	add_line(&text, "failure", copy->failure);
	if (copy->is_refused)
		str_add(&text, "refused\n");
	return fs_make_parents(path, err) < 0 ? -1 : fs_write_text(path, str_text(&text), err);
}

/* There is no copy; the server's 304 would be of no use. */
static void forget(struct binhost_copy *copy)
{
	free(steal_ptr(copy->digest));
	free(steal_ptr(copy->etag));
	free(steal_ptr(copy->modified));
}

void binhost_copy_open(const struct workspace *workspace, const struct config_binhost *host,
                       const char *arch, const char *release, struct binhost_copy *ret_copy)
{
	own_free char *id = hex_of(host->url, strlen(host->url));
	own_free char *name = release ? mem_printf("releases/%s/%s", release, arch)
	                              : mem_printf("index/%s", arch);
	own_free char *tag = release ? hex_of(release, strlen(release)) : NULL;
	/* Each index has its own serial numbers. */
	own_free char *file = tag ? mem_printf("%s-%.16s", arch, tag) : mem_strdup(arch);
	size_t length = strlen(host->url);
	while (length && host->url[length - 1] == '/')
		length--;
	*ret_copy = (struct binhost_copy){
		.workspace = workspace,
		.host = host,
		.arch = arch,
		.is_release = release,
		.url = mem_printf("%.*s/%s", (int)length, host->url, name),
		.base = workspace_cache(workspace, "binhosts/%.16s/%s", id, file),
		.seen = workspace_data(workspace, "binhosts/%.16s-%s", id, file),
	};
	read_state(ret_copy);
	own_free char *path = file_of(ret_copy, "signed");
	if (!fs_is_file(path))
		forget(ret_copy);
}

/* ---- asking */

void binhost_copy_ask(const struct binhost_copy *copy, struct fetch_text *ret_text)
{
	*ret_text = (struct fetch_text){
		.url = copy->url,
		.max_bytes = MAX_INDEX_BYTES,
		.etag = copy->etag ? mem_strdup(copy->etag) : NULL,
		.modified = copy->modified ? mem_strdup(copy->modified) : NULL,
	};
}

/* ---- what a verdict rests on */

/* One digest over the key files' contents and the fingerprints that are trusted. */
static int digest_keys(const struct binhost_copy *copy, const struct strv *files, char **ret_hex,
                       struct err *err)
{
	own(str) all = {0};
	for (size_t i = 0; i < files->count; i++) {
		own(str) text = {0};
		if (fs_read(files->items[i], MAX_KEY_BYTES, &text, err) < 0)
			return -1;
		own_free char *hex = hex_of(text.data, text.len);
		str_addf(&all, "file %s\n", hex);
	}
	for (size_t i = 0; i < copy->host->keys.count; i++)
		str_addf(&all, "trust %s\n", copy->host->keys.items[i]);
	*ret_hex = hex_of(all.data, all.len);
	return 0;
}

/* The first lines of .verified, up to the digest of what follows. */
static char *format_stamp(const struct binhost_copy *copy, const char *keys, int64_t until)
{
	return mem_printf("dray-binhost-verified 1\nsigned %s\nkeys %s\nuntil %" PRId64 "\ntext ",
	                  copy->digest, keys, until);
}

/* The text of .verified, if its stamp is of what we have and no key has expired since. */
static bool load_verified(const struct binhost_copy *copy, const char *keys, struct str *ret_text)
{
	own_free char *path = file_of(copy, "verified");
	own(str) text = {0};
	if (!fs_exists(path) || fs_read(path, MAX_INDEX_BYTES, &text, NULL) < 0)
		return false;
	const char *at = strstr(str_text(&text), "\nuntil ");
	int64_t until = at ? strtoll(at + strlen("\nuntil "), NULL, 10) : -1;
	if (until < 0 || (until && until <= (int64_t)time(NULL)))
		return false;
	own_free char *stamp = format_stamp(copy, keys, until);
	size_t length = strlen(stamp) + DIGEST_HEX;
	if (!str_starts(text.data, stamp) || text.len < length || text.data[length - 1] != '\n')
		return false;
	own_free char *hex = hex_of(text.data + length, text.len - length);
	if (strncmp(hex, text.data + strlen(stamp), DIGEST_HEX - 1) != 0)
		return false;
	str_add_bytes(ret_text, text.data + length, text.len - length);
	return true;
}

static int save_verified(const struct binhost_copy *copy, const char *keys, int64_t until,
                         const struct str *text, struct err *err)
{
	own_free char *path = file_of(copy, "verified");
	own_free char *stamp = format_stamp(copy, keys, until);
	own_free char *hex = hex_of(text->data, text->len);
	own(str) all = {0};
	str_addf(&all, "%s%s\n", stamp, hex);
	str_add_bytes(&all, text->data, text->len);
	return fs_write_file(path, all.data, all.len, 0644, err);
}

/* ---- the verdict */

static int check_signature(const struct binhost_copy *copy, const struct strv *files,
                           const struct str *raw, struct str *ret_text, int64_t *ret_until,
                           struct err *err)
{
	own_free char *home = path_dir(copy->base);
	struct sign_keys *keys = NULL;
	if (fs_make_dirs(home, 0755, err) < 0 || sign_keys_open(files, home, &keys, err) < 0)
		return -1;
	sign_keys_trust(keys, &copy->host->keys);
	int result = sign_verify_clear(keys, copy->url, raw->data, raw->len, ret_text, err);
	*ret_until = sign_keys_good_until(keys);
	sign_keys_close(keys);
	return result;
}

/* The bytes of .signed; damaged ones are forgotten. */
static int load_signed(struct binhost_copy *copy, struct str *ret_raw, struct err *err)
{
	own_free char *path = file_of(copy, "signed");
	if (fs_read(path, MAX_INDEX_BYTES, ret_raw, err) < 0)
		return -1;
	own_free char *hex = hex_of(ret_raw->data, ret_raw->len);
	if (str_equal(hex, copy->digest))
		return 0;
	forget(copy);
	copy->asked = 0;
	if (write_state(copy, err) < 0)
		return -1;
	return err_set(err, ERR_TRUST, "%s: not what was fetched", path);
}

static int check_age(const struct binhost_copy *copy, const struct binhost_index *index,
                     struct err *err)
{
	struct binhost_mark seen;
	char now[24], before[24];
	if (binhost_mark_read(copy->seen, &seen, err) < 0)
		return -1;
	binhost_date_text(index->date, now);
	binhost_date_text(seen.date, before);
	if (index->serial < seen.serial ||
	    (index->serial == seen.serial && index->date < seen.date))
		return err_set(err, ERR_TRUST,
		               "%s: rolled back to number %" PRIu64 " of %s; number %" PRIu64
		               " of %s was seen before",
		               copy->url, index->serial, now, seen.serial, before);
	if (index->serial == seen.serial && index->date == seen.date)
		return 0;
	const struct binhost_mark mark = {.serial = index->serial, .date = index->date};
	return binhost_mark_raise(copy->seen, &mark, err);
}

/* Whether the text, which was signed, is an index for us and no older one than was seen. */
static int judge(const struct binhost_copy *copy, struct str *text, struct binhost_index *ret_index,
                 struct err *err)
{
	struct binhost_index index = {0};
	if (binhost_index_parse(copy->url, text, &index, err) < 0)
		return -1;
	int result = 0;
	if (!str_equal(index.arch, copy->arch))
		result =
			err_set(err, ERR_TRUST, "%s: it is an index for %s", copy->url, index.arch);
	else
		result = check_age(copy, &index, err);
	if (result < 0)
		binhost_index_release(&index);
	else
		*ret_index = index;
	return result;
}

/* Who keeps readers from a newer index, with its keys revoked and its holes mended, can do so for
 * so long only. A release's index is not renewed: it says what that was made of, once. */
static int check_fresh(const struct binhost_copy *copy, const struct binhost_index *index,
                       struct err *err)
{
	char date[24];
	int64_t age = (int64_t)time(NULL) - index->date;
	if (copy->is_release || age <= (int64_t)copy->host->max_age_days * DAY_SECONDS)
		return 0;
	binhost_date_text(index->date, date);
	return err_set(err, ERR_TRUST,
	               "%s: its index of %s is older than %" PRIu64
	               " days (max-age-days); `sdk binhost sign` renews it",
	               copy->url, date, copy->host->max_age_days);
}

int binhost_copy_read(struct binhost_copy *copy, struct binhost_index *ret_index, struct err *err)
{
	own(strv) files = {0};
	own(str) raw = {0}, text = {0};
	own_free char *keys = NULL;
	int64_t until = 0;
	if (!copy->digest)
		return err_set(err, ERR_INPUT, "%s: was never fetched", copy->url);
	if (signing_trusted_files(copy->workspace, &files, err) < 0 ||
	    digest_keys(copy, &files, &keys, err) < 0)
		return -1;
	if (!load_verified(copy, keys, &text) &&
	    (load_signed(copy, &raw, err) < 0 ||
	     check_signature(copy, &files, &raw, &text, &until, err) < 0 ||
	     save_verified(copy, keys, until, &text, err) < 0))
		return -1;
	own(binhost_index) index = {0};
	if (judge(copy, &text, &index, err) < 0 || check_fresh(copy, &index, err) < 0)
		return -1;
	*ret_index = index;
	index = (struct binhost_index){0};
	return 0;
}

/* ---- what came */

/* Whether it can be believed: a page of whoever stands between us and the server is no reason to
 * lose what we have. */
static int check_answer(const struct binhost_copy *copy, const struct str *raw, struct err *err)
{
	own(strv) files = {0};
	own(str) text = {0};
	own(binhost_index) index = {0};
	int64_t until;
	if (signing_trusted_files(copy->workspace, &files, err) < 0 ||
	    check_signature(copy, &files, raw, &text, &until, err) < 0)
		return -1;
	return judge(copy, &text, &index, err);
}

static int keep(struct binhost_copy *copy, struct fetch_text *text, struct err *err)
{
	own_free char *path = file_of(copy, "signed");
	if (fs_make_parents(path, err) < 0 ||
	    fs_write_file(path, text->text.data, text->text.len, 0644, err) < 0)
		return -1;
	free(copy->etag);
	free(copy->modified);
	free(copy->digest);
	copy->etag = steal_ptr(text->etag);
	copy->modified = steal_ptr(text->modified);
	copy->digest = hex_of(text->text.data, text->text.len);
	return 0;
}

int binhost_copy_take(struct binhost_copy *copy, struct fetch_text *text, struct err *err)
{
	own(err) why = {0};
	copy->asked = (int64_t)time(NULL);
	copy->is_refused =
		!text->err.kind && text->is_changed && check_answer(copy, &text->text, &why) < 0;
	free(copy->failure);
	copy->failure = text->err.kind     ? mem_strdup(text->err.message)
	                : copy->is_refused ? mem_strdup(why.message)
	                                   : NULL;
	if (!copy->failure && text->is_changed && keep(copy, text, err) < 0)
		return -1;
	return write_state(copy, err);
}
