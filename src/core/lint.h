/* Recipes checked beyond their reading: form, dependencies, phases, patches. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "event.h"
#include "recipe.h"
#include "vec.h"
#include "workspace.h"

struct lint_finding {
	char *recipe;  /* its name */
	char *text;    /* "recipes/zlib/recipe.yaml:5: …" */
	bool is_wrong; /* else advice */
	bool is_note;  /* neither: what could not be looked at */
	bool can_fix;  /* by --fix */
};
struct lint {
	VEC(struct lint_finding) findings;
};
void lint_release(struct lint *lint);
/* These take the text over. */
void lint_add(struct lint *lint, const struct recipe *recipe, bool is_wrong, bool can_fix,
              char *text);
void lint_note(struct lint *lint, const struct recipe *recipe, char *text);

/* recipe-form.h, for the recipe's file; and that the keys of signatures are beside it. */
int lint_form(const struct recipe *recipe, struct lint *lint, struct err *err);
/* Puts the file right; ret_changed: it was not. */
int lint_fix(const struct recipe *recipe, bool *ret_changed, struct err *err);

/* What the last builds show (reads.h): packages whose files were read, or libraries linked, that
 * are not declared but in the sysroot by way of others, and declared ones of which nothing was
 * read. A package that is not built, or not here, is noted. */
int lint_dependencies(const struct workspace *workspace, const struct recipe *const *recipes,
                      size_t count, struct lint *lint, struct err *err);
/* Phases through shellcheck. ret_missing: there is no such program. */
int lint_phases(const struct workspace *workspace, const struct recipe *const *recipes,
                size_t count, struct lint *lint, bool *ret_missing, struct err *err);
/* Sources: those that are not cached are fetched, of all the size and the digest are checked.
 * ret_there: all of them are what the recipe says. */
int lint_sources(const struct workspace *workspace, const struct recipe *recipe, struct lint *lint,
                 const struct event_sink *sink, bool *ret_there, struct err *err);
/* Upstream's signature of the sources that declare one: fetched, and verified by the recipe's key.
 * The sources are there. */
int lint_signatures(const struct workspace *workspace, const struct recipe *recipe,
                    struct lint *lint, const struct event_sink *sink, struct err *err);
/* Patches on the source as it is. Sources that are not cached are fetched. */
int lint_patches(const struct workspace *workspace, const struct recipe *recipe, struct lint *lint,
                 const struct event_sink *sink, struct err *err);
