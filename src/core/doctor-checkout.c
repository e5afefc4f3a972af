/* The doctor's look at the checkout: recipes, overlays, binhosts, work trees, whose commits. */
#include "binhost.h"
#include "doctor-parts.h"
#include "git-commit.h"
#include "overlay.h"
#include "own.h"
#include "workon.h"

/* ---- recipes, with those of the overlays */

static void on_broken(void *context, const char *name, struct err *err)
{
	(void)err;
	strv_add(context, name);
}

static void examine_recipes(const struct examination *examination)
{
	own(recipe_set) set = {0};
	own(strv) broken = {0};
	own(err) err = {0};
	if (overlay_open_recipes(examination->workspace, &set, &err) < 0)
		return doctor_note_error(examination, "recipes", DOCTOR_BAD, &err);
	recipe_set_load_each(&set, on_broken, &broken);
	own_free char *names = strv_join(&broken, ", ");
	if (broken.count)
		doctor_note(examination, "recipes", DOCTOR_SLOW, "`sdk lint` says what is wrong",
		            "%zu of %zu can't be read: %s", broken.count, set.names.count, names);
	else
		doctor_note(examination, "recipes", DOCTOR_GOOD, NULL, "%zu, all can be read",
		            set.names.count);
}

/* ---- binhosts */

/* Warnings are why a host is not used. */
static void on_event(void *context, const struct event *event)
{
	if (event->kind == EVENT_WARNING)
		doctor_note(context, "binhost", DOCTOR_SLOW,
		            "what it has is built here in the meantime; docs/binhost.md", "%s",
		            event->text);
}

static void examine_binhosts(const struct examination *examination)
{
	own(binhosts) hosts = {0};
	own(err) err = {0};
	const struct event_sink sink = {.emit = on_event, .context = (void *)examination};
	if (binhosts_open(examination->workspace, examination->workspace->build_arch, BINHOST_NOW,
	                  &sink, &hosts, &err) < 0)
		return doctor_note_error(examination, "binhost", DOCTOR_BAD, &err);
	for (vec_each(host, &hosts.hosts))
		doctor_note(examination, "binhost", DOCTOR_GOOD, NULL,
		            "%s has %zu packages, signed as it should be", host->config->name,
		            host->index.count);
}

/* ---- work trees */

static void examine_worktrees(const struct examination *examination)
{
	own(worktree_list) trees = {0};
	own(strv) names = {0};
	own(err) err = {0};
	if (workon_load(examination->workspace, &trees, &err) < 0)
		return doctor_note_error(examination, "worktrees", DOCTOR_SLOW, &err);
	for (vec_each(tree, &trees))
		strv_add(&names, tree->package);
	own_free char *list = strv_join(&names, ", ");
	if (trees.count)
		doctor_note(examination, "worktrees", DOCTOR_SLOW,
		            "`sdk workon <package> stop` builds the recipe's source again",
		            "built from trees of yours, not as others have them: %s", list);
}

/* ---- commits */

static void examine_identity(const struct examination *examination)
{
	own(err) err = {0};
	own_free char *author = NULL;
	if (git_author(examination->workspace->root, &author, &err) < 0)
		doctor_note_error(examination, "commits", DOCTOR_SLOW, &err);
	else
		doctor_note(examination, "commits", DOCTOR_GOOD, NULL, "are made as %s", author);
}

void doctor_examine_checkout(const struct examination *examination)
{
	examine_recipes(examination);
	examine_worktrees(examination);
	examine_binhosts(examination);
	examine_identity(examination);
}
