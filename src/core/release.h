/* The release that a checkout is pinned to by `sdk sync --release`: out/release. */
#pragma once

#include "err.h"
#include "workspace.h"

/* Its tag, or NULL; caller frees. */
char *release_pinned(const struct workspace *workspace);
/* NULL: none from now on. */
int release_pin(const struct workspace *workspace, const char *tag, struct err *err);
