/* Two outputs, or two files, compared for people: which files differ, and in what. */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "elf.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "reproduce-parts.h"

enum { MAX_FILES = 40, MAX_SECTIONS = 12, MAX_LINES = 3, SHOWN_BYTES = 100, RUN_BYTES = 4 };

/* A file in memory. */
struct bytes {
	const unsigned char *data;
	size_t count;
	void *map;
};

static void bytes_release(struct bytes *bytes)
{
	if (bytes->map)
		munmap(bytes->map, bytes->count);
}

static int map_file(const char *path, struct bytes *ret_bytes, struct err *err)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	*ret_bytes = (struct bytes){0};
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "%s", path);
	if (st.st_size == 0)
		return 0;
	void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_errno(err, "%s", path);
	*ret_bytes = (struct bytes){map, (size_t)st.st_size, map};
	return 0;
}

static struct reproduce_spread spread(const unsigned char *a, const unsigned char *b, size_t count)
{
	struct reproduce_spread result = {.first = count};
	for (size_t i = 0; i < count; i++) {
		if (a[i] == b[i])
			continue;
		if (result.count++ == 0)
			result.first = i;
	}
	return result;
}

int reproduce_spread(const char *first, const char *second, uint64_t offset, uint64_t bytes,
                     struct reproduce_spread *ret_spread, struct err *err)
{
	own(bytes) a = {0};
	own(bytes) b = {0};
	if (map_file(first, &a, err) < 0 || map_file(second, &b, err) < 0)
		return -1;
	size_t least = a.count < b.count ? a.count : b.count;
	size_t end = bytes && offset + bytes < least ? offset + bytes : least;
	if (offset > end)
		return err_set(err, ERR_INPUT, "%s: shorter than its table says", first);
	*ret_spread = spread(a.data + offset, b.data + offset, end - offset);
	return 0;
}

/* ---- text */

static bool is_text(const struct bytes *bytes)
{
	size_t count = bytes->count < 8192 ? bytes->count : 8192;
	return bytes->count && !memchr(bytes->data, '\0', count);
}

static void add_quoted(struct str *text, const char *bytes, size_t count)
{
	str_add(text, "“");
	for (size_t i = 0; i < count && i < SHOWN_BYTES; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c < ' ' || c == 0x7f)
			str_addf(text, "\\x%02x", c);
		else
			str_add_char(text, (char)c);
	}
	str_add(text, count > SHOWN_BYTES ? "…”" : "”");
}

/* What it most likely is: people know then where to look. */
static const char *guess(const char *a, const char *b)
{
	static const char time_of_day[] = "[0-2]?[0-9]:[0-5][0-9]:[0-5][0-9]";
	static const char date[] = "(19|20)[0-9][0-9][-/ ][0-9]{1,2}[-/ ][0-9]{1,2}|"
				   "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +[0-9]{1,2}";
	static const char *const patterns[] = {time_of_day, date};
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		regex_t regex;
		if (regcomp(&regex, patterns[i], REG_EXTENDED | REG_NOSUB) != 0)
			continue;
		bool both =
			regexec(&regex, a, 0, NULL, 0) == 0 && regexec(&regex, b, 0, NULL, 0) == 0;
		regfree(&regex);
		if (both)
			return "looks like the time of the build";
	}
	return NULL;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool are_permuted(const struct strv *a, const struct strv *b)
{
	if (a->count != b->count || a->count < 2)
		return false;
	own(strv) x = {0};
	own(strv) y = {0};
	strv_add_all(&x, a);
	strv_add_all(&y, b);
	qsort(x.items, x.count, sizeof *x.items, compare_lines);
	qsort(y.items, y.count, sizeof *y.items, compare_lines);
	for (size_t i = 0; i < x.count; i++)
		if (!str_equal(x.items[i], y.items[i]))
			return false;
	return true;
}

static void split_lines(const struct bytes *bytes, const char *separators, struct strv *lines)
{
	own_free char *text = mem_strndup((const char *)bytes->data, bytes->count);
	strv_split(lines, text, separators);
}

static void add_line_pair(const char *a, const char *b, size_t number, struct strv *findings)
{
	own(str) text = {0};
	str_addf(&text, "    line %zu: ", number);
	add_quoted(&text, a, strlen(a));
	str_add(&text, " and then ");
	add_quoted(&text, b, strlen(b));
	const char *hint = guess(a, b);
	if (hint)
		str_addf(&text, " (%s)", hint);
	strv_add(findings, str_text(&text));
}

