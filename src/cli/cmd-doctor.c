/* sdk doctor: can this machine do it, and if not, what to change. */
#include "commands.h"
#include "doctor.h"
#include "own.h"

static void print_json(const struct doctor *doctor)
{
	struct json json = {0};
	json_object(&json, NULL);
	json_bool(&json, "ok", !doctor_found(doctor, DOCTOR_BAD));
	json_array(&json, "findings");
	for (vec_each(finding, &doctor->findings)) {
		json_object(&json, NULL);
		json_string(&json, "name", finding->name);
		json_string(&json, "verdict", doctor_verdict_name(finding->verdict));
		json_string(&json, "text", finding->text);
		json_string(&json, "hint", finding->hint);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_end_object(&json);
	cli_print_json(&json);
	json_release(&json);
}

static void print_finding(const struct cli *cli, const struct doctor_finding *finding)
{
	static const char *const marks[] = {"ok  ", "warn", "FAIL"};
	static const char *const colors[] = {"\033[32m", "\033[33m", "\033[31m"};
	if (cli->quiet && finding->verdict == DOCTOR_GOOD)
		return;
	cli_print("%s%s%s  %-12s %s\n", cli->color ? colors[finding->verdict] : "",
	          marks[finding->verdict], cli->color ? "\033[m" : "", finding->name,
	          finding->text);
	if (finding->hint)
		cli_print("                   -> %s\n", finding->hint);
}

static void print_plain(const struct cli *cli, const struct doctor *doctor)
{
	for (vec_each(finding, &doctor->findings))
		print_finding(cli, finding);
	if (doctor_found(doctor, DOCTOR_BAD))
		cli_print("\nThis machine can't build yet: see what failed above.\n");
	else if (!cli->quiet)
		cli_print("\nThis machine can build images.\n");
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv, (void)err;
	own(doctor) doctor = {0};
	doctor_examine(&cli->workspace, &cli->sink, &doctor);
	if (cli->json)
		print_json(&doctor);
	else
		print_plain(cli, &doctor);
	cli->exit_status = doctor_found(&doctor, DOCTOR_BAD) ? err_exit_code(ERR_SYSTEM) : 0;
	return 0;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "Find out whether this machine can build, and what to change if not",
	.description =
		"Tries what building needs: sandboxes in user namespaces, overlays, room on disk,\n"
		"the mirrors, programs, KVM; and what is set up in this checkout: recipes and\n"
		"overlays, work trees, binhosts, who commits. Says for everything that does not\n"
		"work what to do. Exits with 6 when nothing can be built as it is.",
	.examples = "sdk doctor\nsdk doctor --json | jq -r '.findings[] | "
		    "select(.verdict==\"bad\")'\n",
	.run = run,
};
