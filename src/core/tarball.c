/* What an upstream archive shows of itself without being unpacked. */
#include "tarball.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "archive-read.h"
#include "hash.h"
#include "own.h"
#include "path.h"
#include "str.h"

enum {
	MAX_TEXT = 256 << 10, /* of one file */
	MAX_TEXTS = 64 << 20, /* of all */
	MAX_BUILDS = 200,
	MAX_LICENCES = 200,
	MAX_ENTRIES = 500000,
};

static void text_release(struct tarball_text *text)
{
	free(text->name);
	free(text->text);
}

void tarball_release(struct tarball *tarball)
{
	for (vec_each(text, &tarball->licences))
		text_release(text);
	for (vec_each(text, &tarball->builds))
		text_release(text);
	vec_release(&tarball->licences);
	vec_release(&tarball->builds);
	*tarball = (struct tarball){0};
}

/* One reading: the top directory shows only at the end, so full names are kept until then. */
struct reading {
	struct tarball tarball;
	char *top; /* of the first member */
	bool several_tops;
	struct str text; /* of the member being read */
	bool in_licence, in_text;
	size_t bytes; /* of all texts */
};

static void reading_release(struct reading *reading)
{
	tarball_release(&reading->tarball);
	free(reading->top);
	str_release(&reading->text);
}

static bool is_licence_name(const char *name)
{
	static const char *const stems[] = {"copying", "license", "licence", "copyright",
	                                    "unlicense"};
	static const char *const code[] = {".c", ".h", ".py", ".sh", ".go", ".html", ".in"};
	for (size_t i = 0; i < sizeof code / sizeof *code; i++)
		if (str_ends(name, code[i]))
			return false;
	for (size_t i = 0; i < sizeof stems / sizeof *stems; i++)
		if (!strncasecmp(name, stems[i], strlen(stems[i])))
			return true;
	return false;
}

static bool is_build_name(const char *name)
{
	return str_equal(name, "configure.ac") || str_equal(name, "configure.in") ||
	       str_equal(name, "meson.build") || str_equal(name, "CMakeLists.txt");
}

/* The end of a reading's current text: into the list it belongs to. */
static void keep_text(struct reading *reading)
{
	if (!reading->in_text)
		return;
	struct tarball *tarball = &reading->tarball;
	struct tarball_text *text = reading->in_licence
	                                    ? &tarball->licences.items[tarball->licences.count - 1]
	                                    : &tarball->builds.items[tarball->builds.count - 1];
	struct digest digest;
	digest_of(str_text(&reading->text), reading->text.len, &digest);
	digest_hex(&digest, text->sha256);
	for (size_t i = 0; i < reading->text.len; i++)
		if (!reading->text.data[i])
			reading->text.data[i] = ' ';
	reading->bytes += reading->text.len;
	text->text = str_steal(&reading->text);
	reading->in_text = false;
}

static void note_top(struct reading *reading, const char *name)
{
	size_t length = strcspn(name, "/");
	if (!reading->top)
		reading->top = mem_strndup(name, length);
	else if (strlen(reading->top) != length || strncmp(reading->top, name, length) != 0)
		reading->several_tops = true;
	if (!name[length])
		reading->several_tops = true;
}

/* What the names right below the top say of the build system. */
static void note_build(struct tarball *tarball, const char *name)
{
	tarball->has_configure |= str_equal(name, "configure");
	tarball->has_configure_ac |=
		str_equal(name, "configure.ac") || str_equal(name, "configure.in");
	tarball->has_meson |= str_equal(name, "meson.build");
	tarball->has_cmake |= str_equal(name, "CMakeLists.txt");
	tarball->has_makefile |= str_equal(name, "Makefile") || str_equal(name, "GNUmakefile") ||
	                         str_equal(name, "makefile");
	tarball->has_autogen |= str_equal(name, "autogen.sh") || str_equal(name, "bootstrap");
}

static int on_member(void *context, const struct archive_member *member, size_t *ret_wanted,
                     struct err *err)
{
	struct reading *reading = context;
	(void)err;
	keep_text(reading);
	const char *name = str_starts(member->name, "./") ? member->name + 2 : member->name;
	if (member->type != 'f' || !*name || str_starts(name, "pax_global_header"))
		return 0;
	note_top(reading, name);
	reading->tarball.files++;
	const char *below = strchr(name, '/') ? strchr(name, '/') + 1 : name;
	const char *base = path_base(name);
	if (base == below)
		note_build(&reading->tarball, base);
	bool licence = (base == below && is_licence_name(base)) || str_starts(below, "LICENSES/");
	if (!licence && !is_build_name(base))
		return 0;
	if ((licence ? reading->tarball.licences.count == MAX_LICENCES
	             : reading->tarball.builds.count == MAX_BUILDS) ||
	    reading->bytes == MAX_TEXTS) {
		reading->tarball.has_more = true;
		return 0;
	}
	struct tarball_text text = {.name = str_visible(below)};
	if (licence)
		vec_push(&reading->tarball.licences, text);
	else
		vec_push(&reading->tarball.builds, text);
	reading->in_licence = licence;
	reading->in_text = true;
	size_t left = MAX_TEXTS - reading->bytes;
	*ret_wanted = left < MAX_TEXT ? left : MAX_TEXT;
	return 0;
}

static int on_content(void *context, const struct archive_member *member, const char *bytes,
                      size_t count, struct err *err)
{
	struct reading *reading = context;
	(void)member, (void)err;
	str_add_bytes(&reading->text, bytes, count);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tarball_text *)a)->name,
	              ((const struct tarball_text *)b)->name);
}

int tarball_read(const char *path, struct tarball *ret_tarball, struct err *err)
{
	own(reading) reading = {0};
	const struct archive_reader reader = {on_member, on_content, &reading};
	if (archive_read_members(path, &reader, MAX_ENTRIES, err) < 0) {
		keep_text(&reading);
		return -1;
	}
	keep_text(&reading);
	if (!reading.tarball.files)
		return err_set(err, ERR_INPUT, "%s: holds no file", path);
	reading.tarball.has_top = !reading.several_tops;
	vec_sort(&reading.tarball.licences, by_name);
	vec_sort(&reading.tarball.builds, by_name);
	*ret_tarball = reading.tarball;
	reading.tarball = (struct tarball){0};
	return 0;
}