static void compare_texts(const struct bytes *a, const struct bytes *b, struct strv *findings)
{
	own(strv) x = {0}, y = {0};
	own(strv) words_a = {0}, words_b = {0};
	split_lines(a, "\n", &x);
	split_lines(b, "\n", &y);
	split_lines(a, " \n\t", &words_a);
	split_lines(b, " \n\t", &words_b);
	if (are_permuted(&x, &y) || are_permuted(&words_a, &words_b))
		strv_add(findings, "    the same content in another order (a directory that is not "
		                   "sorted, a hash table, parallel jobs)");
	size_t shown = 0;
	for (size_t i = 0; i < x.count && i < y.count && shown < MAX_LINES; i++)
		if (!str_equal(x.items[i], y.items[i]) && ++shown)
			add_line_pair(x.items[i], y.items[i], i + 1, findings);
	if (x.count != y.count)
		strv_addf(findings, "    %zu lines and then %zu", x.count, y.count);
}

/* ---- bytes */

static bool is_printable(unsigned char c)
{
	return c >= ' ' && c < 0x7f;
}

/* The printable run around a place, when it is long enough to mean something. */
static char *run_around(const struct bytes *bytes, size_t at)
{
	size_t from = at, to = at;
	if (at >= bytes->count || !is_printable(bytes->data[at]))
		return NULL;
	while (from > 0 && is_printable(bytes->data[from - 1]) && at - from < SHOWN_BYTES)
		from--;
	while (to < bytes->count && is_printable(bytes->data[to]) && to - at < SHOWN_BYTES)
		to++;
	return to - from < RUN_BYTES ? NULL
	                             : mem_strndup((const char *)bytes->data + from, to - from);
}

static void show_strings(const struct bytes *a, const struct bytes *b, size_t at,
                         struct strv *findings)
{
	own_free char *x = run_around(a, at), *y = run_around(b, at);
	own(str) text = {0};
	if (!x || !y)
		return;
	str_add(&text, "    there: ");
	add_quoted(&text, x, strlen(x));
	str_add(&text, " and then ");
	add_quoted(&text, y, strlen(y));
	const char *hint = guess(x, y);
	if (hint)
		str_addf(&text, " (%s)", hint);
	strv_add(findings, str_text(&text));
}

/* RFC 1952: the bytes 4 to 7 are a time of modification. */
static void look_at_gzip(const struct bytes *a, const struct bytes *b, struct strv *findings)
{
	if (a->count < 10 || b->count < 10 || memcmp(a->data, "\x1f\x8b", 2) != 0 ||
	    memcmp(a->data + 4, b->data + 4, 4) == 0)
		return;
	const unsigned char *t = b->data + 4;
	time_t when = (time_t)t[0] | (time_t)t[1] << 8 | (time_t)t[2] << 16 | (time_t)t[3] << 24;
	char text[32];
	struct tm tm;
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", gmtime_r(&when, &tm));
	strv_addf(findings, "    the gzip header holds a time, then %s UTC (gzip -n leaves it out)",
	          text);
}

/* The member of an ar(5) archive that holds the place. */
static void look_at_archive(const struct bytes *a, size_t at, struct strv *findings)
{
	enum { MAGIC = 8, HEADER = 60 };
	if (a->count < MAGIC || memcmp(a->data, "!<arch>\n", MAGIC) != 0)
		return;
	for (size_t start = MAGIC; start + HEADER <= a->count;) {
		const char *header = (const char *)a->data + start;
		own_free char *digits = mem_strndup(header + 48, 10);
		size_t size = strtoul(digits, NULL, 10), end = start + HEADER + size + (size & 1);
		if (at < end) {
			strv_addf(findings, "    in the %s of member %.*s",
			          at < start + HEADER ? "header (time, owner or mode)" : "content",
			          (int)strcspn(header, " /"), header);
			return;
		}
		start = end;
	}
}

static const struct elf_section *find_section(const struct elf_sections *sections, const char *name)
{
	for (vec_each(section, sections))
		if (str_equal(section->name, name))
			return section;
	return NULL;
}

static bool is_inside(const struct bytes *bytes, const struct elf_section *section)
{
	return section->offset <= bytes->count && section->bytes <= bytes->count - section->offset;
}

static void compare_section(const struct bytes *a, const struct bytes *b,
                            const struct elf_section *x, const struct elf_section *y,
                            struct strv *findings)
{
	if (!is_inside(a, x) || !is_inside(b, y))
		return;
	if (x->bytes != y->bytes) {
		strv_addf(findings, "    section %s: %zu bytes and then %zu", x->name, x->bytes,
		          y->bytes);
		return;
	}
	struct reproduce_spread where = spread(a->data + x->offset, b->data + y->offset, x->bytes);
	if (!where.count)
		return;
	strv_addf(findings, "    section %s: %llu of %zu bytes differ", x->name,
	          (unsigned long long)where.count, x->bytes);
	if (x->offset == y->offset)
		show_strings(a, b, x->offset + where.first, findings);
}

static bool compare_elf(const char *first, const char *second, const struct bytes *a,
                        const struct bytes *b, struct strv *findings)
{
	own(elf_sections) x = {0};
	own(elf_sections) y = {0};
	elf_read_sections(first, &x);
	elf_read_sections(second, &y);
	size_t before = findings->count;
	for (vec_each(section, &x)) {
		const struct elf_section *other = find_section(&y, section->name);
		if (findings->count - before >= MAX_SECTIONS)
			break;
		if (!other)
			strv_addf(findings, "    section %s is gone", section->name);
		else
			compare_section(a, b, section, other, findings);
	}
	for (vec_each(section, &y))
		if (!find_section(&x, section->name))
			strv_addf(findings, "    section %s is new", section->name);
	return x.count && y.count;
}

