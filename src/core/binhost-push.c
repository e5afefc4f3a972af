/* Pushing: what was built here goes to a binhost.
 *
 * Archives of one manifest can differ in their bytes (another version of zstd made them), and
 * objects are never replaced by a push that does not have to: the index names the bytes that are
 * there. They are looked at before it vouches for them. */
#include "binhost-push.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "binhost-expired.h"
#include "fs.h"
#include "map.h"
#include "own.h"
#include "path.h"
#include "session.h"
#include "store-unpack.h"

/* Larger than any archive that was ever made here. */
static const uint64_t max_object_bytes = UINT64_C(16) << 30;

/* ---- what there is to push */

void push_set_release(struct push_set *set)
{
	for (vec_each(record, &set->records))
		record_release(record);
	vec_release(&set->records);
	free(set->arch);
	*set = (struct push_set){0};
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct record *)a)->key, ((const struct record *)b)->key);
}

static void drop_doubles(struct record_list *list)
{
	size_t kept = 0;
	vec_sort(list, by_key);
	for (vec_each(record, list)) {
		if (kept && str_equal(list->items[kept - 1].key, record->key))
			record_release(record);
		else
			list->items[kept++] = *record;
	}
	list->count = kept;
}

/* What nobody else has the source of, and all that was built against it, stays here. */
static int refuse_worktrees(const struct graph *graph, struct err *err)
{
	for (vec_each(node, &graph->nodes)) {
		const struct worktree *tree = (*node)->worktree;
		if (!tree)
			continue;
		err_set(err, ERR_INPUT,
		        "%s is built from the working tree %s: it does not belong on a binhost",
		        tree->package, tree->dir);
		return err_hint(err, "sdk workon %s stop", tree->package);
	}
	return 0;
}

int push_set_add(struct push_set *set, const struct workspace *workspace,
                 const struct build_request *request, struct err *err)
{
	own(build_session) session = {0};
	if (session_make(workspace, request, &session, err) < 0)
		return -1;
	if (!set->arch)
		set->arch = mem_strdup(request->arch);
	if (refuse_worktrees(&session.graph, err) < 0)
		return -1;
	for (vec_each(node, &session.graph.nodes)) {
		if ((*node)->state != NODE_DONE) {
			set->unbuilt++;
			continue;
		}
		vec_push(&set->records, (*node)->record);
		(*node)->record = (struct record){0};
	}
	drop_doubles(&set->records);
	return 0;
}

/* ---- one push */

/* An archive that an entry will name. */
struct object {
	char digest[DIGEST_HEX];
	char *name, *path, *task;
	bool known;           /* what the target has is settled: */
	uint64_t bytes;       /* … its size */
	struct digest sha256; /* … its digest */
	bool uploaded;
};

struct push {
	struct binhost_host *host;
	const struct push_set *set;
	const struct push_options *options;
	struct push_result *result;
	char *index_name;
	int64_t now;
	VEC(const struct record *) wanted; /* records that the index lacks */
	VEC(struct object *) objects;      /* of the wanted records */
	struct map by_digest;              /* struct object */
};

static void push_release(struct push *push)
{
	for (vec_each(object, &push->objects)) {
		free((*object)->name);
		free((*object)->path);
		free((*object)->task);
		free(*object);
	}
	vec_release(&push->objects);
	vec_release(&push->wanted);
	map_release(&push->by_digest);
	free(push->index_name);
}

static void add_object(struct push *push, const struct record *record,
                       const struct record_output *output)
{
	if (map_get(&push->by_digest, output->digest))
		return;
	struct object *object = mem_alloc(sizeof *object);
	memcpy(object->digest, output->digest, DIGEST_HEX);
	object->name = binhost_object_name(output->digest);
	object->path = store_archive_path(push->host->workspace, output->digest);
	object->task = mem_printf("%s %s", record->package, output->name);
	vec_push(&push->objects, object);
	map_set(&push->by_digest, object->digest, object);
}

