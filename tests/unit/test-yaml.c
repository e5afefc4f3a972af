/* The YAML tree and the strict decoder: what is read, and what each mistake is told as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "own.h"
#include "str.h"
#include "yaml.h"

static void test_tree_knows_its_lines(void **state)
{
	(void)state;
	const char *text = "a: 1.10\nb:\n  - x\n  - 'true'\nc: {d: ''}\n";
	own(yaml) yaml = {0};
	own(err) err = {0};
	assert_int_equal(yaml_parse("t", text, strlen(text), &yaml, &err), 0);
	assert_int_equal(yaml.root->count, 3);
	const struct yaml_node *a = yaml_get(yaml.root, "a"), *b = yaml_get(yaml.root, "b");
	assert_string_equal(a->text, "1.10");
	assert_true(a->plain);
	assert_int_equal(a->column, 4);
	assert_int_equal(b->kind, YAML_LIST);
	assert_int_equal(b->items[1]->line, 4);
	assert_false(b->items[1]->plain);
	assert_string_equal(yaml_get(yaml_get(yaml.root, "c"), "d")->text, "");
	assert_null(yaml_get(yaml.root, "z"));
	assert_int_equal(yaml.root->key_nodes[2]->line, 5);
}

static void test_refused_documents(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"", "t:1:1: the file is empty"},
		{"a: 1\na: 2\n", "t:2:1: key \"a\" is given twice (first in line 1)"},
		{"a: &x 1\n", "t:1:4: anchors and tags are not allowed here"},
		{"a: &x [1]\n", "t:1:4: anchors and tags are not allowed here"},
		{"a: *x\n", "t:1:4: aliases are not allowed here; write the value out "
	                    "(or quote a text that starts with *)"},
		{"a: !!int 1\n", "t:1:4: anchors and tags are not allowed here"},
		{"a: 1\n---\nb: 1\n", "t:2:1: a second document is not allowed"},
		{"[a]: 1\n", "t:1:1: a key must be a plain word"},
		{"a: \"\\0\"\n", "t:1:4: a text may not hold a NUL byte"},
		{"a: [1\n",
	         "t:2:1: did not find expected ',' or ']' while parsing a flow sequence"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		own(yaml) yaml = {0};
		own(err) err = {0};
		assert_int_equal(yaml_parse("t", rows[i].text, strlen(rows[i].text), &yaml, &err),
		                 -1);
		assert_string_equal(err.message, rows[i].message);
		assert_int_equal(err.kind, ERR_INPUT);
	}
}

static void test_duplicate_in_a_large_map(void **state)
{
	(void)state;
	own(str) text = {0};
	for (int i = 0; i < 100; i++)
		str_addf(&text, "k%d: 1\n", i);
	str_add(&text, "k7: 2\n");
	own(yaml) yaml = {0};
	own(err) err = {0};
	assert_int_equal(yaml_parse("t", text.data, text.len, &yaml, &err), -1);
	assert_string_equal(err.message, "t:101:1: key \"k7\" is given twice (first in line 8)");
}

static void test_depth_is_limited(void **state)
{
	(void)state;
	char text[200];
	memset(text, '[', 100);
	memset(text + 100, ']', 100);
	own(yaml) yaml = {0};
	own(err) err = {0};
	assert_int_equal(yaml_parse("t", text, sizeof text, &yaml, &err), -1);
	assert_string_equal(err.message, "t:1:65: nested more than 64 deep");
}

static void test_tab_has_a_hint(void **state)
{
	(void)state;
	const char *text = "a:\n\tb: 1\n";
	own(yaml) yaml = {0};
	own(err) err = {0};
	assert_int_equal(yaml_parse("t", text, strlen(text), &yaml, &err), -1);
	assert_string_equal(err.hint, "YAML is indented by spaces, not tabs");
}

static void test_missing_file_is_an_input_error(void **state)
{
	(void)state;
	own(yaml) yaml = {0};
	own(err) err = {0};
	assert_int_equal(yaml_load("/nonexistent/x.yaml", 100, &yaml, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
}

struct thing {
	char *name;
	bool on;
	uint64_t number, size;
	struct strv list;
	unsigned line;
};

static void thing_release(struct thing *thing)
{
	free(thing->name);
	strv_release(&thing->list);
}

static int decode_line(const struct yaml *yaml, const struct yaml_node *node, void *target,
                       struct err *err)
{
	(void)yaml, (void)err;
	*(unsigned *)target = node->line;
	return 0;
}

static const struct yaml_field fields[] = {
	{"name", YAML_TEXT, offsetof(struct thing, name), true, NULL, NULL},
	{"on", YAML_BOOL, offsetof(struct thing, on), false, NULL, NULL},
	{"number", YAML_UINT, offsetof(struct thing, number), false, NULL, NULL},
	{"size", YAML_BYTES, offsetof(struct thing, size), false, NULL, NULL},
	{"list", YAML_STRV, offsetof(struct thing, list), false, NULL, NULL},
	{"line", YAML_CUSTOM, offsetof(struct thing, line), false, decode_line, NULL},
};

static int decode(const char *text, struct thing *thing, struct err *err)
{
	own(yaml) yaml = {0};
	if (yaml_parse("t", text, strlen(text), &yaml, err) < 0)
		return -1;
	return yaml_decode(&yaml, yaml.root, fields, sizeof fields / sizeof *fields, thing, err);
}

static void test_decode(void **state)
{
	(void)state;
	own(thing) thing = {0};
	own(err) err = {0};
	assert_int_equal(decode("name: no\non: true\nnumber: 7\nsize: 2GiB\nlist: [a, 1.0]\n"
	                        "line: x\n",
	                        &thing, &err),
	                 0);
	assert_string_equal(thing.name, "no");
	assert_true(thing.on);
	assert_int_equal(thing.number, 7);
	assert_true(thing.size == UINT64_C(2) << 30);
	assert_string_equal(thing.list.items[1], "1.0");
	assert_int_equal(thing.line, 6);
}

static void test_decode_mistakes(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"nmae: x\n", "t:1:1: unknown key \"nmae\"; did you mean \"name\"?"},
		{"name: x\nzzzzz: 1\n", "t:2:1: unknown key \"zzzzz\"; the keys known here are: "
	                                "name, on, number, size, list, line"},
		{"on: true\n", "t:1:1: key \"name\" is missing"},
		{"name:\n", "t:1:6: name has no value; wanted a single value"},
		{"name: ~\n", "t:1:7: name has no value; wanted a single value"},
		{"name: [a]\n", "t:1:7: name: wanted a single value, got a list"},
		{"on: yes\n", "t:1:5: on: wanted true or false, got \"yes\""},
		{"on: 'true'\n", "t:1:5: on: wanted true or false, got \"true\""},
		{"number: -1\n", "t:1:9: number: wanted a whole number, got \"-1\""},
		{"number: 1KiB\n", "t:1:9: number: wanted a whole number, got \"1KiB\""},
		{"number: 99999999999999999999\n",
	         "t:1:9: number: wanted a whole number, got \"99999999999999999999\""},
		{"size: 64MB\n", "t:1:7: size: wanted a size such as 4096, 64KiB, 512MiB or 2GiB, "
	                         "got \"64MB\""},
		{"size: 99999999999TiB\n", "t:1:7: size: wanted a size such as 4096, 64KiB, "
	                                   "512MiB or 2GiB, got \"99999999999TiB\""},
		{"list: a\n", "t:1:7: list: wanted a list, got a single value"},
		{"list: [a, {b: c}]\n", "t:1:11: list: item 2: wanted a single value, got a map of "
	                                "keys and values"},
		{"- a\n", "t:1:1: the file: wanted a map of keys and values, got a list"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		own(thing) thing = {0};
		own(err) err = {0};
		assert_int_equal(decode(rows[i].text, &thing, &err), -1);
		assert_string_equal(err.message, rows[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree_knows_its_lines),
		cmocka_unit_test(test_refused_documents),
		cmocka_unit_test(test_duplicate_in_a_large_map),
		cmocka_unit_test(test_depth_is_limited),
		cmocka_unit_test(test_tab_has_a_hint),
		cmocka_unit_test(test_missing_file_is_an_input_error),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_decode_mistakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
