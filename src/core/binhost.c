/* The binhosts of sdk.yaml, as a plan sees them: which keys they know, and where the archives are.
 */
#include "binhost.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "binhost-copy.h"
#include "own.h"
#include "release.h"

enum { RECENT_SECONDS = 300 };

void binhosts_release(struct binhosts *hosts)
{
	for (vec_each(host, &hosts->hosts))
		binhost_index_release(&host->index);
	vec_release(&hosts->hosts);
	strv_release(&hosts->refused);
	config_release(&hosts->config);
	*hosts = (struct binhosts){0};
}

void binhost_source_list_release(struct binhost_source_list *list)
{
	for (vec_each(source, list))
		free(source->url);
	vec_release(list);
}

/* ---- opening */

/* What was refused is asked for again: a key that was missing may be here now. */
static bool must_ask(const struct binhost_copy *copy, enum binhost_ask ask)
{
	int64_t age = (int64_t)time(NULL) - copy->asked;
	switch (ask) {
	case BINHOST_NOW:
		return true;
	case BINHOST_RECENT:
		return copy->is_refused || age < 0 || age >= RECENT_SECONDS;
	case BINHOST_MISSING:
		return !copy->asked;
	default:
		return false;
	}
}

/* Asks those that are to be asked, all at once. */
static int ask_hosts(struct binhost_copy *copies, size_t count, enum binhost_ask ask,
                     struct err *err)
{
	struct fetch_text *texts = mem_alloc((count + 1) * sizeof *texts);
	size_t *of = mem_alloc((count + 1) * sizeof *of), asked = 0;
	int result = 0;
	for (size_t i = 0; i < count; i++)
		if (must_ask(&copies[i], ask)) {
			of[asked] = i;
			binhost_copy_ask(&copies[i], &texts[asked++]);
		}
	fetch_texts(texts, asked);
	for (size_t i = 0; i < asked; i++) {
		if (result == 0)
			result = binhost_copy_take(&copies[of[i]], &texts[i], err);
		fetch_text_release(&texts[i]);
	}
	free(texts);
	free(of);
	return result;
}

static void tell_failure(const struct binhost_copy *copy, const struct binhost_index *index,
                         const struct event_sink *sink)
{
	char date[24];
	binhost_date_text(index->date, date);
	event_warn(sink, "binhost %s: %s; its index of %s is used", copy->host->name, copy->failure,
	           date);
}

/* A copy that was damaged here is fetched again at once. */
static int read_copy(struct binhost_copy *copy, enum binhost_ask ask, struct binhost_index *index,
                     struct err *err)
{
	bool had = copy->digest;
	if (binhost_copy_read(copy, index, err) == 0)
		return 0;
	if (!had || copy->digest || ask == BINHOST_COPY ||
	    ask_hosts(copy, 1, BINHOST_NOW, NULL) < 0)
		return -1;
	err_release(err);
	return binhost_copy_read(copy, index, err);
}

/* A server that is down is worth a word while a build is on; a query has not asked it. */
static void open_host(struct binhosts *hosts, struct binhost_copy *copy, enum binhost_ask ask,
                      const struct event_sink *sink)
{
	own(err) err = {0};
	struct binhost host = {.config = copy->host};
	bool silent = ask == BINHOST_COPY || (ask == BINHOST_MISSING && copy->digest);
	/* Not every host has every release; the current index follows. */
	if (copy->is_release && !copy->digest && !copy->is_refused)
		return;
	if (read_copy(copy, ask, &host.index, &err) == 0) {
		if (copy->failure && !silent)
			tell_failure(copy, &host.index, sink);
		vec_push(&hosts->hosts, host);
	} else if (!copy->digest && copy->failure && !silent) {
		event_warn(sink, "binhost %s is not used: %s", copy->host->name, copy->failure);
	} else if (copy->digest || !copy->failure) {
		event_warn(sink, "binhost %s is not used: %s", copy->host->name, err.message);
	}
}

