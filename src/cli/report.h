/* Renderers of events: plain lines, or a live block of lines on a terminal. */
#pragma once

#include <stdbool.h>

#include "event.h"

struct report;

/* `live`: redraw in place (stderr must be a terminal that can). Long
 * builds take the whole terminal, if stdin is one, too. The caller frees. */
struct report *report_new(bool live, bool quiet, bool color, int verbose);
struct event_sink report_sink(struct report *report);
/* Wipes the live block and frees; NULL-safe. */
void report_free(struct report *report);

/* ---- report-tty.c, the only user of terminfo */
struct tty;
/* NULL when the terminal can't move the cursor (TERM=dumb). */
struct tty *tty_open(void);
void tty_free(struct tty *tty);
/* Replaces the block drawn last by these lines, each cut to the width; on a low terminal by the
 * last of them. */
void tty_draw(struct tty *tty, char *const *lines, int count);
