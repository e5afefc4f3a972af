/* What there is: entries of out/ and of the cache, with size, time of last use and identity. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"
#include "gc-parts.h"
#include "own.h"
#include "path.h"
#include "store.h"
#include "usage.h"

struct scan {
	const struct workspace *workspace;
	const struct gc_policy *policy;
	struct gc_roots *roots;
	struct gc *gc;
	struct usage_meter meter; /* of one area: links between its entries count once */
};

struct area {
	const char *name, *dir;
	bool is_cache;
	int depth; /* where its entries are: 1: directly below */
	/* Looks closer at an entry; may judge it. */
	void (*look)(struct scan *scan, struct gc_item *item);
};

/* ---- what is wrong with an entry, as far as a short look shows it */

static void name_by_label(const struct gc_roots *roots, struct gc_item *item)
{
	const char *label = map_get(&roots->labels, item->id);
	if (!label)
		return;
	free(item->name);
	item->name = mem_printf("%.12s  %s", item->id, label);
}

static void look_at_output(struct scan *scan, struct gc_item *item)
{
	own_free char *path = path_join(item->path, "manifest");
	struct digest digest;
	char hex[DIGEST_HEX] = "";
	if (digest_file(path, &digest, NULL) == 0)
		digest_hex(&digest, hex);
	if (!str_equal(hex, item->id))
		gc_judge(item, GC_BROKEN, "%s", *hex ? "its manifest is another's" : "no manifest");
	name_by_label(scan->roots, item);
}

/* cache/objects/<aa>/<digest>.pkg.tar.zst */
static void look_at_object(struct scan *scan, struct gc_item *item)
{
	struct digest digest;
	char *dot = strchr(item->id, '.');
	if (dot)
		*dot = '\0';
	if (!digest_parse(item->id, &digest))
		return;
	if (item->bytes == 0)
		gc_judge(item, GC_BROKEN, "empty");
	name_by_label(scan->roots, item);
}

static bool has_outputs(const struct scan *scan, const struct record *record)
{
	for (vec_each(output, &record->outputs))
		if (!store_has(scan->workspace, output->digest))
			return false;
	return true;
}

static void look_at_record(struct scan *scan, struct gc_item *item)
{
	own(record) record = {0};
	struct digest digest;
	if (!digest_parse(item->id, &digest))
		return;
	if (!record_read(item->path, &record) || !str_equal(record.key, item->id)) {
		gc_judge(item, GC_BROKEN, "not a record of this key");
		return;
	}
	gc_roots_label(scan->roots, &record);
	free(item->name);
	item->name = mem_printf("%.12s  %s %s (%s)", item->id, record.package, record.version,
	                        record.arch);
	if (!has_outputs(scan, &record))
		gc_judge(item, GC_BROKEN, "its outputs are gone");
}

/* cache/downloads/<aa>/<sha256>-<name>, and "….part" while it is fetched. */
static void look_at_download(struct scan *scan, struct gc_item *item)
{
	(void)scan;
	if (strlen(item->id) < DIGEST_HEX || item->id[DIGEST_HEX - 1] != '-')
		return;
	free(item->name);
	item->name = mem_strdup(item->id + DIGEST_HEX);
	if (!str_ends(item->id, ".part"))
		item->id[DIGEST_HEX - 1] = '\0';
}

static const struct area areas[] = {
	{"images", "images", false, 2, NULL},
	{"records", "keys", false, 3, look_at_record},
	{"shared records", "keys", true, 2, look_at_record},
	{"store", "store", false, 1, look_at_output},
	{"environments", "env", false, 1, NULL},
	{"toolchains", "toolchain", false, 1, NULL},
	{"work trees", "work", false, 2, NULL},
	{"reproducibility", "reproducible", false, 3, NULL},
	{"compiler archives", "compile/icecream", false, 1, NULL},
	{"logs", "logs", false, 2, NULL},
	{"package archives", "objects", true, 2, look_at_object},
	{"downloads", "downloads", true, 2, look_at_download},
};

/* ---- walking */

/* Names that writers give to what is not finished, and gc to what it throws away. */
static bool is_left_over(const char *name)
{
	return strstr(name, ".tmp-") != NULL;
}

static bool is_entry(const struct area *area, const char *name)
{
	struct digest digest;
	if (name[0] == '.')
		return is_left_over(name);
	if (str_ends(name, ".lock") || str_equal(name, "latest"))
		return false;
	bool by_key = str_equal(area->dir, "keys") || area->look == look_at_output ||
	              str_equal(area->dir, "images");
	return !by_key || digest_parse(name, &digest) || is_left_over(name);
}

