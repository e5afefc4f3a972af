/* Boards: what one takes over from another, and what is refused. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "fs.h"
#include "own.h"
#include "path.h"

#define BASE                                          \
	"summary: base\n"                             \
	"packages: [linux, bash, less]\n"             \
	"options: {curl.http2: on}\n"                 \
	"image:\n"                                    \
	"  version: 1.2\n"                            \
	"  date: 2025-11-23\n"                        \
	"  loader: direct\n"                          \
	"  kernel: usr/lib/modules/*/vmlinuz\n"       \
	"  cmdline: ['usrhash=${usr-hash}', quiet]\n" \
	"  os-release: {ID: dray, NAME: Dray}\n"      \
	"  usr-size: 64MiB\n"                         \
	"  verity-size: 1MiB\n"

struct checkout {
	char *dir;
	struct workspace workspace;
};

static void add_board(struct checkout *checkout, const char *name, const char *text)
{
	own_free char *path = path_printf("%s/board-configs/%s/board.yaml", checkout->dir, name);
	assert_int_equal(fs_make_parents(path, NULL), 0);
	assert_int_equal(fs_write_text(path, text, NULL), 0);
}

static void add_recipe(struct checkout *checkout, const char *name, const char *rest)
{
	own_free char *path = path_printf("%s/recipes/%s/recipe.yaml", checkout->dir, name);
	own_free char *text = mem_printf("name: %s\nversion: 1\nsummary: A test\nlicense: MIT\n"
	                                 "sources: []\nbuild: copy\n%s",
	                                 name, rest);
	assert_int_equal(fs_make_parents(path, NULL), 0);
	assert_int_equal(fs_write_text(path, text, NULL), 0);
}

static int make_checkout(void **state)
{
	static const char *const plain[] = {"linux", "less", "nano"};
	struct checkout *checkout = mem_alloc(sizeof *checkout);
	checkout->dir = mem_strdup("/tmp/sdk-board-XXXXXX");
	if (!mkdtemp(checkout->dir))
		return -1;
	checkout->workspace.root = checkout->dir;
	add_board(checkout, "base", BASE);
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		add_recipe(checkout, plain[i], "");
	add_recipe(checkout, "bash", "options: {nls: {default: true, summary: Words}}\n");
	add_recipe(checkout, "curl", "options: {http2: {default: true, summary: HTTP/2}}\n");
	add_recipe(checkout, "u-boot", "arches: [arm64]\n");
	*state = checkout;
	return 0;
}

static int remove_checkout(void **state)
{
	struct checkout *checkout = *state;
	fs_remove_tree(checkout->dir, NULL);
	free(checkout->dir);
	free(checkout);
	return 0;
}

static struct board *load(struct checkout *checkout, const char *name)
{
	struct err err = {0};
	struct board *board = NULL;
	if (board_load(&checkout->workspace, name, &board, &err) < 0)
		fail_msg("%s", err.message);
	return board;
}

