/* The smallest change of a kernel's fragments that gives a configuration. */
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "own.h"

/* So few that most of them will be needed: each is tried by itself at once. */
enum { FEW = 12 };

/* A line that may have to change. */
struct edit {
	const char *name, *value; /* value NULL: its line goes */
	size_t fragment;
	bool kept; /* false: it follows from others, and there is no line */
};
VEC_OF(edit_list, struct edit);

struct search {
	const struct kernel *kernel;
	const struct kconfig *wanted;
	struct edit_list edits;
};

static void edit_list_release(struct edit_list *edits)
{
	vec_release(edits);
}

/* ---- trying */

static void make_fragments(const struct search *search, struct kernel_fragments *ret_fragments)
{
	const struct kernel_fragments *original = &search->kernel->fragments;
	for (size_t i = 0; i < original->count; i++) {
		struct kernel_fragment made = {.name = mem_strdup(original->items[i].name),
		                               .path = mem_strdup(original->items[i].path)};
		str_add(&made.text, str_text(&original->items[i].text));
		for (vec_each(edit, &search->edits)) {
			struct str next = {0};
			if (edit->fragment != i)
				continue;
			kconfig_edit(str_text(&made.text), edit->name,
			             edit->kept ? edit->value : NULL, &next);
			str_release(&made.text);
			made.text = next;
		}
		vec_push(ret_fragments, made);
	}
}

/* Appends what comes out differently from what is wanted. */
static int try_edits(const struct search *search, bool strict, struct strv *ret_wrong,
                     struct err *err)
{
	own(kernel_fragments) fragments = {0};
	own(kconfig) config = {0};
	struct kconfig_changes wrong = {0};
	make_fragments(search, &fragments);
	if (kernel_configure(search->kernel, &fragments, strict, &config, err) < 0)
		return -1;
	kconfig_compare(&config, search->wanted, &wrong);
	for (vec_each(change, &wrong))
		strv_add(ret_wrong, change->name);
	vec_release(&wrong);
	return 0;
}

static int does_it(const struct search *search, bool *ret_does, struct err *err)
{
	own(strv) wrong = {0};
	if (try_edits(search, false, &wrong, err) < 0)
		return -1;
	*ret_does = wrong.count == 0;
	return 0;
}

/* ---- leaving out (delta debugging, Zeller and Hildebrandt 2002: by halves, then finer) */

static void collect_kept(struct search *search, size_t *ret_indexes, size_t *ret_count)
{
	*ret_count = 0;
	for (size_t i = 0; i < search->edits.count; i++)
		if (search->edits.items[i].value && search->edits.items[i].kept)
			ret_indexes[(*ret_count)++] = i;
}

static void set_kept(struct search *search, const size_t *indexes, size_t count, bool kept)
{
	for (size_t i = 0; i < count; i++)
		search->edits.items[indexes[i]].kept = kept;
}

/* One round over chunks of `size`. */
static int drop_chunks(struct search *search, size_t *indexes, size_t size, struct err *err)
{
	size_t count;
	collect_kept(search, indexes, &count);
	for (size_t at = 0; at < count; at += size) {
		size_t length = count - at < size ? count - at : size;
		bool does;
		set_kept(search, indexes + at, length, false);
		if (does_it(search, &does, err) < 0)
			return -1;
		set_kept(search, indexes + at, length, !does);
	}
	return 0;
}

static int leave_out(struct search *search, struct err *err)
{
	own_free size_t *indexes = mem_alloc((search->edits.count + 1) * sizeof *indexes);
	size_t count;
	collect_kept(search, indexes, &count);
	for (size_t size = count > FEW ? count : 1; size > 0; size /= 2)
		if (drop_chunks(search, indexes, size, err) < 0)
			return -1;
	return 0;
}

/* ---- the edits to begin with */

