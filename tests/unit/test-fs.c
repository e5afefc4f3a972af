/* Files: publishing, removing, locking, temporaries of dead processes. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "fs.h"
#include "own.h"
#include "path.h"

static char dir[] = "/tmp/sdk-test-fs-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

static char *in_dir(const char *name)
{
	return path_join(dir, name);
}

static void writes_are_whole(void **state)
{
	(void)state;
	own(err) err = {0};
	own_free char *path = in_dir("file");
	assert_int_equal(fs_write_text(path, "one", &err), 0);
	assert_int_equal(fs_write_text(path, "two", &err), 0);
	own(str) text = {0};
	assert_int_equal(fs_read(path, 100, &text, &err), 0);
	assert_string_equal(text.data, "two");
	assert_int_equal(fs_read(path, 2, &text, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	own(strv) names = {0};
	assert_int_equal(fs_list(dir, &names, &err), 0);
	assert_int_equal(names.count, 1);
}

static void removes_read_only_trees(void **state)
{
	(void)state;
	own(err) err = {0};
	own_free char *tree = in_dir("tree"), *deep = in_dir("tree/a/b"), *link = in_dir("tree/l"),
		      *outside = in_dir("outside"), *file = in_dir("tree/a/b/f");
	assert_int_equal(fs_make_dirs(deep, 0755, &err), 0);
	assert_int_equal(fs_make_dirs(outside, 0755, &err), 0);
	assert_int_equal(fs_write_text(file, "x", &err), 0);
	assert_int_equal(symlink(outside, link), 0);
	assert_int_equal(chmod(deep, 0555), 0);
	assert_int_equal(chmod(tree, 0500), 0);
	assert_int_equal(fs_remove_tree(tree, &err), 0);
	assert_false(fs_exists(tree));
	assert_true(fs_is_dir(outside)); /* the link was removed, not followed */
	assert_int_equal(fs_remove_tree(tree, &err), 0);
}

static void locks_exclude(void **state)
{
	(void)state;
	own(err) err = {0};
	own_free char *path = in_dir("locks/one");
	own_fd int first = -1;
	assert_int_equal(fs_lock(path, true, false, &first, &err), 0);
	int second = -1;
	assert_int_equal(fs_lock(path, false, false, &second, &err), -1);
	assert_int_equal(err.sys_errno, EWOULDBLOCK);
	close(steal_fd(first));
	assert_int_equal(fs_lock(path, false, false, &second, &err), 0);
	close(second);
}

static void dead_processes_leave_nothing(void **state)
{
	(void)state;
	own(err) err = {0};
	own_free char *parent = in_dir("work");
	pid_t child = fork();
	if (child == 0) {
		char *path = NULL;
		_exit(fs_make_temporary(parent, &path, NULL) < 0);
	}
	int status = -1;
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	own_free char *mine = NULL;
	assert_int_equal(fs_make_temporary(parent, &mine, &err), 0);
	assert_int_equal(fs_clean_temporaries(parent, &err), 0);
	own(strv) names = {0};
	assert_int_equal(fs_list(parent, &names, &err), 0);
	assert_int_equal(names.count, 1);
	assert_string_equal(names.items[0], path_base(mine));
}

/* What `sdk enter` makes: processes inside have the small ids, and see none of those outside.
 * Returns the exit status of `run` there; -1 where the kernel lets nobody make such a namespace. */
