/* What builds cost: writing, reading and pruning out/history.jsonl. */
#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs.h"
#include "json.h"
#include "map.h"
#include "own.h"
#include "yaml.h"

enum { MAX_HISTORY_BYTES = 256 << 20, USUAL_BYTES = 4 << 20, KEPT_BUILDS = 20, KEPT_RUNS = 100 };

uint64_t history_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void history_build_release(struct history_build *build)
{
	for (vec_each(phase, &build->phases))
		free(phase->name);
	for (vec_each(output, &build->outputs))
		free(output->name);
	vec_release(&build->phases);
	vec_release(&build->outputs);
	free(build->package);
	free(build->arch);
	free(build->version);
	free(build->key);
	free(build->run);
	free(build->result);
	*build = (struct history_build){0};
}

void history_run_release(struct history_run *run)
{
	free(run->run);
	free(run->arch);
	strv_release(&run->reused);
	*run = (struct history_run){0};
}

void history_release(struct history *history)
{
	for (vec_each(build, &history->builds))
		history_build_release(build);
	for (vec_each(run, &history->runs))
		history_run_release(run);
	vec_release(&history->builds);
	vec_release(&history->runs);
	*history = (struct history){0};
}

void history_add_phase(struct history_build *build, const char *name, uint64_t after_ms)
{
	struct history_phase phase = {.name = mem_strdup(name), .after_ms = after_ms};
	vec_push(&build->phases, phase);
}

/* ---- writing */

static char *history_path(const struct workspace *workspace)
{
	return workspace_out(workspace, "history.jsonl");
}

/* Beside the file, which pruning replaces. */
static int take_lock(const struct workspace *workspace, int *ret_fd, struct err *err)
{
	own_free char *path = workspace_out(workspace, ".history.lock");
	return fs_lock(path, true, true, ret_fd, err);
}

/* A line that a full disk or a kill cut short must not take the next one along. */
static bool ends_in_line(int fd)
{
	struct stat st;
	char last = '\n';
	return fstat(fd, &st) == 0 &&
	       (st.st_size == 0 || (pread(fd, &last, 1, st.st_size - 1) == 1 && last == '\n'));
}

static int append(const struct workspace *workspace, struct json *json, struct err *err)
{
	own_free char *path = history_path(workspace);
	own_fd int lock = -1;
	own(str) line = {0};
	if (take_lock(workspace, &lock, err) < 0)
		return -1;
	own_fd int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, "%s", path);
	if (!ends_in_line(fd))
		str_add_char(&line, '\n');
	str_add(&line, str_text(&json->text));
	str_add_char(&line, '\n');
	return fs_write_all(fd, line.data, line.len, err) < 0 ? err_wrap(err, "%s", path) : 0;
}

static void add_number(struct json *json, const char *name, uint64_t number)
{
	json_number(json, name, (int64_t)number);
}

/* The first two members stand first in every line: reading picks lines by them. */
void history_format_build(const struct history_build *build, struct json *json)
{
	json_object(json, NULL);
	json_string(json, "package", build->package);
	json_string(json, "arch", build->arch);
	json_string(json, "version", build->version);
	json_string(json, "key", build->key);
	json_string(json, "run", build->run);
	json_string(json, "result", build->result);
	add_number(json, "started-ms", build->started_ms);
	add_number(json, "duration-ms", build->duration_ms);
	add_number(json, "user-ms", build->user_ms);
	add_number(json, "system-ms", build->system_ms);
	add_number(json, "peak-bytes", build->peak_bytes);
	add_number(json, "worker", build->worker);
	json_array(json, "phases");
	for (vec_each(phase, &build->phases)) {
		json_object(json, NULL);
		json_string(json, "name", phase->name);
		add_number(json, "after-ms", phase->after_ms);
		json_end_object(json);
	}
	json_end_array(json);
	json_array(json, "outputs");
	for (vec_each(output, &build->outputs)) {
		json_object(json, NULL);
		json_string(json, "name", output->name);
		add_number(json, "bytes", output->bytes);
		json_end_object(json);
	}
	json_end_array(json);
	json_end_object(json);
}

