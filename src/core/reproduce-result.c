/* What checks have found, kept in out/reproducible/results. */
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "own.h"
#include "reproduce-parts.h"

enum { MAX_RESULT_BYTES = 1 << 20 };

static const char *const status_names[] = {
	[REPRODUCE_SAME] = "same",
	[REPRODUCE_DIFFERS] = "differs",
	[REPRODUCE_FAILED] = "failed",
	[REPRODUCE_UNBUILT] = "not built",
};

const char *reproduce_status_name(enum reproduce_status status)
{
	return status_names[status];
}

void reproduce_result_release(struct reproduce_result *result)
{
	free(result->package);
	free(result->version);
	free(result->key);
	free(result->note);
	strv_release(&result->findings);
	*result = (struct reproduce_result){0};
}

void reproduction_release(struct reproduction *reproduction)
{
	for (vec_each(condition, &reproduction->conditions)) {
		free(condition->first);
		free(condition->other);
		free(condition->why_not);
	}
	for (vec_each(result, &reproduction->results))
		reproduce_result_release(result);
	vec_release(&reproduction->conditions);
	vec_release(&reproduction->results);
}

static char *result_path(const struct workspace *workspace, const char *arch, const char *package)
{
	return workspace_out(workspace, "reproducible/results/%s/%s", arch, package);
}

static bool read_status(const char *name, struct reproduce_result *result)
{
	for (size_t i = 0; i < sizeof status_names / sizeof *status_names; i++) {
		if (str_equal(name, status_names[i])) {
			result->status = (enum reproduce_status)i;
			return true;
		}
	}
	return false;
}

static void set_text(char **place, const char *text)
{
	free(*place);
	*place = mem_strdup(text);
}

static bool read_line(char *line, struct reproduce_result *result, char conditions[DIGEST_HEX])
{
	char *value = line, *word = strsep(&value, " ");
	if (!value)
		return false;
	if (str_equal(word, "version"))
		set_text(&result->version, value);
	else if (str_equal(word, "key"))
		set_text(&result->key, value);
	else if (str_equal(word, "note"))
		set_text(&result->note, value);
	else if (str_equal(word, "seconds"))
		result->seconds = strtod(value, NULL);
	else if (str_equal(word, "finding"))
		strv_add(&result->findings, value);
	else if (str_equal(word, "conditions") && strlen(value) == DIGEST_HEX - 1)
		memcpy(conditions, value, DIGEST_HEX);
	else
		return str_equal(word, "status") && read_status(value, result);
	return true;
}

bool reproduce_result_load(const struct workspace *workspace, const char *arch, const char *package,
                           struct reproduce_result *ret_result, char ret_conditions[DIGEST_HEX])
{
	own_free char *path = result_path(workspace, arch, package);
	own(str) text = {0};
	struct reproduce_result result = {.package = mem_strdup(package)};
	bool good = fs_is_file(path) && fs_read(path, MAX_RESULT_BYTES, &text, NULL) == 0;
	char *rest = text.data;
	*ret_conditions = '\0';
	for (char *line; good && (line = strsep(&rest, "\n")) && (rest || *line);)
		good = read_line(line, &result, ret_conditions);
	if (!good || !result.key || !result.version) {
		reproduce_result_release(&result);
		return false;
	}
	*ret_result = result;
	return true;
}

int reproduce_result_save(const struct workspace *workspace, const char *arch,
                          const struct reproduce_result *result, const char *conditions,
                          struct err *err)
{
	own_free char *path = result_path(workspace, arch, result->package);
	own(str) text = {0};
	str_addf(&text, "version %s\nkey %s\nconditions %s\nstatus %s\nseconds %.1f\n",
	         result->version, result->key, conditions, status_names[result->status],
	         result->seconds);
	if (result->note)
		str_addf(&text, "note %s\n", result->note);
	for (size_t i = 0; i < result->findings.count; i++) {
		own(strv) lines = {0};
		strv_split(&lines, result->findings.items[i], "\n");
		for (size_t k = 0; k < lines.count; k++)
			str_addf(&text, "finding %s\n", lines.items[k]);
	}
	if (fs_make_parents(path, err) < 0)
		return -1;
	return fs_write_text(path, str_text(&text), err);
}