static size_t fragment_of(const struct kernel *kernel, const char *name)
{
	for (size_t i = 0; i < kernel->fragments.count; i++) {
		own(kconfig) lines = {0};
		kconfig_parse(str_text(&kernel->fragments.items[i].text), &lines);
		if (kconfig_get(&lines, name))
			return i;
	}
	return kernel->fragments.count;
}

static int add_edit(struct search *search, const struct kconfig_change *change, size_t into,
                    bool kept, struct err *err)
{
	const struct kernel *kernel = search->kernel;
	size_t fragment = fragment_of(kernel, change->name);
	if (fragment == 0 && into != 0) {
		err_set(err, ERR_INPUT, "%s is set in %s, for every architecture", change->name,
		        kernel->fragments.items[0].path);
		return err_hint(err, "--fragment=common changes it there; for one architecture "
		                     "alone, move it to the others' fragments first");
	}
	if (fragment == kernel->fragments.count && !change->after)
		return 0;
	struct edit edit = {.name = change->name,
	                    .value = change->after,
	                    .fragment = fragment < kernel->fragments.count ? fragment : into,
	                    .kept = kept};
	vec_push(&search->edits, edit);
	return 0;
}

static int complain(const struct strv *wrong, struct err *err)
{
	own_free char *list = strv_join(wrong, " ");
	return err_set(err, ERR_INPUT, "no fragment gives this configuration: %s would differ",
	               list);
}

static struct edit *find_edit(const struct search *search, const char *name)
{
	for (vec_each(edit, &search->edits))
		if (str_equal(edit->name, name))
			return edit;
	return NULL;
}

/* Lines for symbols that came out wrong: those that change, and those that stay as they are but
 * would not by themselves. */
static int hold(struct search *search, const struct strv *wrong, size_t into, bool *ret_more,
                struct err *err)
{
	*ret_more = false;
	for (vec_each(symbol, &search->wanted->symbols)) {
		struct kconfig_change change = {.name = symbol->name, .after = symbol->value};
		struct edit *edit = find_edit(search, symbol->name);
		if (!strv_has(wrong, symbol->name) || (edit && edit->kept))
			continue;
		if (edit)
			edit->kept = true;
		else if (add_edit(search, &change, into, true, err) < 0)
			return -1;
		*ret_more = true;
	}
	return 0;
}

/* More and more lines, until they give what is wanted. */
static int complete(struct search *search, size_t into, struct err *err)
{
	for (bool more = true; more;) {
		own(strv) wrong = {0};
		if (try_edits(search, false, &wrong, err) < 0)
			return -1;
		if (!wrong.count)
			return 0;
		if (hold(search, &wrong, into, &more, err) < 0)
			return -1;
		if (!more)
			return complain(&wrong, err);
	}
	return 0;
}

static int check(const struct search *search, struct err *err)
{
	own(strv) wrong = {0};
	if (try_edits(search, true, &wrong, err) < 0)
		return -1;
	return wrong.count ? complain(&wrong, err) : 0;
}

int kernel_minimise(const struct kernel *kernel, const struct kconfig *now,
                    const struct kconfig *wanted, size_t into,
                    struct kernel_fragments *ret_fragments, struct err *err)
{
	struct search search = {.kernel = kernel, .wanted = wanted};
	struct kconfig_changes changes = {0};
	own(kconfig) least = {0};
	int result;
	kconfig_compare(now, wanted, &changes);
	event_note(kernel->sink, "%zu symbols differ: looking for the lines that say so",
	           changes.count);
	result = kernel_least(kernel, &least, err);
	for (size_t i = 0; i < changes.count && result == 0; i++)
		result = add_edit(&search, &changes.items[i], into,
		                  kconfig_get(&least, changes.items[i].name) != NULL, err);
	if (result == 0 && (complete(&search, into, err) < 0 || leave_out(&search, err) < 0 ||
	                    check(&search, err) < 0))
		result = -1;
	if (result == 0)
		make_fragments(&search, ret_fragments);
	edit_list_release(&search.edits);
	vec_release(&changes);
	return result;
}
