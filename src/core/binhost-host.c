/* A binhost as those see it who write to it: its indexes are read with their signatures checked,
 * and changed so that no concurrent change is lost. */
#include "binhost-host.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "binhost-mark.h"
#include "fs.h"
#include "log.h"
#include "own.h"
#include "path.h"
#include "sign.h"
#include "signing.h"

enum { MAX_ATTEMPTS = 40, FIRST_PAUSE_MS = 50, LAST_PAUSE_MS = 2000, MAX_SERIAL_GAP = 1000000 };

/* ---- which host */

static const char *push_url(const struct config_binhost *host)
{
	if (host->push)
		return host->push;
	return str_starts(host->url, "file://") ? host->url : NULL;
}

static bool is_address(const char *text)
{
	return strstr(text, "://") != NULL;
}

static int find_only(const struct config *config, const struct config_binhost **ret_host,
                     struct err *err)
{
	const struct config_binhost *found = NULL;
	size_t count = 0;
	for (vec_each(host, &config->binhosts)) {
		if (!push_url(host))
			continue;
		found = host;
		count++;
	}
	*ret_host = found;
	if (count == 1)
		return 0;
	err_set(err, ERR_USAGE, count ? "which binhost?" : "no binhost is named");
	return err_hint(err,
	                count ? "--to=NAME names one of those in %s"
	                      : "--to=file:///dir or --to=s3://bucket, or a binhost with "
	                        "`push` in %s",
	                config->path);
}

static int find_named(const struct config *config, const char *to,
                      const struct config_binhost **ret_host, struct err *err)
{
	const struct config_binhost *host = config_find_binhost(config, to);
	if (!host) {
		err_set(err, ERR_USAGE, "no binhost \"%s\" in %s", to, config->path);
		return err_hint(err, "name one that is there, or an address: file:///dir, "
		                     "s3://bucket");
	}
	if (!push_url(host)) {
		err_set(err, ERR_USAGE, "binhost %s: nothing says how it is written", to);
		return err_hint(err,
		                "add `push: s3://bucket/prefix` or `push: file:///dir` to it "
		                "in %s",
		                config->path);
	}
	*ret_host = host;
	return 0;
}

/* An address that is some host's is that host: its keys and settings apply. */
static const struct config_binhost *find_address(const struct config *config, const char *url)
{
	for (vec_each(host, &config->binhosts))
		if (push_url(host) && str_equal(push_url(host), url))
			return host;
	return NULL;
}

static int open_target(const struct config_binhost *configured, const char *url,
                       struct binhost_target **ret_target, struct err *err)
{
	if (str_starts(url, "file://"))
		return binhost_dir_open(url, ret_target, err);
	if (str_starts(url, "s3://"))
		return binhost_s3_open(url, configured ? configured->s3.endpoint : NULL,
		                       configured ? configured->s3.region : NULL, ret_target, err);
	err_set(err, ERR_USAGE, "%s: can't be written to", url);
	return err_hint(err, "file:///dir or s3://bucket/prefix");
}

static int open_host(struct binhost_host *host, const char *to, struct err *err)
{
	const struct config_binhost *configured = NULL;
	if (config_load(host->workspace, &host->config, err) < 0)
		return -1;
	if (to && is_address(to))
		configured = find_address(&host->config, to);
	else if (to ? find_named(&host->config, to, &configured, err) < 0
	            : find_only(&host->config, &configured, err) < 0)
		return -1;
	const char *url = configured ? push_url(configured) : to;
	if (open_target(configured, url, &host->target, err) < 0)
		return -1;
	if (configured)
		strv_add_all(&host->trusted, &configured->keys);
	return signing_valid_keys(host->workspace, false, &host->trusted, err);
}

int binhost_host_open(const struct workspace *workspace, const char *to,
                      const struct event_sink *sink, struct binhost_host *ret_host, struct err *err)
{
	struct binhost_host host = {.workspace = workspace, .sink = sink};
	if (open_host(&host, to, err) < 0) {
		binhost_host_release(&host);
		return -1;
	}
	*ret_host = host;
	return 0;
}

void binhost_host_release(struct binhost_host *host)
{
	config_release(&host->config);
	binhost_target_free(host->target);
	strv_release(&host->trusted);
	*host = (struct binhost_host){0};
}

/* ---- what was written from here: an older index must not come back */

static char *mark_path(const struct binhost_host *host, const char *name)
{
	own_free char *what = mem_printf("%s/%s", host->target->url, name);
	struct digest digest;
	char hex[DIGEST_HEX];
	digest_of(what, strlen(what), &digest);
	digest_hex(&digest, hex);
	return workspace_data(host->workspace, "pushed/%s", hex);
}

