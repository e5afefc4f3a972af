/* Mirrors: apt's two file forms, what is Debian's, what comes first. */
#include "unit.h"

#include <string.h>

#include "fs.h"
#include "mirror.h"
#include "own.h"
#include "path.h"
#include "str.h"

static char dir[] = "/tmp/sdk-test-mirror-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

static char *bases(const struct mirrors *mirrors, const char *name)
{
	const struct mirror *mirror = mirrors_find(mirrors, name);
	return mirror ? strv_join(&mirror->bases, " ") : mem_strdup("");
}

static void check(const struct mirrors *mirrors, const char *debian, const char *security)
{
	own_free char *a = bases(mirrors, "debian"), *b = bases(mirrors, "debian-security");
	assert_string_equal(a, debian);
	assert_string_equal(b, security);
}

static void one_line_form(void **state)
{
	(void)state;
	own(mirrors) mirrors = {0};
	mirrors_add_apt_lines(&mirrors,
	                      "# deb http://old.example/debian trixie main\n"
	                      "deb http://a.example/debian/ bookworm main contrib # mine\n"
	                      "deb-src http://src.example/debian trixie main\n"
	                      "deb [arch=amd64 signed-by=/x.gpg] https://b.example/debian "
	                      "trixie-updates contrib main\n"
	                      "deb http://a.example/debian bookworm main\n"
	                      "deb http://s.example/debian-security trixie-security main\n"
	                      "deb http://old-s.example/debian-security bullseye/updates main\n"
	                      "deb http://vendor.example/apt bookworm stable\n"
	                      "deb http://vendor.example/apt bookworm-pgdg main\n"
	                      "deb cdrom:[Debian]/ trixie main\n"
	                      "deb ftp://f.example/debian trixie main\n"
	                      "deb\n"
	                      "deb [unclosed");
	check(&mirrors, "http://a.example/debian https://b.example/debian",
	      "http://s.example/debian-security http://old-s.example/debian-security");
}

static void stanza_form(void **state)
{
	(void)state;
	own(mirrors) mirrors = {0};
	own_free char *list = path_join(dir, "debian.list");
	own_free char *text = mem_printf("Types: deb deb-src\n"
	                                 "URIs: http://a.example/debian\n"
	                                 "# a comment in between\n"
	                                 "  http://b.example/debian\n"
	                                 "Suites: trixie trixie-updates\n"
	                                 "Components:\n"
	                                 " main\n"
	                                 "Signed-By:\n"
	                                 " -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
	                                 " .\n"
	                                 "\n"
	                                 "types: deb\n"
	                                 "uris: mirror+file:%s\n"
	                                 "suites: stable-security\n"
	                                 "components: main\n"
	                                 "\n\n"
	                                 "Enabled: no\n"
	                                 "Types: deb\n"
	                                 "URIs: http://off.example/debian\n"
	                                 "Suites: trixie\n"
	                                 "Components: main\n"
	                                 "\n"
	                                 "Types: deb\n"
	                                 "URIs: http://vendor.example/\n"
	                                 "Suites: nodistro\n"
	                                 "Components: main",
	                                 list);
	assert_int_equal(fs_write_text(list, "# mirrors\nhttp://m.example/sec priority:1\n", NULL),
	                 0);
	mirrors_add_apt_stanzas(&mirrors, text);
	check(&mirrors, "http://a.example/debian http://b.example/debian", "http://m.example/sec");
}

static void write_below(const char *root, const char *name, const char *text)
{
	own_free char *path = path_join(root, name);
	assert_int_equal(fs_make_parents(path, NULL), 0);
	assert_int_equal(fs_write_text(path, text, NULL), 0);
}

static void order_of_precedence(void **state)
{
	(void)state;
	own_free char *root = path_join(dir, "checkout"), *apt = path_join(dir, "apt");
	struct workspace workspace = {.root = root};
	own(err) err = {0};
	write_below(apt, "sources.list", "deb http://apt.example/debian trixie main\n");
	write_below(
		apt, "sources.list.d/x.sources",
		"Types: deb\nURIs: http://more.example/debian\nSuites: sid\nComponents: main\n");
	write_below(apt, "sources.list.d/y.list.save", "deb http://old.example/d trixie main\n");
	write_below(
		root, "sdk.yaml",
		"mirrors:\n  debian: [http://yaml.example/debian/]\n  gnu: [https://g.example]\n");
	setenv("SDK_APT_DIR", apt, 1);
	unsetenv("SDK_MIRROR_DEBIAN");
	{
		own(mirrors) mirrors = {0};
		assert_int_equal(mirrors_load(&workspace, &mirrors, &err), 0);
		check(&mirrors,
		      "http://yaml.example/debian http://apt.example/debian "
		      "http://more.example/debian",
		      "");
		own(strv) urls = {0};
		assert_int_equal(mirrors_expand(&mirrors, "mirror://gnu/a/b.tar", &urls, &err), 0);
		assert_int_equal(mirrors_expand(&mirrors, "https://x.example/y", &urls, &err), 0);
		own_free char *joined = strv_join(&urls, " ");
		assert_string_equal(joined, "https://g.example/a/b.tar https://x.example/y");
	}
	setenv("SDK_MIRROR_DEBIAN", "http://env.example/d file:///srv/debian/", 1);
	{
		own(mirrors) mirrors = {0};
		assert_int_equal(mirrors_load(&workspace, &mirrors, &err), 0);
		check(&mirrors, "http://env.example/d file:///srv/debian", "");
	}
	unsetenv("SDK_MIRROR_DEBIAN");
}

static void without_a_mirror_says_what_to_do(void **state)
{
	(void)state;
	own(mirrors) mirrors = {0};
	own(strv) urls = {0};
	own(err) err = {0};
	assert_int_equal(mirrors_expand(&mirrors, "mirror://debian/pool/x.deb", &urls, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.hint, "SDK_MIRROR_DEBIAN"));
}

static void wrong_addresses_are_refused(void **state)
{
	(void)state;
	own_free char *root = path_join(dir, "wrong");
	struct workspace workspace = {.root = root};
	own(mirrors) mirrors = {0};
	own(err) err = {0}, variable = {0};
	write_below(root, "sdk.yaml", "mirrors: {debian: [ftp://x.example]}\n");
	assert_int_equal(mirrors_load(&workspace, &mirrors, &err), -1);
	assert_non_null(strstr(err.message, "sdk.yaml:1"));
	write_below(root, "sdk.yaml", "mirrors: {}\n");
	setenv("SDK_MIRROR_DEBIAN", "x.example/debian", 1);
	assert_int_equal(mirrors_load(&workspace, &mirrors, &variable), -1);
	assert_int_equal(variable.kind, ERR_USAGE);
	unsetenv("SDK_MIRROR_DEBIAN");
}

/* What is left when the last setting is taken out, or commented out. */
static void a_config_of_nothing_is_none(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "\n", "# mirrors: {debian: [http://x.example]}\n"};
	own_free char *root = path_join(dir, "nothing");
	struct workspace workspace = {.root = root};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		own(mirrors) mirrors = {0};
		own(err) err = {0};
		write_below(root, "sdk.yaml", texts[i]);
		assert_int_equal(mirrors_load(&workspace, &mirrors, &err), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line_form),
		cmocka_unit_test(stanza_form),
		cmocka_unit_test(order_of_precedence),
		cmocka_unit_test(without_a_mirror_says_what_to_do),
		cmocka_unit_test(wrong_addresses_are_refused),
		cmocka_unit_test(a_config_of_nothing_is_none),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
