/* Recipes put in form: what is found, what is put right, and that comments stay with their keys. */
#include "unit.h"

#include <string.h>

#include "own.h"
#include "recipe-form.h"
#include "str.h"

#define SHA "60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb"

static void check_fix(const char *text, const char *wanted)
{
	own(str) fixed = {0};
	own(str) again = {0};
	own(err) err = {0};
	own(recipe_findings) left = {0};
	if (recipe_form_fix("t", text, strlen(text), &fixed, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(str_text(&fixed), wanted);
	assert_int_equal(recipe_form_fix("t", wanted, strlen(wanted), &again, &err), 0);
	assert_string_equal(str_text(&again), wanted);
	assert_int_equal(recipe_form_check("t", wanted, strlen(wanted), &left, &err), 0);
	for (vec_each(finding, &left))
		assert_false(finding->can_fix);
}

static void test_order_keeps_comments(void **state)
{
	(void)state;
	check_fix("# The file.\n"
	          "\n"
	          "build: make   # how\n"
	          "# why this one\n"
	          "\n"
	          "# and why so\n"
	          "version: 1.2.3\n"
	          "name: foo\n"
	          "phases:\n"
	          "  install: |\n"
	          "    # not a comment of the recipe's\n"
	          "    echo a  \n"
	          "# the last key's\n"
	          "license: MIT\n"
	          "summary: x\n"
	          "# at the end\n",
	          "# The file.\n"
	          "\n"
	          "name: foo\n"
	          "# why this one\n"
	          "\n"
	          "# and why so\n"
	          "version: 1.2.3\n"
	          "summary: x\n"
	          "# the last key's\n"
	          "license: MIT\n"
	          "build: make   # how\n"
	          "phases:\n"
	          "  install: |\n"
	          "    # not a comment of the recipe's\n"
	          "    echo a  \n"
	          "# at the end\n");
}

static void test_values(void **state)
{
	(void)state;
	check_fix("name: foo\nversion: 1.2.3  \nsummary: x\n"
	          "license: 'GPL-2.0+ OR LGPL-2.1' # both\n"
	          "sources:\n  - urls: [\"https://x/foo-1.2.3/foo-1.2.3.tar\", "
	          "https://x/1.2.3.4/a]\n    size: 1\n    sha256: " SHA "\n"
	          "build: make",
	          "name: foo\nversion: 1.2.3\nsummary: x\n"
	          "license: 'GPL-2.0-or-later OR LGPL-2.1-only' # both\n"
	          "sources:\n  - urls: [\"https://x/foo-${version}/foo-${version}.tar\", "
	          "https://x/1.2.3.4/a]\n    size: 1\n    sha256: " SHA "\n"
	          "build: make\n");
}

static void find(const char *license, const char *wanted, bool is_wrong)
{
	own(str) text = {0};
	own(recipe_findings) findings = {0};
	own(err) err = {0};
	str_addf(&text, "name: foo\nversion: 1\nsummary: x\nlicense: %s\nbuild: make\n", license);
	assert_int_equal(recipe_form_check("t", text.data, text.len, &findings, &err), 0);
	if (!wanted) {
		assert_int_equal(findings.count, 0);
		return;
	}
	assert_int_equal(findings.count, 1);
	assert_int_equal(findings.items[0].line, 4);
	assert_int_equal(findings.items[0].is_wrong, is_wrong);
	assert_string_equal(findings.items[0].text, wanted);
}

static void test_licences(void **state)
{
	(void)state;
	find("MIT AND (Zlib OR GPL-2.0-only WITH Linux-syscall-note)", NULL, false);
	find("LicenseRef-own", NULL, false);
	find("Apache-2.0+", NULL, false);
	find("MITT",
	     "license: MITT is no licence of the SPDX list; did you mean MIT?; others are "
	     "LicenseRef-…",
	     true);
	find("GPL-2.0-only WITH MIT",
	     "license: MIT is no exception of the SPDX list; others are LicenseRef-…", true);
	find("GPL-3.0", "license: GPL-3.0 is GPL-3.0-only in today's SPDX list", false);
}

/* Another form than one key below the other is left as it is. */
static bool is_told(const char *text, const char *what)
{
	own(recipe_findings) findings = {0};
	own(err) err = {0};
	if (recipe_form_check("t", text, strlen(text), &findings, &err) < 0)
		fail_msg("%s", err.message);
	for (vec_each(finding, &findings))
		if (strstr(finding->text, what) && !finding->is_wrong)
			return true;
	return false;
}

/* Identifiers are the same in capitals and small letters; the list's spelling is put in. */
static void test_case_of_licences(void **state)
{
	(void)state;
	check_fix("name: a\nversion: 1\nsummary: S\n"
	          "license: \"mit AND apache-2.0 OR gpl-2.0+ AND "
	          "gpl-2.0-only WITH CLASSPATH-exception-2.0\"\nbuild: copy\n",
	          "name: a\nversion: 1\nsummary: S\n"
	          "license: \"MIT AND Apache-2.0 OR GPL-2.0-or-later AND "
	          "GPL-2.0-only WITH Classpath-exception-2.0\"\nbuild: copy\n");
	assert_true(is_told("name: a\nversion: 1\nsummary: S\nlicense: mit\nbuild: copy\n",
	                    "mit is spelt MIT"));
}

static void test_line_ends(void **state)
{
	(void)state;
	static const char text[] = "name: a\r\nversion: 1 \r\nsummary: S\r\nlicense: mit\r\n"
				   "build: copy\r\nphases:\r\n  install: |\r\n    one\r\n    "
				   "two  \r\n\r\n";
	assert_true(is_told(text, "CR LF"));
	check_fix(text, "name: a\nversion: 1\nsummary: S\nlicense: MIT\nbuild: copy\nphases:\n"
	                "  install: |\n    one\n    two  \n\n");
}

static void test_says_nothing(void **state)
{
	(void)state;
#define HEAD "name: a\nversion: 1\nlicense: MIT\nbuild: make\nsummary: S\n"
	assert_true(is_told(HEAD "depends: {target: [b, c, b]}\n", "target: b is there already"));
	assert_true(is_told(HEAD "options: {o: {summary: x, depends: {tools: [b, b]}}}\n",
	                    "tools: b is there already"));
	assert_false(is_told(HEAD "make: [-v, -v]\ndepends: {tools: [b], target: [b]}\n",
	                     "there already"));
	assert_true(is_told("name: a\nversion: 1\nsummary: To be written, what it is in one line\n"
	                    "license: MIT\nbuild: copy\n",
	                    "summary: is still to be written"));
	assert_true(is_told("name: a\nversion: 1\nsummary: S\nlicense: LicenseRef-unknown\n"
	                    "build: copy\n",
	                    "say which it is"));
}

static void test_left_alone(void **state)
{
	(void)state;
	const char *flow = "{version: 1, name: foo, summary: x, license: MIT, build: make}\n";
	check_fix(flow, flow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_keeps_comments),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_licences),
		cmocka_unit_test(test_case_of_licences),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_says_nothing),
		cmocka_unit_test(test_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
