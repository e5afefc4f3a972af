/* The table of commands: help, completion and dispatch read it. */
#include "commands.h"

#include <stddef.h>

const struct command *const commands[] = {
	&cmd_create,    &cmd_enter,      &cmd_delete,      &cmd_status,
	&cmd_doctor,    &cmd_list,       &cmd_info,        &cmd_deps,
	&cmd_rdeps,     &cmd_why,        &cmd_graph,       &cmd_lint,
	&cmd_build,     &cmd_shell,      &cmd_log,         &cmd_history,
	&cmd_image,     &cmd_run,        &cmd_seed_update, &cmd_binhost_keys,
	&cmd_reference, &cmd_completion, &cmd_complete,    NULL,
};
