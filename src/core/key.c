/* A package's key: SHA-256 over a text that names everything that goes into it. */
#include "key.h"

#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "own.h"
#include "phase-env.h"
#include "workon.h"

/* Raised when packing changes what it makes of the same installed tree. */
#define PACKING_VERSION "1"

enum { MAX_KEY_BYTES = 4 << 20 };

/* One line: the word, and the value with its newlines written as \n. */
static void add(struct str *text, const char *word, const char *value)
{
	str_addf(text, "%s ", word);
	for (; *value; value++) {
		if (*value == '\n')
			str_add(text, "\\n");
		else if (*value == '\\')
			str_add(text, "\\\\");
		else
			str_add_char(text, *value);
	}
	str_add_char(text, '\n');
}

static void add_digest(struct str *text, const char *word, const struct digest *digest)
{
	char hex[DIGEST_HEX];
	digest_hex(digest, hex);
	add(text, word, hex);
}

static void add_list(struct str *text, const char *word, const struct strv *list)
{
	for (size_t i = 0; i < list->count; i++)
		add(text, word, list->items[i]);
}

static void add_sources(struct str *text, const struct node *node)
{
	const struct recipe *recipe = node->recipe;
	if (node->worktree)
		add(text, "worktree", node->worktree->digest);
	for (vec_each(source, &recipe->sources)) {
		if (node->worktree && workon_replaces(source))
			continue;
		own_free char *line =
			mem_printf("%s strip=%u extract=%d into=%s name=%s", source->sha256,
		                   source->strip, source->extract, source->into ? source->into : "",
		                   source->extract ? "" : source->urls.items[0]);
		add(text, "source", line);
		add_list(text, "exclude", &source->exclude);
	}
	for (vec_each(patch, &recipe->patches)) {
		if (node->worktree)
			break;
		own_free char *word = mem_printf("patch %s", patch->name);
		add_digest(text, word, &patch->digest);
	}
	add_digest(text, "files", &recipe->files);
}

static void add_phases(struct str *text, const struct recipe *recipe)
{
	static const char *const places[] = {".before", "", ".after"};
	for (size_t i = 0; i < PHASE_COUNT; i++) {
		for (size_t j = 0; j < PHASE_PLACE_COUNT; j++) {
			if (!recipe->phases[i][j].text)
				continue;
			own_free char *word =
				mem_printf("phase %s%s", build_phase_names[i], places[j]);
			add(text, word, recipe->phases[i][j].text);
		}
	}
}

static void add_outputs(struct str *text, const struct recipe *recipe)
{
	for (vec_each(output, &recipe->outputs)) {
		own_free char *word = mem_printf("output %s", output->name);
		add_list(text, word, &output->globs);
	}
	add_list(text, "allow setuid", &recipe->allow_setuid);
	add_list(text, "allow needs", &recipe->allow_needs);
	add_list(text, "allow paths", &recipe->allow_paths);
	add_list(text, "allow build-path", &recipe->allow_buildpath);
}

static void add_recipe(struct str *text, const struct node *node)
{
	const struct recipe *recipe = node->recipe;
	const struct recipe_args *args = &node->config.args;
	add(text, "package", recipe->name);
	add(text, "version", recipe->version);
	str_addf(text, "revision %llu\n", (unsigned long long)recipe->revision);
	add_sources(text, node);
	add(text, "build", recipe->build);
	add_digest(text, "build-system", &recipe->build_system);
	str_addf(text, "build-in-source %d\nautoreconf %d\nhardening %d\n", recipe->in_source,
	         recipe->autoreconf, recipe->hardening);
	add(text, "source-dir", recipe->source_dir ? recipe->source_dir : ".");
	add_list(text, "option", &node->config.options);
	add_list(text, "configure", &args->configure);
	add_list(text, "meson", &args->meson);
	add_list(text, "cmake", &args->cmake);
	add_list(text, "make", &args->make);
	add_list(text, "make-install", &args->make_install);
	add_list(text, "variable", &recipe->variables);
	add_phases(text, recipe);
	add_outputs(text, recipe);
	add_list(text, "runtime", &args->runtime);
}

/* Of a dependency, what a build can see of it: that is what its sysroot is made of. */
static void add_dependencies(struct str *text, const struct node *node)
{
	static const char *const outputs[] = {"dev", "run"};
	for (vec_each(dependency, &node->closure)) {
		for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
			const struct record_output *output =
				record_find(&(*dependency)->record, outputs[i]);
			if (output)
				str_addf(text, "dependency %s %s %s\n", (*dependency)->name,
				         outputs[i], output->digest);
		}
	}
}

