/* Two builds of a package compared, out of a real store with a real shared library. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "pkg-diff.h"
#include "proc.h"

/* A store of its own, below a temporary directory. */
struct place {
	char *dir;
	struct workspace workspace;
};

static void place_release(struct place *place)
{
	fs_remove_tree(place->dir, NULL);
	free(place->dir);
	workspace_release(&place->workspace);
}

static void open_place(struct place *place)
{
	char template[] = "/tmp/sdk-test.XXXXXX";
	assert_non_null(mkdtemp(template));
	place->dir = mem_strdup(template);
	place->workspace = (struct workspace){.root = mem_strdup(template),
	                                      .out = path_join(template, "out"),
	                                      .cache = path_join(template, "cache"),
	                                      .data = path_join(template, "data"),
	                                      .build_arch = mem_strdup("amd64")};
}

static void compile(const char *source, const char *soname, const char *path)
{
	own(err) err = {0};
	own_free char *name = mem_printf("-Wl,-soname,%s", soname);
	own_free char *code = mem_printf(
		"printf '%%s' '%s' | ${CC:-gcc} -xc -shared -fPIC %s -o %s -", source, name, path);
	char *argv[] = {"sh", "-c", code, NULL};
	if (proc_run(&(struct proc_spec){.argv = argv}, &err) < 0)
		fail_msg("%s", err.message);
}

struct made {
	const char *path, *text; /* text NULL: a directory */
	unsigned mode;
};

/* Puts a tree with these files and the library into the store. */
static void add_build(const struct place *place, const char *version, const struct made *files,
                      size_t count, const char *library, const char *soname, struct record *record)
{
	own(err) err = {0};
	own_free char *root = path_join(place->dir, "tree");
	own(manifest)
		manifest = {.package = "foo", .version = version, .output = "run", .arch = "amd64"};
	assert_int_equal(fs_make_dirs(root, 0755, &err), 0);
	own_free char *so = path_join(root, "libfoo");
	compile(library, soname, so);
	struct digest digest;
	char hex[DIGEST_HEX];
	for (size_t i = 0; i < count + 1; i++) {
		const struct made *file = i < count ? &files[i] : NULL;
		const char *name = file ? file->path : "libfoo";
		own_free char *path = path_join(root, name);
		if (file)
			assert_int_equal(fs_write_text(path, file->text, &err), 0);
		assert_int_equal(digest_file(path, &digest, &err), 0);
		digest_hex(&digest, hex);
		struct manifest_entry entry = {.type = 'f',
		                               .mode = file && file->mode ? file->mode : 0644,
		                               .value = arena_strdup(&manifest.arena, hex),
		                               .path = arena_strdup(&manifest.arena, name)};
		vec_push(&manifest.entries, entry);
	}
	strv_add(&manifest.provides, soname);
	*record = (struct record){.package = mem_strdup("foo"),
	                          .version = mem_strdup(version),
	                          .arch = mem_strdup("amd64")};
	struct record_output output = {.name = mem_strdup("run"), .bytes = 1000 * count};
	if (store_add(&place->workspace, &manifest, root, output.digest, &err) < 0)
		fail_msg("%s", err.message);
	vec_push(&record->outputs, output);
}

static void test_what_differs(void **state)
{
	(void)state;
	own(place) place = {0};
	own(record) old = {0};
	own(record) new = {0};
	own(pkg_diff) diff = {0};
	own(err) err = {0};
	own(str) text = {0};
	open_place(&place);
	static const struct made before[] = {
		{"data-1.2.3", "a", 0}, {"same", "s", 0}, {"gone", "g", 0}};
	static const struct made after[] = {
		{"data-1.2.4", "b", 0}, {"same", "s", 0}, {"su", "x", 04755}, {"new", "n", 0}};
	add_build(&place, "1.2.3", before, 3,
	          "int kept(void){return 1;} int dropped(void){return 2;}", "libfoo.so.1", &old);
	add_build(
		&place, "1.2.4", after, 4,
		"int kept(void){return 1;} int fresh(void){return 2;}"
		"static int hidden(void){return 1;} int x __attribute__((visibility(\"hidden\")));"
		"int use(void){return hidden();}",
		"libfoo.so.1", &new);
	assert_int_equal(pkg_diff_make(&place.workspace, &old, &new, &diff, &err), 0);
	pkg_diff_describe(&diff, &text);
	assert_string_equal(str_text(&text),
	                    "- BREAKS USERS: symbols gone (1): libfoo.so.1: dropped\n"
	                    "- symbols added (2): libfoo.so.1: fresh, libfoo.so.1: use\n"
	                    "- LOOK: set-id files added (1): su\n"
	                    "- files added (2): new, su\n"
	                    "- files gone (1): gone\n"
	                    "- files changed: 2\n"
	                    "- size of run: 3,000 → 4,000 B (+33.3 %)\n");
}

static void test_another_soname(void **state)
{
	(void)state;
	own(place) place = {0};
	own(record) old = {0};
	own(record) new = {0};
	own(pkg_diff) diff = {0};
	own(pkg_diff) none = {0};
	own(err) err = {0};
	open_place(&place);
	add_build(&place, "1", NULL, 0, "int a(void){return 1;}", "libfoo.so.1", &old);
	add_build(&place, "2", NULL, 0, "int a(void){return 1;}", "libfoo.so.2", &new);
	assert_int_equal(pkg_diff_make(&place.workspace, &old, &new, &diff, &err), 0);
	assert_string_equal(diff.sonames.gone.items[0], "libfoo.so.1");
	assert_string_equal(diff.sonames.added.items[0], "libfoo.so.2");
	assert_false(diff.is_same);
	assert_int_equal(pkg_diff_make(&place.workspace, &new, &new, &none, &err), 0);
	assert_true(none.is_same);
	assert_int_equal(none.files.added.count + none.files.gone.count + none.changed_files, 0);
	own(record) lost = {.package = mem_strdup("foo"),
	                    .version = mem_strdup("3"),
	                    .arch = mem_strdup("amd64")};
	struct record_output output = {.name = mem_strdup("run")};
	memset(output.digest, 'a', DIGEST_HEX - 1);
	vec_push(&lost.outputs, output);
	own(pkg_diff) failed = {0};
	assert_int_equal(pkg_diff_make(&place.workspace, &old, &lost, &failed, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_differs),
		cmocka_unit_test(test_another_soname),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
