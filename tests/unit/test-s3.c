/* S3 listings: pages, what is passed over, and what is no listing. */
#include "unit.h"

#include <stdlib.h>

#include "own.h"
#include "s3.h"

#define PAGE(truncated, rest)                                                            \
	"<?xml version=\"1.0\"?><ListBucketResult><Name>b</Name><IsTruncated>" truncated \
	"</IsTruncated>" rest "</ListBucketResult>"
#define OBJECT(key, size)                                                               \
	"<Contents><Key>" key "</Key><LastModified>2026-11-23T00:00:00Z</LastModified>" \
	"<Size>" size "</Size></Contents>"

static void reads_a_page(void **state)
{
	(void)state;
	own(s3_object_list) list = {0};
	own(err) err = {0};
	char *next = NULL;
	assert_int_equal(s3_parse_listing(PAGE("false", OBJECT("index/amd64", "4321")
	                                                        OBJECT("objects/aa/x", "0")),
	                                  &list, &next, &err),
	                 0);
	assert_null(next);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].key, "index/amd64");
	assert_int_equal(list.items[0].bytes, 4321);
	assert_string_equal(list.items[1].key, "objects/aa/x");
}

static void says_where_to_go_on(void **state)
{
	(void)state;
	own(s3_object_list) list = {0};
	own(err) err = {0};
	own_free char *next = NULL;
	assert_int_equal(s3_parse_listing(PAGE("true", "<NextContinuationToken>a/b=="
	                                               "</NextContinuationToken>"),
	                                  &list, &next, &err),
	                 0);
	assert_string_equal(next, "a/b==");
}

/* Ours have no letters that XML must write otherwise. */
static void passes_over_keys_of_others(void **state)
{
	(void)state;
	own(s3_object_list) list = {0};
	own(err) err = {0};
	char *next = NULL;
	assert_int_equal(s3_parse_listing(PAGE("false", OBJECT("a&amp;b", "1") OBJECT("c", "2")),
	                                  &list, &next, &err),
	                 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0].key, "c");
}

static void refuses_what_is_none(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		"<html>busy</html>",
		PAGE("true", OBJECT("a", "1")), /* and no token */
		PAGE("false", "<Contents><Size>1</Size></Contents>"),
		PAGE("false", "<Contents><Key>a</Key></Contents>"),
		PAGE("false", OBJECT("a", "")),
		PAGE("false", OBJECT("a", "-1")),
		PAGE("false", OBJECT("a", " 1")),
		PAGE("false", OBJECT("a", "1x")),
		PAGE("false", OBJECT("a", "99999999999999999999")),
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		own(s3_object_list) list = {0};
		own(err) err = {0};
		char *next = NULL;
		assert_int_equal(s3_parse_listing(wrong[i], &list, &next, &err), -1);
		assert_int_equal(err.kind, ERR_NETWORK);
		assert_null(next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_page),
		cmocka_unit_test(says_where_to_go_on),
		cmocka_unit_test(passes_over_keys_of_others),
		cmocka_unit_test(refuses_what_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
