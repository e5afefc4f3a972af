/* Between the files that show events; nobody else includes this. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "event.h"
#include "report.h"
#include "str.h"
#include "vec.h"

struct task {
	char *name, *phase, *output, *log;
	uint64_t done, total;
	double started;
};

struct report {
	bool quiet, color;
	int verbose;
	struct tty *tty;       /* NULL: plain */
	struct screen *screen; /* NULL: there can't be one */
	VEC(struct task) tasks;
	uint64_t done, total;
	bool total_bytes;
	char *total_unit;
	double started, drawn;
	double ends; /* by what is expected; 0: unknown */
};

/* Seconds of a clock that only goes forward. */
double report_now(void);
/* "12 of 47 packages, 6 min 10 s, about 20 min left" */
void report_add_progress(const struct report *report, struct str *line);

/* ---- screen.c: a build on the whole terminal, with keys */

/* Nothing is drawn yet. */
struct screen *screen_new(struct report *report);
/* Gives the terminal back and prints what came in the meantime. NULL is fine. */
void screen_free(struct screen *screen);
/* Takes the terminal as soon as a package has been at work for a while. */
void screen_update(struct screen *screen, bool force);
bool screen_is_open(const struct screen *screen);
/* A line that stays: `label` and `text` are shown among the last ones, `line` is printed when the
 * terminal is given back. */
void screen_add_line(struct screen *screen, const char *label, const char *text, const char *line);
void screen_close(struct screen *screen);
/* For the sink: what the keys ask for. */
struct event_control *screen_control(struct screen *screen);
