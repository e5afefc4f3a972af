/* What a shared library offers to others: its exported dynamic symbols. */
#pragma once

#include "err.h"
#include "vec.h"

/* Appends the defined global and weak symbols of default or protected visibility, "name" or
 * "name@VERSION" (gABI, chapter 5; LSB symbol versioning), sorted. A file that is no ELF file, or
 * has no dynamic symbols, adds none; a damaged one is ERR_BUILD. */
int elf_exports(const char *path, struct strv *ret_symbols, struct err *err);
