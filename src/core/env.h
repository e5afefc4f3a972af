/* The environment: the pinned Debian packages in which everything is built, unpacked as layers.
 *
 * Files that belong to exactly the same groups form one layer (out/env/<digest>/layers/<n>), so
 * that a sandbox sees the groups it declares and nothing else, by an overlay of a few directories.
 */
#pragma once

#include "err.h"
#include "event.h"
#include "lock.h"
#include "vec.h"
#include "workspace.h"

struct env {
	struct lock lock;
	char *dir; /* out/env/<digest> */
};

/* Loads the lock and finds the environment; ERR_INPUT with the hint "run sdk create" when it has
 * not been created for this lock. */
int env_open(const struct workspace *workspace, struct env *ret_env, struct err *err);
/* The lock alone (for plans and keys): the environment need not exist. */
int env_open_lock(const struct workspace *workspace, struct env *ret_env, struct err *err);
void env_release(struct env *env);
/* Downloads, verifies, unpacks, publishes; nothing to do when it exists. Also prepares nothing of
 * the toolchains (toolchain_prepare does). */
int env_create(const struct workspace *workspace, unsigned jobs, const struct event_sink *sink,
               struct err *err);
/* Absolute directories, topmost first, for sandbox.root_layers. "base" is always in. An unknown
 * group is ERR_INPUT naming it. */
int env_layers(const struct env *env, const struct strv *groups, struct strv *ret_layers,
               struct err *err);
/* Digest of what these groups (and base) let a build see; for keys. */
int env_groups_digest(const struct env *env, const struct strv *groups, struct digest *ret_digest,
                      struct err *err);
