/* A recipe taken to another version: found, fetched, verified, edited, built, compared.
 *
 * What is not the recipe's lies in out/bump/<name>: downloads, the new source, refreshed patches,
 * and `old/` with `state`, by which an interrupted bump goes on or is taken back. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "event.h"
#include "hash.h"
#include "json.h"
#include "pkg-diff.h"
#include "recipe.h"
#include "str.h"
#include "upstream.h"
#include "vec.h"
#include "workspace.h"

enum bump_patch_state {
	BUMP_PATCH_FITS,
	BUMP_PATCH_MOVED,    /* fits elsewhere, or with other lines around: written anew */
	BUMP_PATCH_UPSTREAM, /* the new source has it: removed */
	BUMP_PATCH_FAILS,
};

struct bump_patch {
	char *name;
	enum bump_patch_state state;
	struct strv failures; /* "hunk 2 of lib/foo.c, at line 120" */
};

/* One architecture's build. */
struct bump_arch {
	char *arch;
	char old_key[DIGEST_HEX]; /* "": the old version is not built here */
	bool is_built, has_diff;
	struct pkg_diff diff;
	char *failure; /* NULL: none */
};

enum bump_test_state { BUMP_TEST_PASSES, BUMP_TEST_SKIPPED, BUMP_TEST_FAILS };

struct bump_test {
	char *name, *log;           /* "tests/shell/30-build.t" */
	enum bump_test_state state; /* SKIPPED: nothing of it was tried */
};

struct bump {
	const struct workspace *workspace;
	char *name, *dir, *recipe_dir; /* dir: out/bump/<name> */
	struct recipe *old, *next;     /* `next` once it is known */
	char *version;
	char *url;            /* where the first source is said to be; NULL: by the recipe */
	char sha256[65];      /* of that file, as a signed index says; "": not known */
	struct str text;      /* the new recipe.yaml */
	bool is_applied;      /* the checkout's recipe is the new one */
	struct strv verified; /* "zlib-1.3.2.tar.gz: signature good (upstream.asc)" */
	VEC(struct bump_patch) patches;
	struct strv notes; /* licence, dependencies, what is to be looked at */
	VEC(struct bump_arch) arches;
	VEC(struct bump_test) tests;
	bool is_tested;     /* `tests` is all there is: nothing in it means that no test names it */
	char *commit;       /* its id; NULL: none was made */
	struct err failure; /* what stopped it; kind ERR_NONE: nothing */
};

void bump_release(struct bump *bump);

/* Begins, or goes on with what was begun for the same version: `old` is then the recipe before it
 * and is_applied set. `version` NULL: the newest that `known` has to offer and that can be fetched
 * where the recipe fetches from; nothing newer leaves ret_bump->version NULL. */
int bump_begin(const struct workspace *workspace, const struct recipe *recipe, const char *version,
               const struct upstream *known, struct bump *ret_bump, struct err *err);
/* Downloads what several will need, new sources and old, at once; failures are left for bump_fetch
 * to tell. */
void bump_prefetch(struct bump *const *bumps, size_t count, unsigned parallel,
                   const struct event_sink *sink);
/* Downloads the new sources, checks digest and signature where they are known, and makes the new
 * text. Nothing of the checkout changes. */
int bump_fetch(struct bump *bump, const struct event_sink *sink, struct err *err);
/* Tries the patches on the new source. One that fails is ERR_INPUT and has state FAILS; the tree is
 * left for bump_shell. What was begun to be mended there is not tried again before it is taken or
 * given up. */
int bump_try_patches(struct bump *bump, const struct event_sink *sink, struct err *err);
/* One whose new version is the present one, in a directory of its own (bump.dir, which the caller
 * removes): for bump_try_patches alone. */
int bump_of_present(const struct workspace *workspace, const struct recipe *recipe,
                    struct bump *ret_bump, struct err *err);
/* A shell where the patch failed: in the source, rejected hunks beside their files. However it
 * ends, its work stays, for another shell or another run, until one of the two that follow. */
int bump_shell(const struct bump *bump, struct err *err);
/* Makes the patch anew from what was changed; ERR_INPUT while there is a *.rej. */
int bump_take_mended(const struct bump *bump, struct err *err);
/* The next try begins with the source as it came. */
int bump_give_up_mending(const struct bump *bump, struct err *err);
/* Before bump_apply: has the old version for the architecture, from a binhost or by a build, to
 * compare with. That it can't be had is a note. */
int bump_build_old(struct bump *bump, const char *arch, unsigned jobs,
                   const struct event_sink *sink, struct err *err);
/* Writes recipe and patches, keeping the old ones. */
int bump_apply(struct bump *bump, struct err *err);
/* Builds for the architecture and compares. A failure of the build is also in its bump_arch. */
int bump_build(struct bump *bump, const char *arch, unsigned jobs, const struct event_sink *sink,
               struct err *err);
/* Runs the test files with a line "# touches: … <name> …". Those that fail are ERR_BUILD. */
int bump_run_tests(struct bump *bump, const struct event_sink *sink, struct err *err);
/* Commits the recipe's directory, with the summary as body. */
int bump_commit(struct bump *bump, bool sign_off, struct err *err);
/* Keeps in mind how it ended: well, applied but failed (bump_begin goes on with it), or not applied
 * (bump_has_failed). */
int bump_end(struct bump *bump, bool done, struct err *err);
/* Whether an earlier run gave up on this version. */
bool bump_has_failed(const struct workspace *workspace, const char *name, const char *version);
/* Puts recipe and patches back as they were before the bump that did not end well, unless somebody
 * edited the recipe since (ERR_INPUT). No such bump: ERR_INPUT. */
int bump_undo(const struct workspace *workspace, const char *name, struct err *err);
/* Appends the names of those whose process was killed in the middle. */
int bump_list_interrupted(const struct workspace *workspace, struct strv *ret_names,
                          struct err *err);

/* ---- bump-text.c */

/* "### zlib 1.3.1 → 1.3.2" and "- …" lines: Markdown, and readable as it is. */
void bump_describe(const struct bump *bump, struct str *text);
/* Adds members to the open object. */
void bump_json(const struct bump *bump, struct json *json);
