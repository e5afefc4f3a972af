/* A build on the whole terminal: the running packages, a line each, with keys to look into their
 * logs, to pause, to stop one. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "own.h"
#include "report-parts.h"
#include "term.h"

enum {
	TITLE = 0,
	BAR = 1,
	FIRST_TASK = 3,
};
/* A build that is over sooner is not worth a screen. */
#define OPEN_AFTER_SECONDS 1.0
#define DRAW_SECONDS 0.1

enum view { VIEW_TASKS, VIEW_LOG, VIEW_HELP };

/* One that stays. */
struct line {
	char *shown, *printed;
	bool is_bad;
};

struct screen {
	struct report *report;
	bool is_open, is_gone; /* gone: it was hung up, there can't be one again */
	double drawn;
	enum view view;
	char *chosen;          /* the task that the keys are about */
	char *asked;           /* the task that x was pressed for, until it is confirmed */
	bool asks_quit;        /* q was pressed, until it is confirmed */
	VEC(struct line) kept; /* since the screen was opened */
	/* The log that is looked at. */
	char *log_path;
	struct strv log;
	off_t log_read;    /* how far it was read */
	bool log_is_open;  /* the last line has no end yet */
	size_t log_bottom; /* lines above its end; 0: follows */
	struct event_control control;
};

static void read_keys(void *context);

struct screen *screen_new(struct report *report)
{
	struct screen *screen = mem_alloc(sizeof *screen);
	*screen = (struct screen){.report = report,
	                          .control = {.fd = -1, .read = read_keys, .context = screen}};
	return screen;
}

struct event_control *screen_control(struct screen *screen)
{
	return &screen->control;
}

bool screen_is_open(const struct screen *screen)
{
	return screen && screen->is_open;
}

void screen_close(struct screen *screen)
{
	if (!screen_is_open(screen))
		return;
	term_close();
	screen->is_open = false;
	screen->control.fd = -1;
	for (vec_each(line, &screen->kept)) {
		fprintf(stderr, "%s\n", line->printed);
		free(line->shown);
		free(line->printed);
	}
	vec_release(&screen->kept);
	fflush(stderr);
}

void screen_free(struct screen *screen)
{
	if (!screen)
		return;
	screen_close(screen);
	strv_release(&screen->log);
	free(screen->control.stop);
	free(screen->chosen);
	free(screen->asked);
	free(screen->log_path);
	free(screen);
}

void screen_add_line(struct screen *screen, const char *label, const char *text, const char *line)
{
	struct line kept = {.shown = mem_printf("%s%.*s", label, (int)strcspn(text, "\n"), text),
	                    .printed = mem_strdup(line),
	                    .is_bad = str_starts(label, "failed") || str_starts(label, "warning")};
	vec_push(&screen->kept, kept);
}

/* ---- the tasks */

static struct task *find_chosen(const struct screen *screen, size_t *ret_index)
{
	struct report *report = screen->report;
	for (size_t i = 0; i < report->tasks.count; i++) {
		if (screen->chosen && str_equal(report->tasks.items[i].name, screen->chosen)) {
			*ret_index = i;
			return &report->tasks.items[i];
		}
	}
	*ret_index = 0;
	return report->tasks.count ? &report->tasks.items[0] : NULL;
}

static void choose(struct screen *screen, int step)
{
	size_t index, count = screen->report->tasks.count;
	if (!find_chosen(screen, &index))
		return;
	if (step < 0 && index > 0)
		index--;
	if (step > 0 && index + 1 < count)
		index++;
	free(screen->chosen);
	screen->chosen = mem_strdup(screen->report->tasks.items[index].name);
}

static void draw_bar(const struct report *report)
{
	own(str) bar = {0};
	int width = term_columns() - 2;
	double part = report->total ? (double)report->done / (double)report->total : 0;
	str_add_char(&bar, '[');
	for (int i = 0; i < width; i++)
		str_add_char(&bar, i < (int)(part * width) ? '#' : '.');
	str_add_char(&bar, ']');
	term_put(BAR, 0, TERM_PLAIN, str_text(&bar));
}

