/* Between the files that make up the scheduler; nobody else includes this. */
#pragma once

#include <signal.h>
#include <time.h>

#include "binhost-fetch.h"
#include "build-parts.h"
#include "needs.h"
#include "proc.h"
#include "str.h"

/* One running package. */
struct job {
	struct node *node;
	struct proc proc;
	int report_fd;     /* "phase NAME" lines, then, behind a 0x01, the error */
	struct str report; /* what was read and not yet understood */
	char *phase;       /* the last one it entered */
	bool is_stopped;   /* somebody asked for it */
	struct timespec start;
	struct history_build history; /* what it cost */
};

/* One package of which outputs are on their way. */
struct arrival {
	struct node *node;
	size_t left; /* outputs asked for, not here yet */
	bool is_begun, is_remote, is_refused;
	char host[64];
	uint64_t bytes; /* of the archives that came from binhosts */
	uint64_t started_ms, slot;
	struct timespec start;
};

struct scheduler {
	const struct schedule *schedule;
	struct graph *graph;
	VEC(struct job *) running;
	sigset_t old_mask, mask;
	bool is_interrupted; /* by a signal, which is still to be delivered */
	int signal_fd, epoll_fd;
	size_t done, total;
	struct timespec estimated; /* when `left` was */
	double left;               /* seconds */
	unsigned debt;             /* tokens that running jobs hold but could not take yet */
	bool stopping;             /* start nothing more */
	bool is_prepared;          /* what jobs need is there */
	bool has_changed;          /* something may have become possible */
	struct err first;          /* what went wrong first */
	/* sched-fetch.c's */
	struct needs needs;
	struct fetchers *fetchers; /* NULL until something is to be fetched */
	VEC(struct arrival) arrivals;
	size_t asked; /* outputs on their way */
	/* sched-sweep.c's */
	struct proc sweeper; /* one at a time */
	bool sweep_again;    /* more has come since it began */
	/* sched-control.c's */
	unsigned held;  /* tokens that are kept back while the run is paused */
	int control_fd; /* the one that is watched; -1: none */
};

double sched_seconds_since(const struct timespec *start);
void sched_emit(struct scheduler *s, struct event event);
void sched_show_total(struct scheduler *s);
/* Has the loop wake up when `fd` is readable. */
int sched_watch(const struct scheduler *s, int fd, void *pointer, struct err *err);

/* A token of the jobserver, if one is free. */
bool sched_take_token(const struct build_context *context);
void sched_put_token(const struct build_context *context);

/* ---- sched-control.c: what somebody who watches asks for */

/* Does it, as far as it can be done now. ERR_INTERRUPTED when the run is to end. */
int sched_obey(struct scheduler *s, struct err *err);
bool sched_is_paused(const struct scheduler *s);

/* ---- sched-job.c: a package's process, from its start to its end */

int sched_start_job(struct scheduler *s, struct node *node, struct err *err);
/* Shows the last line of each running job's log. */
void sched_show_last_lines(struct scheduler *s);
/* Its process has ended: well, or told why not. */
int sched_end_job(struct scheduler *s, struct job *job, struct err *err);
void sched_job_free(struct job *job);

/* ---- sched-sweep.c: what finished builds leave */

/* Has it removed, by a process that holds no token. */
int sched_sweep(struct scheduler *s, struct err *err);
/* That process has ended. */
int sched_sweep_ended(struct scheduler *s, struct err *err);
/* Ends it; the next run goes on. */
void sched_sweep_release(struct scheduler *s);

/* ---- sched-fetch.c: outputs that must be brought here */

/* Finds out which packages can start, and asks for what of their sysroots and of the wanted
 * packages isn't here. */
int sched_fetch_ask(struct scheduler *s, struct err *err);
/* Reads what the fetchers tell. */
int sched_fetch_news(struct scheduler *s, struct err *err);
void sched_fetch_release(struct scheduler *s);
