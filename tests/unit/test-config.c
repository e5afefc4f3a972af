/* sdk.yaml: what is read, what is refused with its line. */
#include "unit.h"

#include <string.h>

#include "config.h"
#include "own.h"

#define KEY "0123456789ABCDEF0123456789ABCDEF01234567"

static int parse(const char *text, struct config *config, struct err *err)
{
	return config_parse("sdk.yaml", text, strlen(text), config, err);
}

static void reads_hosts_in_order(void **state)
{
	(void)state;
	own(err) err = {0};
	own(config) config = {0};
	assert_int_equal(parse("binhosts:\n"
	                       "  - {name: ours, url: 'https://b.example.org/x', keys: [" KEY "]}\n"
	                       "  - {name: near, url: 'file:///srv/b', push: 's3://bucket/b',\n"
	                       "     keys: [" KEY "], s3: {region: eu}, max-age-days: 7}\n",
	                       &config, &err),
	                 0);
	assert_int_equal(config.binhosts.count, 2);
	assert_string_equal(config.binhosts.items[0].url, "https://b.example.org/x");
	assert_string_equal(config.binhosts.items[0].keys.items[0], KEY);
	assert_string_equal(config.binhosts.items[1].s3.region, "eu");
	assert_int_equal(config.binhosts.items[0].max_age_days, 90);
	assert_int_equal(config.binhosts.items[1].max_age_days, 7);
	assert_ptr_equal(config_find_binhost(&config, "near"), &config.binhosts.items[1]);
	assert_null(config_find_binhost(&config, "far"));
}

static void reads_overlays(void **state)
{
	(void)state;
	own(err) err = {0};
	own(config) config = {0};
	assert_int_equal(parse("repos:\n"
	                       "  - {name: acme, url: 'git@git.example.org:sdk/acme.git',\n"
	                       "     branch: release/1.x, priority: 7, keys: [" KEY "]}\n"
	                       "  - {name: b, url: 'https://example.org/b', tag: v1.0}\n"
	                       "checkout: {keys: [" KEY "]}\n",
	                       &config, &err),
	                 0);
	assert_int_equal(config.repos.count, 2);
	assert_string_equal(config.repos.items[0].branch, "release/1.x");
	assert_int_equal(config.repos.items[0].priority, 7);
	assert_int_equal(config.repos.items[1].priority, 100);
	assert_string_equal(config.repos.items[1].tag, "v1.0");
	assert_ptr_equal(config_find_repo(&config, "b"), &config.repos.items[1]);
	assert_string_equal(config.checkout_keys.items[0], KEY);
}

static void every_setting_is_optional(void **state)
{
	(void)state;
	static const char *const empty[] = {"", "# nothing\n", "mirrors: {a: ['https://a/']}\n"};
	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
		own(err) err = {0};
		own(config) config = {0};
		if (parse(empty[i], &config, &err) < 0)
			print_message("%s: %s\n", empty[i], err.message);
		assert_int_equal(err.kind, ERR_NONE);
		assert_int_equal(config.binhosts.count, 0);
	}
}

static void refuses(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"repos: {}\n", "sdk.yaml:1:"},
		{"repos:\n- {name: a}\n", "url"},
		{"repos:\n- {name: .., url: 'https://a/'}\n", "name: \"..\""},
		{"repos:\n- {name: a, url: 'ext::sh -c x'}\n", "url: ext::"},
		{"repos:\n- {name: a, url: 'ssh://-oProxyCommand=x/'}\n", "url: ssh://-o"},
		{"repos:\n- {name: a, url: '-a:b'}\n", "url: -a:b"},
		{"repos:\n- {name: a, url: /srv/a}\n", "url: /srv/a"},
		{"repos:\n- {name: a, url: 'https://a/', branch: a, tag: b}\n", "one of them"},
		{"repos:\n- {name: a, url: 'https://a/', branch: '../x'}\n", "branch: "},
		{"repos:\n- {name: a, url: 'https://a/', tag: '-x'}\n", "tag: "},
		{"repos:\n- {name: a, url: 'https://a/', priority: 0}\n", "priority: "},
		{"repos:\n- {name: a, url: 'https://a/', keys: [abc]}\n", "sdk.yaml:2:"},
		{"repos:\n- {name: a, url: 'a@b:c'}\n- {name: a, url: 'a@b:c'}\n", "two overlays"},
		{"checkout: {keys: [abc]}\n", "sdk.yaml:1:"},
		{"binhost: []\n", "sdk.yaml:1:1: "},
		{"binhosts: {}\n", "sdk.yaml:1:"},
		{"binhosts:\n- {url: 'https://a/', keys: []}\n", "name"},
		{"binhosts:\n- {name: A, url: 'https://a/', keys: []}\n", "sdk.yaml:2:"},
		{"binhosts:\n- {name: a, url: 'ftp://a/', keys: []}\n", "url: ftp://a/"},
		{"binhosts:\n- {name: a, url: 'https://a/'}\n", "keys"},
		{"binhosts:\n- {name: a, url: 'https://a/', keys: [01234567]}\n", "fingerprint"},
		{"binhosts:\n- {name: a, url: 'https://a/', keys: [], max-age-days: 0}\n",
	         "max-age-days: "},
		{"binhosts:\n- {name: a, url: 'https://a/', keys: [], max-age-days: 3651}\n",
	         "max-age-days: "},
		{"binhosts:\n- {name: a, url: 'https://a/', keys: [" KEY "]}\n"
	         "- {name: a, url: 'https://b/', keys: [" KEY "]}\n",
	         "sdk.yaml:3:"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		own(err) err = {0};
		own(config) config = {0};
		assert_int_equal(parse(cases[i].text, &config, &err), -1);
		assert_int_equal(err.kind, ERR_INPUT);
		if (!strstr(err.message, cases[i].message))
			print_message("%s\n", err.message);
		assert_non_null(strstr(err.message, cases[i].message));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_hosts_in_order),
		cmocka_unit_test(reads_overlays),
		cmocka_unit_test(every_setting_is_optional),
		cmocka_unit_test(refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
