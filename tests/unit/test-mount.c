/* Overlays of many layers, by both ways there are to mount them. */
#include "unit.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs.h"
#include "mount.h"
#include "own.h"
#include "path.h"
#include "sandbox.h"
#include "userns.h"

enum { LAYERS = 100 };

/* As on a kernel without it: fsopen(2) answers ENOSYS, to this process and those it makes. */
static int take_fsopen_away(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsopen, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Layers below `dir`, under names as long as a store's are, with ':' and ',' in them; the file that
 * each has is called by its number. */
static int make_layers(const char *dir, struct strv *layers, struct err *err)
{
	for (int i = 0; i < LAYERS; i++) {
		own_free char *file = mem_printf("%s/%0150d:a,b/%d", dir, i, i);
		if (fs_make_parents(file, err) < 0 || fs_write_text(file, "", err) < 0)
			return -1;
		own_free char *layer = path_dir(file);
		strv_take(layers, path_join("/old", layer + 1));
	}
	return 0;
}

/* In the namespaces. Two overlays: names that the first took must not be in the second's way. */
static int mount_and_look(const struct strv *layers, struct err *err)
{
	static const char *const targets[] = {"/first", "/second"};
	if (mount_enter_scratch("/old", err) < 0)
		return -1;
	for (size_t t = 0; t < 2; t++) {
		if (fs_make_dirs(targets[t], 0755, err) < 0 ||
		    mount_overlay(layers, targets[t], err) < 0)
			return -1;
		for (int i = 0; i < LAYERS; i++) {
			own_free char *file = mem_printf("%s/%d", targets[t], i);
			if (!fs_is_file(file))
				return err_set(err, ERR_SYSTEM, "%s is not seen", file);
		}
	}
	return 0;
}

static void run(const struct strv *layers, bool by_options)
{
	own(err) err = {0};
	uid_t uid = geteuid();
	gid_t gid = getegid();
	pid_t pid = userns_fork(false, &err);
	assert_true(pid >= 0);
	if (pid == 0) {
		if ((by_options && take_fsopen_away() < 0) ||
		    userns_map_ids(uid, gid, 0, 0, &err) < 0 || mount_and_look(layers, &err) < 0) {
			fprintf(stderr, "%s\n", err.message ? err.message : strerror(errno));
			_exit(1);
		}
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void many_layers(void **state)
{
	(void)state;
	own(err) err = {0};
	own(strv) layers = {0};
	char dir[] = "/tmp/test-mount.XXXXXX";
	if (sandbox_probe(&err) < 0) {
		print_message("no namespaces here: %s\n", err.message);
		skip();
	}
	assert_non_null(mkdtemp(dir));
	assert_int_equal(make_layers(dir, &layers, &err), 0);
	run(&layers, false);
	run(&layers, true);
	assert_int_equal(fs_remove_tree(dir, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(many_layers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