static bool has_archives(const struct push *push, const struct record *record)
{
	for (vec_each(output, &record->outputs)) {
		own_free char *path = store_archive_path(push->host->workspace, output->digest);
		if (!fs_is_file(path))
			return false;
	}
	return true;
}

/* The same key with other outputs: one of the two builds was not reproducible. */
static void compare_entry(struct push *push, const struct record *record, const char *line)
{
	own(binhost_entry) entry = {0};
	if (!binhost_entry_read(line, &entry))
		return;
	for (vec_each(object, &entry.objects)) {
		const struct record_output *ours = record_find(record, object->output);
		if (ours && str_equal(ours->digest, object->digest))
			continue;
		event_warn(push->host->sink,
		           "%s: output %s differs from the host's for the same key: one of the "
		           "two builds was not reproducible; the host's is kept",
		           record->package, object->output);
		return;
	}
}

static void choose_records(struct push *push, const struct binhost_index *index)
{
	for (vec_each(record, &push->set->records)) {
		const char *line = binhost_index_find(index, record->key);
		if (line && !push->options->again) {
			compare_entry(push, record, line);
			continue;
		}
		if (!has_archives(push, record)) {
			push->result->absent++;
			continue;
		}
		vec_push(&push->wanted, record);
		for (vec_each(output, &record->outputs))
			add_object(push, record, output);
	}
}

/* What an entry of the index says of an object, it has vouched for. */
static void take_known(struct push *push, const struct binhost_index *index)
{
	if (push->options->again)
		return;
	for (const char *line = NULL; (line = binhost_index_next(index, line));) {
		own(binhost_entry) entry = {0};
		if (!binhost_entry_read(line, &entry))
			continue;
		for (vec_each(from, &entry.objects)) {
			struct object *object = map_get(&push->by_digest, from->digest);
			if (!object)
				continue;
			object->known = digest_parse(from->sha256, &object->sha256);
			object->bytes = from->object_bytes;
		}
	}
}

/* ---- objects */

static int make_item(const struct push *push, const struct object *object,
                     struct binhost_item *ret_item, struct err *err)
{
	struct stat st;
	*ret_item = (struct binhost_item){.name = object->name,
	                                  .path = object->path,
	                                  .task = object->task,
	                                  .overwrite = push->options->again};
	if (stat(object->path, &st) < 0)
		return err_errno(err, "%s", object->path);
	ret_item->bytes = (uint64_t)st.st_size;
	return digest_file(object->path, &ret_item->sha256, err);
}

static void settle(struct object *object, uint64_t bytes, const struct digest *sha256)
{
	object->known = true;
	object->bytes = bytes;
	object->sha256 = *sha256;
}

static bool is_same(const struct binhost_item *item)
{
	return item->is_there && item->there_bytes == item->bytes && item->has_there_sha256 &&
	       digest_equal(&item->there_sha256, &item->sha256);
}

/* Fetches what the target has under the name, and looks whether it is the output. */
static int inspect(struct push *push, const struct object *object, uint64_t *ret_bytes,
                   struct digest *ret_sha256, struct err *err)
{
	struct binhost_host *host = push->host;
	own_free char *dir = NULL;
	own_free char *scratch = workspace_cache(host->workspace, "push");
	if (fs_make_temporary(scratch, &dir, err) < 0)
		return -1;
	own_free char *path = path_join(dir, "object");
	own_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_EXCL, 0600);
	int result = fd < 0 ? err_errno(err, "%s", path) : 0;
	if (result == 0)
		result = host->target->ops->get(host->target, object->name, max_object_bytes, fd,
		                                err);
	if (result == 0)
		result = store_check_archive(path, object->digest, dir, err);
	if (result == 0)
		result = digest_file(path, ret_sha256, err);
	struct stat st;
	if (result == 0 && fstat(fd, &st) == 0)
		*ret_bytes = (uint64_t)st.st_size;
	fs_remove_tree(dir, NULL);
	return result;
}