static void refuses(struct checkout *checkout, const char *name, const char *part)
{
	struct err err = {0};
	struct board *board = NULL;
	assert_int_equal(board_load(&checkout->workspace, name, &board, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	if (!strstr(err.message, part))
		fail_msg("\"%s\" does not say \"%s\"", err.message, part);
	err_release(&err);
}

static void refuses_text(struct checkout *checkout, const char *text, const char *part)
{
	own_free char *whole = mem_printf("summary: x\nextends: base\narch: amd64\n%s", text);
	add_board(checkout, "bad", whole);
	refuses(checkout, "bad", part);
}

static void assert_list(const struct strv *list, const char *wanted)
{
	own_free char *got = strv_join(list, " ");
	assert_string_equal(got, wanted);
}

static void goes_on_from_what_it_extends(void **state)
{
	struct checkout *checkout = *state;
	add_board(checkout, "top",
	          "summary: top\nextends: base\narch: arm64\n"
	          "packages: [-less, curl]\n"
	          "options: {curl.http2: off, bash.nls: on}\n"
	          "image: {version: 1.3, cmdline: [console=ttyAMA0], os-release: {NAME: Top}}\n");
	struct board *board = load(checkout, "top");
	assert_string_equal(board->arch, "arm64");
	assert_string_equal(board->summary, "top");
	assert_list(&board->packages, "linux bash curl");
	assert_list(&board->options, "curl.http2=off bash.nls=on");
	assert_list(&board->image->cmdline, "usrhash=${usr-hash} quiet console=ttyAMA0");
	assert_list(&board->image->os_release, "ID=dray NAME=Top");
	assert_string_equal(board->image->version, "1.3");
	assert_int_equal(board->image->usr_bytes, 64 << 20);
	assert_int_equal(board->image->loader, BOARD_LOADER_DIRECT);
	assert_int_equal(board->image->date_utc, 1763856000);
	assert_int_equal(board->dirs.count, 2);
	assert_string_equal(path_base(board->dirs.items[0]), "top");
	board_free(board);
}

static void lists_what_has_an_image(void **state)
{
	struct checkout *checkout = *state;
	own(strv) names = {0};
	add_board(checkout, "one", "summary: x\nextends: base\narch: amd64\n");
	add_board(checkout, "two", "summary: x\nextends: one\n");
	assert_int_equal(board_list(&checkout->workspace, &names, NULL), 0);
	assert_list(&names, "one two");
}

static void refuses_unknown_boards(void **state)
{
	struct checkout *checkout = *state;
	struct err err = {0};
	struct board *board;
	refuses(checkout, "base", "has no arch");
	refuses(checkout, "../base", "there is no board");
	assert_int_equal(board_load(&checkout->workspace, "bse", &board, &err), -1);
	assert_string_equal(err.hint, "did you mean base?");
	err_release(&err);
	add_board(checkout, "lost", "summary: x\nextends: nothing\narch: amd64\n");
	refuses(checkout, "lost", "lost/board.yaml:2:10: extends: there is no board \"nothing\"");
	add_board(checkout, "near", "summary: x\nextends: bas\narch: amd64\n");
	assert_int_equal(board_load(&checkout->workspace, "near", &board, &err), -1);
	assert_string_equal(err.hint, "did you mean base?");
	err_release(&err);
	add_board(checkout, "circle", "summary: x\nextends: circle\narch: amd64\n");
	refuses(checkout, "circle", "a circle?");
}

static void refuses_mistakes(void **state)
{
	struct checkout *checkout = *state;
	refuses_text(checkout, "pakages: []\n", "did you mean \"packages\"?");
	refuses_text(checkout, "packages: [-nano]\n", "there is no nano to take away");
	refuses_text(checkout, "packages: [bash]\n", "bash is there already");
	refuses_text(checkout, "options: {curl: on}\n", "wanted recipe.option");
	refuses_text(checkout, "options: {curl.http2: yes}\n", "wanted on or off");
	refuses_text(checkout, "image: {cmdline: ['x=${usr-hsh}']}\n", "unknown variable");
	refuses_text(checkout, "image: {cmdline: ['x=${usr-hash']}\n", "unknown variable");
	refuses_text(checkout, "image: {loader: grub}\n", "wanted uki or direct");
	refuses_text(checkout, "image: {loader: uki}\n", "esp-size is missing");
	refuses_text(checkout, "image: {usr-size: 100KiB}\n", "multiple of 1MiB");
	refuses_text(checkout, "image: {usr-budget: 65MiB}\n", "above usr-size");
	refuses_text(checkout, "image: {date: today}\n", "wanted one like 2025-11-23");
	refuses_text(checkout, "image: {version: '1_2'}\n", "wanted up to 16");
	refuses_text(checkout, "image: {os-release: {NAME: 'a\"b'}}\n", "no quotes");
	refuses_text(checkout, "image: {os-release: {name: x}}\n", "wanted capital letters");
}

static void refuses_with_hint(struct checkout *checkout, const char *text, const char *message,
                              const char *hint)
{
	struct err err = {0};
	struct board *board = NULL;
	own_free char *whole = mem_printf("summary: x\nextends: base\narch: amd64\n%s", text);
	add_board(checkout, "bad", whole);
	assert_int_equal(board_load(&checkout->workspace, "bad", &board, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.message + strlen(checkout->dir), message);
	assert_string_equal(err.hint, hint);
	err_release(&err);
}

static void tells_where_it_names_no_package(void **state)
{
	struct checkout *checkout = *state;
	refuses_with_hint(checkout, "packages: [nano, crul]\n",
	                  "/board-configs/bad/board.yaml:4:18: no recipe is called \"crul\"",
	                  "did you mean \"curl\"?");
	refuses_with_hint(checkout, "packages: [u-boot]\n",
	                  "/board-configs/bad/board.yaml:4:12: u-boot is not for amd64",
	                  "the key `arches` of recipes/u-boot/recipe.yaml says what it is for");
	refuses_with_hint(checkout, "packages: [-lses]\n",
	                  "/board-configs/bad/board.yaml:4:12: \"-lses\": there is no lses to take "
	                  "away",
	                  "did you mean \"-less\"?");
}

static void tells_where_it_names_no_option(void **state)
{
	struct checkout *checkout = *state;
	refuses_with_hint(checkout, "packages: [curl]\noptions: {curl.htpp2: on}\n",
	                  "/board-configs/bad/board.yaml:5:11: curl has no option \"htpp2\"",
	                  "did you mean \"http2\"?");
	/* Also of a package that the board has not. */
	refuses_with_hint(checkout, "options:\n  nano.x: off\n",
	                  "/board-configs/bad/board.yaml:5:3: nano has no option \"x\"",
	                  "recipe nano has no options at all");
	refuses_with_hint(checkout, "options: {crul.http2: on}\n",
	                  "/board-configs/bad/board.yaml:4:11: no recipe is called \"crul\"",
	                  "did you mean \"curl\"?");
}

/* What is wrong below the board is told of the file that says so; what the board takes away again
 * does no harm, nor does a recipe that can't be read. */
static void looks_at_what_counts(void **state)
{
	struct checkout *checkout = *state;
	add_board(checkout, "middle", "summary: x\nextends: base\npackages: [gone]\n");
	add_board(checkout, "top", "summary: x\nextends: middle\narch: amd64\n");
	refuses(checkout, "top", "middle/board.yaml:3:12: no recipe is called \"gone\"");
	add_board(checkout, "top", "summary: x\nextends: middle\narch: amd64\npackages: [-gone]\n");
	add_recipe(checkout, "curl", "nothing: [\n");
	struct board *board = load(checkout, "top");
	assert_list(&board->packages, "linux bash less");
	board_free(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(goes_on_from_what_it_extends, make_checkout,
	                                        remove_checkout),
		cmocka_unit_test_setup_teardown(lists_what_has_an_image, make_checkout,
	                                        remove_checkout),
		cmocka_unit_test_setup_teardown(refuses_unknown_boards, make_checkout,
	                                        remove_checkout),
		cmocka_unit_test_setup_teardown(refuses_mistakes, make_checkout, remove_checkout),
		cmocka_unit_test_setup_teardown(tells_where_it_names_no_package, make_checkout,
	                                        remove_checkout),
		cmocka_unit_test_setup_teardown(tells_where_it_names_no_option, make_checkout,
	                                        remove_checkout),
		cmocka_unit_test_setup_teardown(looks_at_what_counts, make_checkout,
	                                        remove_checkout),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
