/* Versions and dates on upstream's pages; Debian's Sources, reduced. */
#include "unit.h"

#include <string.h>
#include <time.h>

#include "debsource.h"
#include "own.h"
#include "str.h"
#include "upstream.h"

static const char *date_text(time_t date)
{
	static char text[16];
	struct tm tm;
	strftime(text, sizeof text, "%Y-%m-%d", gmtime_r(&date, &tm));
	return text;
}

static void check_page(const char *page, const char *match, const char *wanted)
{
	own(upstream_seen_list) seen = {0};
	own(err) err = {0};
	own(str) got = {0};
	assert_int_equal(upstream_read_page(page, match, &seen, &err), 0);
	for (vec_each(item, &seen))
		str_addf(&got, "%s %s;", item->version, item->date ? date_text(item->date) : "-");
	assert_string_equal(str_text(&got), wanted);
}

static void test_pages(void **state)
{
	(void)state;
	check_page("<a href=\"foo-1.9.tar.gz\">foo-1.9.tar.gz</a>  2024-03-01 10:00  2M\n"
	           "<a href=\"foo-1.10.tar.gz\">foo-1.10.tar.gz</a>  21-Jan-2025 10:00  2M\n",
	           "foo-([0-9.]+)\\.tar", "1.9 -;1.9 2024-03-01;1.10 -;1.10 2025-01-21;");
	check_page("<entry><title>v2.0-rc1</title><updated>2025-05-06T00:00:00Z</updated>"
	           "</entry><entry><title>v1.4.</title><pubDate>Tue, 7 Jan 2025 1:0</pubDate>",
	           "<title>v([^<]+)<", "2.0-rc1 2025-05-06;1.4 2025-01-07;");
	check_page("nothing here", "foo-([0-9]+)", "");
	check_page("", "foo-([0-9]+)", "");
	check_page("1 2 3", "([0-9])|x", "1 -;2 -;3 -;");
	check_page("a\naa\n", "(b*)", "");
	own(upstream_seen_list) seen = {0};
	own(err) err = {0};
	assert_int_equal(upstream_read_page("x", "(x", &seen, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
}

static void test_series(void **state)
{
	(void)state;
	assert_true(upstream_fits("tag/openssl-(3\\.5\\.[0-9]+)", "3.5.12"));
	assert_false(upstream_fits("tag/openssl-(3\\.5\\.[0-9]+)", "3.6.0"));
	assert_false(upstream_fits("tag/openssl-(3\\.5\\.[0-9]+)", "13.5.1"));
	assert_true(upstream_fits("[(x](1|(2)[)]?)z", "2)"));
	assert_true(upstream_fits("no group", "1"));
	assert_true(upstream_fits("[", "1"));
}

static const char sources_text[] =
	"Package: zlib\nBinary: zlib1g,\n zlib1g-dev\nVersion: 1:1.3.1-2\n"
	"Files:\n aaaa 10 zlib_1.3.1.orig.tar.gz\nChecksums-Sha256:\n"
	" 60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb 10 "
	"zlib_1.3.1.orig.tar.gz\n"
	" 60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fc 11 "
	"zlib_1.3.1.orig.tar.gz.asc\n"
	" 60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fd 12 "
	"zlib_1.3.1-2.debian.tar.xz\n"
	" 60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fe 12 "
	"zlib_1.3.1.orig-part.tar.xz\n"
	"Directory: pool/main/z/zlib\n\n"
	"Package: evil\nVersion: 1\nDirectory: ../..\nChecksums-Sha256:\n"
	" 60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb 1 e_1.tar.gz\n\n"
	"Package: empty\nVersion: 1\nDirectory: pool\n\n"
	"Package: native\nVersion: 2026\nDirectory: pool/n\nChecksums-Sha256:\n"
	" 370704c9c859f4060b7df19055e43bb9b5fa09d887699cf6ba87885c5485d36a 7 native_2026.tar.xz";

static void test_sources(void **state)
{
	(void)state;
	static const char wanted[] =
		"zlib\t1:1.3.1-2\tpool/main/z/zlib/zlib_1.3.1.orig.tar.gz\t10\t"
		"60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb\n"
		"native\t2026\tpool/n/native_2026.tar.xz\t7\t"
		"370704c9c859f4060b7df19055e43bb9b5fa09d887699cf6ba87885c5485d36a\n";
	for (size_t piece = 1; piece < 200; piece += 7) { /* cut anywhere */
		own(str) reduced = {0};
		own(err) err = {0};
		struct debsource_parser *parser = debsource_parser_new(&reduced);
		for (size_t at = 0; at < sizeof sources_text - 1; at += piece) {
			size_t left = sizeof sources_text - 1 - at;
			assert_int_equal(debsource_parser_feed(parser, sources_text + at,
			                                       left < piece ? left : piece, &err),
			                 0);
		}
		assert_int_equal(debsource_parser_feed(parser, "\n\n", 2, &err), 0);
		debsource_parser_free(parser);
		assert_string_equal(str_text(&reduced), wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_sources),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
