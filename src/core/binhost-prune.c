/* Pruning a binhost: old entries leave the indexes, and later their archives go. */
#include "binhost-prune.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "binhost-expired.h"
#include "map.h"
#include "own.h"
#include "path.h"
#include "version.h"

enum { SECONDS_A_DAY = 86400 };

struct prune {
	struct binhost_host *host;
	const struct prune_options *options;
	struct prune_result *result;
	int64_t now;
	struct strv kept_keys; /* of the releases that stay */
	struct map kept;       /* set of kept_keys */
};

void prune_result_release(struct prune_result *result)
{
	for (vec_each(entry, &result->entries)) {
		free(entry->index);
		free(entry->package);
		free(entry->version);
	}
	vec_release(&result->entries);
	strv_release(&result->releases);
	strv_release(&result->objects);
}

/* ---- releases */

struct release {
	char *name;      /* "releases/1.0" */
	int64_t created; /* of the first of its indexes; signing and pushing change nothing there */
	struct strv indexes;
};
VEC_OF(release_list, struct release);

static void release_list_release(struct release_list *list)
{
	for (vec_each(release, list)) {
		free(release->name);
		strv_release(&release->indexes);
	}
	vec_release(list);
}

static int newest_first(const void *a, const void *b)
{
	const struct release *x = a, *y = b;
	if (x->created != y->created)
		return x->created > y->created ? -1 : 1;
	return version_compare(y->name, x->name);
}

/* A release is as old as the first of its indexes; the names are sorted, so that those of a release
 * come together. */
static int list_releases(struct prune *prune, const struct strv *names, struct release_list *list,
                         struct err *err)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!str_starts(names->items[i], "releases/"))
			continue;
		own_free char *dir = path_dir(names->items[i]);
		own(binhost_index) index = {0};
		own_free char *tag = NULL;
		if (binhost_host_read(prune->host, names->items[i], &index, &tag, err) < 0)
			return -1;
		if (!list->count || !str_equal(list->items[list->count - 1].name, dir))
			vec_push(list,
			         (struct release){.name = mem_strdup(dir), .created = INT64_MAX});
		struct release *release = &list->items[list->count - 1];
		int64_t created = binhost_index_created(&index);
		strv_add(&release->indexes, names->items[i]);
		if (created < release->created)
			release->created = created;
	}
	vec_sort(list, newest_first);
	return 0;
}

static int keep_keys(struct prune *prune, const char *name, struct err *err)
{
	own(binhost_index) index = {0};
	own_free char *tag = NULL;
	if (binhost_host_read(prune->host, name, &index, &tag, err) < 0)
		return -1;
	for (const char *line = NULL; (line = binhost_index_next(&index, line));)
		strv_take(&prune->kept_keys, mem_strndup(line, DIGEST_HEX - 1));
	return 0;
}

static int remove_release(struct prune *prune, const struct release *release, struct err *err)
{
	strv_add(&prune->result->releases, release->name + strlen("releases/"));
	if (prune->options->dry_run)
		return 0;
	return binhost_host_remove(prune->host, &release->indexes, err);
}

