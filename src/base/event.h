/* What long work tells of itself: core emits, the cli's renderers (plain, terminal, JSON) show. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum event_kind {
	EVENT_NOTE,     /* text: something worth a line */
	EVENT_WARNING,  /* text: something that went wrong without stopping the work */
	EVENT_TOTAL,    /* done, total: the whole, in `unit`s; seconds that are left, 0: unknown */
	EVENT_BEGIN,    /* task started */
	EVENT_PHASE,    /* task entered the phase in `text` */
	EVENT_PROGRESS, /* task: done of total, in `unit`s (total 0: unknown) */
	EVENT_OUTPUT,   /* task: the last line it printed */
	EVENT_END,      /* task ended: status 0 well, <0 failed; text says more; seconds it took */
	EVENT_FINISHED, /* all of what EVENT_TOTAL was about has ended: results follow */
};

/* Pointers are valid during the call only. */
struct event {
	enum event_kind kind;
	const char *task; /* "zlib", "libc6_2.41.deb"; NULL where none */
	const char *text;
	const char *unit; /* "B", "files", "packages" */
	const char *log;  /* EVENT_BEGIN: the file that its output goes to; NULL: none */
	uint64_t done, total;
	int status;
	double seconds;
};

/* What somebody who watches asks of the work. Who can do it looks here between two events, and
 * calls `read` whenever there may be something new. */
struct event_control {
	int fd;                      /* readable when there is; -1: nobody can ask (yet) */
	void (*read)(void *context); /* sets what follows; never blocks */
	void *context;
	bool pause; /* begin nothing new */
	bool quit;  /* end, as by Ctrl-C */
	char *stop; /* end this task; who has done it frees it */
};

/* Where events go; a NULL sink swallows them. Called from one thread only. */
struct event_sink {
	void (*emit)(void *context, const struct event *event);
	void *context;
	struct event_control *control; /* may be NULL */
};

void event_emit(const struct event_sink *sink, const struct event *event);
void event_note(const struct event_sink *sink, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void event_warn(const struct event_sink *sink, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
