/* A trial: a build or an image made under other conditions, to see that nothing of them shows. */
#include "trial.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"

static int move_entry(const char *from_dir, const char *to_dir, const char *name, struct err *err)
{
	own_free char *from = path_join(from_dir, name), *to = path_join(to_dir, name);
	struct stat st;
	if (lstat(from, &st) < 0)
		return err_errno(err, "%s", from);
	if (S_ISDIR(st.st_mode) && trial_reverse_tree(from, err) < 0)
		return -1;
	return rename(from, to) < 0 ? err_errno(err, "%s", to) : 0;
}

int trial_reverse_tree(const char *path, struct err *err)
{
	own(strv) names = {0};
	own_free char *other = mem_printf("%s.reversed", path);
	struct stat st;
	if (lstat(path, &st) < 0 || chmod(path, st.st_mode | 0700) < 0)
		return err_errno(err, "%s", path);
	if (fs_list(path, &names, err) < 0)
		return -1;
	if (mkdir(other, 0700) < 0)
		return err_errno(err, "%s", other);
	for (size_t i = names.count; i > 0; i--)
		if (move_entry(path, other, names.items[i - 1], err) < 0)
			return -1;
	struct timespec times[2] = {st.st_atim, st.st_mtim};
	if (rmdir(path) < 0 || rename(other, path) < 0 || chmod(path, st.st_mode & 07777) < 0 ||
	    utimensat(AT_FDCWD, path, times, 0) < 0)
		return err_errno(err, "%s", path);
	return 0;
}

void trial_environment(const struct trial *trial, char *const *envp, struct strv *ret_envp)
{
	for (; *envp; envp++)
		strv_add(ret_envp, *envp);
	if (trial)
		strv_add_all(ret_envp, &trial->variables);
}
