/* Help for the compilers: ccache, icecream (the key `compile` of sdk.yaml).
 *
 * What a build sees stays the same: the wrappers in the toolchain's bin/ are covered by others of
 * the same names, which start the real compiler through the helper. The helpers and their libraries
 * lie outside of every PATH, below /opt/dray/compile. No key knows of them, since what they make is
 * what the compiler makes. */
#pragma once

#include "env.h"
#include "err.h"
#include "sandbox.h"
#include "toolchain.h"
#include "workspace.h"
#include "yaml.h"

/* icecc's own default. */
enum { COMPILE_ICECREAM_PORT = 10245 };

struct compile_settings {
	bool ccache;
	uint64_t ccache_bytes; /* size at which old entries go; 0: 5 GiB */
	char *scheduler;       /* icecream's, "host" or "host:port"; NULL: off */
	char *network;         /* icecream's network name; NULL: its default */
	uint64_t port;         /* of the other machines' daemons; 0: 10245 */
};
void compile_settings_release(struct compile_settings *settings);
/* Decodes the value of `compile`, for the table of sdk.yaml's keys; `target` is the settings. */
int compile_decode(const struct yaml *yaml, const struct yaml_node *node, void *target,
                   struct err *err);
extern const struct yaml_field compile_fields[], compile_icecream_fields[];
extern const size_t compile_field_count, compile_icecream_field_count;

/* What a run of builds needs of it; zeroed: off. */
struct compile {
	bool is_on;
	struct strv layers; /* the helpers' root */
	char *bin;          /* wrappers that cover the toolchain's */
	char *cache;        /* ccache's directory; NULL: no ccache */
	char *archive;      /* icecream's archive of the compiler; NULL: no icecream */
	char *state;        /* the directory of icecream's daemon, removed at the end */
	struct proc daemon;
	uint16_t port; /* of the other machines' daemons, to be relayed; 0: none */
};

/* Makes what is missing, starts the daemon of icecream. The toolchain must be prepared and the
 * environment open. */
int compile_begin(const struct workspace *workspace, const struct env *env,
                  const struct toolchain *toolchain, const struct compile_settings *settings,
                  struct compile *ret_compile, struct err *err);
/* Mounts it into a build's sandbox, over the toolchain. Does nothing when off. */
void compile_mount(const struct compile *compile, const struct toolchain *toolchain,
                   struct sandbox *sandbox);
void compile_release(struct compile *compile);
