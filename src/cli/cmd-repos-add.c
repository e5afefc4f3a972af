/* sdk repos add, remove: the overlays of sdk.yaml. */
#include <string.h>

#include "commands.h"
#include "config-edit.h"
#include "fs.h"
#include "git-move.h"
#include "git-tree.h"
#include "git.h"
#include "overlay.h"
#include "own.h"

static const struct option_spec add_options[] = {
	{"branch", 0, "NAME", "follow this branch (the one that the server's HEAD names)"},
	{"tag", 0, "NAME", "stay at this tag"},
	{"priority", 0, "N", "1 to 1000: of two recipes of a name the higher one wins (100)"},
	{"keys", 0, "LIST", "fingerprints, separated by commas, of those who may sign it"},
	{0}};

static int check_arguments(const struct cli *cli, const struct config_repo *repo, struct err *err)
{
	own(config) config = {0};
	if (!config_is_repo_name(repo->name))
		return err_set(err, ERR_USAGE,
		               "%s: wanted a name of a-z, 0-9, - and ., and not checkout, the "
		               "SDK itself",
		               repo->name);
	own_free char *shown = git_url_mask(repo->url);
	if (!git_url_is_allowed(repo->url))
		return err_set(err, ERR_USAGE,
		               "%s: wanted https://, http://, ssh://, git:// or file:///, or "
		               "user@host:path",
		               shown);
	if (repo->branch && repo->tag)
		return err_set(err, ERR_USAGE, "--branch and --tag: wanted one of them");
	if (repo->branch && !git_is_ref_name(repo->branch))
		return err_set(err, ERR_USAGE, "--branch=%s: not the name of a branch",
		               repo->branch);
	if (repo->tag && !git_is_ref_name(repo->tag))
		return err_set(err, ERR_USAGE, "--tag=%s: not the name of a tag", repo->tag);
	for (size_t i = 0; i < repo->keys.count; i++)
		if (!config_is_fingerprint(repo->keys.items[i]))
			return err_set(err, ERR_USAGE,
			               "--keys=%s: wanted a fingerprint, 40 hexadecimal digits",
			               repo->keys.items[i]);
	if (config_load(&cli->workspace, &config, err) < 0)
		return -1;
	const struct config_repo *other = config_find_repo(&config, repo->name);
	if (!other)
		return 0;
	own_free char *other_shown = git_url_mask(other->url);
	err_set(err, ERR_USAGE, "there is an overlay %s already, at %s", other->name, other_shown);
	return err_hint(err, "sdk repos remove %s", other->name);
}

static int run_add(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc;
	int64_t priority;
	if (cli_number(cli, "priority", 1, 1000, 100, &priority, err) < 0)
		return -1;
	struct config_repo repo = {.name = argv[0],
	                           .url = argv[1],
	                           .branch = (char *)cli_option(cli, "branch"),
	                           .tag = (char *)cli_option(cli, "tag"),
	                           .priority = (uint64_t)priority};
	own(strv) keys = {0};
	if (cli_has(cli, "keys"))
		strv_split(&keys, cli_option(cli, "keys"), ",");
	repo.keys = keys;
	if (check_arguments(cli, &repo, err) < 0 ||
	    config_add_repo(&cli->workspace, &repo, err) < 0)
		return -1;
	if (!cli->quiet)
		cli_print("%s is in sdk.yaml; `sdk sync %s` clones it\n", repo.name, repo.name);
	return 0;
}

const struct command cmd_repos_add = {
	.name = "repos add",
	.arguments = "<name> <url>",
	.summary = "Lay the recipes and boards of a git repository over ours",
	.description =
		"Writes it into sdk.yaml, whose comments stay. An overlay has recipes/ and\n"
		"board-configs/ like the checkout. With --keys, nothing of it is used that they "
		"have\n"
		"not signed; their public parts go to bootstrap/keys/.",
	.examples = "sdk repos add company https://git.example.org/overlay.git\n"
		    "sdk repos add mine file:///home/me/overlay --priority=200\n",
	.options = add_options,
	.min_args = 2,
	.max_args = 2,
	.run = run_add,
};

/* ---- remove */

static const struct option_spec remove_options[] = {
	{"force", 0, NULL, "delete the clone even if it holds edits or commits of yours"}, {0}};

/* What only the clone has would be lost with it. */
static int check_clone(const char *dir, struct err *err)
{
	own(git_place) place = {0};
	bool dirty;
	size_t mine = 0, theirs;
	if (git_tree_is_dirty(dir, &dirty, err) < 0 || git_find_place(dir, &place, err) < 0)
		return -1;
	if (place.follows) {
		own_free char *upstream = mem_printf("origin/%s", place.follows);
		if (git_count_apart(dir, "HEAD", upstream, &mine, &theirs, err) < 0)
			return -1;
	}
	if (!dirty && !mine)
		return 0;
	if (dirty)
		err_set(err, ERR_USAGE, "%s holds edits that are not committed", dir);
	else
		err_set(err, ERR_USAGE, "%s holds %zu commits that origin has not", dir, mine);
	return err_hint(err, "push them, or --force");
}

static int run_remove(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc;
	own(config) config = {0};
	if (config_load(&cli->workspace, &config, err) < 0)
		return -1;
	bool known = config_find_repo(&config, argv[0]);
	own_free char *dir = known ? overlay_dir(&cli->workspace, argv[0]) : NULL;
	if (dir && fs_is_dir(dir) && !cli_has(cli, "force") && check_clone(dir, err) < 0)
		return -1;
	if (config_remove_repo(&cli->workspace, argv[0], err) < 0)
		return -1;
	if (dir && fs_remove_tree(dir, err) < 0)
		return -1;
	if (!cli->quiet)
		cli_print("%s is gone from sdk.yaml, with its clone\n", argv[0]);
	return 0;
}

const struct command cmd_repos_remove = {
	.name = "repos remove",
	.arguments = "<name>",
	.summary = "Take an overlay out of sdk.yaml, and delete its clone",
	.examples = "sdk repos remove company\n",
	.options = remove_options,
	.min_args = 1,
	.max_args = 1,
	.run = run_remove,
};
