/* Manifests: written, read back, and refused when they are not what would be written. */
#include "unit.h"

#include <string.h>

#include "manifest.h"
#include "own.h"

#define HEAD "package p\nversion 1\noutput run\narch amd64\n"
#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void round_trip(void **state)
{
	(void)state;
	own(manifest) manifest = {.package = "p", .version = "1", .output = "run", .arch = "amd64"};
	own(str) text = {0}, again = {0};
	strv_add(&manifest.needs, "libz.so.1");
	strv_add(&manifest.needs, "libc.so.6");
	vec_push(&manifest.entries, (struct manifest_entry){'l', 0777, 0, "a\tb%", "usr/z\nz"});
	vec_push(&manifest.entries, (struct manifest_entry){'f', 0644, 7, SHA, "usr/a"});
	vec_push(&manifest.entries, (struct manifest_entry){'d', 0755, 0, "", "usr"});
	manifest_format(&manifest, &text);
	assert_string_equal(str_text(&text), HEAD "needs libc.so.6\nneeds libz.so.1\n"
	                                          "d\t755\t0\t\tusr\n"
	                                          "f\t644\t7\t" SHA "\tusr/a\n"
	                                          "l\t777\t0\ta%09b%25\tusr/z%0Az\n");
	own(manifest) back = {0};
	own(err) err = {0};
	/* A newline in a path is written, but such a path is not taken back. */
	assert_int_equal(manifest_parse("m", str_text(&text), &back, &err), -1);
	assert_non_null(strstr(err.message, "m:9: an unsafe path"));
}

static void read_back(void **state)
{
	(void)state;
	own(manifest) manifest = {0};
	own(str) again = {0};
	const char *text = HEAD "provides libp.so.1\nrequires glibc\n"
				"d\t755\t0\t\tusr\nf\t755\t10\t" SHA "\tusr/p\n";
	assert_int_equal(manifest_parse("m", text, &manifest, NULL), 0);
	assert_int_equal(manifest.entries.count, 2);
	assert_int_equal(manifest_bytes(&manifest), 10);
	manifest_format(&manifest, &again);
	assert_string_equal(str_text(&again), text);
}

static void refuse(const char *text, const char *what)
{
	own(manifest) manifest = {0};
	own(err) err = {0};
	assert_int_equal(manifest_parse("m", text, &manifest, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	if (!strstr(err.message, what))
		fail_msg("wanted \"%s\" in \"%s\"", what, err.message);
}

static void refused(void **state)
{
	(void)state;
	refuse("", "missing");
	refuse("package p\nversion 1\noutput run\n", "missing");
	refuse(HEAD "colour red\n", "m:5: an unknown header");
	refuse(HEAD "needs\n", "without a value");
	refuse(HEAD "needs lib\033[2J.so\n", "m:5: a header with control characters");
	refuse(HEAD "f\t644\t1\t" SHA "\n", "five fields");
	refuse(HEAD "f\t644\t1\t" SHA "\ta\tb\n", "no known form");
	refuse(HEAD "c\t644\t1\t" SHA "\ta\n", "no known form");
	refuse(HEAD "f\t99\t1\t" SHA "\ta\n", "mode or size");
	refuse(HEAD "f\t644\tx\t" SHA "\ta\n", "mode or size");
	refuse(HEAD "f\t644\t1\t1234\ta\n", "SHA-256");
	refuse(HEAD "l\t777\t0\t\ta\n", "without a target");
	refuse(HEAD "d\t755\t0\t\t../a\n", "unsafe");
	refuse(HEAD "d\t755\t0\t\t/a\n", "unsafe");
	refuse(HEAD "d\t755\t0\t\ta%2\n", "percent");
	refuse(HEAD "d\t755\t0\t\ta%00b\n", "percent");
	refuse(HEAD "d\t755\t0\t\tb\nd\t755\t0\t\ta\n", "m:6: paths out of order");
	refuse(HEAD "d\t755\t0\t\ta\nd\t755\t0\t\ta\n", "out of order");
	refuse(HEAD "d\t755\t0\t\ta\nneeds libc.so.6\n", "behind the entries");
}

/* Sonames come out of files that anybody's compiler wrote. */
static void names(void **state)
{
	(void)state;
	assert_true(manifest_is_name("libstdc++.so.6"));
	assert_true(manifest_is_name("libä b.so"));
	assert_false(manifest_is_name(""));
	assert_false(manifest_is_name("libz.so.1\nrequires evil"));
	assert_false(manifest_is_name("libz.so.1\tx"));
	assert_false(manifest_is_name("lib\177.so"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(read_back),
		cmocka_unit_test(refused),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
