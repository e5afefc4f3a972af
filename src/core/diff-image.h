/* Two images compared, by the reports that lie beside their disks. */
#pragma once

#include <stdint.h>

#include "err.h"
#include "vec.h"

/* A package in both, in one (the other's version NULL), of other content. */
struct diff_package {
	char *name, *old_version, *new_version;
};

struct diff_size {
	char *name; /* a package, or "total" */
	int64_t old_bytes, new_bytes;
};

struct diff_image {
	VEC(struct diff_package) packages; /* by name */
	VEC(struct diff_size) sizes;       /* of /usr, those that differ; the total last */
	struct strv files_added, files_gone, files_changed; /* "/usr/bin/foo (package)" */
	struct strv setuid;                                 /* set-id files that are new */
	struct strv initrd_added, initrd_gone;
	struct strv kernel_added, kernel_gone; /* lines of the kernel's configuration */
	struct strv cmdline_added, cmdline_gone;
};

void diff_image_release(struct diff_image *diff);
/* `old_dir`, `new_dir`: out/images/<board>/<key>. A directory without reports is ERR_INPUT. */
int diff_image_make(const char *old_dir, const char *new_dir, struct diff_image *ret_diff,
                    struct err *err);