static void draw_task(const struct task *task, int line, bool is_chosen)
{
	char seconds[32];
	own(str) text = {0};
	str_addf(&text, "%c %-20s %-10s %12s  ", is_chosen ? '>' : ' ', task->name,
	         task->phase ? task->phase : "",
	         cli_seconds(report_now() - task->started, seconds));
	enum term_style style = is_chosen ? TERM_CHOSEN : TERM_PLAIN;
	int column = term_put(line, 0, style, str_text(&text));
	column = term_put(line, column, is_chosen ? TERM_CHOSEN : TERM_DIM,
	                  task->output ? task->output : "");
	if (is_chosen)
		term_fill(line, column, style);
}

/* The last of the lines that stay, above the bottom line. */
static void draw_kept(const struct screen *screen, int first)
{
	int room = term_lines() - 1 - first;
	size_t count = screen->kept.count;
	size_t from = room > 0 && count > (size_t)room ? count - (size_t)room : 0;
	for (size_t i = from; i < count && room > 0; i++) {
		const struct line *line = &screen->kept.items[i];
		term_put(first + (int)(i - from), 0, line->is_bad ? TERM_BAD : TERM_DIM,
		         line->shown);
	}
}

static void draw_bottom(const struct screen *screen)
{
	own(str) text = {0};
	enum term_style style = TERM_CHOSEN;
	if (screen->asks_quit)
		str_add(&text,
		        " Stop the build? What is finished stays. y: yes, any other key: no");
	else if (screen->asked)
		str_addf(&text, " Stop %s? The others go on. y: yes, any other key: no",
		         screen->asked);
	else
		str_addf(&text, " ↑↓ choose  Enter log  p %s  x stop one  q quit  ? help",
		         screen->control.pause ? "go on" : "pause");
	int column = term_put(term_lines() - 1, 0, style, str_text(&text));
	term_fill(term_lines() - 1, column, style);
}

static void draw_tasks(const struct screen *screen)
{
	const struct report *report = screen->report;
	own(str) title = {0};
	size_t chosen;
	find_chosen(screen, &chosen);
	report_add_progress(report, &title);
	int column = term_put(TITLE, 0, TERM_BOLD, str_text(&title));
	if (screen->control.pause)
		term_put(TITLE, column, TERM_NOTED, "  PAUSED: what runs ends, nothing is begun");
	draw_bar(report);
	/* A third of the lines for what has ended, at least. */
	int room = (term_lines() - FIRST_TASK - 1) * 2 / 3;
	int shown = (int)report->tasks.count < room ? (int)report->tasks.count : room;
	int first = (int)chosen >= shown && shown > 0 ? (int)chosen - shown + 1 : 0;
	for (int i = 0; i < shown; i++)
		draw_task(&report->tasks.items[first + i], FIRST_TASK + i,
		          first + i == (int)chosen);
	draw_kept(screen, FIRST_TASK + shown + 1);
}

/* ---- a log */

static void forget_log(struct screen *screen)
{
	strv_release(&screen->log);
	screen->log = (struct strv){0};
	screen->log_read = 0;
	screen->log_is_open = false;
}

/* What a piece of the log adds to its lines; the first may go on with the last of them. */
static void add_log(struct screen *screen, char *text)
{
	for (char *line, *rest = text; (line = strsep(&rest, "\n"));) {
		if (screen->log_is_open) {
			char **last = &screen->log.items[screen->log.count - 1];
			char *whole = mem_printf("%s%s", *last, line);
			free(*last);
			*last = whole;
		} else if (rest || *line) {
			strv_add(&screen->log, line);
		}
		screen->log_is_open = !rest && (screen->log_is_open || *line);
	}
}

