/* What a build read of its sysroot, told by the packages that the files came from. */
#include "reads.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "contents.h"
#include "fs.h"
#include "own.h"
#include "path.h"

enum { MAX_TOLD = 256 << 20, MAX_KEPT = 16 << 20, MAX_TEXT = 4 << 20, MAX_EXAMPLES = 3 };

void reads_release(struct reads *reads)
{
	for (vec_each(package, &reads->packages)) {
		free(package->name);
		strv_release(&package->examples);
	}
	vec_release(&reads->packages);
	*reads = (struct reads){0};
}

const struct reads_package *reads_find(const struct reads *reads, const char *package)
{
	for (vec_each(item, &reads->packages))
		if (str_equal(item->name, package))
			return item;
	return NULL;
}

static char *reads_path(const struct workspace *workspace, const char *arch, const char *package)
{
	return workspace_out(workspace, "keys/%s/%s/reads", arch, package);
}

/* ---- what was told */

int reads_open(int *ret_fd, struct err *err)
{
	own_fd int fd = memfd_create("reads", MFD_CLOEXEC);
	if (fd < 0 || (*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, 10)) < 0)
		return err_errno(err, "a file in memory");
	return 0;
}

/* Names, each ended by a NUL; an empty one says that none is missing. */
struct told {
	struct str text;
	struct map files; /* each leads to itself, in the text */
	bool is_whole;
};

static void told_release(struct told *told)
{
	map_release(&told->files);
	str_release(&told->text);
}

static int read_told(int fd, struct told *told, struct err *err)
{
	off_t size = lseek(fd, 0, SEEK_END);
	if (size < 0 || size > MAX_TOLD)
		return err_set(err, ERR_SYSTEM, "what was read: %lld bytes", (long long)size);
	char *bytes = str_room(&told->text, (size_t)size);
	for (ssize_t got; (off_t)told->text.len < size; told->text.len += (size_t)got) {
		got = pread(fd, bytes + told->text.len, (size_t)size - told->text.len,
		            (off_t)told->text.len);
		if (got <= 0)
			return err_errno(err, "what was read");
	}
	bytes[told->text.len] = '\0';
	for (const char *at = bytes; at < bytes + size; at += strlen(at) + 1) {
		if (*at)
			map_set(&told->files, at, (char *)at);
		else
			told->is_whole = true;
	}
	return 0;
}

/* ---- what files ask for: the names that their #include and Requires lines have */

struct asked {
	struct arena arena;
	struct map names;
};

static void asked_release(struct asked *asked)
{
	map_release(&asked->names);
	arena_release(&asked->arena);
}

static bool is_header(const char *path)
{
	return str_starts(path, "usr/include/") || strstr(path, "/include/");
}

static void ask(struct asked *asked, const char *name, size_t length, const char *suffix)
{
	while (length > 2 && (!strncmp(name, "./", 2) || !strncmp(name, "../", 3))) {
		size_t step = name[1] == '/' ? 2 : 3;
		name += step;
		length -= step;
	}
	char *copy = arena_printf(&asked->arena, "%.*s%s", (int)length, name, suffix);
	map_set(&asked->names, copy, asked);
}

static void ask_include(struct asked *asked, const char *line)
{
	line += strspn(line, " \t");
	if (*line++ != '#')
		return;
	line += strspn(line, " \t");
	if (!str_starts(line, "include"))
		return;
	line += strcspn(line, "<\"");
	size_t length = *line ? strcspn(line + 1, ">\"") : 0;
	if (length && line[1 + length])
		ask(asked, line + 1, length, "");
}

static void ask_require(struct asked *asked, const char *line)
{
	if (!str_starts(line, "Requires"))
		return;
	line += strcspn(line, ":");
	while (*line) {
		line += strspn(line, ":, \t\r");
		size_t length = strcspn(line, ", \t\r");
		if (length)
			ask(asked, line, length, ".pc");
		line += length;
	}
}

