/* The history: what was written is read, what is torn is passed over, what is old is pruned. */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs.h"
#include "history.h"
#include "own.h"

static char dir[] = "/tmp/sdk-unit-history.XXXXXX";
static struct workspace workspace = {.out = dir};

static int make_dir(void **state)
{
	(void)state;
	strcpy(strrchr(dir, '.') + 1, "XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

static int write_one(const char *package, const char *arch, uint64_t started_ms, const char *result)
{
	struct history_phase phases[] = {{"unpack", 1}, {"compile", 20}};
	struct history_output outputs[] = {{"run", 4096}};
	struct history_build build = {.package = (char *)package,
	                              .arch = (char *)arch,
	                              .version = "1.0 \"quoted\" é\n",
	                              .key = "00ff",
	                              .run = "1-2",
	                              .result = (char *)result,
	                              .started_ms = started_ms,
	                              .duration_ms = 1500,
	                              .user_ms = 1200,
	                              .system_ms = 300,
	                              .peak_bytes = 5000000000,
	                              .worker = 1};
	build.phases.items = phases;
	build.phases.count = 2;
	build.outputs.items = outputs;
	build.outputs.count = 1;
	return history_append_build(&workspace, &build, NULL);
}

static void append_text(const char *text)
{
	own_free char *path = mem_printf("%s/history.jsonl", dir);
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	assert_int_equal(fs_write_all(fd, text, strlen(text), NULL), 0);
}

static void reads_what_it_wrote(void **state)
{
	(void)state;
	own(history) history = {0};
	char *reused[] = {"a", "b"};
	struct history_run run = {.run = "1-2", .arch = "amd64", .built = 3, .saved_ms = 77};
	run.reused.items = reused;
	run.reused.count = 2;
	assert_int_equal(write_one("zlib", "amd64", 1764000000000, "built"), 0);
	assert_int_equal(history_append_run(&workspace, &run, NULL), 0);
	assert_int_equal(history_load(&workspace, NULL, &history, NULL), 0);
	assert_int_equal(history.unreadable, 0);
	assert_int_equal(history.builds.count, 1);
	const struct history_build *build = &history.builds.items[0];
	assert_string_equal(build->package, "zlib");
	assert_string_equal(build->version, "1.0 \"quoted\" é\n");
	assert_true(build->started_ms == 1764000000000 && build->duration_ms == 1500);
	assert_true(build->user_ms == 1200 && build->system_ms == 300 && build->worker == 1);
	assert_true(build->peak_bytes == 5000000000);
	assert_int_equal(build->phases.count, 2);
	assert_string_equal(build->phases.items[1].name, "compile");
	assert_int_equal(build->phases.items[1].after_ms, 20);
	assert_int_equal(build->outputs.items[0].bytes, 4096);
	assert_int_equal(history.runs.count, 1);
	assert_int_equal(history.runs.items[0].saved_ms, 77);
	assert_string_equal(history.runs.items[0].reused.items[1], "b");
}

static void is_empty_at_first(void **state)
{
	(void)state;
	own(history) history = {0};
	assert_int_equal(history_load(&workspace, NULL, &history, NULL), 0);
	assert_int_equal(history.builds.count + history.runs.count + history.unreadable, 0);
}

static void passes_over_what_is_torn(void **state)
{
	(void)state;
	own(history) history = {0};
	write_one("a", "amd64", 1, "built");
	append_text("{\"package\":\"b\",\"arch\":\"amd64\",\"ver");
	write_one("c", "amd64", 2, "built");
	append_text("{\"package\":\"d\",\"arch\":\"amd64\"}\nnonsense\n\n{\"package\":\n");
	write_one("e", "amd64", 3, "built");
	assert_int_equal(history_load(&workspace, NULL, &history, NULL), 0);
	assert_int_equal(history.builds.count, 3);
	assert_string_equal(history.builds.items[1].package, "c");
	assert_string_equal(history.builds.items[2].package, "e");
	assert_int_equal(history.unreadable, 4);
}

static void finds_the_newest_of_each(void **state)
{
	(void)state;
	own(history) history = {0};
	struct history_filter filter = {.arch = "amd64", .newest = true};
	write_one("a", "amd64", 10, "built");
	write_one("a", "amd64", 20, "built");
	write_one("a", "amd64", 30, "failed");
	write_one("a", "arm64", 40, "built");
	write_one("b", "amd64", 5, "fetched");
	assert_int_equal(history_load(&workspace, &filter, &history, NULL), 0);
	assert_int_equal(history.builds.count, 1);
	assert_int_equal(history_newest(&history, "a")->started_ms, 20);
	assert_null(history_newest(&history, "b"));
}

/* Whole lines, all of them, whoever writes at the same time, and while it is pruned. */
static void concurrent_writers_tear_nothing(void **state)
{
	(void)state;
	enum { WRITERS = 4, LINES = 50 };
	own(history) history = {0};
	for (int i = 0; i < WRITERS; i++) {
		if (fork() == 0) {
			own_free char *name = mem_printf("writer-%d", i);
			int failures = 0;
			for (int k = 0; k < LINES; k++)
				failures += write_one(name, "amd64", (uint64_t)k, "built") != 0;
			_exit(failures != 0);
		}
	}
	for (int status, i = 0; i < WRITERS; i++) {
		assert_int_equal(history_prune(&workspace, 1 << 20, NULL), 0);
		assert_true(wait(&status) > 0 && status == 0);
	}
	assert_int_equal(history_load(&workspace, NULL, &history, NULL), 0);
	assert_int_equal(history.builds.count, WRITERS * LINES);
	assert_int_equal(history.unreadable, 0);
}

static void prunes_to_the_newest(void **state)
{
	(void)state;
	own(history) history = {0};
	write_one("rare", "amd64", 1, "built");
	for (int i = 0; i < 50; i++)
		write_one("often", "amd64", (uint64_t)(100 + i), "built");
	append_text("torn");
	assert_int_equal(history_prune(&workspace, 1, NULL), 0);
	assert_int_equal(history_load(&workspace, NULL, &history, NULL), 0);
	assert_int_equal(history.unreadable, 0);
	assert_int_equal(history.builds.count, 21);
	assert_string_equal(history.builds.items[0].package, "rare");
	assert_int_equal(history.builds.items[1].started_ms, 130);
	assert_int_equal(history.builds.items[20].started_ms, 149);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(reads_what_it_wrote),
		CASE(is_empty_at_first),
		CASE(passes_over_what_is_torn),
		CASE(finds_the_newest_of_each),
		CASE(concurrent_writers_tear_nothing),
		CASE(prunes_to_the_newest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
