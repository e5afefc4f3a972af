/* A whole terminal to draw on, by ncurses; it is given back as it was, however the program ends. */
#pragma once

#include <stdbool.h>

/* Keys that are no characters. Those that are, are their number in Unicode. */
enum term_key {
	TERM_NONE = 0, /* nothing was pressed in time */
	TERM_ENTER = '\n',
	TERM_ESCAPE = 27,
	TERM_BACKSPACE = 127,
	TERM_UP = 0x110000, /* behind the last character */
	TERM_DOWN,
	TERM_LEFT,
	TERM_RIGHT,
	TERM_PAGE_UP,
	TERM_PAGE_DOWN,
	TERM_HOME,
	TERM_END,
	TERM_RESIZED, /* the size is another one; draw anew */
	TERM_GONE,    /* there is no terminal any more, and there will be no key */
	TERM_OTHER,   /* something that means nothing here */
};

enum term_style {
	TERM_PLAIN,
	TERM_BOLD,
	TERM_DIM,
	TERM_CHOSEN, /* reversed */
	TERM_GOOD,
	TERM_BAD,
	TERM_NOTED, /* green, red, yellow, where there is color; else bold */
};

/* Takes the terminal that stdin and stderr are: false when they are none, or when it can't move its
 * cursor (TERM=dumb). Signals that end the program, and exit(3), give it back first. */
bool term_open(bool color);
/* Gives it back; fine when it was not taken. */
void term_close(void);
bool term_is_open(void);

int term_lines(void);
int term_columns(void);
/* Writes UTF-8 text from a place on, cut at the right edge; control characters become blanks.
 * Returns the column behind it. */
int term_put(int line, int column, enum term_style style, const char *text);
/* Blanks from there to the right edge, in that style. */
void term_fill(int line, int column, enum term_style style);
void term_clear(void);
/* Shows what was drawn since. */
void term_show(void);
/* Shows the cursor at a place; a negative line hides it. */
void term_cursor(int line, int column);

/* The next key, waiting at most so long; negative: until there is one, or a signal. */
int term_key(int wait_ms);
/* Readable when a key may be there; -1: not open. */
int term_fd(void);
