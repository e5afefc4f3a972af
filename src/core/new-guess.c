/* What names and build files say of a version. */
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "new.h"
#include "own.h"
#include "path.h"
#include "tarball.h"

static char *group_of(const char *regex_text, const char *text, size_t group, int flags)
{
	regex_t regex;
	regmatch_t groups[4];
	char *found = NULL;
	if (regcomp(&regex, regex_text, REG_EXTENDED | flags) != 0)
		return NULL;
	if (regexec(&regex, text, 4, groups, 0) == 0 && groups[group].rm_so >= 0)
		found = mem_strndup(text + groups[group].rm_so,
		                    (size_t)(groups[group].rm_eo - groups[group].rm_so));
	regfree(&regex);
	return found;
}

/* Without what packs it: "foo-1.2" of "foo-1.2.orig.tar.gz". */
static char *stem_of(const char *file_name)
{
	static const char *const ends[] = {".gz",  ".xz",  ".bz2", ".zst",  ".lz",  ".tgz",
	                                   ".txz", ".zip", ".tar", ".orig", ".src", "-src"};
	char *stem = mem_strdup(file_name);
	for (bool again = true; again;) {
		again = false;
		for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
			if (str_ends(stem, ends[i])) {
				stem[strlen(stem) - strlen(ends[i])] = '\0';
				again = true;
			}
	}
	return stem;
}

char *new_version_of_name(const char *file_name)
{
	own_free char *stem = stem_of(file_name);
	char *version = group_of(
		"(^|[-_])[vV]?([0-9][0-9A-Za-z.+~]*([-_](rc|beta|alpha)[0-9.]*)?)$", stem, 2, 0);
	/* Debian marks what it took out of a tarball. */
	char *repacked = version ? strpbrk(version, "+~") : NULL;
	if (repacked && (str_starts(repacked, "+ds") || str_starts(repacked, "+dfsg") ||
	                 str_starts(repacked, "+repack") || str_starts(repacked, "~ds")))
		*repacked = '\0';
	return version;
}

char *new_version_of_tarball(const struct tarball *tarball)
{
	static const struct {
		const char *file, *regex;
		int flags;
	} forms[] = {
		{"configure.ac", "AC_INIT\\([^,]*,[[:space:]]*\\[?([0-9][0-9A-Za-z.+~-]*)", 0},
		{"meson.build", "^[^#]*version[[:space:]]*:[[:space:]]*'([0-9][0-9A-Za-z.+~-]*)'",
	         REG_NEWLINE},
		{"CMakeLists.txt",
	         "project[[:space:]]*\\([^)]*VERSION[[:space:]]+\"?([0-9]+\\.[0-9A-Za-z.]+)", 0},
	};
	char *version = NULL;
	for (vec_each(file, &tarball->builds))
		for (size_t i = 0; i < 3 && !version; i++)
			if (str_equal(file->name, forms[i].file))
				version = group_of(forms[i].regex, file->text, 1, forms[i].flags);
	return version;
}

char *new_url_form(const char *url, const char *version)
{
	struct str form = {0};
	size_t length = strlen(version);
	for (const char *at = url; *at;) {
		bool starts = at == url || !isdigit((unsigned char)at[-1]);
		bool ends = !strncmp(at, version, length) && !isdigit((unsigned char)at[length]);
		if (starts && ends) {
			str_add(&form, "${version}");
			at += length;
		} else {
			str_add_char(&form, *at++);
		}
	}
	return str_steal(&form);
}