static int upload(struct push *push, struct binhost_item *items, struct object **objects,
                  size_t count, struct err *err)
{
	struct binhost_target *target = push->host->target;
	if (target->ops->put(target, items, count, push->host->sink, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (items[i].is_there && !items[i].overwrite)
			continue; /* somebody was faster */
		objects[i]->uploaded = true;
		settle(objects[i], items[i].bytes, &items[i].sha256);
		push->result->objects++;
		push->result->bytes += items[i].bytes;
	}
	return 0;
}

/* Something is there under the name, and it is not known to be ours. */
static int settle_foreign(struct push *push, struct object *object, struct binhost_item *item,
                          struct err *err)
{
	own(err) why = {0};
	uint64_t bytes = 0;
	struct digest sha256;
	if (inspect(push, object, &bytes, &sha256, &why) == 0) {
		settle(object, bytes, &sha256);
		return 0;
	}
	if (why.kind != ERR_TRUST && why.kind != ERR_INPUT)
		return err_move(err, &why);
	event_warn(push->host->sink, "%s/%s: damaged, replaced (%s)", push->host->target->url,
	           object->name, why.message);
	item->overwrite = true;
	return upload(push, item, &object, 1, err);
}

static int settle_there(struct push *push, struct object **objects, struct binhost_item *items,
                        size_t count, struct err *err)
{
	struct binhost_target *target = push->host->target;
	if (target->ops->look(target, items, count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!items[i].is_there)
			continue;
		if (is_same(&items[i]))
			settle(objects[i], items[i].bytes, &items[i].sha256);
		else if (settle_foreign(push, objects[i], &items[i], err) < 0)
			return -1;
	}
	return 0;
}

/* Leaves those that are not known yet. */
static size_t keep_unknown(struct object **objects, struct binhost_item *items, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (objects[i]->known)
			continue;
		objects[kept] = objects[i];
		items[kept++] = items[i];
	}
	return kept;
}

static int settle_objects(struct push *push, struct object **objects, struct binhost_item *items,
                          size_t count, struct err *err)
{
	if (!push->options->again && settle_there(push, objects, items, count, err) < 0)
		return -1;
	count = keep_unknown(objects, items, count);
	if (upload(push, items, objects, count, err) < 0)
		return -1;
	/* Uploaded by another pusher while we did. */
	count = keep_unknown(objects, items, count);
	if (count && settle_there(push, objects, items, count, err) < 0)
		return -1;
	count = keep_unknown(objects, items, count);
	return count ? err_set(err, ERR_NETWORK, "%s/%s: came and went; push again",
	                       push->host->target->url, objects[0]->name)
	             : 0;
}

static int bring_objects(struct push *push, struct err *err)
{
	own_free struct object **objects = mem_alloc((push->objects.count + 1) * sizeof *objects);
	own_free struct binhost_item *items = mem_alloc((push->objects.count + 1) * sizeof *items);
	size_t count = 0;
	if (push->objects.count && expired_rescue(push->host, &push->by_digest, err) < 0)
		return -1;
	for (vec_each(object, &push->objects)) {
		if ((*object)->known)
			continue;
		if (make_item(push, *object, &items[count], err) < 0)
			return -1;
		objects[count++] = *object;
	}
	return count ? settle_objects(push, objects, items, count, err) : 0;
}

/* ---- the index */

static void add_entry(const struct push *push, const struct record *record, struct strv *lines)
{
	own(binhost_entry) entry = {.package = mem_strdup(record->package),
	                            .version = mem_strdup(record->version),
	                            .seconds = record->seconds,
	                            .pushed = push->now};
	own(str) line = {0};
	memcpy(entry.key, record->key, DIGEST_HEX);
	for (vec_each(output, &record->outputs)) {
		const struct object *object = map_get(&push->by_digest, output->digest);
		struct binhost_object to = {.bytes = output->bytes, .object_bytes = object->bytes};
		strncpy(to.output, output->name, sizeof to.output - 1);
		memcpy(to.digest, output->digest, DIGEST_HEX);
		digest_hex(&object->sha256, to.sha256);
		vec_push(&entry.objects, to);
	}
	binhost_entry_format(&entry, &line);
	strv_take(lines, str_steal(&line));
}

