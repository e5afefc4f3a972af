/* Debian's source index: fetched, verified, reduced once, and looked through. */
#include "debsource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive-read.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "release-fetch.h"
#include "source.h"
#include "version.h"

enum { MAX_REDUCED_BYTES = 64 << 20 };
#define MAX_SOURCES_BYTES (UINT64_C(1) << 30)

void debsources_release(struct debsources *sources)
{
	arena_release(&sources->arena);
	vec_release(&sources->items);
	strv_release(&sources->notes);
	*sources = (struct debsources){0};
}

/* ---- which indexes */

static void add_index(struct seed *seed, const char *mirror, const char *suite)
{
	struct seed_index index = {.mirror = mem_strdup(mirror), .suite = mem_strdup(suite)};
	strv_add(&index.components, "main");
	vec_push(&seed->indexes, index);
}

/* The seed's suites, and the one where new versions appear first. */
static int load_seed(const struct workspace *workspace, struct seed *ret_seed, struct err *err)
{
	own_free char *path = workspace_root(workspace, "bootstrap/seed.yaml");
	if (seed_load(path, workspace->build_arch, ret_seed, err) < 0)
		return -1;
	add_index(ret_seed, "debian", "sid");
	return 0;
}

/* ---- one index */

static char *reduced_path(const struct workspace *workspace, const struct source *source)
{
	return workspace_cache(workspace, "indexes/%s.sources", source->sha256);
}

/* Tens of megabytes of xz are read once for each new index. */
static int reduce(const struct workspace *workspace, const struct source *source, const char *path,
                  struct err *err)
{
	own(str) reduced = {0};
	own_free char *full = source_cache_path(workspace, source);
	struct debsource_parser *parser = debsource_parser_new(&reduced);
	int result =
		archive_read_stream(full, MAX_SOURCES_BYTES, debsource_parser_feed, parser, err);
	if (result == 0) /* the last stanza may lack its empty line */
		result = debsource_parser_feed(parser, "\n\n", 2, err);
	debsource_parser_free(parser);
	if (result < 0)
		return -1;
	if (fs_make_parents(path, err) < 0)
		return -1;
	return fs_write_file(path, str_text(&reduced), reduced.len, 0644, err);
}

static void take_line(struct debsources *sources, const struct seed_index *index, char *line,
                      const struct map *packages)
{
	const char *package = strsep(&line, "\t"), *version = strsep(&line, "\t");
	const char *path = strsep(&line, "\t"), *size = strsep(&line, "\t");
	if (!line || strlen(line) != 64 || !map_get(packages, package))
		return;
	own_free char *upstream = version_of_debian(version);
	struct debsource source = {
		.package = arena_strdup(&sources->arena, package),
		.version = arena_strdup(&sources->arena, version),
		.upstream = arena_strdup(&sources->arena, upstream),
		.suite = arena_strdup(&sources->arena, index->suite),
		.security = str_ends(index->mirror, "-security"),
		.url = arena_printf(&sources->arena, "mirror://%s/%s", index->mirror, path),
		.size_bytes = strtoull(size, NULL, 10),
	};
	memcpy(source.sha256, line, sizeof source.sha256);
	vec_push(&sources->items, source);
}

static int read_index(const struct workspace *workspace, const struct seed_index *index,
                      const struct source *source, const struct map *packages,
                      struct debsources *sources, struct err *err)
{
	own(str) text = {0};
	own_free char *path = reduced_path(workspace, source);
	if (!fs_is_file(path) && reduce(workspace, source, path, err) < 0)
		return -1;
	if (fs_read(path, MAX_REDUCED_BYTES, &text, err) < 0)
		return -1;
	for (char *rest = text.data, *line; rest && (line = strsep(&rest, "\n"));)
		take_line(sources, index, line, packages);
	return 0;
}

/* ---- all of them */

struct indexes {
	struct seed seed;
	struct strv releases;
	VEC(struct source) sources; /* sha256 "": none */
};

static void indexes_release(struct indexes *indexes)
{
	for (vec_each(source, &indexes->sources))
		source_release(source);
	vec_release(&indexes->sources);
	strv_release(&indexes->releases);
	seed_release(&indexes->seed);
}

static void find_sources(struct indexes *indexes, struct strv *notes)
{
	for (size_t i = 0; i < indexes->seed.indexes.count; i++) {
		own(err) err = {0};
		struct source source = {0};
		const char *release = indexes->releases.items[i];
		if (*release && release_find_index(&indexes->seed.indexes.items[i], release,
		                                   "main/source", "Sources", &source, &err) < 0)
			strv_add(notes, err.message);
		vec_push(&indexes->sources, source);
	}
}

/* Fetched already when an earlier run reduced it. */
static void fetch_sources(const struct workspace *workspace, const struct indexes *indexes,
                          const struct event_sink *sink, struct strv *notes)
{
	VEC(const struct source *) wanted = {0};
	own(err) err = {0};
	for (vec_each(source, &indexes->sources)) {
		own_free char *path = reduced_path(workspace, source);
		if (*source->sha256 && !fs_is_file(path))
			vec_push(&wanted, source);
	}
	if (source_fetch_all(workspace, wanted.items, wanted.count, sink, &err) < 0)
		strv_add(notes, err.message);
	vec_release(&wanted);
}

static bool is_there(const struct workspace *workspace, const struct source *source)
{
	own_free char *path = reduced_path(workspace, source);
	return *source->sha256 && (fs_is_file(path) || source_is_cached(workspace, source));
}

int debsources_load(const struct workspace *workspace, const struct map *packages,
                    const struct event_sink *sink, struct debsources *ret_sources, struct err *err)
{
	own(indexes) indexes = {0};
	struct debsources sources = {0};
	own(err) failure = {0};
	if (load_seed(workspace, &indexes.seed, err) < 0)
		return -1;
	if (release_fetch_all(workspace, &indexes.seed, sink, &sources.notes, &indexes.releases,
	                      &failure) < 0) {
		strv_addf(&sources.notes, "Debian's index: %s", failure.message);
		*ret_sources = sources;
		return 0;
	}
	find_sources(&indexes, &sources.notes);
	fetch_sources(workspace, &indexes, sink, &sources.notes);
	for (size_t i = 0; i < indexes.sources.count; i++) {
		const struct source *source = &indexes.sources.items[i];
		if (is_there(workspace, source) &&
		    read_index(workspace, &indexes.seed.indexes.items[i], source, packages,
		               &sources, err) < 0) {
			debsources_release(&sources);
			return -1;
		}
	}
	*ret_sources = sources;
	return 0;
}
