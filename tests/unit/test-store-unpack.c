/* An output's archive: what differs from its manifest in any way is not unpacked as if it were it.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "fs.h"
#include "manifest.h"
#include "own.h"
#include "path.h"
#include "store-unpack.h"

static char dir[] = "/tmp/sdk-test-store-XXXXXX";
static const char *const names[] = {"bin", "bin/tool", "lib", "lib/link"};

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

static char *below(const char *name)
{
	return path_join(dir, name);
}

/* A tree of a file in a read-only directory and a link. */
static void make_tree(void)
{
	own_free char *tree = below("tree");
	own_free char *bin = below("tree/bin");
	own_free char *lib = below("tree/lib");
	own_free char *tool = below("tree/bin/tool");
	own_free char *link = below("tree/lib/link");
	fs_remove_tree(tree, NULL);
	assert_int_equal(fs_make_dirs(bin, 0755, NULL), 0);
	assert_int_equal(fs_make_dirs(lib, 0755, NULL), 0);
	assert_int_equal(fs_write_file(tool, "tool", 4, 0755, NULL), 0);
	assert_int_equal(chmod(tool, 0755), 0);
	assert_int_equal(symlink("../bin/tool", link), 0);
	assert_int_equal(chmod(bin, 0555), 0);
}

/* The manifest of make_tree's tree. */
static void describe(struct str *text, char digest[DIGEST_HEX])
{
	struct digest found;
	char hex[DIGEST_HEX];
	digest_of("tool", 4, &found);
	digest_hex(&found, hex);
	str_addf(text,
	         "package t\nversion 1\noutput run\narch amd64\n"
	         "d\t555\t0\t\tbin\nf\t755\t4\t%s\tbin/tool\nd\t755\t0\t\tlib\n"
	         "l\t777\t0\t../bin/tool\tlib/link\n",
	         hex);
	digest_of(text->data, text->len, &found);
	digest_hex(&found, digest);
}

static void pack(const char *const *members, size_t count, const char *manifest_name,
                 const char *manifest)
{
	own(strv) list = {0};
	own_free char *tree = below("tree");
	own_free char *archive = below("archive");
	for (size_t i = 0; i < count; i++)
		strv_add(&list, members[i]);
	assert_int_equal(archive_pack(tree, &list, manifest_name, manifest, 0, 3, archive, NULL),
	                 0);
}

static int unpack(const char *digest, struct err *err)
{
	own_free char *archive = below("archive");
	own_free char *staging = below("staging");
	fs_remove_tree(staging, NULL);
	assert_int_equal(fs_make_dirs(staging, 0700, NULL), 0);
	return store_unpack_file(archive, digest, staging, err);
}

static void refused(const char *digest, const char *why)
{
	own(err) err = {0};
	assert_int_equal(unpack(digest, &err), -1);
	if (!strstr(err.message, why))
		print_message("%s\n", err.message);
	assert_non_null(strstr(err.message, why));
}

static void unpacks_exactly(void **state)
{
	(void)state;
	own(err) err = {0};
	own(str) text = {0};
	char digest[DIGEST_HEX];
	struct stat st;
	own_free char *bin = below("staging/root/bin");
	own_free char *tool = below("staging/root/bin/tool");
	own_free char *link = below("staging/root/lib/link");
	own_free char *manifest = below("staging/manifest");
	make_tree();
	describe(&text, digest);
	pack(names, 4, ".manifest", str_text(&text));
	assert_int_equal(unpack(digest, &err), 0);
	assert_int_equal(stat(bin, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0555);
	assert_int_equal(st.st_mtime, 0);
	assert_int_equal(stat(tool, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_mtime, 0);
	own_free char *target = fs_read_link(link);
	assert_string_equal(target, "../bin/tool");
	assert_true(fs_is_file(manifest));
}

static void refuses_what_differs(void **state)
{
	(void)state;
	static const char *const swapped[] = {"bin", "lib", "bin/tool", "lib/link"};
	static const char *const twice[] = {"bin", "bin/tool", "bin/tool", "lib", "lib/link"};
	own(str) text = {0};
	char digest[DIGEST_HEX], other[DIGEST_HEX];
	own_free char *tool = below("tree/bin/tool");
	own_free char *bin = below("tree/bin");
	own_free char *link = below("tree/lib/link");
	make_tree();
	describe(&text, digest);
	memset(other, 'a', sizeof other - 1);
	other[sizeof other - 1] = '\0';

	pack(names, 4, ".manifest", str_text(&text));
	refused(other, "its manifest is ");
	pack(names, 4, "manifest", str_text(&text));
	refused(digest, "not its first member");
	pack(names, 4, NULL, NULL);
	refused(digest, "not its first member");
	pack(names, 3, ".manifest", str_text(&text));
	refused(digest, "1 entries of the manifest are missing");
	pack(swapped, 4, ".manifest", str_text(&text));
	refused(digest, "lib comes in the place of bin/tool");
	pack(twice, 5, ".manifest", str_text(&text));
	refused(digest, "bin/tool comes in the place of lib");

	assert_int_equal(chmod(tool, 04755), 0);
	pack(names, 4, ".manifest", str_text(&text));
	refused(digest, "bin/tool: mode differs");
	assert_int_equal(chmod(bin, 0755), 0);
	assert_int_equal(fs_write_file(tool, "loot", 4, 0755, NULL), 0);
	assert_int_equal(chmod(bin, 0555), 0);
	pack(names, 4, ".manifest", str_text(&text));
	refused(digest, "bin/tool: content differs");
	assert_int_equal(chmod(bin, 0755), 0);
	assert_int_equal(fs_write_file(tool, "tools", 5, 0755, NULL), 0);
	assert_int_equal(chmod(bin, 0555), 0);
	pack(names, 4, ".manifest", str_text(&text));
	refused(digest, "bin/tool: size differs");
	make_tree();
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	pack(names, 4, ".manifest", str_text(&text));
	refused(digest, "lib/link: target differs");
}

/* Any byte gone or changed: refused, or (a name in a header that nobody reads) the same tree. */
static void refuses_cut_archives(void **state)
{
	(void)state;
	own(str) text = {0}, bytes = {0};
	char digest[DIGEST_HEX];
	own_free char *archive = below("archive");
	make_tree();
	describe(&text, digest);
	pack(names, 4, ".manifest", str_text(&text));
	assert_int_equal(fs_read(archive, 1 << 20, &bytes, NULL), 0);
	for (size_t length = 0; length < bytes.len; length += 7) {
		own(err) err = {0};
		assert_int_equal(fs_write_file(archive, bytes.data, length, 0644, NULL), 0);
		assert_int_equal(unpack(digest, &err), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unpacks_exactly),
		cmocka_unit_test(refuses_what_differs),
		cmocka_unit_test(refuses_cut_archives),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
