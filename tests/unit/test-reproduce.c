/* reproduce-compare.c: what is said of two files, and of two outputs. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "reproduce-parts.h"
#include "str.h"
#include "trial.h"
#include "unit.h"

static char dir[] = "/tmp/test-reproduce-XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

/* Writes both files and returns what the comparison says, in one line. */
static char *say(const void *a, size_t a_count, const void *b, size_t b_count)
{
	own_free char *first = path_join(dir, "a"), *second = path_join(dir, "b");
	own(strv) findings = {0};
	assert_int_equal(fs_write_file(first, a, a_count, 0644, NULL), 0);
	assert_int_equal(fs_write_file(second, b, b_count, 0644, NULL), 0);
	reproduce_compare_files(first, second, &findings);
	return strv_join(&findings, "|");
}

static void assert_says(const char *a, size_t a_count, const char *b, size_t b_count,
                        const char *wanted)
{
	own_free char *said = say(a, a_count, b, b_count);
	if (!strstr(said, wanted))
		fail_msg("said “%s”, wanted “%s”", said, wanted);
}

#define SAYS(a, b, wanted) assert_says(a, sizeof(a) - 1, b, sizeof(b) - 1, wanted)

static void test_text(void **state)
{
	(void)state;
	SAYS("one\ntwo\n", "one\ntoo\n", "line 2: “two” and then “too”");
	SAYS("one\n", "one\ntwo\n", "1 lines and then 2");
	SAYS("b\na\n", "a\nb\n", "the same content in another order");
	SAYS("x: b a\n", "x: a b\n", "the same content in another order");
	SAYS("at 10:11:12\n", "at 10:11:13\n", "looks like the time of the build");
	SAYS("on 2026-11-23\n", "on 2027-12-28\n", "looks like the time of the build");
	SAYS("Nov 23 2026\n", "Dec  2 2027\n", "looks like the time of the build");
	SAYS("\033[m\n", "\033[n\n", "“\\x1b[m”");
}

static void test_binary(void **state)
{
	(void)state;
	SAYS("ab\0cd", "ab\0ce", "1 bytes differ, the first one at 4 (0x4)");
	SAYS("ab\0cd", "ab\0cdef", "5 bytes and then 7");
	SAYS("\0host: alpha\0", "\0host: gamma\0", "“host: alpha” and then “host: gamma”");
	SAYS("\x1f\x8b\x08\0\0\0\0\0\0\3xyz", "\x1f\x8b\x08\0\x80\x51\x01\0\0\3xyz",
	     "the gzip header holds a time, then 1970-01-02 00:00:00 UTC");
	SAYS("", "x", "0 bytes and then 1");
}

#define AR_HEADER(name, date) name date "0     0     100644  4         `\n"

static void test_archive(void **state)
{
	(void)state;
	static const char one[] =
		"!<arch>\n" AR_HEADER("one.o/          ", "0           ") "\0\1\2\3" AR_HEADER(
			"two.o/          ", "0           ") "\0\1\2\3";
	static const char dated[] =
		"!<arch>\n" AR_HEADER("one.o/          ", "0           ") "\0\1\2\3" AR_HEADER(
			"two.o/          ", "1800000000  ") "\0\1\2\3";
	static const char other[] =
		"!<arch>\n" AR_HEADER("one.o/          ", "0           ") "\0\1\2\4" AR_HEADER(
			"two.o/          ", "0           ") "\0\1\2\3";
	SAYS(one, dated, "in the header (time, owner or mode) of member two.o");
	SAYS(one, other, "in the content of member one.o");
	/* A size that leads nowhere must not lead out of the file. */
	SAYS("!<arch>\none.o/          0           0     0     100644  99999999999`\n\0x",
	     "!<arch>\none.o/          0           0     0     100644  99999999999`\n\0y",
	     "1 bytes differ");
}

/* This program itself, with one byte of its read-only data changed. */
static const char marker[] = "a text that is in this program once: "
			     "0123456789";

static void test_elf(void **state)
{
	(void)state;
	own(str) text = {0};
	assert_int_equal(fs_read("/proc/self/exe", 1 << 30, &text, NULL), 0);
	own_free char *changed = mem_alloc(text.len);
	memcpy(changed, text.data, text.len);
	char *place = memmem(changed, text.len, marker, strlen(marker));
	assert_non_null(place);
	place[strlen(marker) - 1] = 'x';
	own_free char *said = say(text.data, text.len, changed, text.len);
	assert_non_null(strstr(said, "section .rodata: 1 of"));
	assert_non_null(strstr(said, "once: 012345678x”"));
	assert_null(strstr(said, ".text"));
}

static void test_reverse(void **state)
{
	(void)state;
	struct stat before, after;
	own_free char *tree = path_join(dir, "tree"), *inner = path_join(tree, "inner");
	own_free char *file = path_join(inner, "file"), *link = path_join(tree, "link");
	assert_int_equal(fs_make_dirs(inner, 0755, NULL), 0);
	assert_int_equal(fs_write_text(file, "content", NULL), 0);
	assert_int_equal(symlink("inner/file", link), 0);
	struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1234567}};
	assert_int_equal(utimensat(AT_FDCWD, inner, times, 0), 0);
	assert_int_equal(chmod(inner, 0555), 0);
	assert_int_equal(stat(file, &before), 0);
	assert_int_equal(trial_reverse_tree(tree, NULL), 0);
	assert_int_equal(stat(link, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(stat(inner, &after), 0);
	assert_int_equal(after.st_mtime, 1234567);
	assert_int_equal(after.st_mode & 07777, 0555);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),    cmocka_unit_test(test_binary),
		cmocka_unit_test(test_archive), cmocka_unit_test(test_elf),
		cmocka_unit_test(test_reverse),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