static void add_item(struct scan *scan, const struct area *area, const char *path,
                     const char *relative)
{
	struct stat st;
	if (lstat(path, &st) < 0)
		return;
	uint64_t before = scan->meter.bytes;
	usage_add(&scan->meter, path);
	struct gc_item item = {.area = area->name,
	                       .is_cache = area->is_cache,
	                       .name = mem_strdup(relative),
	                       .path = mem_strdup(path),
	                       .id = mem_strdup(path_base(path)),
	                       .bytes = scan->meter.bytes - before,
	                       .used = st.st_mtim,
	                       .verdict = GC_YOUNG};
	if (is_left_over(item.id))
		gc_judge(&item, gc_days(&item) < 1 ? GC_YOUNG : GC_EXPIRED, "unfinished");
	else if (area->look)
		area->look(scan, &item);
	vec_push(&scan->gc->items, item);
}

/* A link instead of a directory leads to what is somebody else's. */
static bool is_own_dir(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void scan_dir(struct scan *scan, const struct area *area, const char *dir,
                     const char *relative, int depth)
{
	own(strv) names = {0};
	if (!is_own_dir(dir) || fs_list(dir, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		own_free char *path = path_join(dir, name);
		own_free char *below = *relative ? path_join(relative, name) : mem_strdup(name);
		if (depth > 1 && !is_left_over(name)) {
			scan_dir(scan, area, path, below, depth - 1);
			continue;
		}
		if (is_entry(area, name))
			add_item(scan, area, path, below);
	}
}

/* ---- images: judged here, since what they are made of depends on which of them stay */

static int latest_first(const void *a, const void *b)
{
	const struct timespec *x = &(*(struct gc_item *const *)a)->used;
	const struct timespec *y = &(*(struct gc_item *const *)b)->used;
	if (x->tv_sec != y->tv_sec)
		return x->tv_sec > y->tv_sec ? -1 : 1;
	return x->tv_nsec > y->tv_nsec ? -1 : x->tv_nsec < y->tv_nsec;
}

static void judge_image(struct scan *scan, struct gc_item *item, const char *board, size_t rank)
{
	own_free char *dir = path_dir(item->path);
	own_free char *link = path_join(dir, "latest");
	own_free char *latest = fs_read_link(link);
	if (latest && str_equal(latest, item->id))
		gc_judge(item, GC_NEEDED, "latest image of %s", board);
	else if (rank < scan->policy->keep_builds)
		gc_judge(item, GC_NEEDED, "one of the last images of %s", board);
	if (item->verdict == GC_NEEDED || gc_days(item) < (long)scan->policy->keep_days)
		gc_roots_add_image(scan->roots, item->path, board);
}

static void judge_images(struct scan *scan)
{
	VEC(struct gc_item *) images = {0};
	struct map ranks = {0}; /* board -> images seen + 1 */
	struct arena arena = {0};
	for (vec_each(item, &scan->gc->items))
		if (str_equal(item->area, "images") && !is_left_over(item->id))
			vec_push(&images, item);
	vec_sort(&images, latest_first);
	for (vec_each(image, &images)) {
		char *board = arena_strndup(&arena, (*image)->name, strcspn((*image)->name, "/"));
		uintptr_t rank = (uintptr_t)map_get(&ranks, board);
		map_set(&ranks, board, (void *)(rank + 1));
		judge_image(scan, *image, board, rank);
	}
	map_release(&ranks);
	arena_release(&arena);
	vec_release(&images);
}

int gc_scan(const struct workspace *workspace, const struct gc_policy *policy,
            struct gc_roots *roots, struct gc *gc, struct err *err)
{
	(void)err;
	struct scan scan = {.workspace = workspace, .policy = policy, .roots = roots, .gc = gc};
	for (size_t i = 0; i < sizeof areas / sizeof *areas; i++) {
		own_free char *dir = areas[i].is_cache
		                             ? workspace_cache(workspace, "%s", areas[i].dir)
		                             : workspace_out(workspace, "%s", areas[i].dir);
		scan_dir(&scan, &areas[i], dir, "", areas[i].depth);
		usage_meter_release(&scan.meter);
		scan.meter = (struct usage_meter){0};
	}
	judge_images(&scan);
	return 0;
}
