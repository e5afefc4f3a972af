/* Mirrors: what mirror://<name>/… stands for on this machine. */
#include "mirror.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "yaml.h"

/* Raised with the seed's locks. */
#define SNAPSHOT_DATE "20261123T000000Z"

enum { MAX_CONFIG_BYTES = 1 << 20 };

void mirrors_release(struct mirrors *mirrors)
{
	for (vec_each(mirror, &mirrors->items)) {
		free(mirror->name);
		strv_release(&mirror->bases);
	}
	vec_release(&mirrors->items);
}

const struct mirror *mirrors_find(const struct mirrors *mirrors, const char *name)
{
	for (vec_each(mirror, &mirrors->items))
		if (str_equal(mirror->name, name))
			return mirror;
	return NULL;
}

static bool is_usable(const char *url)
{
	return str_starts(url, "http://") || str_starts(url, "https://") ||
	       str_starts(url, "file:/");
}

static void add_base(struct mirrors *mirrors, const char *name, const char *url)
{
	struct mirror *mirror = (struct mirror *)mirrors_find(mirrors, name);
	if (!mirror) {
		vec_push(&mirrors->items, (struct mirror){.name = mem_strdup(name)});
		mirror = &mirrors->items.items[mirrors->items.count - 1];
	}
	size_t length = strlen(url);
	while (length > 0 && url[length - 1] == '/')
		length--;
	own_free char *base = mem_strndup(url, length);
	if (!strv_has(&mirror->bases, base))
		strv_take(&mirror->bases, steal_ptr(base));
}

/* ---- apt's configuration */

/* One source of apt's: parallel lists, each separated by blanks. */
struct apt_source {
	char *types, *uris, *suites, *components, *enabled;
};

static void apt_source_release(struct apt_source *source)
{
	free(source->types);
	free(source->uris);
	free(source->suites);
	free(source->components);
	free(source->enabled);
	*source = (struct apt_source){0};
}

static bool list_has(const char *list, const char *word)
{
	own(strv) words = {0};
	strv_split(&words, list ? list : "", " \t\n");
	return strv_has(&words, word);
}

/* Debian's own suites. Other vendors call theirs "nodistro" or "bookworm-pgdg", or have other
 * components than "main". */
static const char *const debian_suites[] = {
	"oldoldstable", "oldstable", "stable",   "testing", "unstable", "sid",
	"buster",       "bullseye",  "bookworm", "trixie",  "forky",    "duke",
};

/* "debian", "debian-security", or NULL when the suite is not Debian's. */
static const char *mirror_of_suite(const char *suite)
{
	for (size_t i = 0; i < sizeof debian_suites / sizeof *debian_suites; i++) {
		size_t length = strlen(debian_suites[i]);
		if (strncmp(suite, debian_suites[i], length) != 0)
			continue;
		const char *rest = suite + length;
		if (!*rest || str_equal(rest, "-updates") || str_equal(rest, "-backports"))
			return "debian";
		if (str_equal(rest, "-security") || str_equal(rest, "/updates"))
			return "debian-security";
	}
	return NULL;
}

/* mirror+file:/etc/apt/mirrors/debian.list names a file with an address a line,
 * apt-transport-mirror(1). */
static void add_mirror_list(struct mirrors *mirrors, const char *name, const char *path)
{
	own(str) text = {0};
	own(strv) lines = {0};
	if (fs_read(path, MAX_CONFIG_BYTES, &text, NULL) < 0)
		return;
	strv_split(&lines, str_text(&text), "\n");
	for (size_t i = 0; i < lines.count; i++) {
		own_free char *url = mem_strndup(lines.items[i], strcspn(lines.items[i], " \t#"));
		if (is_usable(url))
			add_base(mirrors, name, url);
	}
}

static void add_uri(struct mirrors *mirrors, const char *name, const char *uri)
{
	static const char list[] = "mirror+file:";
	if (is_usable(uri))
		add_base(mirrors, name, uri);
	else if (str_starts(uri, list))
		add_mirror_list(mirrors, name, uri + sizeof list - 1);
}

