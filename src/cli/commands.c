/* The table of commands: help, completion and dispatch read it. */
#include "commands.h"

#include <stddef.h>

/* One a line, so that two additions don't meet. */
/* clang-format off */
/* One a line, so that two additions do not meet. */
/* clang-format off */
const struct command *const commands[] = {
	&cmd_create,
	&cmd_enter,
	&cmd_delete,
	&cmd_status,
	&cmd_gc,
	&cmd_doctor,
	&cmd_list,
	&cmd_info,
	&cmd_deps,
	&cmd_rdeps,
	&cmd_why,
	&cmd_graph,
	&cmd_files,
	&cmd_owns,
	&cmd_size,
	&cmd_history,
	&cmd_report,
	&cmd_diff,
	&cmd_new,
	&cmd_bump,
	&cmd_lint,
	&cmd_build,
	&cmd_check_reproducible,
	&cmd_shell,
	&cmd_workon,
	&cmd_patch,
	&cmd_kernel_config,
	&cmd_kernel_diff,
	&cmd_log,
	&cmd_image,
	&cmd_run,
	&cmd_binhost_push,
	&cmd_binhost_sign,
	&cmd_binhost_verify,
	&cmd_binhost_prune,
	&cmd_binhost_keys,
	&cmd_binhost_serve,
	&cmd_seed_update,
	&cmd_reference,
	&cmd_completion,
	&cmd_complete,
	NULL,
};
/* clang-format on */