/* What can't be read, or is of another kind, asks for nothing. */
static void ask_file(struct asked *asked, const char *path, const char *file)
{
	own(str) text = {0};
	bool is_package = str_ends(path, ".pc");
	if ((!is_package && !is_header(path)) || fs_read(file, MAX_TEXT, &text, NULL) < 0 ||
	    !text.len)
		return;
	char *rest = text.data;
	for (char *line; (line = strsep(&rest, "\n"));)
		(is_package ? ask_require : ask_include)(asked, line);
}

/* "zlib.h" and "sub/zlib.h" both ask for usr/include/sub/zlib.h. */
static bool is_asked(const struct asked *asked, const char *path)
{
	for (const char *at = path; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (map_get(&asked->names, at))
			return true;
	}
	return false;
}

/* ---- which packages */

/* A file that was read. */
struct found {
	size_t package; /* in the reads */
	const char *path;
};

struct mapping {
	const struct workspace *workspace;
	struct reads *reads;
	struct told told;
	struct asked by_files; /* by what was read */
	struct asked by_built; /* by what came out of the build */
	VEC(struct found) found;
};

static void mapping_release(struct mapping *mapping)
{
	told_release(&mapping->told);
	asked_release(&mapping->by_files);
	asked_release(&mapping->by_built);
	vec_release(&mapping->found);
}

/* Packages are visited one after the other: it is the last one, or not there yet. */
static struct reads_package *package_of(struct reads *reads, const char *name)
{
	size_t count = reads->packages.count;
	if (!count || !str_equal(reads->packages.items[count - 1].name, name))
		vec_push(&reads->packages, (struct reads_package){.name = mem_strdup(name)});
	return &reads->packages.items[reads->packages.count - 1];
}

static void ask_stored(const struct mapping *mapping, const struct record *record,
                       const char *output, const char *path, struct asked *asked)
{
	own_free char *dir = store_dir(mapping->workspace, record_find(record, output)->digest);
	own_free char *file = mem_printf("%s/root/%s", dir, path);
	ask_file(asked, path, file);
}

static int visit_dependency(void *context, const struct contents_item *item)
{
	struct mapping *mapping = context;
	const char *path = item->entry->path;
	if (item->entry->type != 'f')
		return 0;
	if (is_asked(&mapping->by_built, path))
		package_of(mapping->reads, item->node->name)->is_named = true;
	const char *told = map_get(&mapping->told.files, path);
	if (!told)
		return 0;
	struct reads_package *package = package_of(mapping->reads, item->node->name);
	package->files++;
	package->shared += strstr(path_base(path), ".so") != NULL;
	vec_push(&mapping->found, (struct found){mapping->reads->packages.count - 1, told});
	/* The C library's own headers are many, and ask for each other alone. */
	if (!graph_is_implicit(item->node->name))
		ask_stored(mapping, &item->node->record, item->output, path, &mapping->by_files);
	return 0;
}

static int map_dependency(struct mapping *mapping, const struct node *node, struct err *err)
{
	static const char *const outputs[] = {"run", "dev"};
	for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
		if (record_find(&node->record, outputs[i]) &&
		    contents_each(mapping->workspace, node, outputs[i], visit_dependency, mapping,
		                  err) < 0)
			return -1;
	return 0;
}

/* ---- which of the files count */

static bool is_direct(const struct mapping *mapping, const char *path)
{
	return !strstr(path_base(path), ".so") && !str_ends(path, ".m4") &&
	       !str_ends(path, ".cmake") && !is_asked(&mapping->by_files, path);
}

static bool is_plain(const char *path)
{
	while (*path && !iscntrl((unsigned char)*path))
		path++;
	return !*path;
}

static void add_examples(const struct mapping *mapping, bool direct)
{
	for (vec_each(found, &mapping->found)) {
		struct reads_package *package = &mapping->reads->packages.items[found->package];
		if (is_direct(mapping, found->path) != direct || !is_plain(found->path))
			continue;
		package->direct += direct;
		if (package->examples.count < MAX_EXAMPLES)
			strv_add(&package->examples, found->path);
	}
}

