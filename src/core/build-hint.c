/* What to do about a failed build, when the end of its log shows one of the usual mistakes. */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "build-parts.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "store.h"

enum { MAX_SCRIPT = 8 << 20 };

/* The packages in the store that hold a file whose path ends in `suffix`. */
static void packages_with(const struct workspace *workspace, const char *suffix, struct strv *names)
{
	own_free char *dir = workspace_out(workspace, "store");
	own(strv) digests = {0};
	if (fs_list(dir, &digests, NULL) < 0)
		return;
	for (size_t i = 0; i < digests.count; i++) {
		own(manifest) manifest = {0};
		if (digests.items[i][0] == '.' ||
		    store_load_manifest(workspace, digests.items[i], &manifest, NULL) < 0)
			continue;
		for (vec_each(entry, &manifest.entries)) {
			if (!str_ends(entry->path, suffix) || strv_has(names, manifest.package))
				continue;
			strv_add(names, manifest.package);
			break;
		}
	}
	strv_sort(names);
}

/* The groups of the environment that hold a program. */
static void groups_with(const struct env *env, const char *program, struct strv *names)
{
	for (size_t i = 0; i < env->layers.count; i++) {
		own_free char *path = mem_printf("%s/layers/%zu/usr/bin/%s", env->dir, i, program);
		own_free char *admin =
			mem_printf("%s/layers/%zu/usr/sbin/%s", env->dir, i, program);
		if (path_is_safe(program) && (fs_exists(path) || fs_exists(admin)))
			strv_split(names, env->layers.items[i], ",");
	}
}

static char *hint_header(const struct build_context *context, const struct node *node,
                         const char *word)
{
	own(strv) names = {0};
	own_free char *suffix = mem_printf("usr/include/%s", word);
	packages_with(context->workspace, suffix, &names);
	own_free char *list = strv_join(&names, " or ");
	if (!names.count)
		return mem_printf(
			"no built package provides the header %s: a dependency is missing "
			"in %s (depends.target)",
			word, node->recipe->path);
	return mem_printf("%s provides the header: add it to depends.target in %s", list,
	                  node->recipe->path);
}

static char *hint_library(const struct build_context *context, const struct node *node,
                          const char *word)
{
	own(strv) names = {0};
	own_free char *suffix = mem_printf("usr/lib/lib%s.so", word);
	packages_with(context->workspace, suffix, &names);
	own_free char *list = strv_join(&names, " or ");
	return mem_printf("the library lib%s is not in the sysroot: add %s to depends.target in %s",
	                  word, names.count ? list : "the package that provides it",
	                  node->recipe->path);
}

static char *hint_module(const struct build_context *context, const struct node *node,
                         const char *word)
{
	own(strv) names = {0};
	own_free char *suffix = mem_printf("/pkgconfig/%s.pc", word);
	packages_with(context->workspace, suffix, &names);
	if (!names.count)
		return NULL;
	own_free char *list = strv_join(&names, " or ");
	return mem_printf("%s provides %s: add it to depends.target in %s", list, word,
	                  node->recipe->path);
}

static char *hint_program(const struct build_context *context, const struct node *node,
                          const char *word)
{
	own(strv) names = {0};
	groups_with(context->env, word, &names);
	own_free char *list = strv_join(&names, " or ");
	if (!names.count)
		return mem_printf("%s is in no group of the environment (bootstrap/seed.yaml)",
		                  word);
	return mem_printf("%s is in the environment's group %s: add it to depends.tools in %s",
	                  word, list, node->recipe->path);
}

static char *hint_network(const struct build_context *context, const struct node *node,
                          const char *word)
{
	(void)context, (void)word;
	return mem_printf("builds have no network: what they need is declared in `sources` of %s",
	                  node->recipe->path);
}

/* The variable in which the configure script keeps the answer to "checking <question>": the first
 * `${NAME+…}` after the question. NULL when there is none. */
static char *cache_variable(const char *script, const char *question)
{
	own_free char *checking = mem_printf("\"checking %s... \"", question);
	const char *at = strstr(script, checking);
	const char *start = at ? strstr(at, "${") : NULL;
	if (!start)
		return NULL;
	start += 2;
	size_t length =
		strspn(start, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
	return length && start[length] == '+' ? mem_strndup(start, length) : NULL;
}

/* https://www.gnu.org/software/autoconf/manual/autoconf.html#Runtime: AC_RUN_IFELSE without an
 * answer for cross compiling stops the script. */
static char *hint_run(const struct build_context *context, const struct node *node,
                      const char *word)
{
	own_free char *work = build_work_dir(context, node);
	own_free char *path = mem_printf("%s/src/configure", work);
	own(str) script = {0};
	own_free char *variable = fs_read(path, MAX_SCRIPT, &script, NULL) == 0
	                                  ? cache_variable(str_text(&script), word)
	                                  : NULL;
	return mem_printf("configure cannot run what it built for another machine: give it the "
	                  "answer, as configure: [%s=yes] (or no) in %s",
	                  variable ? variable : "<its cache variable, see config.log>",
	                  node->recipe->path);
}

static const struct {
	const char *pattern; /* POSIX extended; the first group is the word */
	char *(*hint)(const struct build_context *context, const struct node *node,
	              const char *word);
} mistakes[] = {
	{"fatal error: ([^ :]+): No such file", hint_header},
	{"cannot find -l([A-Za-z0-9_+.-]+)", hint_library},
	{"Dependency \"?([A-Za-z0-9_.+-]+)\"? (not found|.*found: NO)", hint_module},
	{"No package '([^']+)' found", hint_module},
	{"([A-Za-z0-9_.+-]+): (command )?not found", hint_program},
	{"(Could not resolve|Temporary failure in name resolution|Network is unreachable|Name or "
         "service not known)",
         hint_network},
	{"checking ([^\n]*)\\.\\.\\. configure: error:.*cannot run test program while cross "
         "compiling",
         hint_run},
};

char *build_hint(const struct build_context *context, const struct node *node, const char *log_tail)
{
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		regex_t regex;
		regmatch_t match[2];
		if (regcomp(&regex, mistakes[i].pattern, REG_EXTENDED))
			continue;
		bool found = regexec(&regex, log_tail, 2, match, 0) == 0;
		regfree(&regex);
		if (!found)
			continue;
		own_free char *word = mem_strndup(log_tail + match[1].rm_so,
		                                  (size_t)(match[1].rm_eo - match[1].rm_so));
		char *hint = mistakes[i].hint(context, node, word);
		if (hint)
			return hint;
	}
	return NULL;
}