void history_format_run(const struct history_run *run, struct json *json)
{
	json_object(json, NULL);
	json_string(json, "run", run->run);
	json_string(json, "arch", run->arch);
	add_number(json, "started-ms", run->started_ms);
	add_number(json, "duration-ms", run->duration_ms);
	add_number(json, "jobs", run->jobs);
	add_number(json, "built", run->built);
	add_number(json, "fetched", run->fetched);
	add_number(json, "failed", run->failed);
	add_number(json, "skipped", run->skipped);
	add_number(json, "saved-ms", run->saved_ms);
	json_array(json, "reused");
	for (size_t i = 0; i < run->reused.count; i++)
		json_string(json, NULL, run->reused.items[i]);
	json_end_array(json);
	json_end_object(json);
}

int history_append_build(const struct workspace *workspace, const struct history_build *build,
                         struct err *err)
{
	struct json json = {0};
	history_format_build(build, &json);
	int result = append(workspace, &json, err);
	json_release(&json);
	return result;
}

int history_append_run(const struct workspace *workspace, const struct history_run *run,
                       struct err *err)
{
	struct json json = {0};
	history_format_run(run, &json);
	int result = append(workspace, &json, err);
	json_release(&json);
	return result;
}

/* ---- reading: JSON is YAML, so the decoder of the recipes reads it */

#define FIELD(key, type, record, member)                                     \
	{                                                                    \
		key, type, offsetof(struct record, member), true, NULL, NULL \
	}