static void add_source(struct mirrors *mirrors, const struct apt_source *source)
{
	if (!list_has(source->types, "deb") || !list_has(source->components, "main") ||
	    (source->enabled && !strcasecmp(source->enabled, "no")) || !source->uris)
		return;
	own(strv) suites = {0}, uris = {0};
	strv_split(&suites, source->suites ? source->suites : "", " \t\n");
	strv_split(&uris, source->uris, " \t\n");
	for (size_t s = 0; s < suites.count; s++) {
		const char *name = mirror_of_suite(suites.items[s]);
		for (size_t u = 0; name && u < uris.count; u++)
			add_uri(mirrors, name, uris.items[u]);
	}
}

/* "deb [arch=amd64] URI suite component…" */
static void add_line(struct mirrors *mirrors, const char *line)
{
	own_free char *text = mem_strndup(line, strcspn(line, "#"));
	char *options = strchr(text, '[');
	for (char *c = options; c && *c; c++) {
		bool end = *c == ']';
		*c = ' ';
		if (end)
			break;
	}
	own(strv) words = {0};
	strv_split(&words, text, " \t\r");
	if (words.count < 4)
		return;
	own(apt_source) source = {
		.types = mem_strdup(words.items[0]),
		.uris = mem_strdup(words.items[1]),
		.suites = mem_strdup(words.items[2]),
		.components = mem_strdup(words.items[3]),
	};
	for (size_t i = 4; i < words.count; i++) {
		char *longer = mem_printf("%s %s", source.components, words.items[i]);
		free(source.components);
		source.components = longer;
	}
	add_source(mirrors, &source);
}

void mirrors_add_apt_lines(struct mirrors *mirrors, const char *text)
{
	own(strv) lines = {0};
	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++)
		add_line(mirrors, lines.items[i]);
}

/* Where the value of a field goes; NULL for those that don't matter. */
static char **field_of(struct apt_source *source, const char *line, size_t length)
{
	const struct {
		const char *name;
		char **value;
	} fields[] = {
		{"Types", &source->types},     {"URIs", &source->uris},
		{"Suites", &source->suites},   {"Components", &source->components},
		{"Enabled", &source->enabled},
	};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (strlen(fields[i].name) == length && !strncasecmp(fields[i].name, line, length))
			return fields[i].value;
	return NULL;
}

static char *trimmed(const char *text, size_t length)
{
	while (length > 0 && strchr(" \t\r", *text))
		text++, length--;
	while (length > 0 && strchr(" \t\r", text[length - 1]))
		length--;
	return mem_strndup(text, length);
}

/* deb822(5): "Field: value", continued on lines that begin with a blank; '#' comments between. */
void mirrors_add_apt_stanzas(struct mirrors *mirrors, const char *text)
{
	own(apt_source) source = {0};
	char **field = NULL;
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		size_t colon = strcspn(line, ":\n");
		own_free char *whole = trimmed(line, length);
		if (!*whole) {
			add_source(mirrors, &source);
			apt_source_release(&source);
			field = NULL;
		} else if (*line == ' ' || *line == '\t') {
			if (field && *field && *whole != '#') {
				char *longer = mem_printf("%s %s", *field, whole);
				free(*field);
				*field = longer;
			}
		} else if (*line != '#' && colon < length) {
			field = field_of(&source, line, colon);
			if (field) {
				free(*field);
				*field = trimmed(line + colon + 1, length - colon - 1);
			}
		}
		line += length;
		line += *line == '\n';
	}
	add_source(mirrors, &source);
}

static void add_apt_file(struct mirrors *mirrors, const char *path)
{
	own(str) text = {0};
	if (fs_read(path, MAX_CONFIG_BYTES, &text, NULL) < 0)
		return;
	if (str_ends(path, ".sources"))
		mirrors_add_apt_stanzas(mirrors, str_text(&text));
	else
		mirrors_add_apt_lines(mirrors, str_text(&text));
}

