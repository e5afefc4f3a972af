/* The table of commands: help, completion and dispatch read it. */
#include "commands.h"

#include <stddef.h>

const struct command *const commands[] = {
	&cmd_create,
	&cmd_delete,
	&cmd_status,
	&cmd_build,
	&cmd_image,
	&cmd_completion,
	&cmd_complete,
	NULL,
};
