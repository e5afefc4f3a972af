/* The environment and functions of a package's phases, the same wherever and whenever it is built.
 */
#pragma once

#include "graph.h"
#include "hash.h"
#include "str.h"
#include "toolchain.h"

/* Variables and functions as shell text: sourced by build.sh and by people's shells. What differs
 * from build to build of the same inputs (dates, jobs, where the recipe lies) is not in it. */
void phase_environment(const struct toolchain *toolchain, const struct node *node,
                       struct str *text);
/* build.sh: all phases, one after the other. */
extern const char phase_run[];
/* Of what the builder adds of its own to what the recipe says, for the key: text above that does
 * not stem from name, version, options and arguments. */
void phase_digest(const struct toolchain *toolchain, const struct node *node,
                  struct digest *ret_digest);
/* Adds "export NAME='value'", quoted for the shell. */
void phase_export(struct str *text, const char *name, const char *value);
