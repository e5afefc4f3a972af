/* The seed: its file, Release files, and what packages need. */
#include "unit.h"

#include <string.h>

#include "debrelease.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "seed.h"
#include "solv.h"

static char dir[] = "/tmp/sdk-test-seed-XXXXXX";

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

static char *write_file(const char *name, const char *text)
{
	char *path = path_join(dir, name);
	assert_int_equal(fs_write_text(path, text, NULL), 0);
	return path;
}

/* ---- seed.yaml */

#define TOP                                            \
	"suite: trixie\n"                              \
	"indexes: [{mirror: debian, suite: trixie}]\n" \
	"keyrings: [bootstrap/keys/a.asc]\n"

static void reads_groups_for_an_architecture(void **state)
{
	(void)state;
	own(err) err = {0};
	own(seed) seed = {0};
	own_free char *path =
		write_file("good.yaml",
	                   TOP "groups:\n"
	                       "  tool:\n    summary: s\n    closure: false\n    packages: [x]\n"
	                       "    packages-on: {arm64: [y, z], amd64: [w]}\n"
	                       "  base: {summary: s, packages: [bash, gcc]}\n");
	assert_int_equal(seed_load(path, "arm64", &seed, &err), 0);
	assert_string_equal(seed.indexes.items[0].components.items[0], "main");
	assert_int_equal(seed.groups.count, 2);
	assert_string_equal(seed.groups.items[0].name, "base");
	assert_true(seed.groups.items[0].closure);
	assert_false(seed.groups.items[1].closure);
	assert_int_equal(seed.groups.items[1].packages.count, 3);
	assert_string_equal(seed.groups.items[1].packages.items[2]->text, "z");
}

static void refuses_wrong_seeds(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "empty"},
		{TOP, "groups"},
		{TOP "groups: {}\n", "\"base\" is missing"},
		{TOP "groups: {base: {summary: s}}\n", "packages"},
		{TOP "groups: {base: {packages: [x]}}\n", "summary"},
		{TOP "groups: {base: {summary: s, packages: [[x]]}}\n", "packages"},
		{TOP "groups: {base: {summary: s, packges: [x]}}\n", "packges"},
		{TOP "groups: {Base: {summary: s, packages: [x]}}\n", "a group's name"},
		{"suite: a/b\nindexes: [{mirror: d, suite: t}]\nkeyrings: [a]\ngroups: {}\n",
	         "suite"},
		{"suite: t\nindexes: []\nkeyrings: [a]\ngroups: {}\n", "there are none"},
		{"suite: t\nindexes: [{mirror: d, suite: ../t}]\nkeyrings: [a]\ngroups: {}\n",
	         ":2:"},
		{"suite: t\nindexes: [{mirror: d, suite: t}]\nkeyrings: [/etc/a]\ngroups: {}\n",
	         "in the checkout"},
		{"suite: t\nindexes: [{mirror: d, suite: t}]\nkeyrings: []\ngroups: {}\n",
	         "there are none"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		own(err) err = {0};
		own(seed) seed = {0};
		own_free char *path = write_file("bad.yaml", cases[i].text);
		assert_int_equal(seed_load(path, "amd64", &seed, &err), -1);
		if (err.kind != ERR_INPUT || !strstr(err.message, cases[i].message))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.message,
			         cases[i].message);
	}
}

/* ---- Release */

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
static const char release[] = "Origin: Debian\nSuite: stable-security\nCodename: trixie-security\n"
			      "Valid-Until: Sat, 28 Nov 2026 00:53:03 UTC\n"
			      "MD5Sum:\n 00 1 main/binary-amd64/Packages.xz\n"
			      "SHA256:\n " SUM "    77 main/binary-amd64/Packages.xz\n"
			      " " SUM " 1 main/other\nSHA512:\n ff 3 main/late\n";
/* date -d '2026-11-28 00:53:03 UTC' +%s */
enum { VALID_UNTIL = 1795827183 };

static void release_is_the_wanted_one(void **state)
{
	(void)state;
	own(err) other = {0}, old = {0}, bad = {0}, none = {0};
	assert_int_equal(debrelease_check(release, "trixie-security", VALID_UNTIL, &none), 0);
	assert_int_equal(debrelease_check(release, "stable-security", VALID_UNTIL, &none), 0);
	assert_int_equal(debrelease_check(release, "trixie", VALID_UNTIL, &other), -1);
	assert_int_equal(other.kind, ERR_TRUST);
	assert_int_equal(debrelease_check(release, "trixie-security", VALID_UNTIL + 1, &old), -1);
	assert_int_equal(old.kind, ERR_TRUST);
	assert_non_null(old.hint);
	assert_int_equal(debrelease_check("Codename: x\nValid-Until: soon\n", "x", 0, &bad), -1);
	assert_int_equal(debrelease_check("Codename: x\n", "x", 0, &none), 0);
}

static void release_lists_files(void **state)
{
	(void)state;
	own(err) err = {0};
	struct debrelease_file file;
	assert_int_equal(debrelease_find(release, "main/binary-amd64/Packages.xz", &file, &err), 1);
	assert_string_equal(file.sha256, SUM);
	assert_int_equal(file.size_bytes, 77);
	assert_int_equal(debrelease_find(release, "main/binary-amd64/Packages", &file, &err), 0);
	assert_int_equal(debrelease_find(release, "main/late", &file, &err), 0);
	assert_int_equal(debrelease_find("SHA256:\n junk\n", "x", &file, &err), -1);
}

