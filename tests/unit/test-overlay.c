/* Overlays: whose recipe and whose board it is, what is refused. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board.h"
#include "fs.h"
#include "own.h"
#include "overlay.h"
#include "path.h"

static struct workspace workspace;

static void file(const char *relative, const char *text)
{
	own_free char *path = path_join(workspace.root, relative);
	assert_int_equal(fs_make_parents(path, NULL), 0);
	assert_int_equal(fs_write_text(path, text, NULL), 0);
}

static void recipe(const char *repo, const char *name, const char *version)
{
	own_free char *path = mem_printf("%s/recipes/%s/recipe.yaml", repo, name);
	own_free char *text = mem_printf("name: %s\nversion: %s\nsummary: A test\nlicense: MIT\n"
	                                 "sources: []\nbuild: copy\nlibc: false\n",
	                                 name, version);
	file(path, text);
}

static void link_to(const char *target, const char *relative)
{
	own_free char *path = path_join(workspace.root, relative);
	assert_int_equal(fs_make_parents(path, NULL), 0);
	assert_int_equal(symlink(target, path), 0);
}

static int set_up(void **state)
{
	(void)state;
	static char top[] = "/tmp/sdk-test-overlay-XXXXXX";
	if (!mkdtemp(top))
		return -1;
	workspace.root = top;
	workspace.out = path_join(top, "out");
	recipe(".", "zlib", "1");
	recipe(".", "xz", "1");
	recipe("out/repos/low", "zlib", "2");
	recipe("out/repos/low", "own", "2");
	recipe("out/repos/high", "zlib", "3");
	recipe("out/repos/high", "both", "3");
	recipe("out/repos/other", "both", "4");
	file("sdk.yaml", "repos:\n"
	                 "- {name: low, url: 'https://example.org/l', priority: 5}\n"
	                 "- {name: high, url: 'https://example.org/h', priority: 7}\n"
	                 "- {name: other, url: 'https://example.org/o', priority: 7}\n");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(workspace.out);
	return fs_remove_tree(workspace.root, NULL);
}

static void open_recipes(struct recipe_set *set)
{
	own(err) err = {0};
	if (overlay_open_recipes(&workspace, set, &err) < 0)
		fail_msg("%s", err.message);
}

static void higher_wins(void **state)
{
	(void)state;
	own(recipe_set) set = {0};
	const struct recipe *found;
	struct recipe_list hidden = {0};
	open_recipes(&set);
	own_free char *names = strv_join(&set.names, " ");
	assert_string_equal(names, "both own xz zlib");
	assert_int_equal(recipe_set_get(&set, "zlib", &found, NULL), 0);
	assert_string_equal(found->version, "3");
	assert_string_equal(found->overlay, "high");
	assert_string_equal(found->path, "out/repos/high/recipes/zlib/recipe.yaml");
	recipe_set_get_hidden(&set, "zlib", &hidden);
	assert_int_equal(hidden.count, 2);
	assert_string_equal(hidden.items[0]->overlay, "low");
	assert_null(hidden.items[1]->overlay);
	assert_string_equal(hidden.items[1]->version, "1");
	for (vec_each(other, &hidden))
		recipe_free(*other);
	vec_release(&hidden);
	assert_int_equal(recipe_set_get(&set, "xz", &found, NULL), 0);
	assert_null(found->overlay);
}

static void equals_are_refused(void **state)
{
	(void)state;
	own(recipe_set) set = {0};
	own(err) err = {0};
	const struct recipe *found;
	open_recipes(&set);
	assert_int_equal(recipe_set_get(&set, "both", &found, &err), -1);
	assert_non_null(strstr(err.message, "both: overlays high and other both have it"));
	assert_non_null(strstr(err.hint, "priority"));
}

static void refused(const char *name, const char *message)
{
	own(recipe_set) set = {0};
	own(err) err = {0};
	const struct recipe *found;
	open_recipes(&set);
	assert_int_equal(recipe_set_get(&set, name, &found, &err), -1);
	if (!strstr(err.message, message))
		fail_msg("%s: wanted \"%s\", got \"%s\"", name, message, err.message);
}

static void links_out_are_refused(void **state)
{
	(void)state;
	static const char out[] = "symlink that leads out of overlay low";
	link_to("../../../../recipes/xz", "out/repos/low/recipes/l-dir");
	refused("l-dir", out);
	link_to("/etc/passwd", "out/repos/low/recipes/l-yaml/recipe.yaml");
	refused("l-yaml", out);
	recipe("out/repos/low", "l-files", "1");
	link_to("/etc", "out/repos/low/recipes/l-files/files");
	refused("l-files", out);
	recipe("out/repos/low", "l-patches", "1");
	link_to("/etc", "out/repos/low/recipes/l-patches/patches");
	refused("l-patches", out);
	recipe("out/repos/low", "l-patch", "1");
	link_to("/etc/passwd", "out/repos/low/recipes/l-patch/patches/1.patch");
	refused("l-patch", "1.patch");
	/* One that stays inside is a way to share. */
	recipe("out/repos/low", "l-in", "1");
	link_to("../../shared", "out/repos/low/recipes/l-in/files");
	file("out/repos/low/shared/text", "text");
	own(recipe_set) set = {0};
	const struct recipe *found;
	open_recipes(&set);
	assert_int_equal(recipe_set_get(&set, "l-in", &found, NULL), 0);
}

