/* Verifying a binhost: every archive that an index names is fetched and looked at. */
#include "binhost-verify.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "map.h"
#include "own.h"
#include "path.h"
#include "store-unpack.h"

struct verify {
	struct binhost_host *host;
	struct binhost_report *report;
	char *dir;         /* scratch */
	struct map seen;   /* "<digest>:<sha256>" of what was looked at: what it was found to be */
	struct strv words; /* keys of `seen` */
	struct strv found; /* values of `seen`: "" is good */
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
	map_release(&verify->seen);
	strv_release(&verify->words);
	strv_release(&verify->found);
}

static int compare(const char *path, const struct binhost_object *object, const char *dir,
                   struct err *err)
{
	struct stat st;
	struct digest digest;
	char hex[DIGEST_HEX];
	if (stat(path, &st) < 0)
		return err_errno(err, "%s", path);
	if (digest_file(path, &digest, err) < 0)
		return -1;
	if ((uint64_t)st.st_size != object->object_bytes)
		return err_set(err, ERR_TRUST, "%lld bytes instead of %llu", (long long)st.st_size,
		               (unsigned long long)object->object_bytes);
	digest_hex(&digest, hex);
	if (!str_equal(hex, object->sha256))
		return err_set(err, ERR_TRUST, "its SHA-256 is %.16s… instead of %.16s…", hex,
		               object->sha256);
	return store_check_archive(path, object->digest, dir, err);
}

static int look(struct verify *verify, const char *name, const struct binhost_object *object,
                struct err *err)
{
	own_free char *path = path_join(verify->dir, "object");
	own_fd int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, "%s", path);
	if (verify->host->target->ops->get(verify->host->target, name, object->object_bytes, fd,
	                                   err) < 0)
		return -1;
	return compare(path, object, verify->dir, err);
}

/* What is wrong with the object; "" when it is good. -1: it could not be looked at. */
static int find_fault(struct verify *verify, const char *name, const char *task,
                      const struct binhost_object *object, const char **ret_what, struct err *err)
{
	own_free char *word = mem_printf("%s:%s", object->digest, object->sha256);
	*ret_what = map_get(&verify->seen, word);
	if (*ret_what)
		return 0;
	own(err) why = {0};
	struct event event = {.kind = EVENT_BEGIN, .task = task};
	event_emit(verify->host->sink, &event);
	int result = look(verify, name, object, &why);
	event.kind = EVENT_END;
	event.status = result;
	event_emit(verify->host->sink, &event);
	if (result < 0 && why.kind != ERR_TRUST && why.kind != ERR_INPUT)
		return err_move(err, &why);
	strv_add(&verify->found, result < 0 ? why.message : "");
	strv_take(&verify->words, steal_ptr(word));
	*ret_what = verify->found.items[verify->found.count - 1];
	map_set(&verify->seen, verify->words.items[verify->words.count - 1], (char *)*ret_what);
	verify->report->objects++;
	verify->report->bytes += object->object_bytes;
	return 0;
}

static int verify_entry(struct verify *verify, const char *index, const struct binhost_entry *entry,
                        struct err *err)
{
	for (vec_each(object, &entry->objects)) {
		own_free char *name = binhost_object_name(object->digest);
		own_free char *task = mem_printf("%s %s", entry->package, object->output);
		const char *what;
		if (find_fault(verify, name, task, object, &what, err) < 0)
			return -1;
		if (!*what)
			continue;
		struct binhost_fault fault = {.index = mem_strdup(index),
		                              .package = mem_strdup(entry->package),
		                              .output = mem_strdup(object->output),
		                              .name = mem_strdup(name),
		                              .what = mem_strdup(what)};
		vec_push(&verify->report->faults, fault);
	}
	return 0;
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
	for (const char *line = NULL; (line = binhost_index_next(&index, line));) {
		own(binhost_entry) entry = {0};
		if (!binhost_entry_read(line, &entry))
			continue;
		verify->report->entries++;
		if (verify_entry(verify, name, &entry, err) < 0)
			return -1;
	}
	return 0;
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
