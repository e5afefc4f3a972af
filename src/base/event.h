/* What long work tells of itself: core emits, the cli's renderers (plain, terminal, JSON) show. */
#pragma once

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
};

/* Pointers are valid during the call only. */
struct event {
	enum event_kind kind;
	const char *task; /* "zlib", "libc6_2.41.deb"; NULL where none */
	const char *text;
	const char *unit; /* "B", "files", "packages" */
	uint64_t done, total;
	int status;
	double seconds;
};

/* Where events go; a NULL sink swallows them. Called from one thread only. */
struct event_sink {
	void (*emit)(void *context, const struct event *event);
	void *context;
};

void event_emit(const struct event_sink *sink, const struct event *event);
void event_note(const struct event_sink *sink, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void event_warn(const struct event_sink *sink, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
