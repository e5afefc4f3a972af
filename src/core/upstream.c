/* New upstream versions: pages and Debian's index asked for many recipes at once. */
#include "upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debsource.h"
#include "fetch.h"
#include "fs.h"
#include "map.h"
#include "mirror.h"
#include "own.h"
#include "path.h"
#include "str.h"
#include "version.h"

enum { MAX_PAGE_BYTES = 8 << 20, PARALLEL = 32, WAIT_SECONDS = 6 };

void upstream_list_release(struct upstream_list *list)
{
	for (vec_each(upstream, list)) {
		char *texts[] = {upstream->newest,     upstream->from,     upstream->debian,
		                 upstream->debian_url, upstream->security, upstream->note};
		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
			free(texts[i]);
	}
	vec_release(list);
}

static void add_note(struct upstream *upstream, const char *text)
{
	char *both = upstream->note ? mem_printf("%s; %s", upstream->note, text) : mem_strdup(text);
	free(upstream->note);
	upstream->note = both;
}

/* ---- choosing */

struct choice {
	const struct upstream_options *options;
	struct upstream *upstream;
};

/* 4.5.2.20251210: what was in the repository on a day. */
static bool is_snapshot(const char *version)
{
	const char *dot = strrchr(version, '.');
	return dot && strlen(dot) == 9 && strspn(dot + 1, "0123456789") == 8;
}

static bool is_wanted(const struct choice *choice, const char *version)
{
	const struct recipe *recipe = choice->upstream->recipe;
	if (version_compare(version, recipe->version) <= 0 ||
	    !version_is_alike(version, recipe->version) ||
	    (is_snapshot(version) && !is_snapshot(recipe->version)))
		return false;
	return !version_is_prerelease(version) || choice->options->prereleases ||
	       version_is_prerelease(recipe->version);
}

static void set_text(char **text, const char *value)
{
	char *copy = mem_strdup(value);
	free(*text);
	*text = copy;
}

static void offer(const struct choice *choice, const char *version, const char *from, time_t date)
{
	struct upstream *upstream = choice->upstream;
	if (!is_wanted(choice, version))
		return;
	int order = upstream->newest ? version_compare(version, upstream->newest) : 1;
	if (order == 0 && date && !upstream->date)
		upstream->date = date;
	if (order <= 0)
		return;
	set_text(&upstream->newest, version);
	set_text(&upstream->from, from);
	upstream->date = date;
}

/* ---- pages */

/* Each address once, however many recipes ask it. */
struct pages {
	char *dir;
	struct map by_url; /* -> struct fetch_file, whose name is the address */
	VEC(struct fetch_file *) files;
	VEC(struct strv *) addresses;
	struct map failures; /* address -> message */
	const struct event_sink *sink;
};

static void pages_release(struct pages *pages)
{
	size_t cursor = 0;
	for (const struct map_entry *entry; (entry = map_next(&pages->failures, &cursor));)
		free(entry->value);
	for (vec_each(file, &pages->files)) {
		free((char *)(*file)->path);
		free(*file);
	}
	for (vec_each(addresses, &pages->addresses)) {
		strv_release(*addresses);
		free(*addresses);
	}
	if (pages->dir)
		fs_remove_tree(pages->dir, NULL);
	free(pages->dir);
	vec_release(&pages->files);
	vec_release(&pages->addresses);
	map_release(&pages->by_url);
	map_release(&pages->failures);
}

static int add_page(struct pages *pages, const struct mirrors *mirrors, const char *url,
                    struct err *err)
{
	if (map_get(&pages->by_url, url))
		return 0;
	struct strv *addresses = mem_alloc(sizeof *addresses);
	vec_push(&pages->addresses, addresses);
	if (mirrors_expand(mirrors, url, addresses, err) < 0)
		return -1;
	struct fetch_file *file = mem_alloc(sizeof *file);
	*file = (struct fetch_file){.name = url,
	                            .path = mem_printf("%s/%zu", pages->dir, pages->files.count),
	                            .urls = addresses,
	                            .max_bytes = MAX_PAGE_BYTES};
	vec_push(&pages->files, file);
	map_set(&pages->by_url, url, file);
	return 0;
}

/* Failures are kept by page, for the recipes that asked it; people see how far it is. */
static void on_event(void *context, const struct event *event)
{
	struct pages *pages = context;
	const struct fetch_file *file = event->task ? map_get(&pages->by_url, event->task) : NULL;
	if (event->kind == EVENT_TOTAL)
		event_emit(pages->sink, event);
	if (event->kind == EVENT_END && event->status < 0 && file)
		free(map_set(&pages->failures, file->name,
		             mem_strdup(event->text ? event->text : "failed")));
}

static void note_broken(struct upstream *upstream, const struct err *wrong)
{
	upstream->is_broken = true;
	add_note(upstream, wrong->message);
}

