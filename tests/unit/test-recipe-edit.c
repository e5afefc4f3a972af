/* Recipes changed in place: version, address, size and digest move, every other byte stays. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "own.h"
#include "recipe-edit.h"
#include "str.h"

enum { RECIPES = 200 };

#define OLD_SHA "60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb"
#define NEW_SHA "370704c9c859f4060b7df19055e43bb9b5fa09d887699cf6ba87885c5485d36a"

/* ---- generated recipes: one plan, written with the old values and with the new ones */

struct values {
	const char *version, *size, *sha256;
};

struct generator {
	unsigned seed;
	const char *eol;
	struct str *text;
};

static unsigned choose(struct generator *generator, unsigned count)
{
	generator->seed = generator->seed * 1664525u + 1013904223u;
	return (generator->seed >> 8) % count;
}

static void line_end(struct generator *generator)
{
	static const char *const ends[] = {
		"",  "", "  # why: a, 'b' \"c\" #d", " # 1.2.3 stays", "   ", " # größer – 日本",
		" #"};
	str_addf(generator->text, "%s%s", ends[choose(generator, 7)], generator->eol);
}

static void between(struct generator *generator)
{
	static const char *const lines[] = {"", "# a comment", "   # version: 1.2.3 — indented",
	                                    "#sha256: " OLD_SHA, "# “quoted” 𝄞"};
	for (unsigned count = choose(generator, 4); count > 0; count--)
		str_addf(generator->text, "%s%s", lines[choose(generator, 5)], generator->eol);
}

static void scalar(struct generator *generator, const char *value)
{
	static const char *const forms[] = {"%s", "'%s'", "\"%s\""};
	char text[400];
	const char *form = forms[choose(generator, 3)];
	size_t at = strcspn(form, "%");
	snprintf(text, sizeof text, "%.*s%s%s", (int)at, form, value, form + at + 2);
	str_add(generator->text, text);
}

static void key(struct generator *generator, const char *name)
{
	static const char *const gaps[] = {": ", ":   ", ":\t"};
	str_addf(generator->text, "%s%s", name, gaps[choose(generator, 2)]);
}

static void add_pair(struct generator *generator, const char *name, const char *value)
{
	between(generator);
	key(generator, name);
	scalar(generator, value);
	line_end(generator);
}

static void add_urls(struct generator *generator, const struct values *values, const char *indent)
{
	char url[200];
	bool variable = choose(generator, 2);
	snprintf(url, sizeof url, "https://example.org/dl/foo-%s.tar.xz",
	         variable ? "${version}" : values->version);
	bool flow = choose(generator, 2);
	if (flow) {
		str_addf(generator->text, "urls: [%s", choose(generator, 2) ? " " : "");
		str_addf(generator->text, "\"%s\"%s]", url, choose(generator, 2) ? "," : "");
	} else {
		str_addf(generator->text, "urls:%s%s  # where%s%s  - ", generator->eol, indent,
		         generator->eol, indent);
		scalar(generator, url);
	}
	line_end(generator);
}

static void add_block_source(struct generator *generator, const struct values *values)
{
	str_add(generator->text, "  - ");
	unsigned order = choose(generator, 3);
	for (unsigned i = 0; i < 3; i++) {
		if (i) {
			between(generator);
			str_add(generator->text, "    ");
		}
		unsigned which = (order + i) % 3;
		if (which == 0) {
			add_urls(generator, values, "    ");
			continue;
		}
		key(generator, which == 1 ? "size" : "sha256");
		scalar(generator, which == 1 ? values->size : values->sha256);
		line_end(generator);
	}
}

static void add_sources(struct generator *generator, const struct values *values)
{
	between(generator);
	str_add(generator->text, "sources:");
	if (choose(generator, 3)) {
		line_end(generator);
		add_block_source(generator, values);
		return;
	}
	str_addf(generator->text, " [{size: %s,%s", values->size, generator->eol);
	str_addf(generator->text, "   # between%s   sha256: ", generator->eol);
	scalar(generator, values->sha256);
	str_addf(generator->text, " , urls: ['https://example.org/dl/foo-%s.tar.xz'] } ]",
	         values->version);
	line_end(generator);
}

static void write_recipe(unsigned seed, const struct values *values, struct str *text)
{
	struct generator generator = {.seed = seed * 7919u + 1, .text = text};
	generator.eol = choose(&generator, 4) ? "\n" : "\r\n";
	bool first = choose(&generator, 2);
	if (first)
		add_pair(&generator, "version", values->version);
	add_pair(&generator, "name", "foo");
	add_sources(&generator, values);
	add_pair(&generator, "summary", "Größe zählt, 1.2.3 too");
	add_pair(&generator, "license", "MIT");
	if (!first)
		add_pair(&generator, "version", values->version);
	add_pair(&generator, "build", "make");
	between(&generator);
	str_addf(text, "phases:%s  install: |%s    echo 1.2.3 # " OLD_SHA "%s", generator.eol,
	         generator.eol, choose(&generator, 2) ? generator.eol : "");
}

static void test_all_else_stays(void **state)
{
	(void)state;
	const struct values old = {"1.2.3", "1234567", OLD_SHA};
	const struct values new = {"1.10", "98", NEW_SHA};
	for (unsigned seed = 0; seed < RECIPES; seed++) {
		own(str) before = {0};
		own(str) after = {0};
		own(str) wanted = {0};
		own(err) err = {0};
		own(recipe_edit) edit = {.version = new.version};
		vec_push(&edit.sources,
		         (struct recipe_edit_source){.size_bytes = 98, .sha256 = NEW_SHA});
		write_recipe(seed, &old, &before);
		write_recipe(seed, &new, &wanted);
		if (recipe_edit_apply("t", before.data, before.len, &edit, &after, &err) < 0)
			fail_msg("%s in\n%s", err.message, before.data);
		assert_string_equal(after.data, wanted.data);
		assert_int_equal(after.len, wanted.len);
	}
}