static void compare_binaries(const struct bytes *a, const struct bytes *b, struct strv *findings)
{
	size_t least = a->count < b->count ? a->count : b->count;
	struct reproduce_spread where = spread(a->data, b->data, least);
	if (a->count != b->count)
		strv_addf(findings, "    %zu bytes and then %zu", a->count, b->count);
	if (!where.count)
		return;
	strv_addf(findings, "    %llu bytes differ, the first one at %llu (0x%llx)",
	          (unsigned long long)where.count, (unsigned long long)where.first,
	          (unsigned long long)where.first);
	look_at_gzip(a, b, findings);
	look_at_archive(a, where.first, findings);
	show_strings(a, b, where.first, findings);
}

void reproduce_compare_files(const char *first, const char *second, struct strv *findings)
{
	own(bytes) a = {0};
	own(bytes) b = {0};
	own(err) wrong = {0};
	if (map_file(first, &a, &wrong) < 0 || map_file(second, &b, &wrong) < 0)
		strv_addf(findings, "    %s", wrong.message);
	else if (is_text(&a) && is_text(&b))
		compare_texts(&a, &b, findings);
	else if (!compare_elf(first, second, &a, &b, findings))
		compare_binaries(&a, &b, findings);
}

/* ---- outputs */

static int by_entry_path(const void *key, const void *entry)
{
	return strcmp(key, ((const struct manifest_entry *)entry)->path);
}

static const struct manifest_entry *find_entry(const struct manifest *manifest, const char *path)
{
	return bsearch(path, manifest->entries.items, manifest->entries.count,
	               sizeof *manifest->entries.items, by_entry_path);
}

struct outputs {
	const char *name, *first, *second;
	struct strv *findings;
	size_t files;
};

static void compare_entries(struct outputs *outputs, const struct manifest_entry *a,
                            const struct manifest_entry *b)
{
	struct strv *findings = outputs->findings;
	if (a->type == b->type && a->mode == b->mode && str_equal(a->value, b->value))
		return;
	if (++outputs->files > MAX_FILES)
		return;
	if (a->type != b->type)
		strv_addf(findings, "%s: %s: a %c and then a %c", outputs->name, a->path, a->type,
		          b->type);
	else if (a->mode != b->mode)
		strv_addf(findings, "%s: %s: mode %04o and then %04o", outputs->name, a->path,
		          a->mode, b->mode);
	if (a->type != b->type || str_equal(a->value, b->value))
		return;
	if (a->type == 'l') {
		strv_addf(findings, "%s: %s: leads to %s and then to %s", outputs->name, a->path,
		          a->value, b->value);
		return;
	}
	own_free char *first = path_printf("%s/root/%s", outputs->first, a->path);
	own_free char *second = path_printf("%s/root/%s", outputs->second, a->path);
	strv_addf(findings, "%s: %s: content differs", outputs->name, a->path);
	reproduce_compare_files(first, second, findings);
}

static void compare_lists(struct strv *findings, const char *output, const char *what,
                          const struct strv *a, const struct strv *b)
{
	own_free char *x = strv_join(a, " "), *y = strv_join(b, " ");
	if (!str_equal(x, y))
		strv_addf(findings, "%s: %s: “%s” and then “%s”", output, what, x, y);
}

static int load(const char *dir, struct manifest *manifest, struct err *err)
{
	own_free char *path = path_join(dir, "manifest");
	return manifest_load(path, manifest, err);
}

int reproduce_compare_outputs(const char *output, const char *first, const char *second,
                              struct strv *findings, struct err *err)
{
	own(manifest) a = {0};
	own(manifest) b = {0};
	struct outputs outputs = {
		.name = output, .first = first, .second = second, .findings = findings};
	if (load(first, &a, err) < 0 || load(second, &b, err) < 0)
		return -1;
	for (vec_each(entry, &a.entries)) {
		const struct manifest_entry *other = find_entry(&b, entry->path);
		if (other)
			compare_entries(&outputs, entry, other);
		else
			strv_addf(findings, "%s: %s: not there the second time", output,
			          entry->path);
	}
	for (vec_each(entry, &b.entries))
		if (!find_entry(&a, entry->path))
			strv_addf(findings, "%s: %s: there only the second time", output,
			          entry->path);
	compare_lists(findings, output, "needs", &a.needs, &b.needs);
	compare_lists(findings, output, "provides", &a.provides, &b.provides);
	compare_lists(findings, output, "requires", &a.requires, &b.requires);
	if (outputs.files > MAX_FILES)
		strv_addf(findings, "%s: and %zu files more", output, outputs.files - MAX_FILES);
	return 0;
}
