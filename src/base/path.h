/* Paths as text. */
#pragma once

#include <stdbool.h>

/* "a/b": exactly one slash between; an absolute `name` is appended all the same. Caller frees. */
char *path_join(const char *dir, const char *name);
/* printf, for paths; caller frees. */
#define path_printf mem_printf
/* The part after the last slash (whole text if none); points into `path`. */
const char *path_base(const char *path);
/* Everything before the last slash ("." if none, "/" for the root); caller frees. */
char *path_dir(const char *path);
/* Relative, not empty, no empty, "." or ".." component, no control characters: fit to be created
 * below a directory that we own. */
bool path_is_safe(const char *path);
