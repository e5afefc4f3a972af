/* KVM: whether it is there and really runs a guest. */
#include "kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own.h"
#include "proc.h"

enum { GUEST_BYTES = 0x1000, GUEST_ADDRESS = 0x1000 };

#if defined(__x86_64__)

/* In real mode: fwait; fninit; out %al, $0x10; hlt. Where KVM only emulates, it knows the last two
 * but not the floating-point unit. */
static const uint8_t guest_code[] = {0x9b, 0xdb, 0xe3, 0xe6, 0x10, 0xf4};
enum { EXIT_WANTED = KVM_EXIT_IO };

static int prepare_vcpu(int vm, int vcpu)
{
	(void)vm;
	struct kvm_sregs sregs;
	struct kvm_regs regs = {.rip = GUEST_ADDRESS, .rflags = 2};
	if (ioctl(vcpu, KVM_GET_SREGS, &sregs) < 0)
		return -1;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) < 0)
		return -1;
	return ioctl(vcpu, KVM_SET_REGS, &regs);
}

#elif defined(__aarch64__)

/* str w0, [x1], with x1 = 0: a store where no memory is. */
static const uint8_t guest_code[] = {0x20, 0x00, 0x00, 0xb9};
enum { EXIT_WANTED = KVM_EXIT_MMIO };

static int prepare_vcpu(int vm, int vcpu)
{
	struct kvm_vcpu_init init;
	uint64_t pc = GUEST_ADDRESS;
	struct kvm_one_reg reg = {
		.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |
	              KVM_REG_ARM_CORE_REG(regs.pc),
		.addr = (uintptr_t)&pc,
	};
	if (ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init) < 0 ||
	    ioctl(vcpu, KVM_ARM_VCPU_INIT, &init) < 0)
		return -1;
	return ioctl(vcpu, KVM_SET_ONE_REG, &reg);
}

#endif

#if defined(__x86_64__) || defined(__aarch64__)

/* In the child. Returns its exit status: 0, or the errno of what failed. */
static int run_guest(void *context)
{
	(void)context;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	int vcpu = vm < 0 ? -1 : ioctl(vm, KVM_CREATE_VCPU, 0);
	int size = vcpu < 0 ? -1 : ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(struct kvm_run))
		return errno ? errno : EIO;
	void *memory =
		mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_run *run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (memory == MAP_FAILED || run == MAP_FAILED)
		return errno;
	memcpy(memory, guest_code, sizeof guest_code);
	struct kvm_userspace_memory_region region = {.guest_phys_addr = GUEST_ADDRESS,
	                                             .memory_size = GUEST_BYTES,
	                                             .userspace_addr = (uintptr_t)memory};
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0 || prepare_vcpu(vm, vcpu) < 0 ||
	    ioctl(vcpu, KVM_RUN, 0) < 0)
		return errno;
	return run->exit_reason == EXIT_WANTED ? 0 : EIO;
}

#else

static int run_guest(void *context)
{
	(void)context;
	return ENODEV;
}

#endif

int kvm_probe(int timeout_ms, struct err *err)
{
	struct proc proc;
	int status;
	if (access("/dev/kvm", R_OK | W_OK) < 0)
		return err_errno(err, "/dev/kvm");
	if (proc_fork(run_guest, NULL, &proc, err) < 0)
		return -1;
	struct pollfd ended = {.fd = proc.pidfd, .events = POLLIN};
	if (poll(&ended, 1, timeout_ms) != 1) {
		/* It may be beyond signals; then it is not waited for. */
		proc_kill(&proc, SIGKILL);
		if (poll(&ended, 1, 200) == 1)
			proc_wait(&proc, &status, NULL);
		return err_set(err, ERR_SYSTEM, "/dev/kvm: a guest was started and hangs");
	}
	if (proc_wait(&proc, &status, err) < 0)
		return -1;
	if (status == 0)
		return 0;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
	return err_errno(err, "/dev/kvm: a guest does not run");
}
