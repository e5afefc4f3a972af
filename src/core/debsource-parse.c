/* Debian's Sources files, reduced to what is asked of them. deb822(5), deb-src-control(5). */
#include <stdlib.h>
#include <string.h>

#include "debsource.h"
#include "hash.h"
#include "mem.h"
#include "own.h"
#include "path.h"
#include "str.h"

enum { MAX_LINE = 1 << 20 };

/* A stanza so far, and the line that is not complete yet. */
struct debsource_parser {
	struct str *reduced;
	struct str line;
	char *package, *version, *directory;
	char *file, *size, *sha256; /* the upstream tarball */
	bool in_sums;
};

struct debsource_parser *debsource_parser_new(struct str *reduced)
{
	struct debsource_parser *parser = mem_alloc(sizeof *parser);
	parser->reduced = reduced;
	return parser;
}

static void set(char **field, char *value)
{
	free(*field);
	*field = value;
}

static void reset(struct debsource_parser *parser)
{
	char **fields[] = {&parser->package, &parser->version, &parser->directory,
	                   &parser->file,    &parser->size,    &parser->sha256};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		set(fields[i], NULL);
	parser->in_sums = false;
}

void debsource_parser_free(struct debsource_parser *parser)
{
	if (!parser)
		return;
	reset(parser);
	str_release(&parser->line);
	free(parser);
}

/* "foo_1.0.orig.tar.xz", or "foo_1.0.tar.xz" of a native package; not "…orig-part.tar.xz", nor what
 * Debian adds to it, nor signatures. */
static bool is_tarball(const char *name)
{
	const char *tar = strstr(name, ".tar.");
	if (!tar || strchr(tar + 5, '.'))
		return false;
	return !strstr(name, ".orig-") && !strstr(name, ".debian.tar");
}

/* " <sha256> <size> <name>" */
static void read_sum(struct debsource_parser *parser, const char *line)
{
	own(strv) words = {0};
	struct digest digest;
	strv_split(&words, line, " ");
	if (words.count != 3 || !is_tarball(words.items[2]) || !path_is_safe(words.items[2]) ||
	    strchr(words.items[2], '/') || !digest_parse(words.items[0], &digest) ||
	    strspn(words.items[1], "0123456789") != strlen(words.items[1]))
		return;
	set(&parser->sha256, mem_strdup(words.items[0]));
	set(&parser->size, mem_strdup(words.items[1]));
	set(&parser->file, mem_strdup(words.items[2]));
}

static void end_stanza(struct debsource_parser *parser)
{
	if (parser->package && parser->version && parser->directory && parser->file &&
	    path_is_safe(parser->directory))
		str_addf(parser->reduced, "%s\t%s\t%s/%s\t%s\t%s\n", parser->package,
		         parser->version, parser->directory, parser->file, parser->size,
		         parser->sha256);
	reset(parser);
}

static void read_line(struct debsource_parser *parser, const char *line)
{
	static const char space[] = " \t";
	if (!*line) {
		end_stanza(parser);
		return;
	}
	if (strchr(space, *line)) {
		if (parser->in_sums)
			read_sum(parser, line);
		return;
	}
	parser->in_sums = str_starts(line, "Checksums-Sha256:");
	const char *colon = strchr(line, ':');
	if (!colon || strchr(colon, '\t'))
		return;
	const char *value = colon + 1 + strspn(colon + 1, space);
	if (str_starts(line, "Package:"))
		set(&parser->package, mem_strdup(value));
	else if (str_starts(line, "Version:"))
		set(&parser->version, mem_strdup(value));
	else if (str_starts(line, "Directory:"))
		set(&parser->directory, mem_strdup(value));
}

int debsource_parser_feed(void *context, const char *bytes, size_t count, struct err *err)
{
	struct debsource_parser *parser = context;
	while (count > 0) {
		const char *end = memchr(bytes, '\n', count);
		size_t length = end ? (size_t)(end - bytes) : count;
		str_add_bytes(&parser->line, bytes, length);
		if (parser->line.len > MAX_LINE)
			return err_set(err, ERR_INPUT, "a line of more than %d bytes", MAX_LINE);
		if (!end)
			return 0;
		read_line(parser, str_text(&parser->line));
		str_reset(&parser->line);
		bytes += length + 1;
		count -= length + 1;
	}
	return 0;
}
