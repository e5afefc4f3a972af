/* The kernel's configuration: made of the recipe's fragments, in the sandbox, without a build.
 *
 * A kernel recipe has files/common.config and files/<arch>.config, and a `configure` phase that
 * makes $BUILD/.config of them. Its source lies unpacked, with the patches, in
 * out/work/kernel/src-<digest>, shared by all boards and kept until `sdk gc`; the configuration is
 * made in out/work/kernel/<package>-<arch>. */
#pragma once

#include "build-parts.h"
#include "kconfig.h"
#include "session.h"

struct kernel_fragment {
	char *name; /* "common.config" */
	char *path; /* the recipe's */
	struct str text;
};
VEC_OF(kernel_fragments, struct kernel_fragment);
void kernel_fragments_release(struct kernel_fragments *fragments);

struct kernel {
	const struct event_sink *sink;
	struct build_session session;
	struct workspace area; /* whose out/ is the place where the configuration is made */
	struct build_context context;
	struct recipe recipe;  /* the node's, with its files in the area; borrowed members */
	struct node node;      /* likewise */
	struct strv tools;     /* the groups that curses programs need, too */
	char *src, *log, *dir; /* dir: of the recipe in the area */
	int locks[2];
	struct kernel_fragments fragments; /* as they are in the recipe: common, then arch */
};
void kernel_release(struct kernel *kernel);

/* Unpacks the source where it is not there yet. ERR_INPUT when the package is no kernel of this
 * kind. The struct must not move. */
int kernel_open(const struct workspace *workspace, const struct build_request *request,
                const char *package, const struct event_sink *sink, struct kernel *kernel,
                struct err *err);

/* The whole configuration that the fragments give. `strict`: as a build has it, where each of their
 * lines must be in it. ERR_BUILD with the end of the log. */
int kernel_configure(const struct kernel *kernel, const struct kernel_fragments *fragments,
                     bool strict, struct kconfig *ret_config, struct err *err);
/* After kernel_configure: lets a person change it by a program of kbuild's ("menuconfig"). */
int kernel_edit(const struct kernel *kernel, const char *program, struct kconfig *ret_config,
                struct err *err);
/* After kernel_configure: sets the symbols, and those that follow. ERR_INPUT when one does not take
 * its value. */
int kernel_set(const struct kernel *kernel, const struct kconfig *values,
               struct kconfig *ret_config, struct err *err);

/* After one of these: a copy of the whole configuration; `path` is made with its parents. */
int kernel_keep(const struct kernel *kernel, const char *path, struct err *err);
/* After kernel_configure: takes over a whole configuration, as kernel_keep wrote it. */
int kernel_take(const struct kernel *kernel, const char *path, struct kconfig *ret_config,
                struct err *err);

/* After one of these: what of the configuration is neither default nor selected. */
int kernel_least(const struct kernel *kernel, struct kconfig *ret_config, struct err *err);

/* What was built last for the request: the file that the board's `kernel-config` names. */
int kernel_built(const struct workspace *workspace, const struct kernel *kernel,
                 const char *pattern, struct kconfig *ret_config, struct err *err);

/* ---- kernel-minimal.c */

/* The fragments, changed by as few lines as possible, so that they give `wanted` in place of
 * `now`; kernel_edit, kernel_set or kernel_take has just made it. Lines that are there are changed
 * where they are; new ones go to the fragment number `into`. A line that is left out of the change
 * is one that follows from others: each result is tried by making the configuration. ERR_INPUT when
 * no fragments can say it, and when a line of common.config would have to change for one
 * architecture alone (`into` not 0). */
int kernel_minimise(const struct kernel *kernel, const struct kconfig *now,
                    const struct kconfig *wanted, size_t into,
                    struct kernel_fragments *ret_fragments, struct err *err);
