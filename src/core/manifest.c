/* What one output of one package holds: the text whose SHA-256 is the output's identity. */
#include "manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "own.h"
#include "path.h"

enum { MAX_MANIFEST_BYTES = 256 << 20 };

void manifest_release(struct manifest *manifest)
{
	arena_release(&manifest->arena);
	strv_release(&manifest->needs);
	strv_release(&manifest->provides);
	strv_release(&manifest->requires);
	vec_release(&manifest->entries);
	*manifest = (struct manifest){0};
}

/* ---- writing */

bool manifest_is_name(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	return *text != '\0';
}

static void add_encoded(struct str *text, const char *value)
{
	for (; *value; value++) {
		if (*value == '\t' || *value == '\n' || *value == '%')
			str_addf(text, "%%%02X", (unsigned char)*value);
		else
			str_add_char(text, *value);
	}
}

static int by_path(const void *a, const void *b)
{
	const struct manifest_entry *x = a, *y = b;
	return strcmp(x->path, y->path);
}

static void add_list(struct str *text, const char *word, struct strv *list)
{
	strv_sort(list);
	for (size_t i = 0; i < list->count; i++)
		str_addf(text, "%s %s\n", word, list->items[i]);
}

void manifest_format(struct manifest *manifest, struct str *text)
{
	str_addf(text, "package %s\nversion %s\noutput %s\narch %s\n", manifest->package,
	         manifest->version, manifest->output, manifest->arch);
	add_list(text, "needs", &manifest->needs);
	add_list(text, "provides", &manifest->provides);
	add_list(text, "requires", &manifest->requires);
	vec_sort(&manifest->entries, by_path);
	for (vec_each(entry, &manifest->entries)) {
		str_addf(text, "%c\t%o\t%llu\t", entry->type, entry->mode,
		         (unsigned long long)entry->size);
		add_encoded(text, entry->value);
		str_add_char(text, '\t');
		add_encoded(text, entry->path);
		str_add_char(text, '\n');
	}
}

uint64_t manifest_bytes(const struct manifest *manifest)
{
	uint64_t bytes = 0;
	for (vec_each(entry, &manifest->entries))
		bytes += entry->size;
	return bytes;
}

/* ---- reading */

/* The text is cut up in place: it lives in the arena, and so do the entries' strings. */
struct reader {
	struct manifest *manifest;
	const char *name;
	unsigned line;
};

static int complain(const struct reader *reader, const char *what, struct err *err)
{
	return err_set(err, ERR_INPUT, "%s:%u: %s", reader->name, reader->line, what);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undoes add_encoded in place. */
static int decode(char *text)
{
	char *out = text;
	for (; *text; text++) {
		if (*text != '%') {
			*out++ = *text;
			continue;
		}
		int high = hex_digit(text[1]), low = high < 0 ? -1 : hex_digit(text[2]);
		if (low < 0 || high * 16 + low == 0)
			return -1;
		*out++ = (char)(high * 16 + low);
		text += 2;
	}
	*out = '\0';
	return 0;
}

static int check_entry(const struct reader *reader, const struct manifest_entry *entry,
                       struct err *err)
{
	struct digest digest;
	if (entry->type == 'f' && !digest_parse(entry->value, &digest))
		return complain(reader, "a file without a SHA-256", err);
	if (entry->type == 'l' && !entry->value[0])
		return complain(reader, "a symlink without a target", err);
	if (!path_is_safe(entry->path))
		return complain(reader, "an unsafe path", err);
	size_t count = reader->manifest->entries.count;
	if (count && strcmp(reader->manifest->entries.items[count - 1].path, entry->path) >= 0)
		return complain(reader, "paths out of order", err);
	return 0;
}

static int read_entry(const struct reader *reader, char *line, struct err *err)
{
	char *fields[5], *rest = line;
	for (int i = 0; i < 5; i++)
		if (!(fields[i] = strsep(&rest, "\t")))
			return complain(reader, "wanted five fields, tab separated", err);
	if (rest || !strchr("fld", fields[0][0]) || fields[0][1])
		return complain(reader, "an entry of no known form", err);
	char *mode_end, *size_end;
	errno = 0;
	unsigned long mode = strtoul(fields[1], &mode_end, 8);
	unsigned long long size = strtoull(fields[2], &size_end, 10);
	if (errno || *mode_end || *size_end || mode > 07777)
		return complain(reader, "a bad mode or size", err);
	if (decode(fields[3]) < 0 || decode(fields[4]) < 0)
		return complain(reader, "a bad percent code", err);
	struct manifest_entry entry = {.type = fields[0][0],
	                               .mode = (unsigned)mode,
	                               .size = size,
	                               .value = fields[3],
	                               .path = fields[4]};
	if (check_entry(reader, &entry, err) < 0)
		return -1;
	vec_push(&reader->manifest->entries, entry);
	return 0;
}

static int read_header(const struct reader *reader, char *line, struct err *err)
{
	struct manifest *m = reader->manifest;
	char *value = line, *word = strsep(&value, " ");
	const struct {
		const char *word, **text;
		struct strv *list;
	} known[] = {{"package", &m->package, NULL},  {"version", &m->version, NULL},
	             {"output", &m->output, NULL},    {"arch", &m->arch, NULL},
	             {"needs", NULL, &m->needs},      {"provides", NULL, &m->provides},
	             {"requires", NULL, &m->requires}};
	if (!value || !*value)
		return complain(reader, "a header without a value", err);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (!str_equal(known[i].word, word))
			continue;
		if (!manifest_is_name(value))
			return complain(reader, "a header with control characters", err);
		if (known[i].list)
			strv_add(known[i].list, value);
		else
			*known[i].text = value;
		return 0;
	}
	return complain(reader, "an unknown header", err);
}

static int read_lines(struct reader *reader, char *text, struct err *err)
{
	for (char *line; (line = strsep(&text, "\n")) && (text || *line);) {
		reader->line++;
		bool is_entry = strchr(line, '\t');
		if (!is_entry && reader->manifest->entries.count)
			return complain(reader, "a header behind the entries", err);
		if ((is_entry ? read_entry(reader, line, err) : read_header(reader, line, err)) < 0)
			return -1;
	}
	const struct manifest *m = reader->manifest;
	if (!m->package || !m->version || !m->output || !m->arch)
		return complain(reader, "package, version, output or arch is missing", err);
	return 0;
}

int manifest_parse(const char *name, const char *text, struct manifest *ret_manifest,
                   struct err *err)
{
	struct manifest manifest = {0};
	struct reader reader = {.manifest = &manifest, .name = name};
	if (read_lines(&reader, arena_strdup(&manifest.arena, text), err) < 0) {
		manifest_release(&manifest);
		return -1;
	}
	*ret_manifest = manifest;
	return 0;
}

int manifest_load(const char *path, struct manifest *ret_manifest, struct err *err)
{
	own(str) text = {0};
	if (fs_read(path, MAX_MANIFEST_BYTES, &text, err) < 0)
		return -1;
	return manifest_parse(path, str_text(&text), ret_manifest, err);
}
