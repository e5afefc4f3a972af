/* The commands, one a file. */
#pragma once

#include "cli.h"

extern const struct command cmd_complete;
extern const struct command cmd_completion;