/* ---- what packages need */

/* The digests differ in the last digits, which are `id`. */
#define PACKAGE(name, version, fields, id)                                      \
	"Package: " name "\nVersion: " version "\nArchitecture: amd64\n" fields \
	"Filename: pool/" name "_" version ".deb\nSize: 10" id "\n"             \
	"SHA256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd" id "\n\n"

static const char main_index[] =
	PACKAGE("app", "1.0", "Depends: first | second, libx (>= 1)\nRecommends: extra\n",
                "01") PACKAGE("first", "1.0", "Provides: either\n",
                              "02") PACKAGE("second", "1.0", "Provides: either\n", "03")
		PACKAGE("libx", "1.0", "", "04") PACKAGE("extra", "1.0", "", "05")
			PACKAGE("broken", "1.0", "Depends: nothing-has-this\n", "06")
				PACKAGE("foe", "1.0", "Conflicts: first\n", "07")
					PACKAGE("wants-second", "1.0", "Depends: second\n", "08");
static const char security_index[] =
	PACKAGE("libx", "1.0+deb1", "", "09") PACKAGE("first", "1.0", "Provides: either\n", "02");

static struct solv *open_indexes(void)
{
	own(err) err = {0};
	own_free char *first = write_file("main", main_index);
	own_free char *second = write_file("security", security_index);
	struct solv *solv = solv_open("amd64");
	assert_int_equal(solv_add_index(solv, first, 0, &err), 0);
	assert_int_equal(solv_add_index(solv, second, 1, &err), 0);
	return solv;
}

/* "app first libx", or "-" and the error. */
static char *closure(struct solv *solv, const char *names, struct err *err)
{
	own(strv) words = {0}, found = {0};
	own(solv_set) wanted = {0}, set = {0};
	strv_split(&words, names, " ");
	for (size_t i = 0; i < words.count; i++)
		vec_push(&wanted, solv_find(solv, words.items[i]));
	if (solv_closure(solv, &wanted, NULL, &set, err) < 0)
		return mem_strdup("-");
	for (vec_each(package, &set)) {
		struct solv_package described;
		solv_describe(solv, *package, &described);
		strv_add(&found, described.name);
	}
	return strv_join(&found, " ");
}

static void closures(void **state)
{
	(void)state;
	static const struct {
		const char *wanted, *closure;
	} cases[] = {
		{"libx", "libx"},
		{"app", "app first libx"}, /* the first alternative, no recommendation */
		{"app wants-second", "app libx second wants-second"}, /* unless another one is in */
		{"app foe", "app foe libx second"},
	};
	struct solv *solv = open_indexes();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		own(err) err = {0};
		own_free char *got = closure(solv, cases[i].wanted, &err);
		assert_string_equal(got, cases[i].closure);
	}
	own(err) broken = {0}, fight = {0};
	own_free char *none = closure(solv, "broken", &broken);
	assert_non_null(strstr(broken.message, "nothing-has-this"));
	own_free char *neither = closure(solv, "foe first", &fight);
	assert_string_equal(neither, "-");
	assert_int_equal(fight.kind, ERR_INPUT);
	solv_close(solv);
}

static void closures_within(void **state)
{
	(void)state;
	own(err) err = {0};
	own(solv_set) wanted = {0}, within = {0}, set = {0};
	struct solv *solv = open_indexes();
	vec_push(&wanted, solv_find(solv, "app"));
	vec_push(&within, solv_find(solv, "app"));
	vec_push(&within, solv_find(solv, "second"));
	vec_push(&within, solv_find(solv, "libx"));
	assert_int_equal(solv_closure(solv, &wanted, &within, &set, &err), 0);
	assert_int_equal(set.count, 3);
	own_free char *free_again = closure(solv, "app", &err);
	assert_string_equal(free_again, "app first libx");
	solv_close(solv);
}

static void describes_files(void **state)
{
	(void)state;
	struct solv *solv = open_indexes();
	struct solv_package package;
	solv_describe(solv, solv_find(solv, "libx"), &package);
	assert_string_equal(package.version, "1.0+deb1"); /* the newer one */
	assert_string_equal(package.path, "pool/libx_1.0+deb1.deb");
	assert_int_equal(package.size_bytes, 1009);
	assert_int_equal(package.index, 1);
	assert_string_equal(package.sha256 + 62, "09");
	solv_describe(solv, solv_find(solv, "first"), &package);
	assert_int_equal(package.index, 0); /* of equals, the index read first */
	assert_int_equal(solv_find(solv, "either"), 0);
	assert_int_equal(solv_find(solv, "absent"), 0);
	assert_string_equal(solv_nearest(solv, "extrra"), "extra");
	solv_close(solv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_groups_for_an_architecture),
		cmocka_unit_test(refuses_wrong_seeds),
		cmocka_unit_test(release_is_the_wanted_one),
		cmocka_unit_test(release_lists_files),
		cmocka_unit_test(closures),
		cmocka_unit_test(closures_within),
		cmocka_unit_test(describes_files),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
