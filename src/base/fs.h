/* Files: reading whole, writing whole by rename, trees, locks. */
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "err.h"
#include "str.h"
#include "vec.h"

/* Reads a whole file of at most `max_bytes` (more is an ERR_INPUT error); appends to `ret_text`. */
int fs_read(const char *path, size_t max_bytes, struct str *ret_text, struct err *err);
/* Writes all bytes, retrying short writes and EINTR. */
int fs_write_all(int fd, const void *bytes, size_t count, struct err *err);
/* Writes beside `path` under a temporary name, fsyncs and renames: readers see the old content or
 * the new, never a part. */
int fs_write_file(const char *path, const void *bytes, size_t count, mode_t mode, struct err *err);
int fs_write_text(const char *path, const char *text, struct err *err);

/* Makes the directory and its parents; an existing one is fine. */
int fs_make_dirs(const char *path, mode_t mode, struct err *err);
/* Makes the parents of `path`. */
int fs_make_parents(const char *path, struct err *err);
/* Removes a file or a tree, read-only directories included; a missing one is fine. Never follows
 * symlinks. */
int fs_remove_tree(const char *path, struct err *err);
/* A fresh private directory "<parent>/.tmp-<random>"; caller frees the path and removes the tree.
 * fs_clean_temporaries removes those whose process is gone (after a SIGKILL), in whatever
 * namespaces they and the caller live: flock(2) tells. */
int fs_make_temporary(const char *parent, char **ret_path, struct err *err);
int fs_clean_temporaries(const char *parent, struct err *err);
/* "<path>.tmp-<random>", a name that nothing has; caller frees. */
char *fs_temporary_name(const char *path);
/* A fresh file of such a name, mode 0600, open for reading and writing; caller renames or
 * removes it, frees the name and closes the descriptor. */
int fs_open_beside(const char *path, char **ret_temporary, int *ret_fd, struct err *err);
/* rename(2) that syncs before it what a directory holds, and the parent directory after it: once
 * the new name can be seen, a power cut takes nothing away. A file must have been synced. An
 * existing non-empty target directory is an error (EEXIST or ENOTEMPTY, in err->sys_errno). */
int fs_publish(const char *temporary, const char *final, struct err *err);
/* Copies content and permission bits (reflink or copy_file_range where the kernel can). */
int fs_copy_file(const char *from, const char *to, mode_t mode, struct err *err);

bool fs_exists(const char *path); /* anything, a dangling symlink too */
bool fs_is_dir(const char *path);
bool fs_is_file(const char *path);
/* Whether the path, all symlinks followed, exists and is `dir` or lies below it. */
bool fs_is_inside(const char *path, const char *dir);
/* The target of a symlink; caller frees; NULL if it is none. */
char *fs_read_link(const char *path);

/* The names in a directory, sorted bytewise, without "." and "..". */
int fs_list(const char *path, struct strv *ret_names, struct err *err);
int fs_list_at(int dir_fd, struct strv *ret_names, struct err *err);

/* Below a directory that is ours lies what somebody else's program has written: with symlinks to
 * anywhere, in the place of directories that we made, too. These follow none of them, and give
 * ELOOP or ENOTDIR where one is met.
 *
 * Opens `relative` below `root` (openat2(2)); a descriptor, or -1 with errno. */
int fs_open_below(const char *root, const char *relative, int flags);
/* Makes the directories that are missing; a descriptor of the last one, or -1 with errno. */
int fs_make_dirs_below(const char *root, const char *relative);
/* As fs_read; what is no ordinary file is an ERR_INPUT error. */
int fs_read_below(const char *root, const char *relative, size_t max_bytes, struct str *ret_text,
                  struct err *err);
/* Of open(2), for a directory that is no symlink. */
#define FS_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Visits everything below `root`, parents before children, siblings sorted bytewise; `relative` is
 * the path below root. A negative return stops the walk and is returned. */
typedef int fs_visit(void *context, const char *relative, const struct stat *st, struct err *err);
int fs_walk(const char *root, fs_visit *visit, void *context, struct err *err);

/* Takes an flock(2) on `path`, creating it and its parents. With wait false, a lock held by
 * another process gives ERR_SYSTEM with sys_errno EWOULDBLOCK. Closing the descriptor unlocks; a
 * killed process loses its locks. */
int fs_lock(const char *path, bool exclusive, bool wait, int *ret_fd, struct err *err);

/* Bytes free for an ordinary user on the file system that holds `path`; 0 if unknown. */
uint64_t fs_free_bytes(const char *path);