static void drop_line(struct strv *lines, const char *key)
{
	for (size_t i = 0; i < lines->count; i++) {
		if (!str_starts(lines->items[i], key))
			continue;
		free(lines->items[i]);
		lines->items[i] = lines->items[--lines->count];
		return;
	}
}

static int enter(void *context, const struct binhost_index *old, struct strv *lines,
                 bool *ret_changed, struct err *err)
{
	struct push *push = context;
	(void)err;
	push->result->added = 0;
	for (vec_each(record, &push->wanted)) {
		bool there = binhost_index_find(old, (*record)->key);
		if (there && !push->options->again)
			continue;
		if (there)
			drop_line(lines, (*record)->key);
		add_entry(push, *record, lines);
		push->result->added++;
	}
	*ret_changed = push->result->added > 0 || old->serial == 0;
	return 0;
}

/* ---- a release */

struct release {
	const struct push_set *set;
	const struct binhost_index *index; /* the host's, with all of the set that it has */
};

static int enter_release(void *context, const struct binhost_index *old, struct strv *lines,
                         bool *ret_changed, struct err *err)
{
	const struct release *release = context;
	(void)err;
	*ret_changed = old->serial == 0;
	for (vec_each(record, &release->set->records)) {
		const char *line = binhost_index_find(release->index, record->key);
		if (!line || binhost_index_find(old, record->key))
			continue;
		strv_take(lines, mem_strndup(line, strcspn(line, "\n") + 1));
		*ret_changed = true;
	}
	return 0;
}

static int push_to_release(struct push *push, const struct binhost_index *index, struct err *err)
{
	struct release release = {push->set, index};
	own_free char *name = mem_printf("releases/%s/%s", push->options->release, push->set->arch);
	return binhost_host_update(push->host, name, enter_release, &release, NULL, err);
}

int binhost_push(struct binhost_host *host, const struct push_set *set,
                 const struct push_options *options, struct push_result *ret_result,
                 struct err *err)
{
	*ret_result = (struct push_result){0};
	own(push) push = {.host = host,
	                  .set = set,
	                  .options = options,
	                  .result = ret_result,
	                  .index_name = mem_printf("index/%s", set->arch),
	                  .now = (int64_t)time(NULL)};
	own(binhost_index) before = {0}, after = {0};
	own_free char *tag = NULL;
	if (binhost_host_read(host, push.index_name, &before, &tag, err) < 0)
		return -1;
	choose_records(&push, &before);
	take_known(&push, &before);
	if (bring_objects(&push, err) < 0 ||
	    binhost_host_update(host, push.index_name, enter, &push, &after, err) < 0)
		return -1;
	ret_result->serial = after.serial;
	ret_result->entries = after.count;
	return options->release ? push_to_release(&push, &after, err) : 0;
}

/* ---- signing anew */

static int change_nothing(void *context, const struct binhost_index *old, struct strv *lines,
                          bool *ret_changed, struct err *err)
{
	(void)context, (void)old, (void)lines, (void)err;
	*ret_changed = true;
	return 0;
}

int binhost_sign(struct binhost_host *host, const struct strv *names, struct strv *ret_signed,
                 struct err *err)
{
	own(strv) all = {0};
	if (names->count == 0 && binhost_host_indexes(host, &all, err) < 0)
		return -1;
	if (names->count == 0)
		names = &all;
	for (size_t i = 0; i < names->count; i++) {
		if (binhost_host_update(host, names->items[i], change_nothing, NULL, NULL, err) < 0)
			return -1;
		strv_add(ret_signed, names->items[i]);
	}
	return 0;
}
