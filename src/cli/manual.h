/* Manual pages, made from the command table. */
#pragma once

#include "cli.h"
#include "str.h"

/* sdk(1), and sdk-<command>(1) with dashes for spaces: man(7) source. */
void manual_overview(struct str *page);
void manual_command(const struct command *command, struct str *page);
/* "sdk-seed-update.1"; caller frees. */
char *manual_name(const struct command *command);
