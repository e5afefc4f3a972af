/* The base layer: strings, lists, maps, arenas, paths, digests, errors, JSON. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "hash.h"
#include "json.h"
#include "map.h"
#include "own.h"
#include "path.h"
#include "str.h"
#include "vec.h"

static void str_grows(void **state)
{
	(void)state;
	own(str) str = {0};
	assert_string_equal(str_text(&str), "");
	for (int i = 0; i < 1000; i++)
		str_addf(&str, "%d,", i);
	assert_int_equal(str.len, 3890);
	assert_true(str_ends(str_text(&str), "998,999,"));
	str_reset(&str);
	assert_string_equal(str_text(&str), "");
	own_free char *empty = str_steal(&(struct str){0});
	assert_string_equal(empty, "");
}

static void numbers_are_read_to_their_end(void **state)
{
	(void)state;
	const char *at = "007-18446744073709551615,18446744073709551616";
	uint64_t number = 1;
	assert_true(str_read_number(&at, &number));
	assert_int_equal(number, 7);
	assert_false(str_read_number(&at, &number));
	assert_string_equal(at++, "-18446744073709551615,18446744073709551616");
	assert_true(str_read_number(&at, &number));
	assert_true(number == UINT64_MAX);
	at++;
	number = 1;
	assert_false(str_read_number(&at, &number));
	assert_int_equal(number, 1);
	for (size_t i = 0; i < 4; i++) {
		static const char *const none[] = {"", " 1", "+1", "x"};
		at = none[i];
		assert_false(str_read_number(&at, &number));
	}
}

static void distance_counts_swaps_once(void **state)
{
	(void)state;
	assert_int_equal(str_distance("configure", "confgiure"), 1);
	assert_int_equal(str_distance("configure", "confgure"), 1);
	assert_int_equal(str_distance("", "abc"), 3);
	assert_int_equal(str_distance("same", "same"), 0);
	assert_int_equal(str_distance("kitten", "sitting"), 3);
}

static void check_visible(const char *text, const char *wanted)
{
	own_free char *visible = str_visible(text);
	assert_string_equal(visible, wanted);
}

static void visible_text_controls_nothing(void **state)
{
	(void)state;
	check_visible("", "");
	check_visible("plain \xc3\xa4\\", "plain \xc3\xa4\\");
	check_visible("a\x1b[2J\n\x7f", "a\\x1b[2J\\x0a\\x7f");
	check_visible("\xc2\x9b\xc2\xa0\xff\xe2\x82", "\\xc2\\x9b\xc2\xa0\\xff\\xe2\\x82");
}

static void strv_splits_and_joins(void **state)
{
	(void)state;
	own(strv) list = {0};
	strv_split(&list, "  b a,,c ", " ,");
	assert_int_equal(list.count, 3);
	strv_sort(&list);
	own_free char *joined = strv_join(&list, "+");
	assert_string_equal(joined, "a+b+c");
	assert_true(strv_has(&list, "b"));
	assert_false(strv_has(&list, "d"));
	assert_null(strv_argv(&list)[3]);
}

static void map_keeps_all(void **state)
{
	(void)state;
	own(map) map = {0};
	own(arena) arena = {0};
	assert_null(map_get(&map, "none"));
	for (int i = 0; i < 5000; i++) {
		char *key = arena_printf(&arena, "key-%d", i);
		assert_null(map_set(&map, key, key));
	}
	for (int i = 0; i < 5000; i++) {
		own_free char *key = mem_printf("key-%d", i);
		assert_string_equal(map_get(&map, key), key);
	}
	size_t cursor = 0, seen = 0;
	while (map_next(&map, &cursor))
		seen++;
	assert_int_equal(seen, 5000);
	assert_string_equal(map_set(&map, "key-7", "other"), "key-7");
}

static void arena_holds_large_and_small(void **state)
{
	(void)state;
	own(arena) arena = {0};
	char *large = arena_alloc(&arena, 1 << 20);
	memset(large, 1, 1 << 20);
	char *small = arena_strndup(&arena, "abcdef", 3);
	assert_string_equal(small, "abc");
	assert_int_equal((uintptr_t)small % _Alignof(max_align_t), 0);
}

static void paths_that_are_safe(void **state)
{
	(void)state;
	static const char *const safe[] = {"a", "a/b", ".hidden", "a/..b", "...", "a b"};
	static const char *const unsafe[] = {"",       "/",    "/a",     "..",     "a/..",
	                                     "a/../b", "a//b", "a/",     "./a",    "a/./b",
	                                     "a\nb",   ".",    "a/\x7f", "\x01/a", "../a"};
	for (size_t i = 0; i < sizeof safe / sizeof *safe; i++)
		assert_true(path_is_safe(safe[i]));
	for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
		assert_false(path_is_safe(unsafe[i]));
}

static void paths_join(void **state)
{
	(void)state;
	own_free char *a = path_join("/x/", "/y"), *b = path_join("/", "y"), *c = path_dir("/y"),
		      *d = path_dir("y"), *e = path_dir("a/b/c");
	assert_string_equal(a, "/x/y");
	assert_string_equal(b, "/y");
	assert_string_equal(c, "/");
	assert_string_equal(d, ".");
	assert_string_equal(e, "a/b");
	assert_string_equal(path_base("a/b"), "b");
}

static void digests(void **state)
{
	(void)state;
	/* FIPS 180-4's example. */
	static const char abc[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	struct digest digest, parsed;
	char hex[DIGEST_HEX];
	digest_of("abc", 3, &digest);
	digest_hex(&digest, hex);
	assert_string_equal(hex, abc);
	assert_true(digest_parse(abc, &parsed));
	assert_true(digest_equal(&digest, &parsed));
	assert_false(digest_parse("ba78", &parsed));
	assert_false(digest_parse("", &parsed));
	own_free char *longer = mem_printf("%s0", abc);
	assert_false(digest_parse(longer, &parsed));
}

