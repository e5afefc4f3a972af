/* A whole terminal to draw on, by ncurses; it is given back as it was, however the program ends. */
#include "term.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

enum { COLOR_GOOD = 1, COLOR_BAD, COLOR_NOTED, MAX_CELLS = 1024 };

static struct {
	SCREEN *screen;
	pid_t owner; /* children inherit all this, and must leave the terminal alone */
	bool color, at_exit;
	struct termios before; /* its settings, and */
	char leave[128]; /* what to write to it, for a handler that can do no more than that */
} term;

/* All that end the program by default, but SIGKILL. */
static const int fatal_signals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,   SIGTRAP, SIGABRT,
                                    SIGBUS,  SIGFPE,  SIGSEGV, SIGPIPE,  SIGALRM, SIGTERM,
                                    SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ,  SIGSYS,  SIGVTALRM,
                                    SIGPROF, SIGIO,   SIGPWR,  SIGSTKFLT};

/* endwin() may wait for a lock of malloc's that the interrupted code holds; write(2) and
 * tcsetattr(3) are safe here (signal-safety(7)). */
static void on_signal(int signal_number)
{
	if (term.owner == getpid() && term.screen) {
		(void)!write(STDERR_FILENO, term.leave, strlen(term.leave));
		tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
	}
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

/* A capability without the delays, "$<5>", of terminals that no longer are. */
static void add_leaving(const char *capability)
{
	const char *text = tigetstr(capability);
	size_t length = strlen(term.leave);
	if (!text || text == (char *)-1)
		return;
	for (; *text && length + 1 < sizeof term.leave; text++) {
		if (text[0] == '$' && text[1] == '<' && strchr(text, '>'))
			text = strchr(text, '>');
		else
			term.leave[length++] = *text;
	}
	term.leave[length] = '\0';
}

static void prepare_leaving(void)
{
	static const char *const capabilities[] = {"sgr0", "op", "rmkx", "cnorm", "rmcup"};
	term.leave[0] = '\0';
	for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
		add_leaving(capabilities[i]);
}

static void catch_signals(void)
{
	for (size_t i = 0; i < sizeof fatal_signals / sizeof *fatal_signals; i++) {
		struct sigaction old;
		sigaction(fatal_signals[i], NULL, &old);
		if (old.sa_handler == SIG_DFL)
			signal(fatal_signals[i], on_signal);
	}
}

static void release_signals(void)
{
	for (size_t i = 0; i < sizeof fatal_signals / sizeof *fatal_signals; i++) {
		struct sigaction now;
		sigaction(fatal_signals[i], NULL, &now);
		if (now.sa_handler == on_signal)
			signal(fatal_signals[i], SIG_DFL);
	}
}

static bool can_move(const char *name)
{
	return name && *name && strcmp(name, "dumb") != 0;
}

static void set_up(bool color)
{
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, true);
	set_escdelay(50);
	curs_set(0);
	term.color = color && has_colors();
	if (!term.color)
		return;
	start_color();
	use_default_colors();
	init_pair(COLOR_GOOD, COLOR_GREEN, -1);
	init_pair(COLOR_BAD, COLOR_RED, -1);
	init_pair(COLOR_NOTED, COLOR_YELLOW, -1);
}

bool term_open(bool color)
{
	if (term.screen)
		return true;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO) || !can_move(getenv("TERM")))
		return false;
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
	if (tcgetattr(STDIN_FILENO, &term.before) < 0)
		return false;
	catch_signals(); /* before ncurses, which then leaves them to us */
	term.screen = newterm(NULL, stderr, stdin);
	if (!term.screen) {
		release_signals();
		return false;
	}
	prepare_leaving();
	term.owner = getpid();
	if (!term.at_exit)
		atexit(term_close);
	term.at_exit = true;
	set_up(color);
	return true;
}

void term_close(void)
{
	if (!term.screen || term.owner != getpid())
		return;
	/* tmux mixes what is left here into the ordinary screen when its size has changed. */
	erase();
	refresh();
	endwin();
	delscreen(term.screen);
	term.screen = NULL;
	release_signals();
	fflush(stderr);
}

bool term_is_open(void)
{
	return term.screen != NULL;
}

/* ---- drawing */

int term_lines(void)
{
	return LINES;
}

int term_columns(void)
{
	return COLS;
}

