/* Between the files that make up the check of reproducibility; nobody else includes this. */
#pragma once

#include "env.h"
#include "manifest.h"
#include "reproduce.h"
#include "trial.h"

/* ---- reproduce-vary.c */

/* Whether the environment can shift the clock that programs see (its group "reproducible"). */
bool reproduce_can_shift_clock(const struct env *env);
/* What will be varied on this machine, and what not: tries it out in a child process. `jobs` 0: of
 * an image, which has neither jobs nor a sysroot. */
int reproduce_conditions(const struct env *env, const char *scratch, unsigned jobs,
                         struct reproduction *reproduction, struct err *err);
/* Digest of what is varied. */
void reproduce_conditions_digest(const struct reproduction *reproduction, char ret_hex[DIGEST_HEX]);
/* Turns this process, a child with one thread, into one under other conditions. `number` tells the
 * children apart: each is tied to one processor. */
int reproduce_take_conditions(unsigned number, struct err *err);
/* What differs inside; `shift_clock` false leaves the clock alone. */
void reproduce_make_trial(const struct env *env, bool shift_clock, struct trial *ret_trial);
void trial_release(struct trial *trial);

/* ---- reproduce-compare.c */

/* Appends what differs between two files, up to some lines. */
void reproduce_compare_files(const char *first, const char *second, struct strv *findings);
/* What differs between two outputs: names, types, modes, targets and contents. `first` and `second`
 * are their directories (manifest, root/). */
int reproduce_compare_outputs(const char *output, const char *first, const char *second,
                              struct strv *findings, struct err *err);
/* The places where two files differ from `offset`, for `bytes` (0: to the end). */
struct reproduce_spread {
	uint64_t first, count; /* offset of the first byte that differs; how many do */
};
int reproduce_spread(const char *first, const char *second, uint64_t offset, uint64_t bytes,
                     struct reproduce_spread *ret_spread, struct err *err);

/* ---- reproduce-result.c */

void reproduce_result_release(struct reproduce_result *result);
/* out/reproducible/results/<arch>/<package>; false when there is none that can be read. */
bool reproduce_result_load(const struct workspace *workspace, const char *arch, const char *package,
                           struct reproduce_result *ret_result, char ret_conditions[DIGEST_HEX]);
int reproduce_result_save(const struct workspace *workspace, const char *arch,
                          const struct reproduce_result *result, const char *conditions,
                          struct err *err);
