/* Configurations of the kernel's kind: read, compared, edited. */
#include "unit.h"

#include "kconfig.h"
#include "own.h"

static const char text[] = "# A heading\n"
			   "CONFIG_B=y\n"
			   "# CONFIG_A is not set\n"
			   "CONFIG_TEXT=\"a = # b\"\n"
			   "# CONFIG_X is not\n"
			   "CONFIG_=y\n"
			   "CONFIG_C\n"
			   "CONFIG_EMPTY=\n"
			   "CONFIG_B=m";

static void reads(void **state)
{
	(void)state;
	own(kconfig) config = {0};
	kconfig_parse(text, &config);
	assert_int_equal(config.symbols.count, 4);
	assert_string_equal(kconfig_get(&config, "CONFIG_A"), "n");
	assert_string_equal(kconfig_get(&config, "CONFIG_B"), "m");
	assert_string_equal(kconfig_get(&config, "CONFIG_TEXT"), "\"a = # b\"");
	assert_string_equal(kconfig_get(&config, "CONFIG_EMPTY"), "");
	assert_null(kconfig_get(&config, "CONFIG_X"));
	own(kconfig) empty = {0};
	kconfig_parse("", &empty);
	assert_null(kconfig_get(&empty, "CONFIG_A"));
}

static void compares(void **state)
{
	(void)state;
	own(kconfig) before = {0}, after = {0};
	struct kconfig_changes changes = {0};
	kconfig_parse("CONFIG_A=y\nCONFIG_B=1\nCONFIG_D=y\n", &before);
	kconfig_parse("CONFIG_B=2\n# CONFIG_C is not set\nCONFIG_D=y\n", &after);
	kconfig_compare(&before, &after, &changes);
	assert_int_equal(changes.count, 3);
	assert_string_equal(changes.items[0].name, "CONFIG_A");
	assert_null(changes.items[0].after);
	assert_string_equal(changes.items[1].before, "1");
	assert_string_equal(changes.items[1].after, "2");
	assert_null(changes.items[2].before);
	assert_string_equal(changes.items[2].after, "n");
	vec_release(&changes);
}

static void edit_to(const char *name, const char *value, const char *from, const char *wanted)
{
	own(str) result = {0};
	kconfig_edit(from, name, value, &result);
	assert_string_equal(str_text(&result), wanted);
}

static void edits(void **state)
{
	(void)state;
	edit_to("CONFIG_A", "y", "# Why\n# CONFIG_A is not set\n\nCONFIG_AB=y\n",
	        "# Why\nCONFIG_A=y\n\nCONFIG_AB=y\n");
	edit_to("CONFIG_A", NULL, "CONFIG_AB=y\nCONFIG_A=m\n# CONFIG_A: no line of it\n",
	        "CONFIG_AB=y\n# CONFIG_A: no line of it\n");
	edit_to("CONFIG_A", "n", "CONFIG_B=y", "CONFIG_B=y\n# CONFIG_A is not set\n");
	edit_to("CONFIG_A", "64", "CONFIG_A=1\nCONFIG_B=y\nCONFIG_A=2\n",
	        "CONFIG_A=64\nCONFIG_B=y\n");
	edit_to("CONFIG_A", NULL, "CONFIG_B=y", "CONFIG_B=y");
	edit_to("CONFIG_A", "y", "", "CONFIG_A=y\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reads), cmocka_unit_test(compares),
	                                   cmocka_unit_test(edits)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
