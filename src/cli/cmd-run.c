/* sdk run: boots a board's image in QEMU. */
#include "board.h"
#include "cli.h"
#include "commands.h"
#include "own.h"
#include "run.h"
#include "wanted.h"

enum {
	OPT_BOARD,
	OPT_PERSIST,
	OPT_MEMORY,
	OPT_CPUS,
	OPT_SSH_PORT,
	OPT_KVM,
	OPT_TIMEOUT,
	OPT_LOG,
	OPT_UNTIL,
};

static const struct option_spec options[] = {
	[OPT_BOARD] = {"board", 'b', "BOARD",
                       "the board (default: the one for this machine's kind)"},
	[OPT_PERSIST] = {"persist", 0, NULL, "keep what the machine writes, for the next run"},
	[OPT_MEMORY] = {"memory", 'm', "MIB", "memory (default: the board's)"},
	[OPT_CPUS] = {"cpus", 0, "N", "processors (default: 2)"},
	[OPT_SSH_PORT] = {"ssh-port", 0, "PORT", "port on 127.0.0.1 for SSH (default: a free one)"},
	[OPT_KVM] = {"kvm", 0, "WHEN", "auto, yes or no (default: auto, where it really works)"},
	[OPT_TIMEOUT] = {"timeout", 0, "SECONDS", "fail when it takes longer"},
	[OPT_LOG] = {"log", 0, "FILE", "file of the console's text (out/logs/run/BOARD.log)"},
	[OPT_UNTIL] = {"until", 0, "TEXT", "end well when the console shows this text"},
	{0},
};

static int read_kvm(const struct cli *cli, enum run_kvm *ret_kvm, struct err *err)
{
	static const char *const names[] = {
		[RUN_KVM_AUTO] = "auto", [RUN_KVM_YES] = "yes", [RUN_KVM_NO] = "no"};
	const char *value = cli_option(cli, "kvm");
	if (!value)
		return 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!str_equal(value, names[i]))
			continue;
		*ret_kvm = (enum run_kvm)i;
		return 0;
	}
	return err_set(err, ERR_USAGE, "--kvm=%s: wanted auto, yes or no", value);
}

static int read_numbers(const struct cli *cli, struct run_request *request, struct err *err)
{
	int64_t memory, cpus, port, timeout;
	if (cli_number(cli, "memory", 64, 1 << 20, 0, &memory, err) < 0 ||
	    cli_number(cli, "cpus", 1, 64, 0, &cpus, err) < 0 ||
	    cli_number(cli, "ssh-port", 1, 65535, 0, &port, err) < 0 ||
	    cli_number(cli, "timeout", 1, 86400, 0, &timeout, err) < 0)
		return -1;
	request->memory_mib = (unsigned)memory;
	request->cpus = (unsigned)cpus;
	request->ssh_port = (unsigned)port;
	request->timeout_s = (unsigned)timeout;
	return 0;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	__attribute__((cleanup(board_free_ptr))) struct board *board = NULL;
	own(image) image = {0};
	struct run_request request = {.image = &image,
	                              .persist = cli_has(cli, "persist"),
	                              .until = cli_option(cli, "until"),
	                              .command = argc ? argv : NULL};
	if (request.until && !*request.until)
		return err_set(err, ERR_USAGE, "--until: wanted a text");
	if (read_kvm(cli, &request.kvm, err) < 0 || read_numbers(cli, &request, err) < 0 ||
	    cli_output(cli, "log", &request.log, err) < 0 || cli_board(cli, &board, err) < 0 ||
	    image_find(&cli->workspace, board->name, &image, err) < 0)
		return -1;
	request.board = board;
	return run_image(&cli->workspace, &request, &cli->sink, &cli->exit_status, err);
}

const struct command cmd_run = {
	.name = "run",
	.arguments = "[-- command…]",
	.summary = "Boot a board's image in QEMU",
	.description =
		"Boots the image that `sdk image` made last, on a disk that forgets what was "
		"written\n"
		"(unless --persist). The console is on the terminal: Ctrl-A X ends the machine. "
		"With\n"
		"a command, that command is run as root by SSH, and its exit status is passed on; "
		"a\n"
		"key is made for each machine and given to it as a systemd credential. QEMU comes\n"
		"from the environment.",
	.examples =
		"sdk run --board=amd64-usr\n"
		"sdk run -- systemctl --failed          # one command, then the machine is gone\n"
		"sdk run -- 'journalctl -b | tail'      # one word: a line for the shell\n"
		"sdk run --board=mini-amd64 --until DRAY-READY --timeout 120\n",
	.options = options,
	.max_args = -1,
	.passes_rest = true,
	.run = run,
	.leases = true,
};
