/* Archives: what hostile ones try, what honest ones hold, the same bytes every time. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "fs.h"
#include "hash.h"
#include "own.h"
#include "path.h"
#include "str.h"

static char dir[] = "/tmp/sdk-test-archive-XXXXXX";

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

/* One entry of a ustar archive, POSIX.1-2017 pax(1). */
struct entry {
	char type; /* '0' file, '1' hard link, '2' symbolic link, '3' device, '5' directory; 0 ends
	            */
	const char *name, *target, *data;
	unsigned mode;
};

static void octal(char *field, int width, unsigned long number)
{
	snprintf(field, (size_t)width, "%0*lo", width - 1, number);
}

static void add_entry(struct str *tar, const struct entry *entry)
{
	char block[512] = {0};
	size_t size = entry->data ? strlen(entry->data) : 0;
	snprintf(block, 100, "%s", entry->name);
	octal(block + 100, 8, entry->mode ? entry->mode : 0644);
	octal(block + 108, 8, 0);
	octal(block + 116, 8, 0);
	octal(block + 124, 12, size);
	octal(block + 136, 12, 1000000000);
	block[156] = entry->type;
	if (entry->target)
		snprintf(block + 157, 100, "%s", entry->target);
	snprintf(block + 257, 8, "ustar");
	block[263] = block[264] = '0';
	unsigned sum = 8 * ' ';
	for (size_t i = 0; i < sizeof block; i++)
		sum += (unsigned char)block[i];
	octal(block + 148, 7, sum);
	block[155] = ' ';
	str_add_bytes(tar, block, sizeof block);
	if (size) {
		char data[512] = {0};
		snprintf(data, sizeof data, "%s", entry->data);
		str_add_bytes(tar, data, sizeof data);
	}
}

static void write_tar(const char *path, const struct entry *entries)
{
	own(str) tar = {0};
	static const char end[1024];
	for (; entries->type; entries++)
		add_entry(&tar, entries);
	str_add_bytes(&tar, end, sizeof end);
	assert_int_equal(fs_write_file(path, tar.data, tar.len, 0644, NULL), 0);
}

/* Unpacks into <dir>/box/tree, freshly made. */
static int unpack(const struct entry *entries, unsigned strip, struct err *err)
{
	own_free char *tar = path_join(dir, "in.tar"), *box = path_join(dir, "box");
	own_free char *tree = path_join(box, "tree");
	time_t newest = 0;
	assert_int_equal(fs_remove_tree(box, NULL), 0);
	assert_int_equal(fs_make_dirs(tree, 0755, NULL), 0);
	write_tar(tar, entries);
	int result = archive_unpack(tar, tree, &(struct archive_choice){.strip = strip}, NULL,
	                            &newest, err);
	if (result == 0 && entries->type)
		assert_int_equal(newest, 1000000000);
	return result;
}

static char *in_tree(const char *name)
{
	return path_printf("%s/box/tree/%s", dir, name);
}

static void hostile_archives_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		struct entry entries[4];
	} cases[] = {
		{"\"..\"", {{'0', "../escaped", NULL, "x", 0}}},
		{"\"..\"", {{'0', "a/../../escaped", NULL, "x", 0}}},
		{"absolute", {{'0', "/tmp/sdk-escaped", NULL, "x", 0}}},
		{"symbolic link", {{'2', "a", "..", NULL, 0}, {'0', "a/escaped", NULL, "x", 0}}},
		{"symbolic link",
	         {{'5', "d", NULL, NULL, 0755},
	          {'2', "d/l", "/tmp", NULL, 0},
	          {'5', "d/l/sub", NULL, NULL, 0755}}},
		{"in the place of", {{'2', "a", "/tmp", NULL, 0}, {'5', "a", NULL, NULL, 0755}}},
		{"symbolic link", {{'2', "a", "..", NULL, 0}, {'1', "b", "a/in.tar", NULL, 0}}},
		{"\"..\"", {{'1', "b", "../../in.tar", NULL, 0}}},
		{"absolute", {{'1', "b", "/etc/passwd", NULL, 0}}},
		{"not in the archive", {{'1', "b", "nowhere", NULL, 0}}},
		{"device", {{'3', "null", NULL, NULL, 0666}}},
		{"device", {{'6', "pipe", NULL, NULL, 0666}}},
		{"symbolic link or a file", {{'0', "a", NULL, "x", 0}, {'0', "a/b", NULL, "x", 0}}},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		own(err) err = {0};
		own_free char *escaped = path_printf("%s/box/escaped", dir);
		assert_int_equal(unpack(cases[i].entries, 0, &err), -1);
		if (err.kind != ERR_TRUST || !strstr(err.message, cases[i].pattern))
			fail_msg("case %zu: %s", i, err.message);
		assert_false(fs_exists(escaped));
	}
	assert_false(fs_exists("/tmp/sdk-escaped"));
}