static int decode_phases(const struct yaml *yaml, const struct yaml_node *node, void *target,
                         struct err *err)
{
	static const struct yaml_field fields[] = {
		FIELD("name", YAML_TEXT, history_phase, name),
		FIELD("after-ms", YAML_UINT, history_phase, after_ms),
	};
	struct history_build *build = target;
	if (yaml_expect(yaml, node, YAML_LIST, "phases", err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		vec_push(&build->phases, (struct history_phase){0});
		if (yaml_decode(yaml, node->items[i], fields, 2, &build->phases.items[i], err) < 0)
			return -1;
	}
	return 0;
}

static int decode_outputs(const struct yaml *yaml, const struct yaml_node *node, void *target,
                          struct err *err)
{
	static const struct yaml_field fields[] = {
		FIELD("name", YAML_TEXT, history_output, name),
		FIELD("bytes", YAML_UINT, history_output, bytes),
	};
	struct history_build *build = target;
	if (yaml_expect(yaml, node, YAML_LIST, "outputs", err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		vec_push(&build->outputs, (struct history_output){0});
		if (yaml_decode(yaml, node->items[i], fields, 2, &build->outputs.items[i], err) < 0)
			return -1;
	}
	return 0;
}

static const struct yaml_field build_fields[] = {
	FIELD("package", YAML_TEXT, history_build, package),
	FIELD("arch", YAML_TEXT, history_build, arch),
	FIELD("version", YAML_TEXT, history_build, version),
	FIELD("key", YAML_TEXT, history_build, key),
	FIELD("run", YAML_TEXT, history_build, run),
	FIELD("result", YAML_TEXT, history_build, result),
	FIELD("started-ms", YAML_UINT, history_build, started_ms),
	FIELD("duration-ms", YAML_UINT, history_build, duration_ms),
	FIELD("user-ms", YAML_UINT, history_build, user_ms),
	FIELD("system-ms", YAML_UINT, history_build, system_ms),
	FIELD("peak-bytes", YAML_UINT, history_build, peak_bytes),
	FIELD("worker", YAML_UINT, history_build, worker),
	{"phases", YAML_CUSTOM, 0, true, decode_phases, NULL},
	{"outputs", YAML_CUSTOM, 0, true, decode_outputs, NULL},
};

static const struct yaml_field run_fields[] = {
	FIELD("run", YAML_TEXT, history_run, run),
	FIELD("arch", YAML_TEXT, history_run, arch),
	FIELD("started-ms", YAML_UINT, history_run, started_ms),
	FIELD("duration-ms", YAML_UINT, history_run, duration_ms),
	FIELD("jobs", YAML_UINT, history_run, jobs),
	FIELD("built", YAML_UINT, history_run, built),
	FIELD("fetched", YAML_UINT, history_run, fetched),
	FIELD("failed", YAML_UINT, history_run, failed),
	FIELD("skipped", YAML_UINT, history_run, skipped),
	FIELD("saved-ms", YAML_UINT, history_run, saved_ms),
	FIELD("reused", YAML_STRV, history_run, reused),
};

/* A line of the file, by its beginning alone. */
struct line {
	const char *text;
	size_t length;
	bool is_build;
	char *name, *arch; /* the package's or run's, and its architecture's */
};
VEC_OF(line_list, struct line);

static void line_list_release(struct line_list *lines)
{
	for (vec_each(line, lines)) {
		free(line->name);
		free(line->arch);
	}
	vec_release(lines);
}

/* Moves over `before`, then returns the text up to the next quote. */
static char *take_quoted(const char **at, const char *end, const char *before)
{
	size_t length = strlen(before);
	if ((size_t)(end - *at) < length || memcmp(*at, before, length) != 0)
		return NULL;
	const char *start = *at + length;
	const char *quote = memchr(start, '"', (size_t)(end - start));
	if (!quote)
		return NULL;
	*at = quote;
	return mem_strndup(start, (size_t)(quote - start));
}

static bool classify(struct line *line)
{
	const char *at = line->text, *end = line->text + line->length;
	line->name = take_quoted(&at, end, "{\"package\":\"");
	line->is_build = line->name != NULL;
	if (!line->name)
		line->name = take_quoted(&at, end, "{\"run\":\"");
	if (line->name)
		line->arch = take_quoted(&at, end, "\",\"arch\":\"");
	return line->arch != NULL;
}

/* Lines that are none of ours are counted and left out. */
static size_t split_lines(const struct str *text, struct line_list *lines)
{
	size_t unreadable = 0;
	const char *end = text->data + text->len;
	for (const char *start = text->data; start && start < end;) {
		const char *newline = memchr(start, '\n', (size_t)(end - start));
		const char *stop = newline ? newline : end;
		struct line line = {.text = start, .length = (size_t)(stop - start)};
		start = stop + 1;
		if (classify(&line)) {
			vec_push(lines, line);
			continue;
		}
		unreadable += line.length > 0;
		free(line.name);
	}
	return unreadable;
}

static bool read_build(const struct line *line, struct history *history)
{
	struct yaml yaml;
	struct history_build build = {0};
	if (yaml_parse("history.jsonl", line->text, line->length, &yaml, NULL) < 0)
		return false;
	bool well = yaml_decode(&yaml, yaml.root, build_fields,
	                        sizeof build_fields / sizeof *build_fields, &build, NULL) == 0;
	yaml_release(&yaml);
	if (well)
		vec_push(&history->builds, build);
	else
		history_build_release(&build);
	return well;
}

static bool read_run(const struct line *line, struct history *history)
{
	struct yaml yaml;
	struct history_run run = {0};
	if (yaml_parse("history.jsonl", line->text, line->length, &yaml, NULL) < 0)
		return false;
	bool well = yaml_decode(&yaml, yaml.root, run_fields,
	                        sizeof run_fields / sizeof *run_fields, &run, NULL) == 0;
	yaml_release(&yaml);
	if (well)
		vec_push(&history->runs, run);
	else
		history_run_release(&run);
	return well;
}

static bool is_wanted(const struct line *line, const struct history_filter *filter)
{
	if (filter->arch && !str_equal(line->arch, filter->arch))
		return false;
	if (!line->is_build)
		return !filter->newest && !filter->package;
	return !filter->package || str_equal(line->name, filter->package);
}

static void read_wanted(const struct line_list *lines, const struct history_filter *filter,
                        struct history *history)
{
	for (vec_each(line, lines))
		if (is_wanted(line, filter) &&
		    !(line->is_build ? read_build(line, history) : read_run(line, history)))
			history->unreadable++;
}

/* From the end, and of each package no further than to its newest: nothing else is decoded. */
static void read_newest(const struct line_list *lines, const struct history_filter *filter,
                        struct history *history)
{
	struct map seen = {0};
	own(strv) names = {0};
	for (size_t i = lines->count; i > 0; i--) {
		const struct line *line = &lines->items[i - 1];
		own_free char *name = mem_printf("%s/%s", line->arch, line->name);
		if (!is_wanted(line, filter) || map_get(&seen, name))
			continue;
		size_t before = history->builds.count;
		if (!read_build(line, history)) {
			history->unreadable++;
			continue;
		}
		if (!str_equal(history->builds.items[before].result, "built")) {
			history_build_release(&history->builds.items[before]);
			history->builds.count--;
			continue;
		}
		map_set(&seen, name, history);
		strv_take(&names, steal_ptr(name));
	}
	map_release(&seen);
}

static int read_text(const struct workspace *workspace, struct str *text, struct err *err)
{
	own_free char *path = history_path(workspace);
	return fs_exists(path) ? fs_read(path, MAX_HISTORY_BYTES, text, err) : 0;
}

int history_load(const struct workspace *workspace, const struct history_filter *filter,
                 struct history *ret_history, struct err *err)
{
	static const struct history_filter all = {0};
	own(str) text = {0};
	own(line_list) lines = {0};
	struct history history = {0};
	if (read_text(workspace, &text, err) < 0)
		return -1;
	history.unreadable = split_lines(&text, &lines);
	filter = filter ? filter : &all;
	if (filter->newest)
		read_newest(&lines, filter, &history);
	else
		read_wanted(&lines, filter, &history);
	*ret_history = history;
	return 0;
}

const struct history_build *history_newest(const struct history *history, const char *package)
{
	const struct history_build *newest = NULL;
	for (vec_each(build, &history->builds))
		if (str_equal(build->package, package) &&
		    (!newest || build->started_ms > newest->started_ms))
			newest = build;
	return newest;
}

/* ---- pruning */

/* Counts in `seen` how often this line's subject came up; `names` owns the keys. */
static uintptr_t count_line(const struct line *line, struct map *seen, struct strv *names)
{
	own_free char *name =
		line->is_build ? mem_printf("%s/%s", line->arch, line->name) : mem_strdup("");
	uintptr_t count = (uintptr_t)map_get(seen, name) + 1;
	if (count == 1)
		strv_add(names, name);
	map_set(seen, count == 1 ? names->items[names->count - 1] : name, (void *)count);
	return count;
}

static void keep_newest(const struct line_list *lines, struct str *kept)
{
	own(strv) names = {0};
	struct map seen = {0};
	VEC(const struct line *) chosen = {0};
	for (size_t i = lines->count; i > 0; i--) {
		const struct line *line = &lines->items[i - 1];
		if (count_line(line, &seen, &names) <= (line->is_build ? KEPT_BUILDS : KEPT_RUNS))
			vec_push(&chosen, line);
	}
	for (size_t i = chosen.count; i > 0; i--) {
		str_add_bytes(kept, chosen.items[i - 1]->text, chosen.items[i - 1]->length);
		str_add_char(kept, '\n');
	}
	vec_release(&chosen);
	map_release(&seen);
}

int history_prune(const struct workspace *workspace, uint64_t max_bytes, struct err *err)
{
	own_free char *path = history_path(workspace);
	own_fd int lock = -1;
	own(str) text = {0}, kept = {0};
	own(line_list) lines = {0};
	struct stat st;
	if (stat(path, &st) < 0 || (uint64_t)st.st_size <= (max_bytes ? max_bytes : USUAL_BYTES))
		return 0;
	if (take_lock(workspace, &lock, err) < 0 || read_text(workspace, &text, err) < 0)
		return -1;
	split_lines(&text, &lines);
	keep_newest(&lines, &kept);
	return fs_write_file(path, str_text(&kept), kept.len, 0644, err);
}
