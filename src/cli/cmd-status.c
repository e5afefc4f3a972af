/* sdk status: what exists, and how large it is. */
#include <inttypes.h>

#include "commands.h"
#include "env.h"
#include "own.h"
#include "usage.h"
#include "workon.h"

static void print_json(const struct env *env, const struct usage *usage,
                       const struct worktree_list *worktrees)
{
	struct json json = {0};
	char hex[DIGEST_HEX];
	digest_hex(&env->digest, hex);
	json_object(&json, NULL);
	json_object(&json, "environment");
	json_string(&json, "digest", hex);
	json_string(&json, "dir", env->dir);
	json_bool(&json, "exists", env_exists(env));
	json_string(&json, "suite", env->lock.suite);
	json_end_object(&json);
	json_array(&json, "usage");
	for (vec_each(part, &usage->parts)) {
		json_object(&json, NULL);
		json_string(&json, "name", part->name);
		json_string(&json, "path", part->path);
		json_number(&json, "items", (int64_t)part->items);
		json_number(&json, "bytes", (int64_t)part->bytes);
		json_bool(&json, "shared", part->is_cache);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_array(&json, "workon");
	for (vec_each(tree, worktrees)) {
		json_object(&json, NULL);
		json_string(&json, "package", tree->package);
		json_string(&json, "dir", tree->dir);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_end_object(&json);
	cli_print_json(&json);
	json_release(&json);
}

static void print_plain(const struct env *env, const struct usage *usage,
                        const struct worktree_list *worktrees)
{
	char text[32];
	cli_print("environment  Debian %s for %s: %s\n", env->lock.suite, env->lock.arch,
	          env_exists(env) ? "ready" : "not created (run `sdk create`)");
	for (vec_each(part, &usage->parts))
		if (part->items)
			cli_print("%-17s %6" PRIu64 "  %8s  %s\n", part->name, part->items,
			          cli_bytes(part->bytes, text), part->path);
	for (vec_each(tree, worktrees))
		cli_print("worked on         %s: source is the working tree %s\n", tree->package,
		          tree->dir);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv;
	own(env) env = {0};
	own(usage) usage = {0};
	own(worktree_list) worktrees = {0};
	if (env_open_lock(&cli->workspace, &env, err) < 0 ||
	    workon_load(&cli->workspace, &worktrees, err) < 0)
		return -1;
	usage_measure(&cli->workspace, &usage);
	if (cli->json)
		print_json(&env, &usage, &worktrees);
	else
		print_plain(&env, &usage, &worktrees);
	return 0;
}

const struct command cmd_status = {
	.name = "status",
	.summary = "Show what exists on disk: environment, toolchains, store, cache",
	.examples = "sdk status          # is the environment there, what takes how much room?\n",
	.run = run,
};