static void errors_wrap(void **state)
{
	(void)state;
	own(err) err = {0};
	errno = ENOENT;
	assert_int_equal(err_errno(&err, "open %s", "x"), -1);
	err_wrap(&err, "build %s", "zlib");
	assert_string_equal(err.message, "build zlib: open x: No such file or directory");
	assert_int_equal(err.sys_errno, ENOENT);
	err_hint(&err, "inner");
	err_hint(&err, "outer");
	assert_string_equal(err.hint, "inner");
	assert_int_equal(err_exit_code(err.kind), 6);
	assert_int_equal(err_set(NULL, ERR_INPUT, "nobody cares"), -1);
}

static void json_escapes(void **state)
{
	(void)state;
	own(json) json = {0};
	json_object(&json, NULL);
	json_string(&json, "a\"b", "line\n\x01 \xc3\xa4 \xff \xed\xa0\x80");
	json_array(&json, "list");
	json_number(&json, NULL, -5);
	json_bool(&json, NULL, true);
	json_string(&json, NULL, NULL);
	json_end_array(&json);
	json_end_object(&json);
	assert_string_equal(str_text(&json.text),
	                    "{\"a\\\"b\":\"line\\n\\u0001 \xc3\xa4 \xef\xbf\xbd "
	                    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"list\":[-5,true,null]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(str_grows),
		cmocka_unit_test(numbers_are_read_to_their_end),
		cmocka_unit_test(distance_counts_swaps_once),
		cmocka_unit_test(visible_text_controls_nothing),
		cmocka_unit_test(strv_splits_and_joins),
		cmocka_unit_test(map_keeps_all),
		cmocka_unit_test(arena_holds_large_and_small),
		cmocka_unit_test(paths_that_are_safe),
		cmocka_unit_test(paths_join),
		cmocka_unit_test(digests),
		cmocka_unit_test(errors_wrap),
		cmocka_unit_test(json_escapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