static int prune_releases(struct prune *prune, const struct strv *names, struct err *err)
{
	own(release_list) list = {0};
	if (list_releases(prune, names, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		int64_t keep = prune->options->keep_releases;
		if (keep >= 0 && (int64_t)i >= keep) {
			if (remove_release(prune, &list.items[i], err) < 0)
				return -1;
			continue;
		}
		for (size_t k = 0; k < list.items[i].indexes.count; k++)
			if (keep_keys(prune, list.items[i].indexes.items[k], err) < 0)
				return -1;
	}
	for (size_t i = 0; i < prune->kept_keys.count; i++)
		map_set(&prune->kept, prune->kept_keys.items[i], prune);
	return 0;
}

/* ---- entries */

struct entries_edit {
	struct prune *prune;
	const char *name;
	size_t before; /* entries of the result before this index */
};

static void forget_entries(struct prune_result *result, size_t count)
{
	while (result->entries.count > count) {
		struct pruned_entry *entry = &result->entries.items[--result->entries.count];
		free(entry->index);
		free(entry->package);
		free(entry->version);
	}
}

static bool is_old(const struct prune *prune, const struct binhost_entry *entry)
{
	int64_t days = prune->options->keep_days;
	return days >= 0 && entry->pushed <= prune->now - days * SECONDS_A_DAY &&
	       !map_get(&prune->kept, entry->key);
}

static int drop_old(void *context, const struct binhost_index *old, struct strv *lines,
                    bool *ret_changed, struct err *err)
{
	struct entries_edit *edit = context;
	struct prune_result *result = edit->prune->result;
	size_t kept = 0;
	(void)old, (void)err;
	forget_entries(result, edit->before);
	for (size_t i = 0; i < lines->count; i++) {
		own(binhost_entry) entry = {0};
		if (!binhost_entry_read(lines->items[i], &entry) || !is_old(edit->prune, &entry)) {
			lines->items[kept++] = lines->items[i];
			continue;
		}
		struct pruned_entry gone = {.index = mem_strdup(edit->name),
		                            .package = mem_strdup(entry.package),
		                            .version = mem_strdup(entry.version),
		                            .pushed = entry.pushed};
		vec_push(&result->entries, gone);
		free(lines->items[i]);
	}
	lines->count = kept;
	*ret_changed = result->entries.count > edit->before && !edit->prune->options->dry_run;
	return 0;
}

static int prune_entries(struct prune *prune, const struct strv *names, struct err *err)
{
	for (size_t i = 0; i < names->count; i++) {
		struct entries_edit edit = {prune, names->items[i], prune->result->entries.count};
		if (str_starts(names->items[i], "index/") &&
		    binhost_host_update(prune->host, names->items[i], drop_old, &edit, NULL, err) <
		            0)
			return -1;
	}
	return 0;
}

/* ---- archives */

/* What the indexes name now. */
struct references {
	struct strv digests;
	struct map set;
};

static void references_release(struct references *references)
{
	map_release(&references->set);
	strv_release(&references->digests);
}

static bool is_going(const struct prune *prune, const char *name, const struct binhost_entry *entry)
{
	if (!prune->options->dry_run)
		return false;
	for (size_t i = 0; i < prune->result->releases.count; i++) {
		own_free char *dir = mem_printf("releases/%s/", prune->result->releases.items[i]);
		if (str_starts(name, dir))
			return true;
	}
	return str_starts(name, "index/") && is_old(prune, entry);
}

static int add_references(struct prune *prune, const char *name, struct references *references,
                          struct err *err)
{
	own(binhost_index) index = {0};
	own_free char *tag = NULL;
	if (binhost_host_read(prune->host, name, &index, &tag, err) < 0)
		return -1;
	for (const char *line = NULL; (line = binhost_index_next(&index, line));) {
		own(binhost_entry) entry = {0};
		if (!binhost_entry_read(line, &entry) || is_going(prune, name, &entry))
			continue;
		for (vec_each(object, &entry.objects))
			strv_add(&references->digests, object->digest);
	}
	return 0;
}

static int find_references(struct prune *prune, struct references *references, struct err *err)
{
	own(strv) names = {0};
	if (binhost_host_indexes(prune->host, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (add_references(prune, names.items[i], references, err) < 0)
			return -1;
	for (size_t i = 0; i < references->digests.count; i++)
		map_set(&references->set, references->digests.items[i], prune);
	return 0;
}

/* The digest in "objects/aa/<digest>.pkg.tar.zst"; false for names that are not ours. */
static bool read_name(const char *name, char ret_digest[DIGEST_HEX])
{
	const char *base = path_base(name);
	if (strlen(base) < DIGEST_HEX)
		return false;
	memcpy(ret_digest, base, DIGEST_HEX - 1);
	ret_digest[DIGEST_HEX - 1] = '\0';
	own_free char *again = binhost_object_name(ret_digest);
	struct digest digest;
	return str_equal(again, name) && digest_parse(ret_digest, &digest);
}

/* The new list: what no index names, each with the time since when. What has been on the old one
 * for longer than the grace is marked, and appended to the result's objects. */
static void judge_objects(struct prune *prune, const struct binhost_listing *objects,
                          const struct references *references, const struct expired_list *old,
                          struct expired_list *new)
{
	for (vec_each(object, objects)) {
		struct expired_item item = {.since = prune->now};
		if (!read_name(object->name, item.digest) || map_get(&references->set, item.digest))
			continue;
		const struct expired_item *before = expired_find(old, item.digest);
		if (before)
			item.since = before->since;
		if ((before && before->deleting) ||
		    prune->now - item.since >= prune->options->grace_seconds) {
			item.deleting = true;
			item.since = prune->now;
			strv_add(&prune->result->objects, object->name);
			prune->result->bytes += object->bytes;
		} else {
			prune->result->waiting++;
		}
		vec_push(&new->items, item);
	}
}

/* Marks in `expired` what is to be removed, until nobody came in between. */
static int mark_objects(struct prune *prune, struct err *err)
{
	for (bool done = false; !done;) {
		own(binhost_listing) objects = {0};
		own(references) references = {0};
		own(expired_list) old = {0}, new = {0};
		strv_release(&prune->result->objects);
		prune->result->bytes = 0;
		prune->result->waiting = 0;
		/* The list before the indexes: a pusher takes its objects off, then enters them. */
		if (expired_read(prune->host, &old, err) < 0 ||
		    prune->host->target->ops->list(prune->host->target, "objects/", &objects, err) <
		            0 ||
		    find_references(prune, &references, err) < 0)
			return -1;
		judge_objects(prune, &objects, &references, &old, &new);
		if (prune->options->dry_run || (!old.items.count && !new.items.count))
			return 0;
		new.tag = old.tag ? mem_strdup(old.tag) : NULL;
		if (expired_write(prune->host, &new, &done, err) < 0)
			return -1;
	}
	return 0;
}

/* A pusher may have entered one of them between the look at the indexes and the mark. */
static int spare_entered(struct prune *prune, struct err *err)
{
	own(references) references = {0};
	struct strv *objects = &prune->result->objects;
	size_t kept = 0;
	if (find_references(prune, &references, err) < 0)
		return -1;
	for (size_t i = 0; i < objects->count; i++) {
		char digest[DIGEST_HEX];
		if (read_name(objects->items[i], digest) && !map_get(&references.set, digest))
			objects->items[kept++] = objects->items[i];
		else
			free(objects->items[i]);
	}
	objects->count = kept;
	return 0;
}

static int unmark_objects(struct prune *prune, struct err *err)
{
	for (bool done = false; !done;) {
		own(expired_list) list = {0};
		size_t kept = 0;
		if (expired_read(prune->host, &list, err) < 0)
			return -1;
		for (vec_each(item, &list.items))
			if (!item->deleting)
				list.items.items[kept++] = *item;
		list.items.count = kept;
		if (expired_write(prune->host, &list, &done, err) < 0)
			return -1;
	}
	return 0;
}

static int prune_objects(struct prune *prune, struct err *err)
{
	if (mark_objects(prune, err) < 0)
		return -1;
	if (prune->options->dry_run || !prune->result->objects.count)
		return 0;
	if (spare_entered(prune, err) < 0 ||
	    prune->host->target->ops->remove(prune->host->target, &prune->result->objects, err) < 0)
		return -1;
	return unmark_objects(prune, err);
}

static void prune_release(struct prune *prune)
{
	map_release(&prune->kept);
	strv_release(&prune->kept_keys);
}

int binhost_prune(struct binhost_host *host, const struct prune_options *options,
                  struct prune_result *ret_result, struct err *err)
{
	own(prune_result) result = {0};
	own(prune) prune = {
		.host = host, .options = options, .result = &result, .now = (int64_t)time(NULL)};
	own(strv) names = {0};
	if (binhost_host_indexes(host, &names, err) < 0 ||
	    prune_releases(&prune, &names, err) < 0 || prune_entries(&prune, &names, err) < 0 ||
	    prune_objects(&prune, err) < 0)
		return -1;
	*ret_result = result;
	result = (struct prune_result){0};
	return 0;
}