static void a_linked_top_is_refused(void **state)
{
	(void)state;
	own(recipe_set) set = {0};
	own(err) err = {0};
	own_free char *other = path_join(workspace.out, "repos/other/recipes");
	own_free char *kept = path_join(workspace.out, "repos/other/kept");
	assert_int_equal(rename(other, kept), 0);
	assert_int_equal(symlink("../../../recipes", other), 0);
	assert_int_equal(overlay_open_recipes(&workspace, &set, &err), -1);
	assert_non_null(strstr(err.message, "leads out of overlay other"));
	assert_int_equal(unlink(other), 0);
	assert_int_equal(rename(kept, other), 0);
}

static void missing_is_refused(void **state)
{
	(void)state;
	own(recipe_set) set = {0};
	own(err) err = {0};
	own_free char *other = path_join(workspace.out, "repos/other");
	own_free char *kept = path_join(workspace.out, "repos/kept");
	assert_int_equal(rename(other, kept), 0);
	assert_int_equal(overlay_open_recipes(&workspace, &set, &err), -1);
	assert_non_null(strstr(err.hint, "sdk sync"));
	assert_int_equal(rename(kept, other), 0);
}

#define IMAGE                                                                               \
	"image: {version: 1, date: 2025-11-23, loader: direct, kernel: k, usr-size: 1MiB, " \
	"verity-size: 1MiB}\n"

static void boards_are_laid_over(void **state)
{
	(void)state;
	struct board *board;
	file("board-configs/main/board.yaml", "summary: base\narch: amd64\npackages: [xz]\n" IMAGE);
	file("out/repos/low/board-configs/main/board.yaml",
	     "summary: ours\nextends: main\npackages: [own]\n");
	file("out/repos/high/board-configs/new/board.yaml", "summary: new\nextends: main\n");
	assert_int_equal(board_load(&workspace, "new", &board, NULL), 0);
	own_free char *packages = strv_join(&board->packages, " ");
	assert_string_equal(packages, "xz own");
	assert_int_equal(board->dirs.count, 3);
	board_free(board);
	own(strv) names = {0};
	assert_int_equal(board_list(&workspace, &names, NULL), 0);
	own_free char *all = strv_join(&names, " ");
	assert_string_equal(all, "main new");
}

static void board_links_are_refused(void **state)
{
	(void)state;
	own(err) err = {0};
	struct board *board;
	file("out/repos/high/board-configs/leak/board.yaml", "summary: x\nextends: main\n");
	link_to("/etc", "out/repos/high/board-configs/leak/files");
	assert_int_equal(board_load(&workspace, "leak", &board, &err), -1);
	assert_non_null(strstr(err.message, "leads out of overlay high"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(higher_wins),
		cmocka_unit_test(equals_are_refused),
		cmocka_unit_test(links_out_are_refused),
		cmocka_unit_test(a_linked_top_is_refused),
		cmocka_unit_test(missing_is_refused),
		cmocka_unit_test(boards_are_laid_over),
		cmocka_unit_test(board_links_are_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
