/* The order of versions, and what Debian's hold of upstream's. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "version.h"

static int sign(int number)
{
	return (number > 0) - (number < 0);
}

/* Each list is in ascending order. */
static const char *const orders[][9] = {
	{"1.9", "1.10", "1.10.1", "1.11", "2"},
	{"2.0dev1", "2.0-alpha1", "2.0-alpha2", "2.0beta", "2.0-rc1", "2.0_rc10", "2.0", "2.0.1"},
	{"3.13a1", "3.13b2", "3.13rc1", "3.13"},
	{"1.1.1", "1.1.1a", "1.1.1k", "1.1.2"},
	{"9.9p2", "10.0", "10.0p1", "10.0p2", "10.1"},
	{"20240101", "20250419", "20251231"},
	{"2024b", "2025a", "2025c", "2026a"},
	{"6.5.20240101", "6.5.20250216", "6.6"},
	{"1.0~git20250101", "1.0", "1.0.1"},
};

static void test_order(void **state)
{
	(void)state;
	for (size_t o = 0; o < sizeof orders / sizeof *orders; o++)
		for (size_t i = 0; i < 9 && orders[o][i]; i++)
			for (size_t j = 0; j < 9 && orders[o][j]; j++) {
				int wanted = (i > j) - (i < j);
				if (sign(version_compare(orders[o][i], orders[o][j])) != wanted)
					fail_msg("%s and %s", orders[o][i], orders[o][j]);
			}
}

static void test_what_is_the_same(void **state)
{
	(void)state;
	assert_int_equal(version_compare("4.2", "4.2.0"), 0);
	assert_int_equal(version_compare("4.2.0rc1", "4.2rc1"), 0);
	assert_int_equal(version_compare("1_2_3", "1.2.3"), 0);
	assert_int_equal(version_compare("6.5+20250216", "6.5.20250216"), 0);
	assert_int_equal(version_compare("1.007", "1.7"), 0);
	assert_int_equal(version_compare("99999999999999999999", "99999999999999999999"), 0);
	assert_true(version_compare("99999999999999999999", "100000000000000000000") < 0);
	assert_int_equal(version_compare("", ""), 0);
}

static void test_kinds(void **state)
{
	(void)state;
	assert_true(version_is_prerelease("1.0rc1"));
	assert_true(version_is_prerelease("1.0~git1"));
	assert_false(version_is_prerelease("10.0p1"));
	assert_false(version_is_prerelease("2025b"));
	assert_false(version_is_alike("6.5", "20250216"));
	assert_true(version_is_alike("2025b", "2026a"));
	assert_true(version_is_alike("257.13", "258"));
}

static void test_debian(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"1:1.3.dfsg+really1.3.1-1+b1", "1.3.1"},
		{"0.18+ds-2", "0.18"},
		{"1.5.7+dfsg-1", "1.5.7"},
		{"6.5+20250216-2", "6.5.20250216"},
		{"2026c-0+deb13u1", "2026c"},
		{"20250419", "20250419"},
		{"10.0p1-7", "10.0p1"},
		{"1:10.2p1-2", "10.2p1"},
		{"2.0~rc3-1", "2.0~rc3"},
		{"1.0-2-3", "1.0-2"},
		{"1.2~ds1-1", "1.2"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *version = version_of_debian(rows[i][0]);
		assert_string_equal(version, rows[i][1]);
		free(version);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_what_is_the_same),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_debian),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
