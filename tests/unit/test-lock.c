/* The lock: what is read, what is refused, what differs. */
#include "unit.h"

#include <string.h>

#include "lock-diff.h"
#include "lock.h"
#include "own.h"
#include "str.h"

#define SUM_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SUM_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD "suite\ttrixie\narch\tamd64\n"
#define BASH "bash\t5.2-1\tamd64\tmirror://debian/pool/b/bash.deb\t12\t" SUM_A "\tbase\n"
#define ZLIB "zlib1g\t1:1.3\tall\tmirror://debian/pool/z/zlib.deb\t34\t" SUM_B "\tkernel,sdk\n"

static int parse(const char *text, struct lock *lock, struct err *err)
{
	return lock_parse("x.lock", text, strlen(text), lock, err);
}

static void reads_all_fields(void **state)
{
	(void)state;
	own(err) err = {0};
	own(lock) lock = {0};
	assert_int_equal(parse("# why\n\n" HEAD BASH ZLIB, &lock, &err), 0);
	assert_string_equal(lock.suite, "trixie");
	assert_string_equal(lock.arch, "amd64");
	assert_int_equal(lock.files.count, 2);
	const struct lock_file *file = &lock.files.items[1];
	assert_string_equal(file->name, "zlib1g");
	assert_string_equal(file->version, "1:1.3");
	assert_string_equal(file->arch, "all");
	assert_string_equal(file->url, "mirror://debian/pool/z/zlib.deb");
	assert_int_equal(file->size_bytes, 34);
	assert_string_equal(file->sha256, SUM_B);
	assert_true(lock_file_in_group(file, "kernel"));
	assert_true(lock_file_in_group(file, "sdk"));
	assert_false(lock_file_in_group(file, "sd"));
	assert_false(lock_file_in_group(file, "kern"));
}

static void writes_what_it_reads(void **state)
{
	(void)state;
	own(err) err = {0};
	own(lock) lock = {0}, again = {0};
	own(str) text = {0}, text_again = {0};
	assert_int_equal(parse(HEAD BASH ZLIB, &lock, &err), 0);
	lock_format(&lock, &text);
	assert_int_equal(parse(str_text(&text), &again, &err), 0);
	assert_true(digest_equal(&lock.digest, &again.digest));
	lock_format(&again, &text_again);
	assert_string_equal(str_text(&text), str_text(&text_again));
}

/* One wrong thing each, and what the message must say. */
static void refuses_what_is_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "missing"},
		{HEAD, "missing"},
		{BASH, "x.lock:1: the lines \"suite\" and \"arch\" come first"},
		{"suite\ttrixie\n" BASH, "x.lock:2: the lines"},
		{"suite\ta b\n", "x.lock:1: a suite"},
		{HEAD "bash\n", "x.lock:3: wanted seven fields"},
		{HEAD "bash\t1\tall\tmirror://d/p.deb\t1\t" SUM_A "\tbase\tmore\n",
	         "more than seven"},
		{HEAD "Bash\t1\tall\tmirror://d/p.deb\t1\t" SUM_A "\tbase\n", "a name"},
		{HEAD "../x\t1\tall\tmirror://d/p.deb\t1\t" SUM_A "\tbase\n", "a name"},
		{HEAD "bash\t1 2\tall\tmirror://d/p.deb\t1\t" SUM_A "\tbase\n", "a version"},
		{HEAD "bash\t1\t\tmirror://d/p.deb\t1\t" SUM_A "\tbase\n", "an architecture"},
		{HEAD "bash\t1\tall\thttp://d/p.deb\t1\t" SUM_A "\tbase\n", "mirror://"},
		{HEAD "bash\t1\tall\tmirror://d/../p.deb\t1\t" SUM_A "\tbase\n", "mirror://"},
		{HEAD "bash\t1\tall\tmirror://d\t1\t" SUM_A "\tbase\n", "mirror://"},
		{HEAD "bash\t1\tall\tmirror://d/p.rpm\t1\t" SUM_A "\tbase\n", "mirror://"},
		{HEAD "bash\t1\tall\tmirror://d/p.deb\t0\t" SUM_A "\tbase\n", "a size"},
		{HEAD "bash\t1\tall\tmirror://d/p.deb\t-1\t" SUM_A "\tbase\n", "a size"},
		{HEAD "bash\t1\tall\tmirror://d/p.deb\t1x\t" SUM_A "\tbase\n", "a size"},
		{HEAD "bash\t1\tall\tmirror://d/p.deb\t99999999999999999999\t" SUM_A "\tbase\n",
	         "a size"},
		{HEAD "bash\t1\tall\tmirror://d/p.deb\t1\tabc\tbase\n", "SHA-256"},
		{HEAD "bash\t1\tall\tmirror://d/p.deb\t1\t" SUM_A "0\tbase\n", "SHA-256"},
		{HEAD "bash\t1\tall\tmirror://d/p.deb\t1\t" SUM_A "\t\n", "groups"},
		{HEAD "bash\t1\tall\tmirror://d/p.deb\t1\t" SUM_A "\tb,a\n", "groups, sorted"},
		{HEAD "bash\t1\tall\tmirror://d/p.deb\t1\t" SUM_A "\ta,a\n", "groups, sorted"},
		{HEAD "bash\t1\tall\tmirror://d/p.deb\t1\t" SUM_A "\ta,\n", "groups, sorted"},
		{HEAD ZLIB BASH, "x.lock:4: names out of order"},
		{HEAD BASH BASH, "x.lock:4: names out of order"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		own(err) err = {0};
		own(lock) lock = {0};
		assert_int_equal(parse(cases[i].text, &lock, &err), -1);
		assert_int_equal(err.kind, ERR_INPUT);
		if (!strstr(err.message, cases[i].message))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.message,
			         cases[i].message);
	}
}

