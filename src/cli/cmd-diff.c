/* sdk diff: recipes, packages, images and releases, two of a kind compared. */
#include <dirent.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "board.h"
#include "commands.h"
#include "diff-show.h"
#include "fs.h"
#include "git-read.h"
#include "nearest.h"
#include "overlay.h"
#include "own.h"
#include "path.h"
#include "record-find.h"

/* ---- images: "amd64-usr", "amd64-usr/5f74dc02", or a directory */

static bool has_reports(const char *dir)
{
	own_free char *packages = path_join(dir, "packages.txt");
	return fs_is_file(packages);
}

static char *image_dir(const struct cli *cli, const char *text)
{
	if (fs_is_dir(text) && has_reports(text))
		return mem_strdup(text);
	own_free char *board = mem_strndup(text, strcspn(text, "/"));
	const char *key = text[strlen(board)] ? text + strlen(board) + 1 : "latest";
	own_free char *dir = workspace_out(&cli->workspace, "images/%s", board);
	own(strv) names = {0};
	if (!path_is_safe(board) || !fs_is_dir(dir) || fs_list(dir, &names, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < names.count; i++) {
		own_free char *path = path_join(dir, names.items[i]);
		if (!str_starts(names.items[i], key) || !has_reports(path))
			continue;
		/* "latest": what it is will be another one tomorrow. */
		own_free char *target = fs_read_link(path);
		return target ? path_join(dir, path_base(target)) : steal_ptr(path);
	}
	return NULL;
}

/* The image of the board that was made before the newest one. */
static char *previous_image(const struct cli *cli, const char *board)
{
	own_free char *dir = workspace_out(&cli->workspace, "images/%s", board);
	own_free char *latest = path_join(dir, "latest");
	own_free char *current = fs_read_link(latest);
	own(strv) names = {0};
	char *found = NULL;
	time_t newest = 0;
	if (!current || fs_list(dir, &names, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < names.count; i++) {
		own_free char *path = path_join(dir, names.items[i]);
		struct stat st;
		if (str_equal(names.items[i], "latest") ||
		    str_equal(names.items[i], path_base(current)) || !has_reports(path) ||
		    stat(path, &st) < 0 || st.st_mtime < newest)
			continue;
		newest = st.st_mtime;
		free(found);
		found = steal_ptr(path);
	}
	return found;
}

static int images(struct cli *cli, const char *old, const char *new, struct err *err)
{
	own(diff_image) diff = {0};
	if (diff_image_make(old, new, &diff, err) < 0)
		return -1;
	show_image_diff(cli, old, new, &diff);
	return 0;
}

/* ---- packages */

static int packages(struct cli *cli, const char *old, const char *new, struct err *err)
{
	own(record) a = {0};
	own(record) b = {0};
	own(pkg_diff) diff = {0};
	if (record_find_named(&cli->workspace, old, &a, err) < 0 ||
	    record_find_named(&cli->workspace, new, &b, err) < 0)
		return -1;
	if (!str_equal(a.package, b.package))
		event_warn(&cli->sink, "%s and %s are different packages", a.package, b.package);
	if (pkg_diff_make(&cli->workspace, &a, &b, &diff, err) < 0)
		return -1;
	show_package_diff(cli, &a, &b, &diff);
	return 0;
}

/* ---- revisions */

/* What else the word may have been meant to be. */
static int hint_nearest(const struct cli *cli, const char *word, struct err *err)
{
	own(recipe_set) set = {0};
	own(strv) known = {0};
	own(err) none = {0};
	board_list(&cli->workspace, &known, NULL);
	if (overlay_open_recipes(&cli->workspace, &set, &none) == 0)
		strv_add_all(&known, &set.names);
	const char *near = nearest_word(word, (const char *const *)known.items, known.count);
	return near ? err_hint(err, "did you mean \"%s\"?", near)
	            : err_hint(err, "sdk diff --help shows what can be compared");
}

static int check_revision(const struct cli *cli, const char *revision, struct err *err)
{
	own(strv) boards = {0};
	if (git_has_revision(cli->workspace.root, revision))
		return 0;
	board_list(&cli->workspace, &boards, NULL);
	if (strv_has(&boards, revision)) {
		err_set(err, ERR_INPUT, "there is no image of %s here", revision);
		return err_hint(err, "sdk image --board=%s", revision);
	}
	if (!git_has_revision(cli->workspace.root, "HEAD"))
		return err_set(err, ERR_INPUT, "%s: not a git repository with a commit",
		               cli->workspace.root);
	err_set(err, ERR_INPUT,
	        "%s is no package, image, build, or revision of the checkout's repository",
	        revision);
	return hint_nearest(cli, revision, err);
}

/* `new` NULL: the checkout as it is. */
static int revisions(struct cli *cli, const char *package, const char *old, const char *new,
                     struct err *err)
{
	own(diff_tree) diff = {0};
	if (check_revision(cli, old, err) < 0 || (new &&check_revision(cli, new, err) < 0) ||
	    diff_tree_make(&cli->workspace, old, new, package, &diff, err) < 0)
		return -1;
	show_tree_diff(cli, package, old, new, &diff);
	return 0;
}

static bool is_recipe(const struct cli *cli, const char *name)
{
	own(recipe_set) set = {0};
	own(err) none = {0};
	return overlay_open_recipes(&cli->workspace, &set, &none) == 0 &&
	       recipe_set_has(&set, name);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	const char *first = argc > 0 ? argv[0] : "HEAD", *second = argc > 1 ? argv[1] : NULL;
	own_free char *new_image = image_dir(cli, second ? second : first);
	own_free char *old_image = second ? image_dir(cli, first) : previous_image(cli, first);
	if (argc > 0 && is_recipe(cli, first))
		return revisions(cli, first, second ? second : "HEAD", argc > 2 ? argv[2] : NULL,
		                 err);
	if (argc > 2)
		return err_set(err, ERR_USAGE, "%s is no package: wanted two of a kind", first);
	if (old_image && new_image)
		return images(cli, old_image, new_image, err);
	if (new_image && !second)
		return err_set(err, ERR_INPUT, "%s: there is no image before the newest one",
		               first);
	if (second && record_is_name(first) && record_is_name(second) &&
	    !git_has_revision(cli->workspace.root, first))
		return packages(cli, first, second, err);
	return revisions(cli, NULL, first, second, err);
}

const struct command cmd_diff = {
	.name = "diff",
	.arguments = "[package] [old [new]]",
	.summary = "Compare versions of recipes, packages, images and releases",
	.description =
		"What is compared follows from what is named:\n"
		"  nothing, or revisions   the recipes of two git revisions (tags of releases,\n"
		"                          commits; the checkout's files when there is one)\n"
		"  a package, revisions    what its recipe says, and the text of its files\n"
		"  keys or digests         two builds, or two outputs: files, sizes, sonames,\n"
		"                          symbols, needs (the first 8 digits will do)\n"
		"  images                  a board (its newest image and the one before),\n"
		"                          board/key, or directories with an image's reports",
	.examples = "sdk diff                             # recipes changed since the last commit\n"
		    "sdk diff v1.0 v1.1                   # what a release brings\n"
		    "sdk diff curl v1.0                   # one recipe since then\n"
		    "sdk diff 414f14d3 b21ffa4f           # two outputs\n"
		    "sdk diff amd64-usr                   # the newest image and the one before\n",
	.completes = COMPLETES_RECIPES,
	.max_args = 3,
	.run = run,
	.leases = true,
};
