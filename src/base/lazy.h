/* Libraries that are loaded when a function of theirs is first called: most commands need none of
 * them, and to load them all takes longer than such a command. src/base/lazy.sh makes an assembler
 * file from the program's objects, with a stub for each function that these libraries export;
 * src/base/lazy.S is what a stub looks like. Programs without that file link the libraries. */
#pragma once

#include <stdint.h>

/* The address of function `index` of the table, which is put into its slot. Called by the stubs,
 * from any thread. A library or function that is not there ends the program with the exit code of
 * the system's errors, and says what to install. */
void *lazy_find(uint32_t index);

/* Loads the library that has the function `name`, for processes about to be forked. */
void lazy_load(const char *name);
