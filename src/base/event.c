/* What long work tells of itself. */
#include "event.h"

#include <stdarg.h>

#include "mem.h"
#include "own.h"

void event_emit(const struct event_sink *sink, const struct event *event)
{
	if (sink && sink->emit)
		sink->emit(sink->context, event);
}

void event_note(const struct event_sink *sink, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	own_free char *text = mem_vprintf(format, args);
	va_end(args);
	event_emit(sink, &(struct event){.kind = EVENT_NOTE, .text = text});
}

void event_warn(const struct event_sink *sink, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	own_free char *text = mem_vprintf(format, args);
	va_end(args);
	event_emit(sink, &(struct event){.kind = EVENT_WARNING, .text = text});
}
