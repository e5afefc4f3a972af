/* Files that are opened below a directory: told by name, once, and what got lost is told too. */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "watch.h"

/* One more than the kernel's queue holds, whatever it is set to. */
enum { MANY = 200000 };

static char *make_tree(void)
{
	char *dir = mem_strdup("/tmp/sdk-watch-XXXXXX");
	assert_non_null(mkdtemp(dir));
	own_free char *deep = path_join(dir, "a/b");
	assert_int_equal(fs_make_dirs(deep, 0755, NULL), 0);
	static const char *const names[] = {"top", "a/one", "a/b/two"};
	for (size_t i = 0; i < 3; i++) {
		own_free char *path = path_join(dir, names[i]);
		assert_int_equal(fs_write_text(path, "x", NULL), 0);
	}
	return dir;
}

static void open_file(const char *dir, const char *name)
{
	own_free char *path = path_join(dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	close(fd);
}

static void test_names(void **state)
{
	(void)state;
	own(watch) watch = {.fd = -1};
	own_free char *dir = make_tree();
	own_free char *looked_at = path_join(dir, "top");
	struct stat st;
	assert_int_equal(watch_open(dir, &watch, NULL), 0);
	watch_take(&watch);
	assert_int_equal(watch.files.count, 0); /* its own reading of the directories is none */
	open_file(dir, "a/b/two");
	open_file(dir, "a/../a/one");
	open_file(dir, "a/one");
	open_file(dir, "a");
	assert_int_equal(stat(looked_at, &st), 0);
	watch_take(&watch);
	assert_int_equal(watch.files.count, 2);
	assert_non_null(map_get(&watch.files, "a/one"));
	assert_non_null(map_get(&watch.files, "a/b/two"));
	assert_false(watch.has_lost);
	fs_remove_tree(dir, NULL);
}

/* The list ends with an empty name when it is whole. */
static void test_written(void **state)
{
	(void)state;
	own(watch) watch = {.fd = -1};
	own(str) text = {0};
	own_free char *dir = make_tree();
	own_free char *told = path_join(dir, "told");
	int fd = open(told, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(watch_open(dir, &watch, NULL), 0);
	open_file(dir, "top");
	watch_take(&watch);
	assert_int_equal(watch_write(&watch, fd, NULL), 0);
	close(fd);
	assert_int_equal(fs_read(told, 64, &text, NULL), 0);
	assert_int_equal(text.len, 5);
	assert_memory_equal(text.data, "top\0", 5);
	fs_remove_tree(dir, NULL);
}

static void test_lost(void **state)
{
	(void)state;
	own(watch) watch = {.fd = -1};
	own_free char *dir = make_tree();
	assert_int_equal(watch_open(dir, &watch, NULL), 0);
	/* Two by turns: the kernel makes one of two that are the same. */
	for (int i = 0; i < MANY; i++)
		open_file(dir, i % 2 ? "top" : "a/one");
	watch_take(&watch);
	assert_true(watch.has_lost);
	fs_remove_tree(dir, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