int key_compute(const struct env *env, const struct toolchain *toolchain, struct node *node,
                struct err *err)
{
	struct digest digest, builder;
	own(str) text = {0};
	if (env_groups_digest(env, &node->config.args.tools, &digest, err) < 0)
		return err_wrap(err, "%s: depends.tools", node->recipe->path);
	phase_digest(toolchain, node, &builder);
	add_digest(&text, "builder", &builder);
	add(&text, "packing", PACKING_VERSION);
	add(&text, "arch", toolchain->arch);
	add_digest(&text, "toolchain", &toolchain->digest);
	add_list(&text, "tools", &node->config.args.tools);
	add_digest(&text, "environment", &digest);
	add_recipe(&text, node);
	add_dependencies(&text, node);
	digest_of(text.data, text.len, &digest);
	digest_hex(&digest, node->key);
	free(node->key_text);
	node->key_text = str_steal(&text);
	return 0;
}

/* ---- differences */

static bool has_line(const struct strv *lines, const char *line)
{
	return strv_has(lines, line);
}

/* "dependency zlib dev 0123…" -> "zlib dev"; "phase install cmd…" -> "phase install". */
static char *subject(const char *line)
{
	static const char *const two_words[] = {"phase ", "patch ", "output ", "allow "};
	own(strv) words = {0};
	strv_split(&words, line, " ");
	if (str_starts(line, "dependency ") && words.count >= 3)
		return mem_printf("dependency %s (%s)", words.items[1], words.items[2]);
	for (size_t i = 0; i < sizeof two_words / sizeof *two_words; i++)
		if (str_starts(line, two_words[i]) && words.count >= 2)
			return mem_printf("%s %s", words.items[0], words.items[1]);
	return mem_strdup(words.count ? words.items[0] : "");
}

static const char *find_subject(const struct strv *lines, const char *wanted)
{
	for (size_t i = 0; i < lines->count; i++) {
		own_free char *name = subject(lines->items[i]);
		if (str_equal(name, wanted))
			return lines->items[i] + strlen(lines->items[i]) -
			       strlen(strrchr(lines->items[i], ' ')
			                      ? strrchr(lines->items[i], ' ') + 1
			                      : "");
	}
	return NULL;
}

static char *describe(const char *line, const struct strv *before, const struct strv *now,
                      bool is_new)
{
	own_free char *what = subject(line);
	const char *old_value = find_subject(before, what), *new_value = find_subject(now, what);
	bool is_short = str_equal(what, "version") || str_equal(what, "revision");
	if (is_short && old_value && new_value)
		return mem_printf("%s: %s → %s", what, old_value, new_value);
	if (str_equal(what, "option") || str_equal(what, "configure") || str_equal(what, "meson") ||
	    str_equal(what, "cmake") || str_equal(what, "make"))
		return mem_printf("%c %s", is_new ? '+' : '-', line);
	return mem_printf("%s %s", what,
	                  !old_value   ? "is new"
	                  : !new_value ? "is gone"
	                               : "changed");
}

static void add_difference(const struct strv *from, const struct strv *other,
                           const struct strv *before, const struct strv *now, bool is_new,
                           size_t max, struct strv *ret_lines)
{
	for (size_t i = 0; i < from->count && ret_lines->count < max; i++) {
		if (has_line(other, from->items[i]))
			continue;
		own_free char *line = describe(from->items[i], before, now, is_new);
		if (!strv_has(ret_lines, line))
			strv_add(ret_lines, line);
	}
}

void key_difference(const char *before, const char *now, size_t max, struct strv *ret_lines)
{
	own(strv) old_lines = {0}, new_lines = {0};
	strv_split(&old_lines, before, "\n");
	strv_split(&new_lines, now, "\n");
	add_difference(&new_lines, &old_lines, &old_lines, &new_lines, true, max, ret_lines);
	add_difference(&old_lines, &new_lines, &old_lines, &new_lines, false, max, ret_lines);
}

char *key_load_last(const struct workspace *workspace, const char *arch, const char *package)
{
	own_free char *path = workspace_out(workspace, "keys/%s/%s/last", arch, package);
	own(str) text = {0};
	if (!fs_is_file(path) || fs_read(path, MAX_KEY_BYTES, &text, NULL) < 0)
		return NULL;
	return str_steal(&text);
}

int key_save_last(const struct workspace *workspace, const char *arch, const struct node *node,
                  struct err *err)
{
	own_free char *path = workspace_out(workspace, "keys/%s/%s/last", arch, node->name);
	if (fs_make_parents(path, err) < 0)
		return -1;
	return fs_write_text(path, node->key_text, err);
}