static int in_pid_namespace(int (*run)(const char *path), const char *path)
{
	pid_t child = fork();
	int status = -1;
	if (child == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
			_exit(77);
		pid_t inner = fork();
		if (inner == 0)
			_exit(run(path));
		waitpid(inner, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status) == 77 ? -1 : WEXITSTATUS(status);
}

static int clean_there(const char *parent)
{
	return getpid() == 1 && fs_clean_temporaries(parent, NULL) == 0 ? 0 : 1;
}

static void living_processes_elsewhere_keep_theirs(void **state)
{
	(void)state;
	own(err) err = {0};
	own_free char *parent = in_dir("two-namespaces"), *mine = NULL, *other = NULL;
	assert_int_equal(fs_make_temporary(parent, &mine, &err), 0);
	int status = in_pid_namespace(clean_there, parent);
	if (status < 0)
		skip();
	assert_int_equal(status, 0);
	assert_true(fs_is_dir(mine));
	/* What has its final name is not held: one more is cleaned up when it is abandoned. */
	own_free char *final = in_dir("two-namespaces/final");
	assert_int_equal(rename(mine, final), 0);
	assert_int_equal(fs_make_temporary(parent, &other, &err), 0);
	assert_string_not_equal(mine, other);
	assert_int_equal(fs_remove_tree(other, &err), 0);
}

/* Two processes of one number write the same file: each writes its own, and one of them wins. */
static int write_there(const char *path)
{
	enum { BYTES = 1 << 20, TIMES = 20 };
	own_free char *bytes = malloc(BYTES);
	for (int i = 0; i < TIMES; i++) {
		memset(bytes, 'a' + i % 2, BYTES);
		if (getpid() != 1 || fs_write_file(path, bytes, BYTES, 0644, NULL) < 0)
			return 1;
	}
	return 0;
}

static void assert_one_letter(const char *path)
{
	own(str) text = {0};
	assert_int_equal(fs_read(path, 2 << 20, &text, NULL), 0);
	assert_int_equal(text.len, 1 << 20);
	assert_memory_equal(text.data, text.data + 1, text.len - 1);
}

static void equal_process_ids_do_not_meet(void **state)
{
	(void)state;
	own_free char *path = in_dir("equal/file");
	int status = 0;
	assert_int_equal(fs_make_parents(path, NULL), 0);
	pid_t other = fork();
	if (other == 0)
		_exit(in_pid_namespace(write_there, path) == 0 ? 0 : 1);
	int here = in_pid_namespace(write_there, path);
	waitpid(other, &status, 0);
	if (here < 0)
		skip();
	assert_int_equal(here, 0);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_one_letter(path);
	own_free char *parent = path_dir(path);
	own(strv) names = {0};
	assert_int_equal(fs_list(parent, &names, NULL), 0);
	assert_int_equal(names.count, 1);
}

static int note(void *context, const char *relative, const struct stat *st, struct err *err)
{
	(void)err;
	str_addf(context, "%s%s ", relative, S_ISDIR(st->st_mode) ? "/" : "");
	return 0;
}

static void walks_in_order(void **state)
{
	(void)state;
	own(err) err = {0};
	own_free char *root = in_dir("walk"), *a = in_dir("walk/b/a"), *z = in_dir("walk/a.txt"),
		      *c = in_dir("walk/b/a/z");
	assert_int_equal(fs_make_dirs(a, 0755, &err), 0);
	assert_int_equal(fs_write_text(z, "", &err), 0);
	assert_int_equal(fs_write_text(c, "", &err), 0);
	own(str) seen = {0};
	assert_int_equal(fs_walk(root, note, &seen, &err), 0);
	assert_string_equal(seen.data, "a.txt b/ b/a/ b/a/z ");
}

/* As a build may leave a tree: links to files outside, to directories outside, and a FIFO. */
static void below_follows_no_link(void **state)
{
	(void)state;
	own(err) err = {0};
	own(str) text = {0};
	own_free char *root = in_dir("below"), *outside = in_dir("beside"),
		      *secret = in_dir("beside/secret"), *file = in_dir("below/a/file"),
		      *link = in_dir("below/a/link"), *door = in_dir("below/a/door"),
		      *fifo = in_dir("below/a/fifo"), *made = in_dir("beside/made");
	assert_int_equal(fs_make_dirs(outside, 0755, &err), 0);
	assert_int_equal(fs_write_text(secret, "secret", &err), 0);
	assert_int_equal(fs_make_parents(file, &err), 0);
	assert_int_equal(fs_write_text(file, "file", &err), 0);
	assert_int_equal(symlink(secret, link), 0);
	assert_int_equal(symlink(outside, door), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(fs_read_below(root, "a/file", 100, &text, &err), 0);
	assert_string_equal(text.data, "file");
	static const char *const refused[] = {"a/link", "a/door/secret",    "a/fifo",
	                                      "a/door", "../beside/secret", "a/none"};
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		assert_int_equal(fs_read_below(root, refused[i], 100, &text, &err), -1);
	assert_string_equal(text.data, "file");
	assert_int_equal(fs_make_dirs_below(root, "a/door/made"), -1);
	assert_false(fs_exists(made));
	own_fd int fd = fs_make_dirs_below(root, "a/b/c");
	assert_true(fd >= 0);
	own_free char *deep = in_dir("below/a/b/c");
	assert_true(fs_is_dir(deep));
	own(strv) names = {0};
	own_fd int a = fs_open_below(root, "a", FS_DIR);
	assert_int_equal(fs_list_at(a, &names, &err), 0);
	assert_int_equal(names.count, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_are_whole),
		cmocka_unit_test(removes_read_only_trees),
		cmocka_unit_test(locks_exclude),
		cmocka_unit_test(dead_processes_leave_nothing),
		cmocka_unit_test(living_processes_elsewhere_keep_theirs),
		cmocka_unit_test(equal_process_ids_do_not_meet),
		cmocka_unit_test(walks_in_order),
		cmocka_unit_test(below_follows_no_link),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