static attr_t attributes(enum term_style style, short *ret_pair)
{
	static const attr_t styles[] = {
		[TERM_PLAIN] = A_NORMAL,   [TERM_BOLD] = A_BOLD,   [TERM_DIM] = A_DIM,
		[TERM_CHOSEN] = A_REVERSE, [TERM_GOOD] = A_NORMAL, [TERM_BAD] = A_BOLD,
		[TERM_NOTED] = A_BOLD};
	*ret_pair = 0;
	if (term.color)
		*ret_pair = style == TERM_GOOD    ? COLOR_GOOD
		            : style == TERM_BAD   ? COLOR_BAD
		            : style == TERM_NOTED ? COLOR_NOTED
		                                  : 0;
	return styles[style];
}

/* As many characters as fill at most `columns` cells; bytes that are no UTF-8 become "?". */
static int decode(const char *text, int columns, wchar_t *cells, int *ret_width)
{
	mbstate_t state = {0};
	int count = 0, width = 0;
	while (*text && count < MAX_CELLS - 1) {
		wchar_t one;
		size_t length = mbrtowc(&one, text, strlen(text), &state);
		if (length == (size_t)-1 || length == (size_t)-2 || length == 0) {
			one = L'?';
			length = 1;
			state = (mbstate_t){0};
		}
		int wide = one < 0x20 || one == 0x7f ? -1 : wcwidth(one);
		if (wide < 0) {
			one = L' ';
			wide = 1;
		}
		if (width + wide > columns)
			break;
		cells[count++] = one;
		width += wide;
		text += length;
	}
	cells[count] = L'\0';
	*ret_width = width;
	return count;
}

int term_put(int line, int column, enum term_style style, const char *text)
{
	wchar_t cells[MAX_CELLS];
	short pair;
	int width;
	if (line < 0 || line >= LINES || column >= COLS)
		return column;
	int count = decode(text, COLS - column, cells, &width);
	attr_t attrs = attributes(style, &pair);
	attr_set(attrs, pair, NULL);
	mvaddnwstr(line, column, cells, count);
	attr_set(A_NORMAL, 0, NULL);
	return column + width;
}

void term_fill(int line, int column, enum term_style style)
{
	short pair;
	attr_t attrs = attributes(style, &pair);
	if (line < 0 || line >= LINES || column >= COLS)
		return;
	attr_set(attrs, pair, NULL);
	mvhline(line, column, ' ', COLS - column);
	attr_set(A_NORMAL, 0, NULL);
}

void term_clear(void)
{
	erase();
}

void term_show(void)
{
	refresh();
}

void term_cursor(int line, int column)
{
	curs_set(line >= 0);
	if (line >= 0)
		move(line, column);
}

/* ---- keys */

/* get_wch(3) tells keys of a keyboard from characters by its result, not by their numbers. */
static int key_of(bool is_code, wint_t typed)
{
	static const struct {
		bool is_code;
		wint_t typed;
		int key;
	} keys[] = {{true, KEY_UP, TERM_UP},         {true, KEY_DOWN, TERM_DOWN},
	            {true, KEY_LEFT, TERM_LEFT},     {true, KEY_RIGHT, TERM_RIGHT},
	            {true, KEY_PPAGE, TERM_PAGE_UP}, {true, KEY_NPAGE, TERM_PAGE_DOWN},
	            {true, KEY_HOME, TERM_HOME},     {true, KEY_END, TERM_END},
	            {true, KEY_ENTER, TERM_ENTER},   {false, '\r', TERM_ENTER},
	            {false, '\n', TERM_ENTER},       {true, KEY_BACKSPACE, TERM_BACKSPACE},
	            {false, '\b', TERM_BACKSPACE},   {true, KEY_RESIZE, TERM_RESIZED}};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].is_code == is_code && keys[i].typed == typed)
			return keys[i].key;
	return is_code || !typed ? TERM_OTHER : (int)typed;
}

static int key_now(void)
{
	wint_t typed = 0;
	timeout(0);
	errno = 0;
	int result = get_wch(&typed);
	if (result == ERR)
		return errno == EIO ? TERM_GONE : TERM_NONE;
	return key_of(result == KEY_CODE_YES, typed);
}

/* The waiting is not left to get_wch(3): it goes on waiting after Ctrl-Z and fg, with the keypad
 * still off, and can't tell silence from a terminal that was hung up, which is "readable" for
 * ever. */
int term_key(int wait_ms)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
	int key = key_now();
	if (key != TERM_NONE)
		return key;
	if (poll(&fd, 1, wait_ms) > 0 && fd.revents & (POLLHUP | POLLERR | POLLNVAL))
		return TERM_GONE;
	return key_now();
}

int term_fd(void)
{
	return term.screen ? STDIN_FILENO : -1;
}
