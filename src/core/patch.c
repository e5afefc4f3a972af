/* A recipe's patches: applied as a build does it, named, and read. */
#include "patch.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "env.h"
#include "own.h"
#include "path.h"
#include "sandbox.h"

enum { MAX_OUTPUT_BYTES = 64 << 10, MAX_SLUG = 52 };

/* ---- applying */

/* What patch(1) said: lines of it, on one. */
static int complain(int output, const char *name, struct err *err)
{
	own(str) text = {0};
	char buffer[4096];
	ssize_t count;
	lseek(output, 0, SEEK_SET);
	while (text.len < MAX_OUTPUT_BYTES && (count = read(output, buffer, sizeof buffer)) > 0)
		str_add_bytes(&text, buffer, (size_t)count);
	own(strv) lines = {0};
	strv_split(&lines, str_text(&text), "\n");
	own_free char *joined = strv_join(&lines, "; ");
	return err_set(err, ERR_BUILD, "%s does not apply: %s", name, joined);
}

int patch_apply(const struct env *env, const char *tree, const char *patch_path, struct err *err)
{
	own(sandbox) sandbox = {.uid = 1000, .gid = 1000, .die_with_parent = true};
	own(strv) no_groups = {0};
	char *const argv[] = {"patch",     "-d", "/build/tree", "-p1",
	                      "--forward", "-i", "/build/it",   "--no-backup-if-mismatch",
	                      "--fuzz=0",  NULL};
	char *const envp[] = {"PATH=/usr/bin", "LC_ALL=C.UTF-8", NULL};
	own_fd int output = memfd_create("patch", MFD_CLOEXEC);
	if (output < 0)
		return err_errno(err, "memfd");
	if (env_layers(env, &no_groups, &sandbox.root_layers, err) < 0)
		return -1;
	sandbox_bind(&sandbox, tree, "/build/tree", true);
	sandbox_bind(&sandbox, patch_path, "/build/it", false);
	sandbox.argv = argv;
	sandbox.envp = envp;
	sandbox.stdout_fd = sandbox.stderr_fd = output;
	int status;
	if (sandbox_run(&sandbox, &status, err) < 0)
		return -1;
	return status == 0 ? 0 : complain(output, path_base(patch_path), err);
}

char *patch_top(const struct recipe *recipe, const char *src)
{
	return recipe->source_dir ? path_join(src, recipe->source_dir) : mem_strdup(src);
}

int patch_apply_all(const struct env *env, const struct recipe *recipe, const char *src,
                    struct err *err)
{
	own_free char *top = patch_top(recipe, src);
	for (vec_each(patch, &recipe->patches)) {
		own_free char *path = path_printf("%s/patches/%s", recipe->dir, patch->name);
		if (patch_apply(env, top, path, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- reading */

/* The value of a field of the head, which ends at the first line of the difference. */
static char *field(const char *text, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (str_starts(line, "--- ") || str_starts(line, "diff "))
			return NULL;
		if (strncasecmp(line, name, length) != 0)
			continue;
		own(str) value = {0};
		line += length + strspn(line + length, " \t");
		str_add_bytes(&value, line, strcspn(line, "\n"));
		while (*(line += strcspn(line, "\n")) && (line[1] == ' ' || line[1] == '\t')) {
			line++;
			str_add_bytes(&value, line, strcspn(line, "\n"));
		}
		return str_steal(&value);
	}
	return NULL;
}

char *patch_subject(const char *name, const char *text)
{
	own_free char *subject = field(text, "Subject:");
	if (!subject) {
		const char *plain = name + strspn(name, "0123456789");
		plain += *plain == '-';
		return mem_strndup(plain, strlen(plain) - (str_ends(plain, ".patch") ? 6 : 0));
	}
	const char *start = subject;
	if (*start == '[' && strchr(start, ']'))
		start = strchr(start, ']') + 1;
	return mem_strdup(start + strspn(start, " "));
}

bool patch_author(const char *text, char **ret_name, char **ret_email)
{
	own_free char *from = field(text, "From:");
	char *open = from ? strrchr(from, '<') : NULL, *close = open ? strchr(open, '>') : NULL;
	if (!close || open == from || close == open + 1)
		return false;
	char *end = open;
	while (end > from && end[-1] == ' ')
		end--;
	*ret_name = mem_strndup(from, (size_t)(end - from));
	*ret_email = mem_strndup(open + 1, (size_t)(close - open - 1));
	return true;
}

/* ---- naming */

char *patch_file_name(unsigned number, const char *subject)
{
	own(str) slug = {0};
	for (const char *c = subject; *c && slug.len < MAX_SLUG; c++) {
		if (isalnum((unsigned char)*c))
			str_add_char(&slug, (char)tolower((unsigned char)*c));
		else if (slug.len && slug.data[slug.len - 1] != '-')
			str_add_char(&slug, '-');
	}
	while (slug.len && slug.data[slug.len - 1] == '-')
		slug.data[--slug.len] = '\0';
	return mem_printf("%04u-%s.patch", number, slug.len ? str_text(&slug) : "change");
}

unsigned patch_next_number(const struct recipe *recipe)
{
	unsigned long highest = 0;
	for (vec_each(patch, &recipe->patches)) {
		unsigned long number = strtoul(patch->name, NULL, 10);
		highest = number > highest && number < 9999 ? number : highest;
	}
	return (unsigned)highest + 1;
}
