/* sdk create: the environment in which everything is built. */
#include <time.h>

#include "commands.h"
#include "env.h"
#include "own.h"

static const struct option_spec options[] = {
	{"jobs", 'j', "N", "unpack with N processes (the number of processors)"},
	{0},
};

static void print_json(const struct env *env, bool existed, double seconds)
{
	struct json json = {0};
	char hex[DIGEST_HEX];
	digest_hex(&env->digest, hex);
	json_object(&json, NULL);
	json_string(&json, "digest", hex);
	json_string(&json, "dir", env->dir);
	json_bool(&json, "existed", existed);
	json_double(&json, "seconds", seconds);
	json_end_object(&json);
	cli_print_json(&json);
	json_release(&json);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv;
	int64_t jobs;
	own(env) env = {0};
	struct timespec start, end;
	char text[32];
	clock_gettime(CLOCK_MONOTONIC, &start);
	if (cli_number(cli, "jobs", 1, 64, 0, &jobs, err) < 0 ||
	    env_open_lock(&cli->workspace, &env, err) < 0)
		return -1;
	bool existed = env_exists(&env);
	if (env_create(&cli->workspace, (unsigned)jobs, &cli->sink, err) < 0)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &end);
	double seconds =
		(double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
	if (cli->json)
		print_json(&env, existed, seconds);
	else if (existed && !cli->quiet)
		cli_print("the environment exists and is up to date\n");
	else if (!cli->quiet)
		cli_print("the environment was created in %s: %s\n", cli_seconds(seconds, text),
		          env.dir);
	return 0;
}

const struct command cmd_create = {
	.name = "create",
	.summary = "Create the environment in which everything is built",
	.description =
		"Downloads the Debian packages that bootstrap/seed.<arch>.lock names, checks\n"
		"their SHA-256, and unpacks them below out/env. Needs no root. An interrupted\n"
		"run is continued by the next; an environment that exists is left alone.\n"
		"\n"
		"Packages come from the machine's own apt mirrors; SDK_MIRROR_DEBIAN or\n"
		"`mirrors:` in sdk.yaml name others.\n",
	.examples = "sdk create          # as sdk enter and sdk build need it\n",
	.options = options,
	.run = run,
	.leases = true,
};
