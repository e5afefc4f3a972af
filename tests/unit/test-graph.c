/* Graphs of small repositories: closure, order, circles, and what a changed key is called. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "graph.h"
#include "key.h"
#include "own.h"
#include "path.h"

static char dir[] = "/tmp/sdk-test-graph-XXXXXX";

static void recipe(const char *name, const char *rest)
{
	own_free char *path = mem_printf("%s/%s/recipe.yaml", dir, name);
	own_free char *text = mem_printf("name: %s\nversion: 1\nsummary: A test\nlicense: MIT\n"
	                                 "sources: []\nbuild: make\nlibc: false\n%s",
	                                 name, rest);
	assert_int_equal(fs_make_parents(path, NULL), 0);
	assert_int_equal(fs_write_text(path, text, NULL), 0);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	recipe("a", "depends: {target: [b, c]}\n");
	recipe("b", "depends: {target: [d]}\n");
	recipe("c", "depends: {target: [d], runtime: [e]}\n");
	recipe("d", "");
	recipe("e", "depends: {runtime: [c]}\n");
	recipe("x", "depends: {target: [y]}\n");
	recipe("y", "depends: {target: [z]}\n");
	recipe("z", "depends: {target: [y]}\n");
	recipe("o", "arches: [arm64]\n");
	recipe("broken", "oops: 1\n");
	own(str) many = {0}, worse = {0};
	for (unsigned i = 0; i < 40; i++) {
		own_free char *name = mem_printf("many%u", i);
		recipe(name, "depends: {target: [d]}\n");
		str_addf(&many, "%s%s", i ? ", " : "depends: {target: [", name);
	}
	str_addf(&worse, "%s, broken, b]}\n", str_text(&many));
	str_add(&many, "]}\n");
	recipe("many", str_text(&many));
	recipe("worse", str_text(&worse));
	recipe("p", "options: {fast: {default: false, summary: Faster, depends: {target: [d]}}}\n");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

/* The packages of the graph, in its order; or the error. */
static char *order(const char *package, const char *option)
{
	own(recipe_set) set = {0};
	own(graph) graph = {0};
	own(strv) packages = {0}, options = {0}, names = {0};
	own(err) err = {0};
	strv_add(&packages, package);
	if (option)
		strv_add(&options, option);
	assert_int_equal(recipe_set_open(dir, &set, NULL), 0);
	if (graph_make(&set, "amd64", &packages, &options, &graph, &err) < 0)
		return mem_strdup(err.message);
	for (vec_each(node, &graph.nodes))
		strv_add(&names, (*node)->name);
	return strv_join(&names, " ");
}

static void check(const char *package, const char *option, const char *wanted)
{
	own_free char *got = order(package, option);
	if (!strstr(got, wanted))
		fail_msg("%s: wanted \"%s\", got \"%s\"", package, wanted, got);
}

static void orders(void **state)
{
	(void)state;
	check("a", NULL, "d b c a e");
	check("d", NULL, "d");
	check("e", NULL, "d c e"); /* runtime dependencies may go round */
	check("p", NULL, "p");
	check("many", NULL, "d many0 many1 many10"); /* read in threads */
	check("p", "p.fast=on", "d p");
}

static void refused(void **state)
{
	(void)state;
	check("x", NULL, "y → z → y");
	check("o", NULL, "not for amd64");
	check("nothing", NULL, "nothing");
	check("worse", NULL, "broken/recipe.yaml:8:1: unknown key \"oops\"");
}

static void closures(void **state)
{
	(void)state;
	own(recipe_set) set = {0};
	own(graph) graph = {0};
	own(strv) packages = {0};
	strv_add(&packages, "a");
	assert_int_equal(recipe_set_open(dir, &set, NULL), 0);
	assert_int_equal(graph_make(&set, "amd64", &packages, NULL, &graph, NULL), 0);
	const struct node *a = graph_find(&graph, "a"), *d = graph_find(&graph, "d");
	assert_int_equal(a->closure.count, 3); /* b, c, d: not e, which is needed at run time */
	assert_true(a->wanted);
	assert_false(d->wanted);
	assert_int_equal(d->users.count, 2);
}

static void differences(void **state)
{
	(void)state;
	static const char before[] =
		"version 1\nphase install x\ndependency zlib dev 12\nmake A=1\n";
	static const char now[] = "version 2\nphase install y\ndependency zlib dev 34\nmake A=2\n";
	own(strv) lines = {0};
	key_difference(before, now, 10, &lines);
	own_free char *text = strv_join(&lines, "; ");
	assert_string_equal(text, "version: 1 → 2; phase install changed; dependency zlib (dev) "
	                          "changed; + make A=2; - make A=1");
	own(strv) none = {0};
	key_difference(before, before, 10, &none);
	assert_int_equal(none.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),
		cmocka_unit_test(refused),
		cmocka_unit_test(closures),
		cmocka_unit_test(differences),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
