/* Mounts inside a mount namespace of our own (mount(2), mount_setattr(2), overlayfs.rst). */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "vec.h"

/* Makes an empty tmpfs the root; the old one lies below `old_root` ("/old"), which is made.
 * Nothing propagates to or from the outside. */
int mount_enter_scratch(const char *old_root, struct err *err);
/* Makes `new_root` (a mount) the root and drops everything else. */
int mount_finish(const char *new_root, struct err *err);

int mount_tmpfs(const char *target, unsigned mode, struct err *err);
/* A directory with everything mounted below it, or a file. Read-only holds for all of it. */
int mount_bind(const char *source, const char *target, bool writable, struct err *err);
/* A read-only overlay of at most 500 layers (OVL_MAX_STACK); layers[0] is on top. One layer is
 * bound instead. In the scratch root alone: kernels before 6.8 need a place there. */
int mount_overlay(const struct strv *layers, const char *target, struct err *err);
int mount_proc(const char *target, struct err *err);
/* Null, zero, full, random, urandom, tty from `host_dev`, an own pts, shm and the usual links. */
int mount_dev(const char *host_dev, const char *target, struct err *err);
