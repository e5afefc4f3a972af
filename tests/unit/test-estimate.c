/* Estimates: what was built here is expected again, and the schedule is played through. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "estimate.h"
#include "fs.h"
#include "history.h"
#include "own.h"

static char dir[] = "/tmp/sdk-unit-estimate.XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

/* A chain of 10, 20 and 30 seconds, and one of 15 beside it. */
enum { FIRST, SECOND, THIRD, ALONE, COUNT };

struct graph_of_four {
	struct recipe recipe;
	struct node nodes[COUNT];
	struct graph graph;
};

static void make(struct graph_of_four *four)
{
	static const char *const names[] = {"first", "second", "third", "alone"};
	static const double seconds[] = {10, 20, 30, 15};
	*four = (struct graph_of_four){.graph = {.arch = "amd64"}};
	for (int i = 0; i < COUNT; i++) {
		four->nodes[i] = (struct node){.name = names[i],
		                               .recipe = &four->recipe,
		                               .state = NODE_WAITS,
		                               .expected = seconds[i]};
		vec_push(&four->graph.nodes, &four->nodes[i]);
	}
	for (int i = SECOND; i <= THIRD; i++) {
		vec_push(&four->nodes[i].depends, &four->nodes[i - 1]);
		vec_push(&four->nodes[i - 1].users, &four->nodes[i]);
	}
}

static void release(struct graph_of_four *four)
{
	for (int i = 0; i < COUNT; i++) {
		vec_release(&four->nodes[i].depends);
		vec_release(&four->nodes[i].users);
	}
	vec_release(&four->graph.nodes);
}

static void assert_seconds(double got, double wanted)
{
	assert_true(got > wanted - 0.01 && got < wanted + 0.01);
}

static void the_longest_chain_or_one_by_one(void **state)
{
	(void)state;
	struct graph_of_four four;
	make(&four);
	assert_seconds(estimate_left(&four.graph, 1), 75);
	assert_seconds(estimate_left(&four.graph, 2), 60);
	four.nodes[FIRST].state = NODE_DONE;
	assert_seconds(estimate_left(&four.graph, 2), 50);
	four.nodes[SECOND].state = NODE_BUILDING;
	four.nodes[SECOND].ran = 12;
	assert_seconds(estimate_left(&four.graph, 2), 38);
	/* Longer than expected: soon done. */
	four.nodes[SECOND].ran = 100;
	assert_seconds(estimate_left(&four.graph, 2), 31);
	four.nodes[SECOND].state = NODE_FAILED;
	four.nodes[THIRD].state = NODE_SKIPPED;
	assert_seconds(estimate_left(&four.graph, 2), 15);
	four.nodes[ALONE].state = NODE_DONE;
	assert_seconds(estimate_left(&four.graph, 2), 0);
	release(&four);
}

static void remember(const struct workspace *workspace, char *package, char *result,
                     uint64_t started_ms, uint64_t duration_ms)
{
	struct history_build build = {.package = package,
	                              .arch = "amd64",
	                              .version = "1",
	                              .key = "00",
	                              .run = "1-1",
	                              .result = result,
	                              .started_ms = started_ms,
	                              .duration_ms = duration_ms};
	assert_int_equal(history_append_build(workspace, &build, NULL), 0);
}

static void the_newest_build_is_expected_again(void **state)
{
	(void)state;
	struct workspace workspace = {.out = dir};
	struct graph_of_four four;
	make(&four);
	/* Nothing is known: small sources, two seconds. */
	estimate_nodes(&workspace, &four.graph);
	assert_seconds(four.nodes[FIRST].expected, 2);
	assert_seconds(four.nodes[FIRST].weight, 6);
	remember(&workspace, "first", "built", 1000, 9000);
	remember(&workspace, "first", "built", 2000, 5000);
	remember(&workspace, "first", "failed", 3000, 100);
	remember(&workspace, "second", "built", 1000, 7000);
	estimate_nodes(&workspace, &four.graph);
	assert_seconds(four.nodes[FIRST].expected, 5);
	assert_seconds(four.nodes[SECOND].expected, 7);
	/* Guesses were 4, what it took was 12. */
	assert_seconds(four.nodes[ALONE].expected, 6);
	assert_seconds(four.nodes[FIRST].weight, 5 + 7 + 6);
	release(&four);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_chain_or_one_by_one),
		cmocka_unit_test(the_newest_build_is_expected_again),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