int binhosts_open(const struct workspace *workspace, const char *arch, enum binhost_ask ask,
                  const struct event_sink *sink, struct binhosts *ret_hosts, struct err *err)
{
	*ret_hosts = (struct binhosts){0};
	if (ask == BINHOST_NONE)
		return 0;
	if (config_load(workspace, &ret_hosts->config, err) < 0)
		return -1;
	own_free char *release = release_pinned(workspace);
	size_t each =
		release ? 2 : 1; /* a host's index of the release goes before its current one */
	size_t count = ret_hosts->config.binhosts.count * each;
	struct binhost_copy *copies = mem_alloc((count + 1) * sizeof *copies);
	for (size_t i = 0; i < count; i++)
		binhost_copy_open(workspace, &ret_hosts->config.binhosts.items[i / each], arch,
		                  i % each == each - 1 ? NULL : release, &copies[i]);
	int result = ask_hosts(copies, count, ask, err);
	for (size_t i = 0; i < count; i++) {
		if (result == 0)
			open_host(ret_hosts, &copies[i], ask, sink);
		binhost_copy_release(&copies[i]);
	}
	free(copies);
	return result;
}

/* ---- looking up */

static bool is_refused(const struct binhosts *hosts, const struct binhost_entry *entry)
{
	for (vec_each(object, &entry->objects))
		if (strv_has(&hosts->refused, object->digest))
			return true;
	return false;
}

static void make_record(const struct binhost_entry *entry, const char *arch, struct record *record)
{
	*record = (struct record){.package = mem_strdup(entry->package),
	                          .version = mem_strdup(entry->version),
	                          .arch = mem_strdup(arch),
	                          .seconds = entry->seconds};
	memcpy(record->key, entry->key, sizeof record->key);
	for (vec_each(object, &entry->objects)) {
		struct record_output output = {.name = mem_strdup(object->output),
		                               .bytes = object->bytes};
		memcpy(output.digest, object->digest, sizeof output.digest);
		vec_push(&record->outputs, output);
	}
}

bool binhosts_find(const struct binhosts *hosts, const char *arch, const char *package,
                   const char *key, struct record *ret_record)
{
	for (vec_each(host, &hosts->hosts)) {
		own(binhost_entry) entry = {0};
		const char *line = binhost_index_find(&host->index, key);
		if (!line || !binhost_entry_read(line, &entry) ||
		    !str_equal(entry.package, package) || is_refused(hosts, &entry))
			continue;
		make_record(&entry, arch, ret_record);
		return true;
	}
	return false;
}

static char *object_url(const struct binhost *host, const char *digest)
{
	own_free char *name = binhost_object_name(digest);
	size_t length = strlen(host->config->url);
	while (length && host->config->url[length - 1] == '/')
		length--;
	return mem_printf("%.*s/%s", (int)length, host->config->url, name);
}

void binhosts_locate(const struct binhosts *hosts, const char *key, const char *digest,
                     struct binhost_source_list *ret_sources)
{
	for (vec_each(host, &hosts->hosts)) {
		own(binhost_entry) entry = {0};
		const char *line = binhost_index_find(&host->index, key);
		if (!line || !binhost_entry_read(line, &entry))
			continue;
		for (vec_each(object, &entry.objects)) {
			if (!str_equal(object->digest, digest))
				continue;
			struct binhost_source source = {.host = host->config->name,
			                                .url = object_url(host, digest),
			                                .object = *object};
			vec_push(ret_sources, source);
			break;
		}
	}
}

uint64_t binhosts_object_bytes(const struct binhosts *hosts, const char *key, const char *digest)
{
	own(binhost_source_list) sources = {0};
	binhosts_locate(hosts, key, digest, &sources);
	return sources.count ? sources.items[0].object.object_bytes : 0;
}

void binhosts_refuse(struct binhosts *hosts, const char *digest)
{
	if (!strv_has(&hosts->refused, digest))
		strv_add(&hosts->refused, digest);
}
