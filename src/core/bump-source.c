/* Old and new source compared: licences, and what the build files ask for. */
#include <stdlib.h>
#include <string.h>

#include "bump-parts.h"
#include "own.h"
#include "tarball.h"

static int read_first(const struct bump *bump, const struct recipe *recipe, struct tarball *tarball,
                      const struct event_sink *sink, struct err *err)
{
	if (!recipe->sources.count || !recipe->sources.items[0].extract)
		return err_set(err, ERR_INPUT, "the first source is no archive");
	const struct source *source = &recipe->sources.items[0];
	if (source_fetch_all(bump->workspace, &source, 1, sink, err) < 0)
		return -1;
	own_free char *path = source_cache_path(bump->workspace, source);
	return tarball_read(path, tarball, err);
}

static const struct tarball_text *find(const struct tarball *tarball, const char *name)
{
	for (vec_each(text, &tarball->licences))
		if (str_equal(text->name, name))
			return text;
	return NULL;
}

static void compare_licence_files(struct bump *bump, const struct tarball *old,
                                  const struct tarball *next)
{
	for (vec_each(text, &next->licences)) {
		const struct tarball_text *before = find(old, text->name);
		if (!before)
			strv_addf(&bump->notes, "LOOK: licence file added: %s", text->name);
		else if (!str_equal(before->sha256, text->sha256))
			strv_addf(&bump->notes, "LOOK: licence file changed: %s", text->name);
	}
	for (vec_each(text, &old->licences))
		if (!find(next, text->name))
			strv_addf(&bump->notes, "LOOK: licence file gone: %s", text->name);
}

static void compare_licences(struct bump *bump, const struct tarball *old,
                             const struct tarball *next)
{
	bool sure;
	own_free char *before = tarball_license(old, &sure);
	own_free char *after = tarball_license(next, &sure);
	compare_licence_files(bump, old, next);
	if (before && after && !str_equal(before, after))
		strv_addf(&bump->notes,
		          "LOOK: LICENCE CHANGE: the files said %s and say %s (the recipe: %s)",
		          before, after, bump->old->license);
}

/* Headers are asked for by the dozen, and the C library's are not told from others. */
static void read_needs(const struct tarball *tarball, struct strv *ret_needs)
{
	own(strv) all = {0};
	tarball_needs(tarball, &all);
	for (size_t i = 0; i < all.count; i++)
		if (!str_starts(all.items[i], "header "))
			strv_add(ret_needs, all.items[i]);
}

static void compare_needs(struct bump *bump, const struct tarball *old, const struct tarball *next)
{
	own(strv) before = {0};
	own(strv) after = {0};
	own(strv) fresh = {0};
	own(strv) gone = {0};
	read_needs(old, &before);
	read_needs(next, &after);
	for (size_t i = 0; i < after.count; i++)
		if (!strv_has(&before, after.items[i]))
			strv_add(&fresh, after.items[i]);
	for (size_t i = 0; i < before.count; i++)
		if (!strv_has(&after, before.items[i]))
			strv_add(&gone, before.items[i]);
	own_free char *added = strv_join(&fresh, ", "), *lost = strv_join(&gone, ", ");
	if (fresh.count)
		strv_addf(&bump->notes, "LOOK: the build files ask for something new: %s", added);
	if (gone.count)
		strv_addf(&bump->notes, "the build files no longer ask for: %s", lost);
}

int bump_compare_sources(struct bump *bump, const struct event_sink *sink, struct err *err)
{
	own(tarball) old = {0};
	own(tarball) next = {0};
	own(err) missing = {0};
	if (read_first(bump, bump->old, &old, sink, &missing) < 0 ||
	    read_first(bump, bump->next, &next, sink, &missing) < 0) {
		if (missing.kind == ERR_INTERRUPTED)
			return err_move(err, &missing);
		strv_addf(&bump->notes, "licences not compared: %s", missing.message);
		return 0;
	}
	compare_licences(bump, &old, &next);
	compare_needs(bump, &old, &next);
	if (next.has_more)
		strv_add(&bump->notes, "LOOK: more licence or build files than were compared");
	if (bump->old->revision)
		strv_addf(&bump->notes, "revision: %llu stays in the recipe",
		          (unsigned long long)bump->old->revision);
	return 0;
}
