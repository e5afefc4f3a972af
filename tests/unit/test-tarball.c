/* What texts of upstream archives show: licences, needs, versions. */
#include "unit.h"

#include <string.h>

#include "new.h"
#include "own.h"
#include "tarball.h"

static void check_licence(const char *text, const char *wanted)
{
	own(strv) found = {0};
	tarball_spdx(text, &found);
	own_free char *list = strv_join(&found, " ");
	assert_string_equal(list, wanted);
}

static void test_licences(void **state)
{
	(void)state;
	check_licence("/* Permission is hereby granted, free of charge, to any person\n"
	              " * obtaining a copy … The above copyright notice and this\n"
	              " * permission notice shall be … */",
	              "MIT");
	check_licence("GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007", "GPL-3.0-or-later");
	check_licence("Redistribution and use in source and binary forms … Redistributions in "
	              "binary form must reproduce the above copyright",
	              "BSD-2-Clause");
	check_licence("Redistribution and use in source and binary forms … Redistributions in "
	              "binary form must reproduce the above copyright … Neither name may be used "
	              "to endorse or promote products derived from this software",
	              "BSD-3-Clause");
	check_licence("", "");
	check_licence("See the GPL.", "");
}

static void add_build(struct tarball *tarball, const char *name, const char *text)
{
	vec_push(&tarball->builds,
	         (struct tarball_text){.name = mem_strdup(name), .text = mem_strdup(text)});
}

static void check_needs(const char *name, const char *text, const char *wanted)
{
	own(tarball) tarball = {0};
	own(strv) needs = {0};
	add_build(&tarball, name, text);
	tarball_needs(&tarball, &needs);
	own_free char *list = strv_join(&needs, ", ");
	assert_string_equal(list, wanted);
}

static void test_needs(void **state)
{
	(void)state;
	check_needs("configure.ac",
	            "PKG_CHECK_MODULES([A], [foo >= 1.2 bar])\nPKG_CHECK_MODULES(B, baz>=3)\n"
	            "AC_CHECK_LIB([z], [inflate])\nAC_SEARCH_LIBS([f], [m rt tinfo])\nAC_PROG_LEX\n"
	            "# AC_CHECK_LIB([off], [f])\nAM_GNU_GETTEXT([external])\n",
	            "library tinfo, library z, module bar, module baz, module foo, program flex, "
	            "program gettext");
	check_needs("src/meson.build",
	            "dependency('zlib', version: '>= 1.2')\ncc.find_library('dl')\n"
	            "find_program('bison')\ndependency('threads')\n",
	            "module zlib, program bison");
	check_needs("CMakeLists.txt",
	            "find_package(ZLIB REQUIRED)\nfind_package( Threads )\n"
	            "pkg_check_modules(X REQUIRED libfoo>=2 ${other})\n",
	            "cmake ZLIB, module libfoo");
	check_needs(
		"configure.ac",
		"AC_CHECK_HEADERS([zlib.h \\\n\tsys/acl.h $more])\nAC_CHECK_HEADER(expat.h,,)\n",
		"header expat.h, header sys/acl.h, header zlib.h");
	check_needs("meson.build", "cc.has_header('a/b.h')\ncc.check_header('c.h')\n",
	            "header a/b.h, header c.h");
	check_needs("CMakeLists.txt", "check_include_file(\"d.h\" HAVE_D)\n", "header d.h");
	check_needs("subprojects/x/meson.build", "dependency('other')\n", "");
	check_needs("configure.ac", "AC_CHECK_LIB(", "");
}

static void check_version(const char *file_name, const char *wanted)
{
	own_free char *version = new_version_of_name(file_name);
	if (!wanted)
		assert_null(version);
	else
		assert_string_equal(version ? version : "none", wanted);
}

static void test_versions(void **state)
{
	(void)state;
	check_version("foo-1.2.3.tar.gz", "1.2.3");
	check_version("foo_1.2.orig.tar.xz", "1.2");
	check_version("foo_1.2+ds.orig.tar.xz", "1.2");
	check_version("v2.0.zip", "2.0");
	check_version("lib2foo-v3.tgz", "3");
	check_version("foo-2.0-rc1.tar.bz2", "2.0-rc1");
	check_version("foo.tar.gz", NULL);
	own_free char *form = new_url_form("https://x/1.2/foo-1.2.tar?11.2", "1.2");
	assert_string_equal(form, "https://x/${version}/foo-${version}.tar?11.2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_licences),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_versions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
