/* sdk binhost sign: signs a binhost's indexes with the keys of now. */
#include "binhost-push.h"
#include "commands.h"
#include "own.h"

static const struct option_spec options[] = {
	{"to", 0, "NAME|URL",
         "the binhost: its name in sdk.yaml, file:///dir or s3://bucket/prefix"},
	{0}};

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(binhost_host) host = {0};
	own(strv) names = {0}, done = {0};
	for (int i = 0; i < argc; i++)
		strv_add(&names, argv[i]);
	if (binhost_host_open(&cli->workspace, cli_option(cli, "to"), &cli->sink, &host, err) < 0 ||
	    binhost_sign(&host, &names, &done, err) < 0)
		return -1;
	for (size_t i = 0; i < done.count && !cli->quiet; i++)
		cli_print("%s/%s: signed\n", host.target->url, done.items[i]);
	return 0;
}

const struct command cmd_binhost_sign = {
	.name = "binhost sign",
	.arguments = "[index/ARCH | releases/TAG/ARCH …]",
	.summary = "Sign a binhost's indexes anew, with all keys that are valid now",
	.description = "Before a key expires, after `sdk binhost keys rotate`, after a revocation. "
		       "The\nentries stay as they are. An index that can't be trusted is not "
		       "signed.",
	.examples = "sdk binhost sign --to=ci             # all indexes\n",
	.options = options,
	.max_args = -1,
	.run = run,
};
