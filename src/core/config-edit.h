/* Changes to sdk.yaml: its overlays, with everything else left as it was written. */
#pragma once

#include "config.h"
#include "err.h"
#include "workspace.h"

/* Adds the overlay at the end of `repos:`, or makes that, or the file. What the file would then say
 * is checked before it is written. */
int config_add_repo(const struct workspace *workspace, const struct config_repo *repo,
                    struct err *err);
/* Takes the overlay out, with the comments inside of it. ERR_INPUT when there is none. */
int config_remove_repo(const struct workspace *workspace, const char *name, struct err *err);
