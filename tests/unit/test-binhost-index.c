/* The index: what is read, what is refused, what is found. */
#include "unit.h"

#include <string.h>

#include "binhost-index.h"
#include "own.h"

#define D_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define D_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD(n)                                                                    \
	"dray-binhost-index 1\narch amd64\nserial 42\ndate 2026-11-23T17:00:00Z\n" \
	"entries " n "\n\n"
#define OBJECT "run=" D_A ":10:20:" D_B
#define LINE(key) key " zlib 1.3.1 12.5 1795453200 " OBJECT "\n"

static int parse(const char *text, struct binhost_index *index, struct err *err)
{
	struct str copy = {0};
	str_add(&copy, text);
	return binhost_index_parse("index", &copy, index, err);
}

static void reads_what_it_writes(void **state)
{
	(void)state;
	own(err) err = {0};
	own(binhost_index) index = {0};
	own(binhost_entry) entry = {0};
	own(strv) lines = {0};
	own(str) text = {0};
	const char *whole =
		HEAD("2") LINE(D_A) D_B " glibc 2.41 0.0 1 dev=" D_B ":0:1:" D_A " " OBJECT "\n";
	assert_int_equal(parse(whole, &index, &err), 0);
	assert_string_equal(index.arch, "amd64");
	assert_int_equal(index.serial, 42);
	assert_int_equal(index.date, 1795453200);
	for (const char *line = NULL; (line = binhost_index_next(&index, line));) {
		own(binhost_entry) one = {0};
		own(str) again = {0};
		assert_true(binhost_entry_read(line, &one));
		binhost_entry_format(&one, &again);
		strv_take(&lines, str_steal(&again));
	}
	binhost_index_format(&index, &lines, &text);
	assert_string_equal(str_text(&text), whole);
	assert_true(binhost_entry_read(binhost_index_find(&index, D_B), &entry));
	assert_string_equal(entry.package, "glibc");
	assert_int_equal(entry.objects.count, 2);
	assert_string_equal(entry.objects.items[0].output, "dev");
	assert_int_equal(entry.objects.items[1].object_bytes, 20);
}

static void refuses_what_is_wrong(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		"dray-binhost-index 2\n",
		HEAD("0") "\n",
		HEAD("00"),
		HEAD("-1"),
		HEAD("1"),
		HEAD("0") LINE(D_A),
		HEAD("2") LINE(D_A) LINE(D_A),
		HEAD("2") LINE(D_B) LINE(D_A),
		HEAD("1") " " LINE(D_A),
		HEAD("1") D_A "  zlib 1 1.0 1 " OBJECT "\n",
		HEAD("1") D_A " zlib 1 1.0 1 " OBJECT,
		HEAD("1") D_A " zlib 1 1.0 1 " OBJECT " \n",
		HEAD("1") D_A " zlib 1 1.0 1 " OBJECT "\r\n",
		HEAD("1") D_A " zlib 1 1.0 1\n",
		HEAD("1") D_A " zlib 1 1.0 -1 " OBJECT "\n",
		HEAD("1") D_A " zlib 1 nan 1 " OBJECT "\n",
		HEAD("1") D_A " zlib 1 1.0 1 run=" D_A ":1:99999999999999999999:" D_B "\n",
		HEAD("1") D_A " zlib 1 1.0 1 ../x=" D_A ":1:1:" D_B "\n",
		HEAD("1") D_A " zlib 1 1.0 1 run=" D_A ":1:1:" D_B "0\n",
		HEAD("1") "A" LINE(D_A),
		"dray-binhost-index 1\narch amd64\nserial 1\ndate 2026-13-23T17:00:00Z\nentries "
		"0\n\n",
		HEAD("1") D_A " zlib 1 01.0 1 " OBJECT "\n",
		HEAD("1") D_A " zlib 1 1.0 9999999999999999999 " OBJECT "\n",
		"dray-binhost-index 1\narch amd64\nserial 1\ndate 2026-11-23T17:00:00Z\ncreated "
		"1970-01-01T00:00:00Z\nentries 0\n\n",
		"dray-binhost-index 1\narch amd64\nserial x\ndate 2026-11-23T17:00:00Z\nentries "
		"0\n\n",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		own(err) err = {0};
		own(binhost_index) index = {0};
		if (parse(wrong[i], &index, &err) == 0)
			fail_msg("case %zu was taken", i);
		assert_int_equal(err.kind, ERR_TRUST);
	}
}

static void keeps_its_age(void **state)
{
	(void)state;
	own(err) err = {0};
	own(binhost_index) old = {0}, new = {0};
	own(strv) lines = {0};
	own(str) text = {0};
	assert_int_equal(parse(HEAD("2") LINE(D_A) D_B " glibc 2.41 0.0 1795453300 " OBJECT "\n",
	                       &old, &err),
	                 0);
	assert_int_equal(old.created, 0);
	assert_int_equal(binhost_index_created(&old), 1795453300);
	strv_add(&lines, D_A " zlib 1.3.1 12.5 1799999999 " OBJECT "\n");
	old.created = binhost_index_created(&old);
	binhost_index_format(&old, &lines, &text);
	assert_non_null(strstr(str_text(&text), "\ncreated 2026-11-23T17:01:40Z\nentries 1\n"));
	assert_int_equal(binhost_index_parse("index", &text, &new, &err), 0);
	assert_int_equal(binhost_index_created(&new), 1795453300);
}

static void finds_all_and_nothing_else(void **state)
{
	(void)state;
	own(err) err = {0};
	own(strv) lines = {0};
	own(str) text = {0};
	own(binhost_index) index = {0};
	char arch[] = "arm64";
	for (unsigned i = 0; i < 999; i++)
		strv_addf(&lines, "%064x zlib 1.3 1.0 1 " OBJECT "%s\n", i * 2,
		          i % 3 ? "" : " dev=" D_A ":1:2:" D_B);
	binhost_index_format(&(struct binhost_index){.arch = arch, .serial = 1}, &lines, &text);
	assert_int_equal(binhost_index_parse("index", &text, &index, &err), 0);
	for (unsigned i = 0; i < 2000; i++) {
		own_free char *key = mem_printf("%064x", i);
		const char *line = binhost_index_find(&index, key);
		assert_int_equal(line != NULL, i % 2 == 0 && i < 1998);
		if (line)
			assert_memory_equal(line, key, 64);
	}
	assert_null(binhost_index_find(&index, "short"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(keeps_its_age),
		cmocka_unit_test(finds_all_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