/* ---- single cases */

#define HEAD "name: foo\nversion: 1.2.3\nsummary: x\nlicense: MIT\nbuild: make\n"

static void check_url(const char *url, const char *version, const char *next, const char *wanted)
{
	own(str) before = {0};
	own(str) after = {0};
	own(str) expected = {0};
	own(err) err = {0};
	own(recipe_edit) edit = {.version = version};
	vec_push(&edit.sources, (struct recipe_edit_source){.url = next});
	str_addf(&before, HEAD "sources:\n  - urls: ['%s']\n    size: 1\n    sha256: " OLD_SHA "\n",
	         url);
	str_addf(&expected,
	         "name: foo\nversion: %s\nsummary: x\nlicense: MIT\nbuild: make\n"
	         "sources:\n  - urls: ['%s']\n    size: 1\n    sha256: " OLD_SHA "\n",
	         version, wanted);
	assert_int_equal(recipe_edit_apply("t", before.data, before.len, &edit, &after, &err), 0);
	assert_string_equal(after.data, expected.data);
}

static void check_signature(const char *url, const char *signature, const char *next,
                            const char *wanted)
{
	own(str) before = {0};
	own(str) after = {0};
	own(err) err = {0};
	own(recipe_edit) edit = {.version = "2"};
	own_free char *line = mem_printf("{url: '%s', key: upstream.asc}", wanted);
	vec_push(&edit.sources, (struct recipe_edit_source){.url = next});
	str_addf(&before,
	         HEAD "sources:\n  - urls: ['%s']\n    size: 1\n    sha256: " OLD_SHA
	              "\n    signature: {url: '%s', key: upstream.asc}\n",
	         url, signature);
	assert_int_equal(recipe_edit_apply("t", before.data, before.len, &edit, &after, &err), 0);
	if (!strstr(after.data, line))
		fail_msg("wanted %s in\n%s", line, after.data);
}

static void test_signatures_follow(void **state)
{
	(void)state;
	check_signature("https://x/foo-1.2.3.tar.xz", "https://x/sig/foo-1.2.3.sig", NULL,
	                "https://x/sig/foo-2.sig");
	check_signature("mirror://m/foo_1.2.3.tar.gz", "mirror://m/foo_1.2.3.tar.gz.asc",
	                "mirror://m/foo_2.tar.xz", "mirror://m/foo_2.tar.xz.asc");
	check_signature("mirror://m/foo_${version}.tar.gz", "mirror://m/foo_${version}.tar.gz.asc",
	                "mirror://m/foo_2.tar.gz", "mirror://m/foo_${version}.tar.gz.asc");
	check_signature("mirror://m/foo_1.2.3.tar.gz", "https://x/foo-1.2.3.tar.gz.asc",
	                "mirror://m/foo_2.tar.xz", "https://x/foo-2.tar.gz.asc");
}

static void test_addresses_follow(void **state)
{
	(void)state;
	check_url("https://x/foo-1.2.3.tar", "1.3", NULL, "https://x/foo-1.3.tar");
	check_url("https://x/1.2/foo-1.2.3.tar", "1.3.1", NULL, "https://x/1.3/foo-1.3.1.tar");
	check_url("https://x/v1.2/foo_1_2_3.tar", "1.3.1", NULL, "https://x/v1.3/foo_1_3_1.tar");
	check_url("https://x/11.2.3/foo-1.2.3.4-1.2.3.tar", "2", NULL,
	          "https://x/11.2.3/foo-1.2.3.4-2.tar");
	check_url("https://x/${version_minor}/${name}-${version}.tar", "1.3.1", NULL,
	          "https://x/${version_minor}/${name}-${version}.tar");
	/* Told where it is: written only when the text does not say so itself. */
	check_url("mirror://debian/f/foo_${version}.tar", "2", "mirror://debian/f/foo_2.tar",
	          "mirror://debian/f/foo_${version}.tar");
	check_url("mirror://debian/f/foo_${version}.tar", "2", "mirror://debian/f/foo_2+ds.tar",
	          "mirror://debian/f/foo_2+ds.tar");
	check_url("mirror://debian/f/foo_1.2.3.tar", "2", "mirror://debian/f/it''s",
	          "mirror://debian/f/it''''s");
}

static void test_what_is_refused(void **state)
{
	(void)state;
	own(str) after = {0};
	own(err) err = {0};
	own(recipe_edit) edit = {.version = "2 b"};
	const char *text = HEAD;
	assert_int_equal(recipe_edit_apply("t", text, strlen(text), &edit, &after, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_true(str_starts(err.message, "after the change: t:2:10: version: wanted"));
	assert_int_equal(after.len, 0);
	own(err) missing = {0};
	edit.version = "2";
	vec_push(&edit.sources, (struct recipe_edit_source){.index = 0, .size_bytes = 1});
	assert_int_equal(recipe_edit_apply("t", text, strlen(text), &edit, &after, &missing), -1);
	assert_true(strstr(missing.message, "there is no number 1") != NULL);
	own(err) broken = {0};
	assert_int_equal(recipe_edit_apply("t", "a: [", 4, &edit, &after, &broken), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_else_stays),
		cmocka_unit_test(test_addresses_follow),
		cmocka_unit_test(test_signatures_follow),
		cmocka_unit_test(test_what_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
