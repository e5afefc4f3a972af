/* What is kept of the newest index: never lowered, and no damage is taken for "nothing seen". */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binhost-mark.h"
#include "fs.h"
#include "own.h"
#include "path.h"

static int make_dir(void **state)
{
	char name[] = "/tmp/sdk-unit.XXXXXX";
	*state = mkdtemp(name) ? mem_strdup(name) : NULL;
	return *state ? 0 : -1;
}

static int remove_dir(void **state)
{
	int result = fs_remove_tree(*state, NULL);
	free(*state);
	return result;
}

static void is_never_lowered(void **state)
{
	own(err) err = {0};
	own_free char *path = path_join(*state, "mark");
	struct binhost_mark mark = {0};
	assert_int_equal(binhost_mark_read(path, &mark, &err), 0);
	assert_int_equal(mark.serial, 0);
	const struct binhost_mark marks[] = {
		{7, 100, false}, {6, 200, false}, {7, 50, false}, {7, 100, true}, {7, 90, false}};
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		assert_int_equal(binhost_mark_raise(path, &marks[i], &err), 0);
	assert_int_equal(binhost_mark_read(path, &mark, &err), 0);
	assert_int_equal(mark.serial, 7);
	assert_int_equal(mark.date, 100);
	assert_true(mark.is_removed);
	assert_int_equal(binhost_mark_raise(path, &(struct binhost_mark){8, 1, false}, &err), 0);
	assert_int_equal(binhost_mark_read(path, &mark, &err), 0);
	assert_false(mark.is_removed);
}

/* Processes that each have seen an index of their own. */
static void keeps_the_highest_of_many(void **state)
{
	own(err) err = {0};
	own_free char *path = path_join(*state, "mark");
	struct binhost_mark mark = {0};
	for (uint64_t serial = 1; serial <= 20; serial++)
		if (fork() == 0)
			_exit(binhost_mark_raise(path,
			                         &(struct binhost_mark){21 - serial, 1, false},
			                         NULL) < 0);
	for (int status; wait(&status) > 0;)
		assert_int_equal(status, 0);
	assert_int_equal(binhost_mark_read(path, &mark, &err), 0);
	assert_int_equal(mark.serial, 20);
}

static void refuses_what_it_cannot_read(void **state)
{
	static const char *const damaged[] = {"",      "\n",         "7",     "7\n",
	                                      "x 1\n", "7 1 gone\n", "7 1",   "-7 1\n",
	                                      "7 x\n", "7 1\n1\n",   "7  1\n"};
	own_free char *path = path_join(*state, "mark");
	struct binhost_mark mark = {0};
	for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
		own(err) err = {0};
		assert_int_equal(fs_write_text(path, damaged[i], &err), 0);
		if (binhost_mark_read(path, &mark, &err) == 0)
			fail_msg("case %zu was taken", i);
		assert_int_equal(err.kind, ERR_TRUST);
		assert_int_equal(binhost_mark_raise(path, &mark, NULL), -1);
	}
}

static void reads_what_older_ones_wrote(void **state)
{
	own(err) err = {0};
	own_free char *path = path_join(*state, "mark");
	struct binhost_mark mark = {0};
	assert_int_equal(fs_write_text(path, "7 file:///srv/host/index/amd64\n", &err), 0);
	assert_int_equal(binhost_mark_read(path, &mark, &err), 0);
	assert_int_equal(mark.serial, 7);
	assert_int_equal(mark.date, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_never_lowered, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(keeps_the_highest_of_many, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(refuses_what_it_cannot_read, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(reads_what_older_ones_wrote, make_dir, remove_dir),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
