/* Where installed files go: globs and the rule for outputs. */
#include "unit.h"

#include "pkg.h"

static void globs(void **state)
{
	(void)state;
	assert_true(pkg_glob_matches("usr/bin/*", "usr/bin/ls"));
	assert_false(pkg_glob_matches("usr/bin/*", "usr/bin/a/b"));
	assert_true(pkg_glob_matches("usr/share/foo/**", "usr/share/foo/a/b/c"));
	assert_true(pkg_glob_matches("usr/share/foo/**", "usr/share/foo/a"));
	assert_false(pkg_glob_matches("usr/share/foo/**", "usr/share/foo"));
	assert_false(pkg_glob_matches("usr/share/foo/**", "usr/share/fool/a"));
	assert_true(
		pkg_glob_matches("usr/lib/modules/*/kernel/**", "usr/lib/modules/6.12/kernel/x"));
	assert_false(pkg_glob_matches("usr/lib/modules/*/kernel/**", "usr/lib/modules/6.12/x/y"));
	assert_false(pkg_glob_matches("usr/**", "opt/x"));
}

static void outputs(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		bool is_link;
		const char *output;
	} cases[] = {
		{"usr/lib/libz.so.1.3.1", false, "run"},
		{"usr/lib/libz.so.1", true, "run"},
		{"usr/lib/libz.so", true, "dev"},
		{"usr/lib/libm.so", false, "run"},
		{"usr/lib/security/pam_x.so", false, "run"},
		{"usr/lib/libz.a", false, "dev"},
		{"usr/lib/crt1.o", false, "dev"},
		{"usr/include/zlib.h", false, "dev"},
		{"usr/lib/pkgconfig/zlib.pc", false, "dev"},
		{"usr/share/config.site", false, "dev"},
		{"usr/share/man/man1/ls.1", false, "doc"},
		{"usr/lib/debug/.build-id/ab/cd.debug", false, "debug"},
		{"usr/libexec/a.o", false, "run"},
		{"usr/includes", false, "run"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(pkg_default_output(cases[i].path, cases[i].is_link),
		                    cases[i].output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(globs), cmocka_unit_test(outputs)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
