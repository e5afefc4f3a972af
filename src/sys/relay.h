/* A way out of a sandbox without network, for one TCP port (namespaces(7), rtnetlink(7)).
 *
 * Inside, every address is made local ("local 0.0.0.0/0 dev lo"), and one port is listened on.
 * Whoever connects to that port at any address is passed on, from outside, to the same port at the
 * same address. Other ports find nobody. */
#pragma once

#include <stdint.h>

#include "err.h"
#include "proc.h"

/* `inside` is a process of the sandbox, whose user namespace is ours. The relay ends with this
 * process, or by proc_kill. */
int relay_start(const struct proc *inside, uint16_t port, struct proc *ret_proc, struct err *err);
