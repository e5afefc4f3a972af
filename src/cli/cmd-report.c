/* sdk report: packages, sizes, dependencies and the last build as one HTML page. */
#include "board.h"
#include "commands.h"
#include "fs.h"
#include "own.h"
#include "report-page.h"
#include "wanted.h"

enum { OPT_BOARD, OPT_OUTPUT, OPT_RUN, OPT_DATE };

static const struct option_spec options[] = {
	[OPT_BOARD] = {"board", 'b', "BOARD", "of this board (this machine's kind)"},
	[OPT_OUTPUT] = {"output", 'o', "FILE", "where the page goes (out/report-BOARD.html)"},
	[OPT_RUN] = {"run", 'r', "RUN", "draw this run of `sdk history --runs` (the newest)"},
	[OPT_DATE] = {"date", 'd', "TEXT", "a date to show (none: same inputs, same bytes)"},
	{0}};

static int write_page(struct cli *cli, const struct report_request *request, const char *chosen,
                      const struct json *data, struct err *err)
{
	own(str) page = {0};
	own_free char *usual = workspace_out(&cli->workspace, "report-%s.html", request->title);
	const char *path = chosen ? chosen : usual;
	report_page(request, data, &page);
	if ((!chosen && fs_make_parents(path, err) < 0) ||
	    fs_write_file(path, str_text(&page), page.len, 0644, err) < 0)
		return -1;
	if (!cli->quiet)
		cli_print("%s\n", path);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv;
	own(build_session) session = {0};
	__attribute__((cleanup(board_free_ptr))) struct board *board = NULL;
	const char *output;
	if (cli_output(cli, "output", &output, err) < 0 || cli_board(cli, &board, err) < 0)
		return -1;
	struct build_request request = {
		.arch = board->arch, .packages = &board->packages, .options = &board->options};
	struct report_request report = {.title = board->name,
	                                .date = cli_option(cli, "date"),
	                                .run = cli_option(cli, "run")};
	struct json data = {0};
	int result = session_make(&cli->workspace, &request, &session, err);
	if (result == 0)
		result = report_data(&session, &report, &data, err);
	if (result == 0 && cli->json)
		cli_print_json(&data);
	else if (result == 0)
		result = write_page(cli, &report, output, &data, err);
	json_release(&data);
	return result;
}

const struct command cmd_report = {
	.name = "report",
	.summary = "Write a page: the last build, sizes, dependencies, packages",
	.description =
		"Writes one HTML file that needs nothing else: a timeline of the board's last run\n"
		"of `sdk build` with its critical path, the packages' sizes as a treemap, the\n"
		"graph of their dependencies, and a table of all packages. With --json, the data\n"
		"alone, on stdout. See docs/reports.md.",
	.examples = "sdk report                           # of the board for this machine's kind\n"
		    "sdk report --board=arm64-usr -o arm64.html\n"
		    "sdk report --json | jq '[.packages[].outputs.run] | add'\n",
	.options = options,
	.run = run,
};