static int check_serial(const struct binhost_host *host, const char *name,
                        const struct binhost_index *index, uint64_t known, struct err *err)
{
	own_free char *path = mark_path(host, name);
	char here[24];
	if (index->serial >= known)
		return 0;
	binhost_date_text(index->date, here);
	if (index->serial)
		err_set(err, ERR_TRUST,
		        "%s/%s: rolled back: it is number %" PRIu64 " of %s, and %" PRIu64
		        " was written from here",
		        host->target->url, name, index->serial, here, known);
	else
		err_set(err, ERR_TRUST, "%s/%s: gone, and number %" PRIu64 " was written from here",
		        host->target->url, name, known);
	return err_hint(err, "readers will refuse it, too. If it was done on purpose: %srm %s",
	                index->serial ? "" : "`push --afresh`, or ", path);
}

static int remember(const struct binhost_host *host, const char *name,
                    const struct binhost_index *index, bool is_removed, struct err *err)
{
	own_free char *path = mark_path(host, name);
	const struct binhost_mark mark = {index->serial, index->date, is_removed};
	return binhost_mark_raise(path, &mark, err);
}

/* ---- reading */

const char *binhost_index_arch(const char *name)
{
	return path_base(name);
}

static int verify(const struct binhost_host *host, const char *name, const struct str *raw,
                  struct str *ret_text, struct err *err)
{
	own_free char *label = mem_printf("%s/%s", host->target->url, name);
	own(strv) files = {0};
	struct sign_keys *keys = NULL;
	if (signing_trusted_files(host->workspace, &files, err) < 0 ||
	    fs_make_dirs(host->workspace->data, 0755, err) < 0 ||
	    sign_keys_open(&files, host->workspace->data, &keys, err) < 0)
		return -1;
	sign_keys_trust(keys, &host->trusted);
	int result = sign_verify_clear(keys, label, str_text(raw), raw->len, ret_text, err);
	sign_keys_close(keys);
	if (result < 0)
		err_hint(err,
		         "whoever signs it must be among the binhost's `keys` in sdk.yaml, "
		         "with the public key in bootstrap/keys/; `push --afresh` begins anew");
	return result;
}

static int parse(const struct binhost_host *host, const char *name, struct str *text,
                 struct binhost_index *ret_index, struct err *err)
{
	own_free char *label = mem_printf("%s/%s", host->target->url, name);
	struct binhost_index index = {0};
	if (binhost_index_parse(label, text, &index, err) < 0)
		return -1;
	if (!str_equal(index.arch, binhost_index_arch(name))) {
		err_set(err, ERR_TRUST, "%s: it is an index for %s", label, index.arch);
		binhost_index_release(&index);
		return -1;
	}
	*ret_index = index;
	return 0;
}

/* The number that an index which can't be believed gives itself: readers may have seen it. */
static uint64_t claimed_serial(const struct str *raw)
{
	const char *at = strstr(str_text(raw), "\nserial ");
	return at ? strtoull(at + strlen("\nserial "), NULL, 10) : 0;
}

/* An empty index in the place of one that can't be believed, if that is wanted; its number goes on
 * from the old one, so that readers don't call it rolled back. */
static int begin_afresh(const struct binhost_host *host, const struct str *raw, uint64_t known,
                        struct binhost_index *index, struct err *err)
{
	uint64_t claimed = claimed_serial(raw);
	if (!host->afresh || !err || err->kind != ERR_TRUST)
		return -1;
	event_warn(host->sink, "begun afresh, without what it had: %s", err->message);
	err_release(err);
	index->serial = claimed > known && claimed - known < MAX_SERIAL_GAP ? claimed : known;
	return 0;
}

/* The same for one that is gone: because it was removed from here, or whatever the reason. */
static void begin_again(const struct binhost_host *host, const char *name,
                        const struct binhost_mark *known, struct binhost_index *index)
{
	index->serial = known->serial;
	if (known->serial && !known->is_removed)
		event_warn(host->sink, "begun afresh: %s/%s was gone", host->target->url, name);
}

int binhost_host_read(struct binhost_host *host, const char *name, struct binhost_index *ret_index,
                      char **ret_tag, struct err *err)
{
	own(str) raw = {0}, text = {0};
	own(binhost_index) index = {0};
	own_free char *tag = NULL;
	own_free char *path = mark_path(host, name);
	struct binhost_mark known;
	/* The mark first: what another process of ours writes in between must not make the index
	 * look old. */
	if (binhost_mark_read(path, &known, err) < 0 ||
	    host->target->ops->read(host->target, name, &raw, &tag, err) < 0)
		return -1;
	if (tag &&
	    (verify(host, name, &raw, &text, err) < 0 ||
	     parse(host, name, &text, &index, err) < 0) &&
	    begin_afresh(host, &raw, known.serial, &index, err) < 0)
		return -1;
	if (!tag && (known.is_removed || host->afresh))
		begin_again(host, name, &known, &index);
	if (check_serial(host, name, &index, known.serial, err) < 0)
		return -1;
	*ret_index = index;
	index = (struct binhost_index){0};
	*ret_tag = steal_ptr(tag);
	return 0;
}