static int fetch_pages(const struct workspace *workspace, const struct upstream_list *list,
                       const struct upstream_options *options, struct pages *pages, struct err *err)
{
	own(mirrors) mirrors = {0};
	own_free char *parent = workspace_cache(workspace, "indexes");
	if (mirrors_load(workspace, &mirrors, err) < 0 || fs_make_dirs(parent, 0755, err) < 0 ||
	    fs_clean_temporaries(parent, err) < 0 ||
	    fs_make_temporary(parent, &pages->dir, err) < 0)
		return -1;
	for (vec_each(upstream, list)) {
		own(err) wrong = {0};
		if (upstream->recipe->upstream_check &&
		    add_page(pages, &mirrors, upstream->recipe->upstream_check, &wrong) < 0)
			note_broken(upstream, &wrong);
	}
	VEC(struct fetch_file) files = {0};
	for (vec_each(file, &pages->files))
		vec_push(&files, **file);
	unsigned seconds = options->wait_seconds ? options->wait_seconds : WAIT_SECONDS;
	const struct fetch_options fetch = {.parallel = PARALLEL,
	                                    .rounds = 1,
	                                    .connect_seconds = seconds,
	                                    .stall_seconds = seconds};
	const struct event_sink sink = {.emit = on_event, .context = pages};
	own(err) ignored = {0}; /* each page's own failure is kept */
	fetch_all(files.items, files.count, &fetch, &sink, &ignored);
	vec_release(&files);
	if (pages->failures.count)
		event_note(pages->sink, "%zu of %zu pages could not be had; --json says why",
		           pages->failures.count, pages->files.count);
	return ignored.kind == ERR_INTERRUPTED ? err_move(err, &ignored) : 0;
}

static void read_page(const struct pages *pages, const struct choice *choice)
{
	const struct recipe *recipe = choice->upstream->recipe;
	const char *url = recipe->upstream_check;
	const struct fetch_file *file = map_get(&pages->by_url, url);
	own(str) text = {0};
	own(upstream_seen_list) seen = {0};
	own(err) wrong = {0};
	if (choice->upstream->is_broken)
		return;
	if (!fs_is_file(file->path)) {
		const char *failure = map_get(&pages->failures, url);
		add_note(choice->upstream, failure ? failure : "the page could not be had");
		return;
	}
	if (fs_read(file->path, MAX_PAGE_BYTES, &text, &wrong) < 0 ||
	    upstream_read_page(str_text(&text), recipe->upstream_match, &seen, &wrong) < 0) {
		note_broken(choice->upstream, &wrong);
		return;
	}
	for (vec_each(item, &seen))
		offer(choice, item->version, url, item->date);
	if (seen.count == 0)
		add_note(choice->upstream, "nothing on the page fits upstream.match");
	else
		choice->upstream->is_checked = true;
}

/* ---- Debian */

/* "zlib" of mirror://debian/pool/main/z/zlib/zlib_1.3.orig.tar.gz, else the recipe's name. */
static char *source_package(const struct recipe *recipe)
{
	for (vec_each(source, &recipe->sources))
		for (size_t i = 0; i < source->urls.count; i++) {
			const char *url = source->urls.items[i], *name = path_base(url);
			if (str_starts(url, "mirror://debian") && strchr(name, '_'))
				return mem_strndup(name, strcspn(name, "_"));
		}
	return mem_strdup(recipe->name);
}

static void take_debian(const struct choice *choice, const struct debsource *source)
{
	struct upstream *upstream = choice->upstream;
	const struct recipe *recipe = upstream->recipe;
	upstream->is_checked = true;
	bool fits = !recipe->upstream_match ||
	            upstream_fits(recipe->upstream_match, source->upstream) ||
	            !upstream_fits(recipe->upstream_match, recipe->version);
	if (!fits || !is_wanted(choice, source->upstream))
		return;
	own_free char *from = mem_printf("debian %s", source->suite);
	offer(choice, source->upstream, from, 0);
	if (source->security && !upstream->security)
		upstream->security = mem_printf("%s %s", source->suite, source->version);
	if (upstream->debian && version_compare(source->upstream, upstream->debian) <= 0)
		return;
	set_text(&upstream->debian, source->upstream);
	set_text(&upstream->debian_url, source->url);
	memcpy(upstream->debian_sha256, source->sha256, sizeof upstream->debian_sha256);
	upstream->debian_size_bytes = source->size_bytes;
}

static int ask_debian(const struct workspace *workspace, struct upstream_list *list,
                      const struct upstream_options *options, const struct event_sink *sink,
                      struct err *err)
{
	own(strv) names = {0};
	own(map) wanted = {0};
	own(debsources) sources = {0};
	for (vec_each(upstream, list))
		strv_take(&names, source_package(upstream->recipe));
	for (size_t i = 0; i < names.count; i++)
		map_set(&wanted, names.items[i], &names.items[i]);
	if (debsources_load(workspace, &wanted, sink, &sources, err) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		const struct choice choice = {options, &list->items[i]};
		for (vec_each(source, &sources.items))
			if (str_equal(source->package, names.items[i]))
				take_debian(&choice, source);
	}
	for (size_t i = 0; i < sources.notes.count; i++)
		event_note(sink, "%s", sources.notes.items[i]);
	return 0;
}

int upstream_check(const struct workspace *workspace, const struct recipe *const *recipes,
                   size_t count, const struct upstream_options *options,
                   const struct event_sink *sink, struct upstream_list *ret_list, struct err *err)
{
	own(upstream_list) list = {0};
	own(pages) pages = {.sink = sink};
	for (size_t i = 0; i < count; i++)
		vec_push(&list, (struct upstream){.recipe = recipes[i]});
	if (!options->no_page && fetch_pages(workspace, &list, options, &pages, err) < 0)
		return -1;
	for (vec_each(upstream, &list)) {
		const struct choice choice = {options, upstream};
		if (options->no_page)
			continue;
		if (!upstream->recipe->upstream_check)
			add_note(upstream, "the recipe has no upstream.check");
		else
			read_page(&pages, &choice);
	}
	if (!options->no_debian && ask_debian(workspace, &list, options, sink, err) < 0)
		return -1;
	*ret_list = list;
	list = (struct upstream_list){0};
	return 0;
}