static void refuses_nul_bytes(void **state)
{
	(void)state;
	static const char text[] = HEAD BASH "\0" ZLIB;
	own(err) err = {0};
	own(lock) lock = {0};
	assert_int_equal(lock_parse("x.lock", text, sizeof text - 1, &lock, &err), -1);
}

static void digests_see_what_builds_see(void **state)
{
	(void)state;
	own(err) err = {0};
	own(lock) lock = {0}, other = {0};
	struct digest a, b;
	assert_int_equal(parse(HEAD BASH ZLIB, &lock, &err), 0);
	/* Where a file comes from is nothing that a build sees. */
	assert_int_equal(parse(HEAD "bash\t5.2-1\tamd64\tmirror://security/bash.deb\t12\t" SUM_A
	                            "\tbase\n" ZLIB,
	                       &other, &err),
	                 0);
	assert_true(digest_equal(&lock.digest, &other.digest));
	lock_group_digest(&lock, "base", &a);
	lock_group_digest(&lock, "kernel", &b);
	assert_false(digest_equal(&a, &b));
	lock_group_digest(&lock, "sdk", &a);
	assert_true(digest_equal(&a, &b));
}

static void differences(void **state)
{
	(void)state;
	own(err) err = {0};
	own(lock) old = {0}, new = {0}, none = {0};
	own(lock_changes) changes = {0}, all = {0}, same = {0};
	assert_int_equal(parse(HEAD "aaa\t1\tall\tmirror://d/a.deb\t1\t" SUM_A "\tbase\n" BASH ZLIB,
	                       &old, &err),
	                 0);
	assert_int_equal(parse(HEAD BASH
	                       "dash\t1\tall\tmirror://d/d.deb\t1\t" SUM_A "\tbase\n"
	                       "zlib1g\t1:1.4\tall\tmirror://debian/pool/z/zlib.deb\t34\t" SUM_B
	                       "\tkernel,sdk\n",
	                       &new, &err),
	                 0);
	lock_diff(&old, &new, &changes);
	assert_int_equal(changes.count, 3);
	assert_string_equal(changes.items[0].old->name, "aaa");
	assert_null(changes.items[0].new);
	assert_null(changes.items[1].old);
	assert_string_equal(changes.items[1].new->name, "dash");
	assert_string_equal(changes.items[2].old->version, "1:1.3");
	assert_string_equal(changes.items[2].new->version, "1:1.4");
	lock_diff(&none, &new, &all);
	assert_int_equal(all.count, 3);
	lock_diff(&new, &new, &same);
	assert_int_equal(same.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_fields),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(refuses_nul_bytes),
		cmocka_unit_test(digests_see_what_builds_see),
		cmocka_unit_test(differences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