int binhost_host_indexes(struct binhost_host *host, struct strv *ret_names, struct err *err)
{
	own(binhost_listing) list = {0};
	if (host->target->ops->list(host->target, "index/", &list, err) < 0 ||
	    host->target->ops->list(host->target, "releases/", &list, err) < 0)
		return -1;
	for (vec_each(item, &list))
		strv_add(ret_names, item->name);
	strv_sort(ret_names);
	if (ret_names->count)
		return 0;
	err_set(err, ERR_INPUT, "%s: no binhost: there is no index in it", host->target->url);
	return err_hint(err, "`sdk binhost push` makes one");
}

/* ---- writing */

/* The next index: it stays as old as the first of its name. */
static void format(const char *name, const struct binhost_index *old, struct strv *lines,
                   struct str *text)
{
	int64_t now = (int64_t)time(NULL), created = binhost_index_created(old);
	own_free char *arch = mem_strdup(binhost_index_arch(name));
	const struct binhost_index head = {.arch = arch,
	                                   .serial = old->serial + 1,
	                                   .date = now,
	                                   .created = created ? created : now};
	binhost_index_format(&head, lines, text);
}

/* One attempt; *ret_done false: somebody came in between. */
static int attempt(struct binhost_host *host, const char *name, binhost_edit *edit, void *context,
                   bool *ret_done, struct binhost_index *ret_index, struct err *err)
{
	own(binhost_index) old = {0}, new = {0};
	own(strv) lines = {0};
	own(str) text = {0}, signed_text = {0};
	own_free char *tag = NULL;
	bool changed = true;
	if (binhost_host_read(host, name, &old, &tag, err) < 0)
		return -1;
	for (const char *line = NULL; (line = binhost_index_next(&old, line));)
		strv_take(&lines, mem_strndup(line, strcspn(line, "\n") + 1));
	if (edit(context, &old, &lines, &changed, err) < 0)
		return -1;
	*ret_done = true;
	if (!changed) {
		*ret_index = old;
		old = (struct binhost_index){0};
		return 0;
	}
	format(name, &old, &lines, &text);
	if (signing_sign(host->workspace, str_text(&text), text.len, &signed_text, err) < 0 ||
	    parse(host, name, &text, &new, err) < 0 ||
	    host->target->ops->swap(host->target, name, &signed_text, tag, ret_done, err) < 0)
		return -1;
	if (!*ret_done)
		return 0;
	*ret_index = new;
	new = (struct binhost_index){0};
	return remember(host, name, ret_index, false, err);
}

/* Remembered first: interrupted in between, what is there still is no roll-back. */
int binhost_host_remove(struct binhost_host *host, const struct strv *names, struct err *err)
{
	for (size_t i = 0; i < names->count; i++) {
		own(binhost_index) index = {0};
		own_free char *tag = NULL;
		if (binhost_host_read(host, names->items[i], &index, &tag, err) < 0 ||
		    remember(host, names->items[i], &index, true, err) < 0)
			return -1;
	}
	return host->target->ops->remove(host->target, names, err);
}

/* A random part keeps two that met from meeting again. */
static void pause_before(unsigned attempt_number)
{
	unsigned random = 0;
	unsigned most = FIRST_PAUSE_MS << (attempt_number < 6 ? attempt_number : 6);
	if (most > LAST_PAUSE_MS)
		most = LAST_PAUSE_MS;
	if (getrandom(&random, sizeof random, 0) < 0)
		random = (unsigned)getpid();
	usleep((most / 2 + random % most) * 1000);
}

int binhost_host_update(struct binhost_host *host, const char *name, binhost_edit *edit,
                        void *context, struct binhost_index *ret_index, struct err *err)
{
	own(binhost_index) index = {0};
	bool done = false;
	for (unsigned i = 0; !done; i++) {
		if (i == MAX_ATTEMPTS)
			return err_set(err, ERR_NETWORK, "%s/%s: others change it all the time",
			               host->target->url, name);
		if (i > 0) {
			log_debug("%s: changed meanwhile, merging again", name);
			pause_before(i);
		}
		if (attempt(host, name, edit, context, &done, &index, err) < 0)
			return -1;
	}
	if (ret_index) {
		*ret_index = index;
		index = (struct binhost_index){0};
	}
	return 0;
}