void mirrors_add_apt(struct mirrors *mirrors, const char *dir)
{
	own_free char *list = path_join(dir, "sources.list");
	own_free char *lists = path_join(dir, "sources.list.d");
	own(strv) names = {0};
	add_apt_file(mirrors, list);
	if (!fs_is_dir(lists) || fs_list(lists, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		if (!str_ends(names.items[i], ".sources") && !str_ends(names.items[i], ".list"))
			continue;
		own_free char *path = path_join(lists, names.items[i]);
		add_apt_file(mirrors, path);
	}
}

/* ---- sdk.yaml and the environment */

static int add_config(struct mirrors *mirrors, const struct workspace *workspace, struct err *err)
{
	own(yaml) yaml = {0};
	if (config_read(workspace, &yaml, err) < 0)
		return -1;
	const struct yaml_node *map =
		yaml.root && yaml.root->kind == YAML_MAP ? yaml_get(yaml.root, "mirrors") : NULL;
	if (!map)
		return 0;
	if (yaml_expect(&yaml, map, YAML_MAP, "mirrors", err) < 0)
		return -1;
	for (size_t i = 0; i < map->count; i++) {
		own(strv) bases = {0};
		if (yaml_decode_value(&yaml, map->items[i], YAML_STRV, map->keys[i], &bases, err) <
		    0)
			return -1;
		for (size_t b = 0; b < bases.count; b++) {
			if (!is_usable(bases.items[b]))
				return yaml_error(&yaml, map->items[i], err,
				                  "mirror %s: %s: wanted http://, https:// or "
				                  "file:/",
				                  map->keys[i], bases.items[b]);
			add_base(mirrors, map->keys[i], bases.items[b]);
		}
	}
	return 0;
}

/* The variable replaces whatever is configured: who sets it wants that mirror and no other. */
static int add_variable(struct mirrors *mirrors, const char *name, const char *variable,
                        struct err *err)
{
	const char *value = getenv(variable);
	if (!value || !*value)
		return 0;
	struct mirror *mirror = (struct mirror *)mirrors_find(mirrors, name);
	if (mirror)
		strv_release(&mirror->bases);
	own(strv) bases = {0};
	strv_split(&bases, value, " \t\n");
	for (size_t i = 0; i < bases.count; i++) {
		if (!is_usable(bases.items[i]))
			return err_set(err, ERR_USAGE, "%s: %s: wanted http://, https:// or file:/",
			               variable, bases.items[i]);
		add_base(mirrors, name, bases.items[i]);
	}
	return 0;
}

/* Where a machine that knows no mirror finds every file that was ever published: Debian's public
 * snapshot archive, as it was on the day. Slow, so the last resort. */
static void add_snapshot(struct mirrors *mirrors)
{
	static const char *const names[] = {"debian", "debian-security"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		own_free char *url = mem_printf("https://snapshot.debian.org/archive/%s/%s",
		                                names[i], SNAPSHOT_DATE);
		if (!mirrors_find(mirrors, names[i]))
			add_base(mirrors, names[i], url);
	}
}

int mirrors_load(const struct workspace *workspace, struct mirrors *ret_mirrors, struct err *err)
{
	own(mirrors) mirrors = {0};
	const char *apt = getenv("SDK_APT_DIR");
	if (add_config(&mirrors, workspace, err) < 0)
		return -1;
	mirrors_add_apt(&mirrors, apt && *apt ? apt : "/etc/apt");
	if (add_variable(&mirrors, "debian", "SDK_MIRROR_DEBIAN", err) < 0 ||
	    add_variable(&mirrors, "debian-security", "SDK_MIRROR_DEBIAN_SECURITY", err) < 0)
		return -1;
	if (!apt)
		add_snapshot(&mirrors);
	*ret_mirrors = mirrors;
	mirrors = (struct mirrors){0};
	return 0;
}

static int no_mirror(const char *name, struct err *err)
{
	err_set(err, ERR_INPUT, "no address is known for mirror://%s/", name);
	if (str_equal(name, "debian"))
		return err_hint(err, "set SDK_MIRROR_DEBIAN to the address of a Debian mirror, "
		                     "or name it in sdk.yaml: mirrors: {debian: [https://…]}");
	return err_hint(err, "name it in sdk.yaml: mirrors: {%s: [https://…]}", name);
}

int mirrors_expand(const struct mirrors *mirrors, const char *url, struct strv *urls,
                   struct err *err)
{
	static const char scheme[] = "mirror://";
	if (!str_starts(url, scheme)) {
		strv_add(urls, url);
		return 0;
	}
	const char *at = url + sizeof scheme - 1;
	own_free char *name = mem_strndup(at, strcspn(at, "/"));
	const struct mirror *mirror = mirrors_find(mirrors, name);
	if (!mirror || mirror->bases.count == 0)
		return no_mirror(name, err);
	for (size_t i = 0; i < mirror->bases.count; i++)
		strv_addf(urls, "%s%s", mirror->bases.items[i], at + strlen(name));
	return 0;
}
