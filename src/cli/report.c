/* Renderers of events. Tasks that run are kept in a list; a live terminal shows them as a block of
 * lines under the scrolled-away results, plain output gets a line when a task ends. */
#include "report-parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "own.h"
#include "str.h"
#include "vec.h"

double report_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct task *find_task(struct report *report, const char *name)
{
	for (vec_each(task, &report->tasks))
		if (str_equal(task->name, name))
			return task;
	return NULL;
}

static void task_release(struct task *task)
{
	free(task->name);
	free(task->phase);
	free(task->output);
	free(task->log);
}

static void replace(char **text, const char *with)
{
	free(*text);
	*text = with ? mem_strdup(with) : NULL;
}

/* Control characters of a program's output would break the block. */
static void clean(char *text)
{
	for (; text && *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = ' ';
}

static void task_line(const struct task *task, struct str *line)
{
	char seconds[32];
	str_addf(line, "  %-20s %-10s %8s", task->name, task->phase ? task->phase : "",
	         cli_seconds(report_now() - task->started, seconds));
	if (task->total)
		str_addf(line, "  %3" PRIu64 " %%", task->done * 100 / task->total);
	if (task->output)
		str_addf(line, "  %s", task->output);
}

static void amounts(const struct report *report, struct str *line)
{
	char done[32], total[32];
	if (report->total_bytes)
		str_addf(line, "%s of %s", cli_bytes(report->done, done),
		         cli_bytes(report->total, total));
	else
		str_addf(line, "%" PRIu64 " of %" PRIu64 " %s", report->done, report->total,
		         report->total_unit ? report->total_unit : "");
}

void report_add_progress(const struct report *report, struct str *line)
{
	char seconds[32];
	amounts(report, line);
	str_addf(line, ", %s", cli_seconds(report_now() - report->started, seconds));
	if (report->ends > report_now() + 1)
		str_addf(line, ", about %s left",
		         cli_seconds(report->ends - report_now(), seconds));
}

static void total_line(const struct report *report, struct str *line)
{
	enum { WIDTH = 24 };
	double part = report->total ? (double)report->done / (double)report->total : 0;
	int filled = (int)(part * WIDTH);
	str_add_char(line, '[');
	for (int i = 0; i < WIDTH; i++)
		str_add_char(line, i < filled ? '#' : '.');
	str_add(line, "] ");
	report_add_progress(report, line);
}

static void draw(struct report *report, bool force)
{
	if (report->screen)
		screen_update(report->screen, false);
	if (!report->tty || screen_is_open(report->screen) ||
	    (!force && report_now() - report->drawn < 0.1))
		return;
	own(strv) lines = {0};
	enum { MOST = 12 };
	for (size_t i = 0; i < report->tasks.count && i < MOST; i++) {
		struct str line = {0};
		task_line(&report->tasks.items[i], &line);
		strv_take(&lines, str_steal(&line));
	}
	if (report->total) {
		struct str line = {0};
		total_line(report, &line);
		strv_take(&lines, str_steal(&line));
	}
	tty_draw(report->tty, lines.items, (int)lines.count);
	report->drawn = report_now();
}

/* A line that stays. */
static void print_line(struct report *report, const char *color, const char *label,
                       const char *text)
{
	bool paint = report->color && color;
	own_free char *line =
		mem_printf("%s%s%s%s", paint ? color : "", label, paint ? "\033[0m" : "", text);
	if (screen_is_open(report->screen)) {
		screen_add_line(report->screen, label, text, line);
		return;
	}
	if (report->tty)
		tty_draw(report->tty, NULL, 0);
	fprintf(stderr, "%s\n", line);
}

static void begin_task(struct report *report, const struct event *event)
{
	struct task task = {.name = mem_strdup(event->task),
	                    .started = report_now(),
	                    .phase = event->text ? mem_strdup(event->text) : NULL,
	                    .log = event->log ? mem_strdup(event->log) : NULL};
	vec_push(&report->tasks, task);
	if (report->tty || report->quiet || !(event->text || report->verbose))
		return;
	own_free char *line = event->text ? mem_printf("%s: %s", event->task, event->text)
	                                  : mem_strdup(event->task);
	print_line(report, NULL, "start  ", line);
}

static void end_task(struct report *report, const struct event *event)
{
	struct task *task = find_task(report, event->task);
	if (task) {
		task_release(task);
		size_t behind = (size_t)(report->tasks.items + report->tasks.count - task) - 1;
		memmove(task, task + 1, behind * sizeof *task);
		report->tasks.count--;
	}
	if (!event->text && event->status == 0 && !report->verbose)
		return;
	char seconds[32];
	own_free char *line =
		mem_printf("%s%s%s (%s)", event->task, event->text ? ": " : "",
	                   event->text ? event->text : "", cli_seconds(event->seconds, seconds));
	if (event->status < 0)
		print_line(report, "\033[31m", "failed ", line);
	else if (!report->quiet)
		print_line(report, "\033[32m", "done   ", line);
}

static void update_task(struct report *report, const struct event *event)
{
	struct task *task = find_task(report, event->task);
	if (!task)
		return;
	if (event->kind == EVENT_PHASE)
		replace(&task->phase, event->text);
	if (event->kind == EVENT_OUTPUT) {
		replace(&task->output, event->text);
		clean(task->output);
	}
	if (event->kind == EVENT_PROGRESS) {
		task->done = event->done;
		task->total = event->total;
	}
}

static void update_total(struct report *report, const struct event *event)
{
	if (!report->started)
		report->started = report_now();
	report->done = event->done;
	report->total = event->total;
	report->ends = event->seconds > 0 ? report_now() + event->seconds : 0;
	report->total_bytes = event->unit && str_equal(event->unit, "B");
	replace(&report->total_unit, event->unit);
}

/* Results and errors go to a terminal that is as it was. */
static void finish(struct report *report)
{
	screen_close(report->screen);
	if (report->tty)
		tty_draw(report->tty, NULL, 0);
	report->total = 0;
}

static void emit(void *context, const struct event *event)
{
	struct report *report = context;
	bool force = true;
	switch (event->kind) {
	case EVENT_NOTE:
		if (!report->quiet)
			print_line(report, NULL, "", event->text);
		break;
	case EVENT_WARNING:
		print_line(report, "\033[33m", "warning: ", event->text);
		break;
	case EVENT_TOTAL:
		update_total(report, event);
		force = false;
		break;
	case EVENT_BEGIN:
		begin_task(report, event);
		break;
	case EVENT_END:
		end_task(report, event);
		break;
	case EVENT_FINISHED:
		finish(report);
		return;
	case EVENT_PHASE:
	case EVENT_PROGRESS:
	case EVENT_OUTPUT:
		update_task(report, event);
		force = false;
		break;
	}
	draw(report, force);
}

struct report *report_new(bool live, bool quiet, bool color, int verbose)
{
	struct report *report = mem_alloc(sizeof *report);
	report->quiet = quiet;
	report->color = color;
	report->verbose = verbose;
	report->tty = live && !quiet ? tty_open() : NULL;
	report->screen = report->tty ? screen_new(report) : NULL;
	return report;
}

struct event_sink report_sink(struct report *report)
{
	return (struct event_sink){.emit = emit,
	                           .context = report,
	                           .control =
	                                   report->screen ? screen_control(report->screen) : NULL};
}

void report_free(struct report *report)
{
	if (!report)
		return;
	screen_free(report->screen);
	if (report->tty)
		tty_draw(report->tty, NULL, 0);
	tty_free(report->tty);
	for (vec_each(task, &report->tasks))
		task_release(task);
	vec_release(&report->tasks);
	free(report->total_unit);
	free(report);
}
