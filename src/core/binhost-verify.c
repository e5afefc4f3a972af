/* Verifying a binhost: every archive that an index names is fetched and looked at. */
#include "binhost-verify.h"

#include <stdlib.h>

#include "binhost-look.h"
#include "fs.h"
#include "map.h"
#include "own.h"

struct verify {
	struct binhost_host *host;
	struct binhost_report *report;
	char *dir;          /* scratch */
	struct map by_name; /* "<digest>:<sha256>" of all archives that were met, and … */
	struct binhost_look_list all; /* … what was found of them */
	struct strv words;            /* keys of `by_name` */
};

void binhost_report_release(struct binhost_report *report)
{
	for (vec_each(fault, &report->faults)) {
		free(fault->index);
		free(fault->package);
		free(fault->output);
		free(fault->name);
		free(fault->what);
	}
	vec_release(&report->faults);
}

static void verify_release(struct verify *verify)
{
	if (verify->dir)
		fs_remove_tree(verify->dir, NULL);
	free(verify->dir);
	map_release(&verify->by_name);
	strv_release(&verify->words);
	for (vec_each(look, &verify->all))
		binhost_look_free(*look);
	vec_release(&verify->all);
}

static char *word_of(const struct binhost_object *object)
{
	return mem_printf("%s:%s", object->digest, object->sha256);
}

/* Notes the archives of an entry that were not met before. */
static void meet(struct verify *verify, const struct binhost_entry *entry,
                 struct binhost_look_list *fresh)
{
	for (vec_each(object, &entry->objects)) {
		own_free char *word = word_of(object);
		if (map_get(&verify->by_name, word))
			continue;
		struct binhost_look *look = mem_alloc(sizeof *look);
		*look = (struct binhost_look){.object = *object,
		                              .task = mem_printf("%s %s", entry->package,
		                                                 object->output)};
		vec_push(&verify->all, look);
		vec_push(fresh, look);
		map_set(&verify->by_name, word, look);
		strv_take(&verify->words, steal_ptr(word));
	}
}

static void count_looks(struct verify *verify, const struct binhost_look_list *fresh)
{
	for (size_t i = 0; i < fresh->count && fresh->items[i]->is_done; i++) {
		verify->report->objects++;
		verify->report->bytes += fresh->items[i]->object.object_bytes;
	}
}

static void add_fault(struct verify *verify, const char *index, const struct binhost_entry *entry,
                      const struct binhost_object *object, const char *what)
{
	struct binhost_fault fault = {.index = mem_strdup(index),
	                              .package = mem_strdup(entry->package),
	                              .output = mem_strdup(object->output),
	                              .name = binhost_object_name(object->digest),
	                              .what = mem_strdup(what)};
	vec_push(&verify->report->faults, fault);
}

/* Reports an entry, up to the first archive that could not be looked at: then false. */
static bool report_entry(struct verify *verify, const char *index,
                         const struct binhost_entry *entry)
{
	verify->report->entries++;
	for (vec_each(object, &entry->objects)) {
		own_free char *word = word_of(object);
		const struct binhost_look *look = map_get(&verify->by_name, word);
		if (!look->is_done)
			return false;
		if (look->what)
			add_fault(verify, index, entry, object, look->what);
	}
	return true;
}

static int verify_entries(struct verify *verify, const char *name,
                          const struct binhost_index *index, struct err *err)
{
	struct binhost_look_list fresh = {0};
	for (const char *line = NULL; (line = binhost_index_next(index, line));) {
		own(binhost_entry) entry = {0};
		if (binhost_entry_read(line, &entry))
			meet(verify, &entry, &fresh);
	}
	int result = binhost_look(verify->host, verify->dir, &fresh, err);
	count_looks(verify, &fresh);
	vec_release(&fresh);
	for (const char *line = NULL; (line = binhost_index_next(index, line));) {
		own(binhost_entry) entry = {0};
		if (binhost_entry_read(line, &entry) && !report_entry(verify, name, &entry))
			break;
	}
	return result;
}

static int verify_index(struct verify *verify, const char *name, struct err *err)
{
	own(binhost_index) index = {0};
	own_free char *tag = NULL;
	if (binhost_host_read(verify->host, name, &index, &tag, err) < 0)
		return -1;
	if (!tag)
		return err_set(err, ERR_INPUT, "%s has no %s", verify->host->target->url, name);
	verify->report->indexes++;
	return verify_entries(verify, name, &index, err);
}

int binhost_verify(struct binhost_host *host, const struct strv *names,
                   struct binhost_report *report, struct err *err)
{
	own(verify) verify = {.host = host, .report = report};
	own(strv) all = {0};
	own_free char *scratch = workspace_cache(host->workspace, "push");
	if (fs_clean_temporaries(scratch, err) < 0 ||
	    fs_make_temporary(scratch, &verify.dir, err) < 0)
		return -1;
	if (names->count == 0 && binhost_host_indexes(host, &all, err) < 0)
		return -1;
	for (size_t i = 0; i < (names->count ? names : &all)->count; i++)
		if (verify_index(&verify, (names->count ? names : &all)->items[i], err) < 0)
			return -1;
	report->is_complete = true;
	return 0;
}
