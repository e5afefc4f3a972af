/* Cleanup attributes: a resource names its release where it is acquired. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* own(type) variable = {0}: calls type_release(&variable) when it goes out of scope. */
#define own(type) __attribute__((cleanup(type##_release))) struct type

/* own_free char *p: free(p); own_fd int fd = -1: close(fd); own_file, own_dir alike. */
#define own_free __attribute__((cleanup(own_free_ptr)))
#define own_fd __attribute__((cleanup(own_close_fd)))
#define own_file __attribute__((cleanup(own_close_file)))
#define own_dir __attribute__((cleanup(own_close_dir)))

/* Hands the value to the caller and disarms the cleanup. */
#define steal_ptr(p)                         \
	({                                   \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL;                  \
		stolen_;                     \
	})
#define steal_fd(fd)                \
	({                          \
		int stolen_ = (fd); \
		(fd) = -1;          \
		stolen_;            \
	})

static inline void own_free_ptr(void *p)
{
	free(*(void **)p);
}

static inline void own_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void own_close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void own_close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}
