/* What upstream's build files look for, by the forms that autoconf, meson and CMake have for it. */
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "own.h"
#include "str.h"
#include "tarball.h"

/* The group holds names: one, or several separated by blanks and versions. */
struct form {
	const char *file; /* the end of the file's name */
	const char *kind;
	const char *regex; /* extended; its last group holds the names */
};

#define MODULE_ARGS "\\([^,()]*,[[:space:]]*\\[?([^],)]*)"

static const struct form forms[] = {
	{"configure.ac", "module", "PKG_(CHECK|HAVE_WITH)_(MODULES|EXISTS)(_STATIC)?" MODULE_ARGS},
	{"configure.ac", "library", "AC_CHECK_LIB\\(\\[?([A-Za-z0-9_+-]+)"},
	{"configure.ac", "library", "AC_SEARCH_LIBS\\([^,()]*,[[:space:]]*\\[?([^],)]*)"},
	{"configure.ac", "header", "AC_CHECK_HEADERS?(_ONCE)?\\(\\[?([^],)]*)"},
	{"configure.ac", "program", "AC_PROG_(LEX|YACC)"},
	{"configure.ac", "program", "AM_(GNU_GETTEXT)"},
	{"meson.build", "module", "dependency\\([[:space:]]*'([^']+)'"},
	{"meson.build", "library", "find_library\\([[:space:]]*'([^']+)'"},
	{"meson.build", "header", "(has|check)_header\\([[:space:]]*'([^']+)'"},
	{"meson.build", "program", "find_program\\([[:space:]]*'([^']+)'"},
	{"CMakeLists.txt", "cmake", "find_package[[:space:]]*\\([[:space:]]*([A-Za-z0-9_]+)"},
	{"CMakeLists.txt", "module",
         "pkg_(check|search)_modules?[[:space:]]*\\([[:space:]]*[A-Za-z0-9_]+([^)]*)"},
	{"CMakeLists.txt", "header",
         "(check_include_files?|CHECK_INCLUDE_FILES?)[[:space:]]*\\([[:space:]]*\"?([^ ;\")]+)"},
};

/* Parts of the C library and the compiler, or words that are none of a package's. */
static bool is_of_no_package(const char *name)
{
	static const char *const names[] = {"m",
	                                    "c",
	                                    "dl",
	                                    "pthread",
	                                    "rt",
	                                    "socket",
	                                    "nsl",
	                                    "resolv",
	                                    "threads",
	                                    "Threads",
	                                    "REQUIRED",
	                                    "QUIET",
	                                    "util",
	                                    "crypt32",
	                                    "ws2_32",
	                                    "PkgConfig",
	                                    "IMPORTED_TARGET",
	                                    "GLOBAL",
	                                    "inet",
	                                    "bsd",
	                                    "posix4",
	                                    "network",
	                                    "xnet",
	                                    "c_r",
	                                    "atomic",
	                                    "stdc++",
	                                    "gen",
	                                    "sun"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_equal(name, names[i]))
			return true;
	return false;
}

static const char *plain_program(const char *name)
{
	return str_equal(name, "LEX")           ? "flex"
	       : str_equal(name, "YACC")        ? "bison"
	       : str_equal(name, "GNU_GETTEXT") ? "gettext"
	                                        : name;
}

/* Whether a word of a form can be the name of something that a package provides. */
static bool is_name(const char *kind, const char *word)
{
	if (!isalpha((unsigned char)*word) || strpbrk(word, "${}@"))
		return false;
	if (str_equal(kind, "header"))
		return str_ends(word, ".h");
	return !strchr(word, '/') && !is_of_no_package(word);
}

/* "zlib >= 1.2" is zlib; "foo>=1" is foo; $VARIABLES are nothing. */
static void add_names(const char *kind, const char *text, struct strv *needs)
{
	own(strv) words = {0};
	strv_split(&words, text, " \t\r\n[]'\"");
	for (size_t i = 0; i < words.count; i++) {
		char *word = words.items[i];
		size_t length = strcspn(word, "<>=!");
		word[length] = '\0';
		if (is_name(kind, word)) {
			own_free char *shown = str_visible(plain_program(word));
			own_free char *need = mem_printf("%s %s", kind, shown);
			if (!strv_has(needs, need))
				strv_add(needs, need);
		}
	}
}

static void search(const struct form *form, const char *text, struct strv *needs)
{
	regex_t regex;
	regmatch_t groups[8];
	if (regcomp(&regex, form->regex, REG_EXTENDED) != 0)
		return;
	while (regexec(&regex, text, 8, groups, 0) == 0) {
		const regmatch_t *last = &groups[regex.re_nsub];
		if (last->rm_so >= 0) {
			own_free char *names = mem_strndup(text + last->rm_so,
			                                   (size_t)(last->rm_eo - last->rm_so));
			add_names(form->kind, names, needs);
		}
		text += groups[0].rm_eo;
	}
	regfree(&regex);
}

/* Without what stands behind #, or dnl: switched-off lines ask for nothing. */
static char *without_comments(const char *text)
{
	struct str plain = {0};
	while (*text) {
		size_t length = strcspn(text, "\n");
		own_free char *line = mem_strndup(text, length);
		char *comment = strchr(line, '#'), *dnl = strstr(line, "dnl ");
		if (comment)
			*comment = '\0';
		if (dnl)
			*dnl = '\0';
		str_add(&plain, line);
		str_add_char(&plain, '\n');
		text += length + (text[length] == '\n');
	}
	return str_steal(&plain);
}

/* Copies of other projects, and what is built for tests alone. */
static bool is_foreign(const char *name)
{
	static const char *const dirs[] = {"subprojects/", "third_party/", "thirdparty/",
	                                   "vendor/",      "external/",    "tests/",
	                                   "test/",        "examples/",    "contrib/",
	                                   "fuzz"};
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		if (strstr(name, dirs[i]))
			return true;
	return false;
}

void tarball_needs(const struct tarball *tarball, struct strv *ret_needs)
{
	for (vec_each(file, &tarball->builds)) {
		if (is_foreign(file->name))
			continue;
		own_free char *text = without_comments(file->text);
		const char *name =
			str_ends(file->name, "configure.in") ? "configure.ac" : file->name;
		for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
			if (str_ends(name, forms[i].file))
				search(&forms[i], text, ret_needs);
	}
	strv_sort(ret_needs);
}
