/* sdk delete: removes the environment and what was built with it. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "commands.h"
#include "env.h"
#include "fs.h"
#include "own.h"
#include "path.h"

static const struct option_spec options[] = {
	{"all", 'a', NULL, "remove store, records, logs and images as well"},
	{"cache", 0, NULL, "remove the download cache that checkouts share as well"},
	{"yes", 'y', NULL, "do not ask"},
	{0},
};

/* Below out/: what `sdk create` and `sdk build` make again from what is in the cache. */
static const char *const always[] = {"env", "toolchain", "work", NULL};
static const char *const with_all[] = {"store", "keys", "logs", "images", NULL};
static const char *const with_cache[] = {"downloads", "objects", "keys", NULL};

static void add_existing(struct strv *paths, const char *dir, const char *const *names)
{
	for (; *names; names++) {
		own_free char *path = path_join(dir, *names);
		if (fs_exists(path))
			strv_take(paths, steal_ptr(path));
	}
}

/* Anything but a clear yes is a no. */
static int confirm(const struct strv *paths, struct err *err)
{
	if (!isatty(STDIN_FILENO)) {
		err_set(err, ERR_USAGE, "nobody is there to be asked");
		return err_hint(err, "--yes removes without asking");
	}
	for (size_t i = 0; i < paths->count; i++)
		fprintf(stderr, "  %s\n", paths->items[i]);
	fprintf(stderr, "Remove these? [y/N] ");
	char answer[16] = "";
	if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return err_set(err, ERR_INTERRUPTED, "nothing was removed");
	return 0;
}

/* Not under the feet of a running `sdk create`. */
static int take_lock(const struct workspace *workspace, int *ret_fd, struct err *err)
{
	own_free char *path = env_lock_path(workspace);
	own(err) busy = {0};
	if (!fs_exists(path) || fs_lock(path, true, false, ret_fd, &busy) == 0)
		return 0;
	if (busy.sys_errno != EWOULDBLOCK)
		return err_move(err, &busy);
	err_set(err, ERR_USAGE, "`sdk create` is running in this checkout");
	return err_hint(err, "wait for it, or stop it first");
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv;
	own(strv) paths = {0};
	own_fd int lock = -1;
	add_existing(&paths, cli->workspace.out, always);
	if (cli_has(cli, "all"))
		add_existing(&paths, cli->workspace.out, with_all);
	if (cli_has(cli, "cache"))
		add_existing(&paths, cli->workspace.cache, with_cache);
	if (paths.count == 0) {
		if (!cli->quiet)
			cli_print("there is nothing to remove\n");
		return 0;
	}
	if (take_lock(&cli->workspace, &lock, err) < 0 ||
	    (!cli_has(cli, "yes") && confirm(&paths, err) < 0))
		return -1;
	for (size_t i = 0; i < paths.count; i++) {
		if (fs_remove_tree(paths.items[i], err) < 0)
			return -1;
		if (!cli->quiet)
			cli_print("removed %s\n", paths.items[i]);
	}
	return 0;
}

const struct command cmd_delete = {
	.name = "delete",
	.summary = "Remove the environment, toolchains and work trees",
	.description = "What is removed can be made again: `sdk create` and `sdk build` find\n"
		       "packages and archives in the cache, which stays unless --cache is given.\n",
	.examples = "sdk delete          # asks, then removes\n"
		    "sdk delete --all --yes\n",
	.options = options,
	.run = run,
};