/* What has come since it was read last; at first, of a long one, its last megabytes. */
static void read_log(struct screen *screen)
{
	enum { MOST_BYTES = 4 << 20 };
	char bytes[65536];
	size_t before = screen->log.count;
	own_fd int fd = open(screen->log_path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == screen->log_read)
		return;
	if (st.st_size < screen->log_read) { /* begun anew */
		forget_log(screen);
		before = 0;
	}
	if (screen->log_read == 0 && st.st_size > MOST_BYTES)
		screen->log_read = st.st_size - MOST_BYTES;
	for (ssize_t count; (count = pread(fd, bytes, sizeof bytes - 1, screen->log_read)) > 0;) {
		for (ssize_t i = 0; i < count; i++)
			bytes[i] = bytes[i] ? bytes[i] : '?';
		bytes[count] = '\0';
		add_log(screen, bytes);
		screen->log_read += count;
	}
	/* Who has scrolled up stays where he was. */
	if (screen->log_bottom && screen->log.count > before)
		screen->log_bottom += screen->log.count - before;
}

static void scroll(struct screen *screen, int lines)
{
	size_t room = (size_t)(term_lines() - 2), count = screen->log.count;
	size_t most = count > room ? count - room : 0;
	long bottom = (long)screen->log_bottom + lines;
	screen->log_bottom = bottom < 0 ? 0 : (size_t)bottom > most ? most : (size_t)bottom;
}

static void draw_log(struct screen *screen)
{
	read_log(screen);
	int room = term_lines() - 2;
	size_t end =
		screen->log.count > screen->log_bottom ? screen->log.count - screen->log_bottom : 0;
	size_t first = end > (size_t)room ? end - (size_t)room : 0;
	own_free char *title = mem_printf(" %s: log, lines %zu to %zu of %zu%s", screen->chosen,
	                                  end ? first + 1 : 0, end, screen->log.count,
	                                  screen->log_bottom ? "" : ", following");
	term_fill(0, term_put(0, 0, TERM_CHOSEN, title), TERM_CHOSEN);
	for (size_t i = first; i < end; i++)
		term_put(1 + (int)(i - first), 0, TERM_PLAIN, screen->log.items[i]);
	static const char keys[] = " ↑↓ PgUp PgDn Home scroll  End follow  q back";
	term_fill(term_lines() - 1, term_put(term_lines() - 1, 0, TERM_CHOSEN, keys), TERM_CHOSEN);
}

