#!/bin/sh
# Two tutorials with the blocks that build an image and boot it, which tests/shell/70-tutorials.t
# leaves out. That of kernel-option.md builds a kernel, which takes too long here:
#   TUTORIAL_BOOT=1 TUTORIALS=kernel-option tests/run tests/shell/70-tutorials.t
export TUTORIAL_BOOT=1 TUTORIALS="first-package company-overlay"
. "$(dirname "$0")/../shell/70-tutorials.t"
