/* git, by libgit2: clones, fetches, fast-forwards and signatures; no hook and no filter is run. */
#pragma once

#include <stdbool.h>

/* ---- git-url.c */

/* https://, http://, ssh://, git://, file:/// or user@host:path; nothing that could run a program
 * or be taken for an option. */
bool git_url_is_allowed(const char *url);
/* The address for people's eyes and logs: a password in it is "***". Caller frees. */
char *git_url_mask(const char *url);
/* Fit for the name of a branch or tag: git-check-ref-format(1), narrowed to [A-Za-z0-9._+/-]. */
bool git_is_ref_name(const char *name);
