/* KVM: whether it is there and really runs a guest (Documentation/virt/kvm/api.rst). */
#pragma once

#include "err.h"

/* Runs a guest of a few instructions in a child process, and gives up after `timeout_ms`: on nested
 * or broken set-ups /dev/kvm can be opened, but the first guest hangs. 0 when the guest ran; else
 * ERR_SYSTEM saying why not. */
int kvm_probe(int timeout_ms, struct err *err);
