/* What to do about a failed build, when the end of its log shows one of the usual mistakes. */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "build-parts.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "providers.h"

enum { MAX_SCRIPT = 8 << 20 };

/* The recipe that provides "header zlib.h", "library z" or "module zlib"; freed by the caller.
 * NULL: none that is built, as far as is known. */
static char *provider(const struct build_context *context, const char *kind, const char *word)
{
	own(providers) providers = {0};
	own(err) unknown = {0};
	own_free char *need = mem_printf("%s %s", kind, word);
	if (providers_load(context->workspace, &providers, &unknown) < 0)
		return NULL;
	const char *name = providers_find(&providers, need);
	return name ? mem_strdup(name) : NULL;
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
	own_free char *name = provider(context, "header", word);
	if (!name)
		return mem_printf(
			"no built package provides the header %s: a dependency is missing "
			"in %s (depends.target)",
			word, node->recipe->path);
	return mem_printf("%s provides the header: add it to depends.target in %s", name,
	                  node->recipe->path);
}

static char *hint_library(const struct build_context *context, const struct node *node,
                          const char *word)
{
	own_free char *name = provider(context, "library", word);
	return mem_printf("the library lib%s is not in the sysroot: add %s to depends.target in %s",
	                  word, name ? name : "the package that provides it", node->recipe->path);
}

static char *hint_module(const struct build_context *context, const struct node *node,
                         const char *word)
{
	own_free char *name = provider(context, "module", word);
	if (!name)
		return NULL;
	return mem_printf("%s provides %s: add it to depends.target in %s", name, word,
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

static char *hint_processes(const struct build_context *context, const struct node *node,
                            const char *word)
{
	(void)context, (void)word;
	return mem_printf(
		"a build has at most %u processes at once: does %s start them without end?",
		BUILD_MAX_PROCESSES, node->recipe->path);
}

static char *hint_variable(const struct build_context *context, const struct node *node,
                           const char *word)
{
	(void)context;
	return mem_printf(
		"phases have no variable %s: SRC, BUILD, DEST, FILES and others that they "
		"have are listed in docs/recipe-reference.md (%s)",
		word, node->recipe->path);
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
	own_free char *work = build_work_dir(context, node), *tree = build_tree_dir(work);
	own(str) script = {0};
	own_free char *variable =
		fs_read_below(tree, "src/configure", MAX_SCRIPT, &script, NULL) == 0
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
	{"(fork: Resource temporarily unavailable)", hint_processes},
	{"line [0-9]+: ([A-Za-z_][A-Za-z0-9_]*): unbound variable", hint_variable},
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
