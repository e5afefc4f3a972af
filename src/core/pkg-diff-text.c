/* A comparison of two builds, told: for reviewers, and for programs. */
#include <inttypes.h>
#include <stdio.h>

#include "own.h"
#include "pkg-diff.h"

enum { SHOWN = 12 };

static void add_list(struct str *text, const char *title, const struct strv *list)
{
	if (!list->count)
		return;
	str_addf(text, "- %s (%zu): ", title, list->count);
	for (size_t i = 0; i < list->count && i < SHOWN; i++)
		str_addf(text, "%s%s", i ? ", " : "", list->items[i]);
	if (list->count > SHOWN)
		str_addf(text, " and %zu more", list->count - SHOWN);
	str_add_char(text, '\n');
}

/* "1,234,567" */
static void add_number(struct str *text, uint64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%" PRIu64, number);
	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			str_add_char(text, ',');
		str_add_char(text, digits[i]);
	}
}

static void add_sizes(struct str *text, const struct pkg_diff *diff)
{
	for (vec_each(size, &diff->sizes)) {
		if (str_equal(size->name, "debug"))
			continue;
		double change =
			size->old_bytes
				? 100.0 * ((double)size->new_bytes - (double)size->old_bytes) /
					  (double)size->old_bytes
				: 0;
		str_addf(text, "- size of %s: ", size->name);
		add_number(text, size->old_bytes);
		str_add(text, " → ");
		add_number(text, size->new_bytes);
		str_add(text, " B");
		if (size->old_bytes)
			str_addf(text, " (%+.1f %%)", change);
		str_add_char(text, '\n');
	}
}

void pkg_diff_describe(const struct pkg_diff *diff, struct str *text)
{
	if (diff->is_same) {
		str_add(text, "- the same bytes as before\n");
		return;
	}
	add_list(text, "BREAKS USERS: sonames gone", &diff->sonames.gone);
	add_list(text, "sonames added", &diff->sonames.added);
	add_list(text, diff->sonames.gone.count ? "symbols gone" : "BREAKS USERS: symbols gone",
	         &diff->symbols.gone);
	add_list(text, "symbols added", &diff->symbols.added);
	add_list(text, "LOOK: set-id files added", &diff->setuid.added);
	add_list(text, "set-id files gone", &diff->setuid.gone);
	add_list(text, "libraries needed anew", &diff->needs.added);
	add_list(text, "libraries needed no more", &diff->needs.gone);
	add_list(text, "packages required anew", &diff->requires.added);
	add_list(text, "packages required no more", &diff->requires.gone);
	add_list(text, "files added", &diff->files.added);
	add_list(text, "files gone", &diff->files.gone);
	if (diff->changed_files)
		str_addf(text, "- files changed: %zu\n", diff->changed_files);
	add_sizes(text, diff);
}

static void json_list(struct json *json, const char *name, const struct strv *list)
{
	json_array(json, name);
	for (size_t i = 0; i < list->count; i++)
		json_string(json, NULL, list->items[i]);
	json_end_array(json);
}

void pkg_diff_json(const struct pkg_diff *diff, struct json *json)
{
	const struct {
		const char *name;
		const struct pkg_diff_set *set;
	} sets[] = {{"files", &diff->files},       {"sonames", &diff->sonames},
	            {"symbols", &diff->symbols},   {"needs", &diff->needs},
	            {"requires", &diff->requires}, {"setuid", &diff->setuid}};
	json_string(json, "arch", diff->arch);
	json_bool(json, "same", diff->is_same);
	json_number(json, "changed_files", (int64_t)diff->changed_files);
	json_array(json, "sizes");
	for (vec_each(size, &diff->sizes)) {
		json_object(json, NULL);
		json_string(json, "output", size->name);
		json_number(json, "old", (int64_t)size->old_bytes);
		json_number(json, "new", (int64_t)size->new_bytes);
		json_end_object(json);
	}
	json_end_array(json);
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		json_object(json, sets[i].name);
		json_list(json, "added", &sets[i].set->added);
		json_list(json, "gone", &sets[i].set->gone);
		json_end_object(json);
	}
}
