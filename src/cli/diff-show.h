/* sdk diff: comparisons as text and as JSON. */
#pragma once

#include "cli.h"
#include "diff-image.h"
#include "diff-tree.h"
#include "pkg-diff.h"

void show_image_diff(const struct cli *cli, const char *old_dir, const char *new_dir,
                     const struct diff_image *diff);
void show_package_diff(const struct cli *cli, const struct record *old, const struct record *new,
                       const struct pkg_diff *diff);
/* `package` NULL: all of them; `new` NULL: the checkout's files. */
void show_tree_diff(const struct cli *cli, const char *package, const char *old, const char *new,
                    const struct diff_tree *diff);
