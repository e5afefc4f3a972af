/* Where things are: the checkout, the state below out/, the cache shared between checkouts. */
#include "workspace.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"

static char *find_root(const char *start_dir)
{
	own_free char *dir = realpath(start_dir, NULL);
	while (dir) {
		own_free char *mark = path_join(dir, "bootstrap/seed.yaml");
		if (fs_is_file(mark))
			return steal_ptr(dir);
		if (str_equal(dir, "/"))
			return NULL;
		char *parent = path_dir(dir);
		free(dir);
		dir = parent;
	}
	return NULL;
}

static char *absolute(const char *path)
{
	if (path[0] == '/')
		return mem_strdup(path);
	char cwd[PATH_MAX];
	return path_join(getcwd(cwd, sizeof cwd) ? cwd : "/", path);
}

static const char *nonempty_env(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

/* A directory of the user's: its own variable, XDG's (XDG Base Directory Specification), or below
 * the home directory. */
static char *find_user_dir(const char *own_name, const char *xdg_name, const char *in_home)
{
	if (nonempty_env(own_name))
		return absolute(nonempty_env(own_name));
	const char *xdg = nonempty_env(xdg_name);
	if (xdg && xdg[0] == '/')
		return path_join(xdg, "sdk");
	const char *home = nonempty_env("HOME");
	return path_join(home ? home : "/tmp", in_home);
}

static char *machine_arch(void)
{
	struct utsname name;
	if (uname(&name) == 0 && str_equal(name.machine, "aarch64"))
		return mem_strdup("arm64");
	return mem_strdup("amd64");
}

int workspace_open(const char *start_dir, const char *out, struct workspace *ret_workspace,
                   struct err *err)
{
	const char *from = nonempty_env("SDK_ROOT") ? nonempty_env("SDK_ROOT") : start_dir;
	char *root = find_root(from);
	if (!root) {
		err_set(err, ERR_USAGE, "%s is not inside a checkout of the SDK", from);
		return err_hint(err, "change into the checkout, or set SDK_ROOT to it");
	}
	if (!out)
		out = nonempty_env("SDK_OUT");
	*ret_workspace = (struct workspace){
		.root = root,
		.out = out ? absolute(out) : path_join(root, "out"),
		.cache = find_user_dir("SDK_CACHE", "XDG_CACHE_HOME", ".cache/sdk"),
		.data = find_user_dir("SDK_DATA", "XDG_DATA_HOME", ".local/share/sdk"),
		.build_arch = machine_arch(),
	};
	return 0;
}

void workspace_release(struct workspace *workspace)
{
	free(workspace->root);
	free(workspace->out);
	free(workspace->cache);
	free(workspace->data);
	free(workspace->build_arch);
	*workspace = (struct workspace){0};
}

#define BELOW(dir)                                       \
	va_list args;                                    \
	va_start(args, format);                          \
	own_free char *name = mem_vprintf(format, args); \
	va_end(args);                                    \
	return path_join(workspace->dir, name)

char *workspace_root(const struct workspace *workspace, const char *format, ...)
{
	BELOW(root);
}

char *workspace_out(const struct workspace *workspace, const char *format, ...)
{
	BELOW(out);
}

char *workspace_cache(const struct workspace *workspace, const char *format, ...)
{
	BELOW(cache);
}

char *workspace_data(const struct workspace *workspace, const char *format, ...)
{
	BELOW(data);
}
