/* The seed's indexes: fetched, their signatures and digests checked, read into a solver.
 *
 * The chain: bootstrap/keys -> InRelease (signed) -> Packages (SHA-256 in InRelease) -> the lock.
 */
#include "seed-index.h"

#include "own.h"
#include "release-fetch.h"
#include "source.h"

/* ---- Packages files */

/* Sources as source_fetch_all wants them, and which index each belongs to. */
struct packages_fetch {
	VEC(struct source) sources;
	VEC(unsigned) indexes;
};

static void packages_fetch_release(struct packages_fetch *fetch)
{
	for (vec_each(source, &fetch->sources))
		source_release(source);
	vec_release(&fetch->sources);
	vec_release(&fetch->indexes);
}

static int add_component(struct packages_fetch *fetch, const struct seed *seed, unsigned number,
                         const char *component, const char *arch, const char *release,
                         struct err *err)
{
	struct source source = {0};
	own_free char *dir = mem_printf("%s/binary-%s", component, arch);
	if (release_find_index(&seed->indexes.items[number], release, dir, "Packages", &source,
	                       err) < 0)
		return -1;
	vec_push(&fetch->sources, source);
	vec_push(&fetch->indexes, number);
	return 0;
}

static int find_packages(const struct seed *seed, const char *arch, const struct strv *releases,
                         struct packages_fetch *fetch, struct err *err)
{
	for (unsigned i = 0; i < seed->indexes.count; i++) {
		const struct strv *components = &seed->indexes.items[i].components;
		for (size_t c = 0; c < components->count; c++)
			if (add_component(fetch, seed, i, components->items[c], arch,
			                  releases->items[i], err) < 0)
				return -1;
	}
	return 0;
}

static int fetch_packages(const struct workspace *workspace, const struct packages_fetch *fetch,
                          const struct event_sink *sink, struct err *err)
{
	VEC(const struct source *) sources = {0};
	for (vec_each(source, &fetch->sources))
		vec_push(&sources, source);
	int result = source_fetch_all(workspace, sources.items, sources.count, sink, err);
	vec_release(&sources);
	return result;
}

int seed_index_read_all(const struct workspace *workspace, const struct seed *seed,
                        const char *arch, const struct event_sink *sink, struct solv *solv,
                        struct err *err)
{
	own(strv) releases = {0};
	own(packages_fetch) fetch = {0};
	if (release_fetch_all(workspace, seed, sink, NULL, &releases, err) < 0 ||
	    find_packages(seed, arch, &releases, &fetch, err) < 0 ||
	    fetch_packages(workspace, &fetch, sink, err) < 0)
		return -1;
	for (size_t i = 0; i < fetch.sources.count; i++) {
		own_free char *path = source_cache_path(workspace, &fetch.sources.items[i]);
		if (solv_add_index(solv, path, fetch.indexes.items[i], err) < 0)
			return -1;
	}
	return 0;
}
