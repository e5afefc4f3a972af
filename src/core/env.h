/* The environment: the pinned Debian packages in which everything is built, unpacked as layers.
 *
 * Files that belong to exactly the same groups form one layer (out/env/<digest>/layers/<n>), so
 * that a sandbox sees the groups it declares and nothing else, by an overlay of a few directories.
 * What belongs to "base" is seen by all, so that all of it is layer 0, whatever other groups it
 * belongs to. Groups named toolchain-* are no part of the environment.
 */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "event.h"
#include "hash.h"
#include "lock.h"
#include "seed-fixups.h"
#include "vec.h"
#include "workspace.h"

/* What a group (with base) lets a build see: its packages and fix-ups. */
struct env_group {
	char *name;
	struct digest digest;
};

struct env {
	struct lock lock;
	struct seed_fixups fixups;
	struct digest digest; /* of all that is in the layers */
	char *dir;            /* out/env/<digest> */
	struct strv layers; /* the groups of each, "kernel,parsers"; 0 is "base", the rest sorted */
	VEC(struct env_group) groups; /* sorted by name */
};

/* Loads the lock and finds the environment; ERR_INPUT with the hint "run sdk create" when it has
 * not been created for this lock. */
int env_open(const struct workspace *workspace, struct env *ret_env, struct err *err);
/* The lock alone (for plans and keys): the environment need not exist. */
int env_open_lock(const struct workspace *workspace, struct env *ret_env, struct err *err);
void env_release(struct env *env);
/* Downloads, verifies, unpacks, publishes; nothing to do when it exists. Also prepares nothing of
 * the toolchains (toolchain_prepare does). `jobs` processes unpack (0: one a core); a second run at
 * the same time waits for the first. */
int env_create(const struct workspace *workspace, unsigned jobs, const struct event_sink *sink,
               struct err *err);
/* What env_create locks while it works; beside out/env, so that it outlives `sdk delete`. Caller
 * frees. */
char *env_lock_path(const struct workspace *workspace);
/* Whether env_create has published it. */
bool env_exists(const struct env *env);
/* Index in `layers` of where a package goes, -1 when it is in toolchains alone. */
int env_layer_of(const struct env *env, const struct lock_file *file);
/* Absolute directories, topmost first, for sandbox.root_layers. "base" is always in. An unknown
 * group is ERR_INPUT naming it. */
int env_layers(const struct env *env, const struct strv *groups, struct strv *ret_layers,
               struct err *err);
/* Digest of what these groups (and base) let a build see, whatever their order; for keys. */
int env_groups_digest(const struct env *env, const struct strv *groups, struct digest *ret_digest,
                      struct err *err);