static int map_reads(struct mapping *mapping, const struct node *node, const struct record *record,
                     struct err *err)
{
	const struct record_output *dev = record_find(record, "dev");
	own(manifest) manifest = {0};
	if (dev && store_load_manifest(mapping->workspace, dev->digest, &manifest, err) < 0)
		return -1;
	for (vec_each(entry, &manifest.entries))
		if (entry->type == 'f')
			ask_stored(mapping, record, "dev", entry->path, &mapping->by_built);
	for (vec_each(dependency, &node->closure))
		if (map_dependency(mapping, *dependency, err) < 0)
			return -1;
	add_examples(mapping, true);
	add_examples(mapping, false);
	return 0;
}

/* ---- kept */

/* "reads <key> whole", then one line a package, tab separated. */
static void format_reads(const struct reads *reads, struct str *text)
{
	str_addf(text, "reads %s %s\n", reads->key, reads->is_whole ? "whole" : "partial");
	for (vec_each(package, &reads->packages)) {
		str_addf(text, "%s\t%zu\t%zu\t%zu\t%s", package->name, package->files,
		         package->shared, package->direct, package->is_named ? "named" : "-");
		for (size_t i = 0; i < package->examples.count; i++)
			str_addf(text, "\t%s", package->examples.items[i]);
		str_add_char(text, '\n');
	}
}

int reads_save(const struct workspace *workspace, const struct node *node,
               const struct record *record, int fd, struct err *err)
{
	own(reads) reads = {0};
	own(mapping) mapping = {.workspace = workspace, .reads = &reads};
	own(str) text = {0};
	own_free char *path = reads_path(workspace, record->arch, record->package);
	if (read_told(fd, &mapping.told, err) < 0)
		return -1;
	if (!mapping.told.text.len)
		return 0;
	memcpy(reads.key, record->key, sizeof reads.key);
	reads.is_whole = mapping.told.is_whole;
	if (map_reads(&mapping, node, record, err) < 0 || fs_make_parents(path, err) < 0)
		return -1;
	format_reads(&reads, &text);
	return fs_write_text(path, str_text(&text), err);
}

static bool parse_package(char *line, struct reads *reads)
{
	char *fields[5];
	for (size_t i = 0; i < 5; i++)
		if (!(fields[i] = strsep(&line, "\t")))
			return false;
	struct reads_package package = {.name = mem_strdup(fields[0]),
	                                .files = strtoul(fields[1], NULL, 10),
	                                .shared = strtoul(fields[2], NULL, 10),
	                                .direct = strtoul(fields[3], NULL, 10),
	                                .is_named = str_equal(fields[4], "named")};
	for (char *example; (example = strsep(&line, "\t"));)
		strv_add(&package.examples, example);
	vec_push(&reads->packages, package);
	return true;
}

static bool parse_reads(char *text, struct reads *reads)
{
	char *line = strsep(&text, "\n");
	own(strv) words = {0};
	strv_split(&words, line, " ");
	if (words.count != 3 || !str_equal(words.items[0], "reads") ||
	    strlen(words.items[1]) != DIGEST_HEX - 1)
		return false;
	memcpy(reads->key, words.items[1], DIGEST_HEX);
	reads->is_whole = str_equal(words.items[2], "whole");
	while ((line = strsep(&text, "\n")) && *line)
		if (!parse_package(line, reads))
			return false;
	return true;
}

bool reads_load(const struct workspace *workspace, const char *arch, const char *package,
                const char *key, struct reads *ret_reads)
{
	own(str) text = {0};
	struct reads reads = {0};
	own_free char *path = reads_path(workspace, arch, package);
	if (!fs_is_file(path) || fs_read(path, MAX_KEPT, &text, NULL) < 0 || !text.len)
		return false;
	if (parse_reads(text.data, &reads) && str_equal(reads.key, key)) {
		*ret_reads = reads;
		return true;
	}
	reads_release(&reads);
	return false;
}
