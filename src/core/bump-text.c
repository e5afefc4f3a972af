/* A bump told: for the one who reviews it, and for programs. */
#include <stdlib.h>
#include <string.h>

#include "bump.h"
#include "own.h"
#include "path.h"

static const char *const patch_words[] = {"fits", "written anew: it fits elsewhere",
                                          "removed: the new source has it", "FAILS"};
static const char *const test_words[] = {"passes", "skipped: nothing of it was tried", "FAILS"};
static const char *const test_names[] = {"passes", "skipped", "fails"};
static const char *const patch_names[] = {"fits", "moved", "upstream", "fails"};

static void add_patches(const struct bump *bump, struct str *text)
{
	for (vec_each(patch, &bump->patches)) {
		own_free char *failures = strv_join(&patch->failures, "; ");
		str_addf(text, "- patch %s: %s%s%s\n", patch->name, patch_words[patch->state],
		         *failures ? ": " : "", failures);
	}
}

/* The lines of a text, each two columns further in. */
static void add_indented(struct str *text, const char *lines)
{
	own(strv) list = {0};
	strv_split(&list, lines, "\n");
	for (size_t i = 0; i < list.count; i++)
		str_addf(text, "  %s\n", list.items[i]);
}

/* A failure: its first line, and the end of the log that follows it as a block of Markdown. */
static void add_failure(const char *failure, struct str *text)
{
	own(strv) lines = {0};
	strv_split(&lines, failure, "\n");
	str_addf(text, "FAILED: %s\n", lines.count ? lines.items[0] : "");
	for (size_t i = 1; i < lines.count; i++) {
		const char *line = lines.items[i];
		str_addf(text, "%s  %s\n", i == 1 ? "\n  ```\n" : "",
		         str_starts(line, "  │ ") ? line + strlen("  │ ") : line);
	}
	if (lines.count > 1)
		str_addf(text, "  ```\n");
}

static void add_arch(const struct bump_arch *arch, struct str *text)
{
	own(str) diff = {0};
	if (arch->failure) {
		str_addf(text, "- %s: ", arch->arch);
		add_failure(arch->failure, text);
		return;
	}
	if (!arch->is_built)
		return;
	str_addf(text, "- %s: built%s\n", arch->arch,
	         arch->has_diff ? "" : "; not compared: the old version is not built here");
	if (arch->has_diff)
		pkg_diff_describe(&arch->diff, &diff);
	add_indented(text, str_text(&diff));
}

/* A build's failure stands with its architecture. */
static bool is_told_below(const struct bump *bump)
{
	for (vec_each(arch, &bump->arches))
		if (arch->failure)
			return true;
	return false;
}

void bump_describe(const struct bump *bump, struct str *text)
{
	str_addf(text, "### %s %s → %s\n", bump->name, bump->old->version,
	         bump->version ? bump->version : "?");
	if (bump->failure.kind && !is_told_below(bump))
		str_addf(text, "- FAILED: %s\n", bump->failure.message);
	for (size_t i = 0; i < bump->verified.count; i++)
		str_addf(text, "- %s\n", bump->verified.items[i]);
	for (size_t i = 0; i < bump->notes.count; i++)
		str_addf(text, "- %s\n", bump->notes.items[i]);
	add_patches(bump, text);
	for (vec_each(arch, &bump->arches))
		add_arch(arch, text);
	for (vec_each(test, &bump->tests))
		str_addf(text, "- %s: %s\n", test->name, test_words[test->state]);
	if (bump->is_tested && !bump->tests.count)
		str_add(text, "- no test names it\n");
	if (bump->commit)
		str_addf(text, "- commit %.12s\n", bump->commit);
}

static void list(struct json *json, const char *name, const struct strv *items)
{
	json_array(json, name);
	for (size_t i = 0; i < items->count; i++)
		json_string(json, NULL, items->items[i]);
	json_end_array(json);
}

static void arches(struct json *json, const struct bump *bump)
{
	json_array(json, "builds");
	for (vec_each(arch, &bump->arches)) {
		json_object(json, NULL);
		json_string(json, "arch", arch->arch);
		json_bool(json, "built", arch->is_built);
		json_string(json, "failure", arch->failure);
		if (arch->has_diff) {
			json_object(json, "diff");
			pkg_diff_json(&arch->diff, json);
			json_end_object(json);
		}
		json_end_object(json);
	}
	json_end_array(json);
}

void bump_json(const struct bump *bump, struct json *json)
{
	json_string(json, "name", bump->name);
	json_string(json, "old", bump->old->version);
	json_string(json, "new", bump->version);
	json_string(json, "failure", bump->failure.kind ? bump->failure.message : NULL);
	list(json, "verified", &bump->verified);
	list(json, "notes", &bump->notes);
	json_array(json, "patches");
	for (vec_each(patch, &bump->patches)) {
		json_object(json, NULL);
		json_string(json, "name", patch->name);
		json_string(json, "state", patch_names[patch->state]);
		list(json, "failures", &patch->failures);
		json_end_object(json);
	}
	json_end_array(json);
	arches(json, bump);
	json_array(json, "tests");
	for (vec_each(test, &bump->tests)) {
		json_object(json, NULL);
		json_string(json, "name", test->name);
		json_string(json, "state", test_names[test->state]);
		json_end_object(json);
	}
	json_end_array(json);
	json_string(json, "commit", bump->commit);
}
