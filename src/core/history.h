/* What builds cost: out/history.jsonl, one line of JSON for each build and each run.
 *
 * A line is written by one write(2) to a file opened with O_APPEND, under a lock, so that runs at
 * the same time tear nothing. Lines that can't be read (a disk that was full, a newer SDK) are
 * passed over. Times are milliseconds, "at" and "started" since 1970-01-01 in UTC. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "json.h"
#include "vec.h"
#include "workspace.h"

/* A phase lasts until the next one starts, or the build ends. */
struct history_phase {
	char *name;
	uint64_t after_ms; /* since the build's start */
};

struct history_output {
	char *name; /* "run", "dev", … */
	uint64_t bytes;
};

/* One package built or fetched, or a failure of either. */
struct history_build {
	char *package, *arch, *version, *key;
	char *run;    /* which run it was part of */
	char *result; /* "built", "fetched", "failed" */
	uint64_t started_ms, duration_ms;
	uint64_t user_ms, system_ms; /* of all processes that were waited for */
	uint64_t peak_bytes;         /* resident memory of the biggest process */
	uint64_t worker;             /* 0 …: which of the run's places it had */
	VEC(struct history_phase) phases;
	VEC(struct history_output) outputs;
};

/* One run that had something to do; written when it ends. */
struct history_run {
	char *run, *arch;
	uint64_t started_ms, duration_ms, jobs;
	uint64_t built, fetched, failed, skipped;
	uint64_t saved_ms;  /* what building the reused and fetched ones took once */
	struct strv reused; /* packages whose outputs were there */
};

struct history {
	VEC(struct history_build) builds; /* oldest first */
	VEC(struct history_run) runs;     /* oldest first */
	size_t unreadable;                /* lines */
};

/* NULL members: all. */
struct history_filter {
	const char *arch, *package;
	bool newest; /* of each package and architecture the newest that was built, and no runs */
};

void history_build_release(struct history_build *build);
void history_run_release(struct history_run *run);
void history_release(struct history *history);

/* The lines of the file, without their ends. */
void history_format_build(const struct history_build *build, struct json *json);
void history_format_run(const struct history_run *run, struct json *json);

uint64_t history_now_ms(void);
void history_add_phase(struct history_build *build, const char *name, uint64_t after_ms);
int history_append_build(const struct workspace *workspace, const struct history_build *build,
                         struct err *err);
int history_append_run(const struct workspace *workspace, const struct history_run *run,
                       struct err *err);
/* A file that is not there is an empty history. `filter` may be NULL. */
int history_load(const struct workspace *workspace, const struct history_filter *filter,
                 struct history *ret_history, struct err *err);
/* The newest build of a package in what was loaded, or NULL. */
const struct history_build *history_newest(const struct history *history, const char *package);
/* When the file has grown large, keeps the newest builds of each package and the newest runs.
 * `max_bytes` 0: the usual 4 MiB. */
int history_prune(const struct workspace *workspace, uint64_t max_bytes, struct err *err);
