/* Icecream's part of compile.h: the compiler as an archive for other machines, and the daemon that
 * asks the scheduler for them. */
#pragma once

#include "compile.h"

/* out/compile/icecream/<digest>.tar.zst, made once for each toolchain: what icecc-create-env makes,
 * from the SDK's own compiler, the same bytes everywhere. Caller frees the path. */
int icecream_archive(const struct workspace *workspace, const struct env *env,
                     const struct toolchain *toolchain, char **ret_path, struct err *err);
/* iceccd of the environment, as a client that compiles for nobody; `state_dir` takes its socket
 * ("socket") and its log. `layers` is its root. Ends with this process. */
int icecream_start(const struct compile_settings *settings, const struct strv *layers,
                   const char *state_dir, struct proc *ret_proc, struct err *err);
