/* How QEMU is called: machine, firmware, disk, network, console, credentials. */
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "kvm.h"
#include "own.h"
#include "path.h"
#include "run-parts.h"

enum { KVM_TIMEOUT_MS = 2000 };

struct architecture {
	const char *name, *program, *machine, *cpu, *code, *variables;
};

/* The CPU is for emulation: one whose features are cheap to emulate. */
static const struct architecture architectures[] = {
	{"amd64", "qemu-system-x86_64", "q35", "Nehalem", "/usr/share/OVMF/OVMF_CODE_4M.fd",
         "/usr/share/OVMF/OVMF_VARS_4M.fd"},
	{"arm64", "qemu-system-aarch64", "virt,gic-version=3", "cortex-a76",
         "/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"},
};

static const struct architecture *architecture_of(const struct board *board)
{
	return &architectures[str_equal(board->arch, "arm64")];
}

/* A kernel for arm64 is an EFI program, which firmware must unpack. */
static bool needs_firmware(const struct board *board)
{
	return board->image->loader == BOARD_LOADER_UKI || str_equal(board->arch, "arm64");
}

const char *run_firmware_code(const struct board *board)
{
	return needs_firmware(board) ? architecture_of(board)->code : NULL;
}

const char *run_firmware_variables(const struct board *board)
{
	return needs_firmware(board) ? architecture_of(board)->variables : NULL;
}

static void add(struct strv *argv, const char *option, const char *value)
{
	strv_add(argv, option);
	strv_add(argv, value);
}

static void add_machine(const struct run_machine *machine, struct strv *argv)
{
	const struct run_request *request = machine->request;
	const struct architecture *arch = architecture_of(request->board);
	strv_add(argv, arch->program);
	add(argv, "-name", request->board->name);
	strv_add(argv, "-machine");
	strv_add(argv, arch->machine);
	add(argv, "-accel", machine->kvm ? "kvm" : "tcg,thread=multi");
	add(argv, "-cpu", machine->kvm ? "host" : arch->cpu);
	strv_add(argv, "-smp");
	strv_addf(argv, "%u", request->cpus ? request->cpus : 2);
	strv_add(argv, "-m");
	strv_addf(argv, "%llu",
	          request->memory_mib ? (unsigned long long)request->memory_mib
	                              : (unsigned long long)request->board->image->memory_mib);
	strv_add(argv, "-nodefaults");
	add(argv, "-display", "none");
	if (request->command || request->until)
		strv_add(argv, "-no-reboot");
}

static void add_boot(const struct run_machine *machine, const char *cmdline, struct strv *argv)
{
	const struct board *board = machine->request->board;
	if (needs_firmware(board)) {
		strv_add(argv, "-drive");
		strv_addf(argv, "if=pflash,unit=0,format=raw,readonly=on,file=%s",
		          run_firmware_code(board));
		add(argv, "-drive", "if=pflash,unit=1,format=raw,file=" RUN_VARIABLES);
	}
	if (board->image->loader == BOARD_LOADER_DIRECT) {
		add(argv, "-kernel", RUN_IMAGE_DIR "/kernel");
		add(argv, "-initrd", RUN_IMAGE_DIR "/initrd");
		add(argv, "-append", cmdline);
	}
}

static void add_devices(const struct run_machine *machine, struct strv *argv)
{
	strv_add(argv, "-drive");
	strv_addf(argv, "if=none,id=disk,format=qcow2,discard=unmap,cache=%s,file=" RUN_DISK,
	          machine->request->persist ? "writeback" : "unsafe");
	add(argv, "-device", "virtio-blk-pci,drive=disk,bootindex=1");
	strv_add(argv, "-netdev");
	if (machine->ssh_port)
		strv_addf(argv, "user,id=net,hostfwd=tcp:127.0.0.1:%u-:22", machine->ssh_port);
	else
		strv_add(argv, "user,id=net");
	add(argv, "-device", "virtio-net-pci,netdev=net,romfile=");
	add(argv, "-device", "virtio-rng-pci");
}

static void add_console(const struct run_machine *machine, struct strv *argv)
{
	if (machine->request->command) {
		add(argv, "-chardev", "file,id=console,path=" RUN_LOG);
	} else {
		add(argv, "-chardev", "stdio,id=console,mux=on,signal=off,logfile=" RUN_LOG);
		add(argv, "-mon", "chardev=console,mode=readline");
	}
	add(argv, "-serial", "chardev:console");
}

/* For systemd (systemd.system-credentials(7)): by SMBIOS where there is one, else by QEMU's own
 * way. A value holds no comma. */
static void add_credential(const struct run_machine *machine, struct strv *argv, const char *name,
                           const char *value)
{
	bool smbios = str_equal(machine->request->board->arch, "amd64");
	strv_add(argv, smbios ? "-smbios" : "-fw_cfg");
	if (smbios)
		strv_addf(argv, "type=11,value=io.systemd.credential:%s=%s", name, value);
	else
		strv_addf(argv, "name=opt/io.systemd.credentials/%s,string=%s", name, value);
}

/* Who sits at the terminal owns the machine: no password is asked for. */
static void add_credentials(const struct run_machine *machine, struct strv *argv)
{
	if (!machine->public_key)
		return;
	add_credential(machine, argv, "ssh.authorized_keys.root", machine->public_key);
	if (!machine->request->command)
		add_credential(machine, argv, "agetty.autologin", "root");
}

void run_qemu_argv(const struct run_machine *machine, const char *cmdline, struct strv *argv)
{
	add_machine(machine, argv);
	add_boot(machine, cmdline, argv);
	add_devices(machine, argv);
	add_console(machine, argv);
	add_credentials(machine, argv);
}

int run_choose_kvm(struct run_machine *machine, struct err *err)
{
	const struct run_request *request = machine->request;
	if (request->kvm == RUN_KVM_NO)
		return 0;
	own(err) why = {0};
	if (!str_equal(request->board->arch, machine->workspace->build_arch))
		err_set(&why, ERR_SYSTEM, "KVM runs guests of this machine's kind only (%s)",
		        machine->workspace->build_arch);
	else
		machine->kvm = kvm_probe(KVM_TIMEOUT_MS, &why) == 0;
	if (machine->kvm)
		return 0;
	if (request->kvm == RUN_KVM_YES)
		return err_move(err, &why);
	event_note(machine->sink, "no KVM (%s): emulating, which is slower", why.message);
	return 0;
}
