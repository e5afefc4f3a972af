/* Emulated machines: what QEMU is told, and the port that SSH gets. */
#include "unit.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "own.h"
#include "run-parts.h"

static struct board_image board_image;
static struct board board = {.name = (char *)"t", .image = &board_image};

/* QEMU's arguments, a blank after each. */
static char *told(const char *arch, enum board_loader loader, const struct run_request *asked,
                  const char *key)
{
	struct run_request request = *asked;
	struct run_machine machine = {
		.request = &request, .public_key = (char *)key, .ssh_port = request.ssh_port};
	own(strv) argv = {0};
	board.arch = (char *)arch;
	board_image = (struct board_image){.loader = loader, .memory_mib = 256};
	request.board = &board;
	run_qemu_argv(&machine, "quiet", &argv);
	strv_add(&argv, "");
	return strv_join(&argv, " ");
}

static void has(const char *arguments, const char *part)
{
	if (!strstr(arguments, part))
		fail_msg("\"%s\" does not say \"%s\"", arguments, part);
}

static void has_not(const char *arguments, const char *part)
{
	if (strstr(arguments, part))
		fail_msg("\"%s\" says \"%s\"", arguments, part);
}

static void takes_what_the_board_says(void **state)
{
	(void)state;
	struct run_request request = {0};
	own_free char *got = told("amd64", BOARD_LOADER_DIRECT, &request, NULL);
	has(got, "qemu-system-x86_64 -name t ");
	has(got, " -m 256 ");
	has(got, " -smp 2 ");
	has(got, " -kernel /image/kernel -initrd /image/initrd -append quiet ");
	has(got, "cache=unsafe,");
	has(got, " -netdev user,id=net ");
	has(got, "stdio,id=console,");
	has_not(got, "-no-reboot");
	has_not(got, "pflash");
	has_not(got, "credential");
}

static void takes_what_is_asked_for(void **state)
{
	(void)state;
	struct run_request request = {
		.memory_mib = 4096, .cpus = 3, .ssh_port = 2222, .persist = true};
	own_free char *got = told("amd64", BOARD_LOADER_UKI, &request, "ssh-ed25519 K");
	has(got, " -m 4096 ");
	has(got, " -smp 3 ");
	has(got, " -netdev user,id=net,hostfwd=tcp:127.0.0.1:2222-:22 ");
	has(got, "cache=writeback,");
	has(got, "OVMF_CODE_4M.fd ");
	has(got, " -smbios "
	         "type=11,value=io.systemd.credential:ssh.authorized_keys.root=ssh-ed25519 K ");
	has(got, "agetty.autologin=root ");
	has_not(got, "-kernel");
}

/* Who reads a console that is only a file needs no login there; what ends by itself ends. */
static void a_command_has_no_console(void **state)
{
	(void)state;
	char *const command[] = {(char *)"true", NULL};
	struct run_request request = {.command = command, .ssh_port = 1};
	own_free char *got = told("arm64", BOARD_LOADER_UKI, &request, "K");
	has(got, "qemu-system-aarch64 ");
	has(got, " -no-reboot ");
	has(got, "file,id=console,path=/console.log ");
	has(got, " -fw_cfg name=opt/io.systemd.credentials/ssh.authorized_keys.root,string=K ");
	has_not(got, "agetty.autologin");
	request = (struct run_request){.until = "READY"};
	own_free char *until = told("arm64", BOARD_LOADER_UKI, &request, NULL);
	has(until, " -no-reboot ");
	has(until, "stdio,id=console,");
}

static void finds_a_port(void **state)
{
	(void)state;
	struct err err = {0};
	unsigned port = 0, again = 0;
	assert_int_equal(run_ssh_find_port(0, &port, &err), 0);
	assert_int_equal(run_ssh_find_port(port, &again, &err), 0);
	assert_int_equal(again, port);
}

static void knows_a_port_that_is_taken(void **state)
{
	(void)state;
	struct err err = {0};
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	own_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	unsigned port = 0, taken = ntohs(address.sin_port);
	own_free char *message = mem_printf("port %u of 127.0.0.1 is taken", taken);
	assert_int_equal(run_ssh_find_port(taken, &port, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.message, message);
	assert_string_equal(err.hint, "without --ssh-port a free one is found");
	assert_int_equal(port, 0);
	err_release(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_the_board_says),
		cmocka_unit_test(takes_what_is_asked_for),
		cmocka_unit_test(a_command_has_no_console),
		cmocka_unit_test(finds_a_port),
		cmocka_unit_test(knows_a_port_that_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