static void a_link_is_replaced_not_followed(void **state)
{
	(void)state;
	own(err) err = {0};
	own_free char *victim = path_printf("%s/victim", dir), *file = in_tree("a");
	own(str) text = {0};
	assert_int_equal(fs_write_text(victim, "whole", NULL), 0);
	struct entry entries[] = {{'2', "a", victim, NULL, 0}, {'0', "a", NULL, "new", 0}, {0}};
	assert_int_equal(unpack(entries, 0, &err), 0);
	assert_int_equal(fs_read(victim, 100, &text, NULL), 0);
	assert_string_equal(str_text(&text), "whole");
	str_reset(&text);
	assert_int_equal(fs_read(file, 100, &text, NULL), 0);
	assert_string_equal(str_text(&text), "new");
}

static void modes_links_and_strip(void **state)
{
	(void)state;
	own(err) err = {0};
	struct stat st;
	struct entry entries[] = {
		{'5', "pkg-1/", NULL, NULL, 0755},
		{'0', "./pkg-1/su", NULL, "x", 04755},
		{'0', "pkg-1//deep/er/unreadable", NULL, "x", 01},
		{'5', "pkg-1/locked", NULL, NULL, 0500},
		{'0', "pkg-1/locked/inside", NULL, "x", 0},
		{'1', "pkg-1/hard", "pkg-1/su", NULL, 0},
		{'2', "pkg-1/soft", "../anywhere", NULL, 0},
		{0},
	};
	assert_int_equal(unpack(entries, 1, &err), 0);
	own_free char *su = in_tree("su"), *deep = in_tree("deep/er/unreadable");
	own_free char *inside = in_tree("locked/inside"), *soft = in_tree("soft");
	own_free char *locked = in_tree("locked");
	assert_int_equal(stat(su, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(st.st_mtime, 1000000000);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0601);
	assert_true(fs_is_file(inside));
	assert_int_equal(stat(locked, &st), 0);
	assert_int_equal(st.st_mtime, 1000000000);
	own_free char *target = fs_read_link(soft);
	assert_string_equal(target, "../anywhere");
}

static bool is_docs(const void *context, const char *path)
{
	return str_starts(path, context);
}

/* Left out by the name that is left of it; its time counts all the same. */
static void some_is_left_out(void **state)
{
	(void)state;
	own(err) err = {0};
	struct entry entries[] = {
		{'5', "pkg-1/docs", NULL, NULL, 0755},
		{'0', "pkg-1/docs/guide", NULL, "x", 0644},
		{'0', "pkg-1/code", NULL, "x", 0644},
		{'1', "pkg-1/linked", "pkg-1/docs/guide", NULL, 0},
		{0},
	};
	own_free char *tar = path_join(dir, "part.tar"), *tree = path_join(dir, "part");
	own(strv) names = {0};
	time_t newest = 0;
	struct archive_choice choice = {.strip = 1, .excludes = is_docs, .context = "docs"};
	assert_int_equal(fs_make_dirs(tree, 0755, NULL), 0);
	write_tar(tar, entries);
	assert_int_equal(archive_unpack(tar, tree, &choice, NULL, &newest, &err), -1);
	assert_int_equal(err.kind, ERR_TRUST);
	assert_non_null(strstr(err.message, "linked"));
	assert_int_equal(fs_remove_tree(tree, NULL), 0);
	assert_int_equal(fs_make_dirs(tree, 0755, NULL), 0);
	entries[3] = (struct entry){0};
	write_tar(tar, entries);
	assert_int_equal(archive_unpack(tar, tree, &choice, NULL, &newest, NULL), 0);
	assert_int_equal(newest, 1000000000);
	assert_int_equal(fs_list(tree, &names, NULL), 0);
	assert_int_equal(names.count, 1);
	assert_string_equal(names.items[0], "code");
}

static void bombs_are_stopped(void **state)
{
	(void)state;
	own_free char *tar = path_join(dir, "bomb.tar"), *tree = path_join(dir, "bomb");
	struct entry entries[] = {
		{'0', "a", NULL, "0123456789", 0}, {'0', "b", NULL, "0123456789", 0}, {0}};
	write_tar(tar, entries);
	assert_int_equal(fs_make_dirs(tree, 0755, NULL), 0);
	struct archive_limits few_bytes = {.max_bytes = 15}, few_entries = {.max_entries = 1};
	own(err) bytes = {0}, count = {0};
	assert_int_equal(archive_unpack(tar, tree, &(struct archive_choice){0}, &few_bytes, NULL,
	                                &bytes),
	                 -1);
	assert_int_equal(bytes.kind, ERR_TRUST);
	assert_int_equal(archive_unpack(tar, tree, &(struct archive_choice){0}, &few_entries, NULL,
	                                &count),
	                 -1);
	assert_int_equal(count.kind, ERR_TRUST);
}

static void rubbish_is_an_error(void **state)
{
	(void)state;
	own(err) err = {0}, deb = {0};
	own_free char *path = path_join(dir, "rubbish.tar.xz");
	assert_int_equal(fs_write_text(path, "this is no archive", NULL), 0);
	assert_int_equal(archive_unpack(path, dir, &(struct archive_choice){0}, NULL, NULL, &err),
	                 -1);
	assert_non_null(strstr(err.message, "rubbish.tar.xz"));
	assert_int_equal(archive_unpack_deb(path, dir, &deb), -1);
}

/* deb(5): ar, its members padded to even lengths. */
static void add_member(struct str *ar, const char *name, const struct str *data)
{
	str_addf(ar, "%-16s%-12d%-6d%-6d%-8o%-10zu`\n", name, 0, 0, 0, 0100644, data->len);
	str_add_bytes(ar, data->data, data->len);
	if (data->len & 1)
		str_add_char(ar, '\n');
}

static void packages_land_in_merged_usr(void **state)
{
	(void)state;
	own(err) err = {0};
	own(str) ar = {0}, tar = {0}, version = {0};
	static const char end[1024];
	struct entry entries[] = {{'5', "./", NULL, NULL, 0755},
	                          {'5', "./lib/", NULL, NULL, 0755},
	                          {'0', "./lib/libx.so", NULL, "x", 0},
	                          {'0', "./usr/lib/liby.so", NULL, "y", 0}};
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
		add_entry(&tar, &entries[i]);
	str_add_bytes(&tar, end, sizeof end);
	str_add(&version, "2.0\n");
	str_add(&ar, "!<arch>\n");
	add_member(&ar, "debian-binary", &version);
	add_member(&ar, "control.tar", &tar);
	add_member(&ar, "data.tar", &tar);
	own_free char *path = path_join(dir, "x.deb"), *tree = path_join(dir, "deb");
	own_free char *moved = path_join(dir, "deb/usr/lib/libx.so");
	own_free char *lib = path_join(dir, "deb/lib/libx.so");
	assert_int_equal(fs_write_file(path, ar.data, ar.len, 0644, NULL), 0);
	assert_int_equal(fs_make_dirs(tree, 0755, NULL), 0);
	assert_int_equal(archive_unpack_deb(path, tree, &err), 0);
	assert_true(fs_is_file(moved));
	assert_false(fs_is_file(lib));
}

static void packing_is_reproducible(void **state)
{
	(void)state;
	own(err) err = {0};
	own(strv) names = {0};
	struct digest digests[2];
	static const char *const files[] = {"usr", "usr/ä", "usr/link"};
	for (size_t i = 0; i < 3; i++)
		strv_add(&names, files[i]);
	for (int i = 0; i < 2; i++) {
		own_free char *root = path_printf("%s/root%d", dir, i);
		own_free char *file = path_join(root, "usr/ä");
		own_free char *link = path_join(root, "usr/link");
		own_free char *archive = path_printf("%s/packed%d", dir, i);
		assert_int_equal(fs_make_parents(file, NULL), 0);
		assert_int_equal(fs_write_text(file, "same", NULL), 0);
		assert_int_equal(chmod(file, 0640), 0);
		assert_int_equal(symlink("ä", link), 0);
		if (archive_pack(root, &names, "manifest", "text\n", 42, 3, archive, &err) < 0)
			fail_msg("%s", err.message);
		assert_int_equal(digest_file(archive, &digests[i], &err), 0);
		assert_int_equal(i && !digest_equal(&digests[0], &digests[1]), 0);
	}
	own_free char *archive = path_join(dir, "packed0"), *tree = path_join(dir, "unpacked");
	own_free char *file = path_join(dir, "unpacked/usr/ä");
	own_free char *manifest = path_join(dir, "unpacked/manifest");
	struct stat st;
	time_t newest = 0;
	assert_int_equal(fs_make_dirs(tree, 0755, NULL), 0);
	assert_int_equal(
		archive_unpack(archive, tree, &(struct archive_choice){0}, NULL, &newest, &err), 0);
	assert_int_equal(newest, 42);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_true(fs_is_file(manifest));
}

static void a_failed_packing_leaves_nothing(void **state)
{
	(void)state;
	own(err) err = {0};
	own(strv) names = {0}, left = {0};
	own_free char *out = path_join(dir, "none"), *path = path_join(out, "x.tar.zst");
	strv_add(&names, "not-there");
	assert_int_equal(fs_make_dirs(out, 0755, NULL), 0);
	assert_int_equal(archive_pack(dir, &names, NULL, NULL, 0, 3, path, &err), -1);
	assert_non_null(strstr(err.message, "not-there"));
	assert_int_equal(fs_list(out, &left, NULL), 0);
	assert_int_equal(left.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_archives_are_refused),
		cmocka_unit_test(a_link_is_replaced_not_followed),
		cmocka_unit_test(modes_links_and_strip),
		cmocka_unit_test(some_is_left_out),
		cmocka_unit_test(bombs_are_stopped),
		cmocka_unit_test(rubbish_is_an_error),
		cmocka_unit_test(packages_land_in_merged_usr),
		cmocka_unit_test(packing_is_reproducible),
		cmocka_unit_test(a_failed_packing_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
