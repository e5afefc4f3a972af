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

static int make_checkout(void **state)
{
	struct checkout *checkout = mem_alloc(sizeof *checkout);
	checkout->dir = mem_strdup("/tmp/sdk-board-XXXXXX");
	if (!mkdtemp(checkout->dir))
		return -1;
	checkout->workspace.root = checkout->dir;
	add_board(checkout, "base", BASE);
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
	refuses_text(checkout, "options: {curl.x: yes}\n", "wanted on or off");
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
