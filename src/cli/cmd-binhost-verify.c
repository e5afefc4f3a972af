/* sdk binhost verify: looks at every archive of a binhost. */
#include "binhost-verify.h"
#include "commands.h"
#include "own.h"

static const struct option_spec options[] = {
	{"to", 0, "NAME|URL",
         "the binhost: its name in sdk.yaml, file:///dir or s3://bucket/prefix"},
	{0}};

static void print_json(const struct binhost_report *report)
{
	struct json json = {0};
	json_object(&json, NULL);
	json_bool(&json, "complete", report->is_complete);
	json_number(&json, "indexes", (int64_t)report->indexes);
	json_number(&json, "entries", (int64_t)report->entries);
	json_number(&json, "objects", (int64_t)report->objects);
	json_number(&json, "bytes", (int64_t)report->bytes);
	json_array(&json, "faults");
	for (vec_each(fault, &report->faults)) {
		json_object(&json, NULL);
		json_string(&json, "index", fault->index);
		json_string(&json, "package", fault->package);
		json_string(&json, "output", fault->output);
		json_string(&json, "object", fault->name);
		json_string(&json, "fault", fault->what);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_end_object(&json);
	cli_print_json(&json);
	json_release(&json);
}

static void print_table(const struct binhost_report *report)
{
	char size[32];
	for (vec_each(fault, &report->faults))
		cli_print("%-16s %-20s %-8s %s: %s\n", fault->index, fault->package, fault->output,
		          fault->name, fault->what);
	cli_print("%zu indexes, %zu entries, %zu objects, %s: %zu faults%s\n", report->indexes,
	          report->entries, report->objects, cli_bytes(report->bytes, size),
	          report->faults.count, report->is_complete ? "" : " so far");
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(binhost_host) host = {0};
	own(binhost_report) report = {0};
	own(strv) names = {0};
	for (int i = 0; i < argc; i++)
		strv_add(&names, argv[i]);
	if (binhost_host_open(&cli->workspace, cli_option(cli, "to"), &cli->sink, &host, err) < 0)
		return -1;
	int result = binhost_verify(&host, &names, &report, err);
	if (result < 0 && !report.objects)
		return -1;
	if (cli->json)
		print_json(&report);
	else if (!cli->quiet || report.faults.count)
		print_table(&report);
	if (result < 0 || !report.faults.count)
		return result;
	err_set(err, ERR_TRUST, "%s: %zu faults", host.target->url, report.faults.count);
	return err_hint(err, "readers refuse these and build instead; `sdk binhost push --again "
	                     "<package>` replaces them from a cache that has them");
}

const struct command cmd_binhost_verify = {
	.name = "binhost verify",
	.arguments = "[index/ARCH | releases/TAG/ARCH …]",
	.summary = "Fetch every archive that a binhost's indexes name, and look at it",
	.description =
		"Checks the indexes' signatures and, of each archive, size, SHA-256, manifest "
		"and\n"
		"every file. Prints a table of what is wrong; exits with 5 when something is.",
	.examples = "sdk binhost verify --to=ci\n"
		    "sdk binhost verify --to=file:///srv/binhost index/amd64 --json\n",
	.options = options,
	.max_args = -1,
	.run = run,
};