static void draw_help(void)
{
	static const char *const lines[] = {
		"The packages that are built now, with phase, time and last line.",
		"",
		"  ↑ ↓ j k   choose a package",
		"  Enter     its log, as it grows (q: back)",
		"  p         pause: no package is begun, and those that run",
		"            go on with one process each; p again: go on",
		"  x         stop the chosen package: it counts as failed,",
		"            what needs it is left out, the others go on",
		"  q Ctrl-C  stop the build; the same command goes on later",
		"",
		"Any key: back.",
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		term_put(1 + (int)i, 2, i ? TERM_PLAIN : TERM_BOLD, lines[i]);
}

/* ---- all of it */

static void draw(struct screen *screen)
{
	term_clear();
	if (screen->view == VIEW_LOG)
		draw_log(screen);
	else if (screen->view == VIEW_HELP)
		draw_help();
	else
		draw_tasks(screen);
	if (screen->view == VIEW_TASKS)
		draw_bottom(screen);
	term_show();
	screen->drawn = report_now();
}

/* Whether a package is being built, not only something fetched. */
static bool is_worth_it(const struct report *report)
{
	if (!report->total_unit || !str_equal(report->total_unit, "packages"))
		return false;
	for (vec_each(task, &report->tasks))
		if (report_now() - task->started > OPEN_AFTER_SECONDS)
			return true;
	return false;
}

void screen_update(struct screen *screen, bool force)
{
	if (screen->is_gone)
		return;
	if (!screen->is_open) {
		if (!is_worth_it(screen->report))
			return;
		if (screen->report->tty)
			tty_draw(screen->report->tty, NULL, 0);
		if (!term_open(screen->report->color))
			return;
		screen->is_open = true;
		screen->control.fd = term_fd();
	}
	if (force || report_now() - screen->drawn >= DRAW_SECONDS)
		draw(screen);
}

/* ---- keys */

static void open_log(struct screen *screen)
{
	size_t index;
	const struct task *task = find_chosen(screen, &index);
	if (!task || !task->log)
		return;
	own_free char *name = mem_strdup(task->name);
	free(screen->chosen);
	screen->chosen = steal_ptr(name);
	free(screen->log_path);
	screen->log_path = mem_strdup(task->log);
	forget_log(screen);
	screen->log_bottom = 0;
	screen->view = VIEW_LOG;
}

static void on_log_key(struct screen *screen, int key)
{
	int page = term_lines() - 3;
	switch (key) {
	case TERM_UP:
	case 'k':
		scroll(screen, 1);
		break;
	case TERM_DOWN:
	case 'j':
		scroll(screen, -1);
		break;
	case TERM_PAGE_UP:
	case 'b':
		scroll(screen, page);
		break;
	case TERM_PAGE_DOWN:
	case ' ':
		scroll(screen, -page);
		break;
	case TERM_HOME:
	case 'g':
		scroll(screen, (int)screen->log.count);
		break;
	case TERM_END:
	case 'G':
		screen->log_bottom = 0;
		break;
	case 'q':
	case TERM_ESCAPE:
	case TERM_LEFT:
		screen->view = VIEW_TASKS;
		break;
	default:
		break;
	}
}

static void on_answer(struct screen *screen, int key)
{
	bool yes = key == 'y' || key == 'Y';
	if (yes && screen->asks_quit)
		screen->control.quit = true;
	if (yes && screen->asked) {
		free(screen->control.stop);
		screen->control.stop = steal_ptr(screen->asked);
	}
	free(screen->asked);
	screen->asked = NULL;
	screen->asks_quit = false;
}

static void ask_to_stop(struct screen *screen)
{
	size_t index;
	const struct task *task = find_chosen(screen, &index);
	if (task)
		screen->asked = mem_strdup(task->name);
}

static void on_task_key(struct screen *screen, int key)
{
	switch (key) {
	case TERM_UP:
	case 'k':
		choose(screen, -1);
		break;
	case TERM_DOWN:
	case 'j':
		choose(screen, 1);
		break;
	case TERM_ENTER:
	case TERM_RIGHT:
		open_log(screen);
		break;
	case 'p':
		screen->control.pause = !screen->control.pause;
		break;
	case 'x':
		ask_to_stop(screen);
		break;
	case 'q':
		screen->asks_quit = true;
		break;
	case '?':
	case 'h':
		screen->view = VIEW_HELP;
		break;
	default:
		break;
	}
}

static void on_key(struct screen *screen, int key)
{
	if (key == TERM_RESIZED)
		return;
	if (screen->asked || screen->asks_quit)
		on_answer(screen, key);
	else if (screen->view == VIEW_LOG)
		on_log_key(screen, key);
	else if (screen->view == VIEW_HELP)
		screen->view = VIEW_TASKS;
	else
		on_task_key(screen, key);
}

/* The build goes on as one without a terminal does: who ignores SIGHUP wants that. */
static void lose_terminal(struct screen *screen)
{
	struct report *report = screen->report;
	screen_close(screen);
	screen->is_gone = true;
	screen->control.pause = false;
	tty_free(report->tty);
	report->tty = NULL;
}

static void read_keys(void *context)
{
	struct screen *screen = context;
	bool any = false;
	for (int key; screen->is_open && (key = term_key(0)) != TERM_NONE; any = true) {
		if (key == TERM_GONE)
			lose_terminal(screen);
		else
			on_key(screen, key);
	}
	if (any && screen->is_open)
		draw(screen);
}
