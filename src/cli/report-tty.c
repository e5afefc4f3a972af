/* A block of lines at the bottom of the terminal, redrawn in place by terminfo's capabilities. */
#include "report.h"

#include <curses.h>
#include <term.h>
/* term.h names the terminal's numbers by macros of everyday words. */
#undef columns
#undef lines

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mem.h"
#include "own.h"
#include "str.h"

struct tty {
	int drawn; /* lines of the block on the screen */
	const char *up, *clear_below;
};

struct tty *tty_open(void)
{
	int status = 0;
	if (setupterm(NULL, STDERR_FILENO, &status) != OK)
		return NULL;
	const char *up = tigetstr("cuu1"), *clear_below = tigetstr("ed");
	if (!up || up == (char *)-1 || !clear_below || clear_below == (char *)-1)
		return NULL;
	struct tty *tty = mem_alloc(sizeof *tty);
	*tty = (struct tty){.up = up, .clear_below = clear_below};
	return tty;
}

void tty_free(struct tty *tty)
{
	if (!tty)
		return;
	free(tty);
	del_curterm(cur_term);
}

static struct winsize window(void)
{
	struct winsize size;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col || !size.ws_row)
		size = (struct winsize){.ws_col = 80, .ws_row = 24};
	return size;
}

/* Bytes of `text` that fill at most `columns` cells, counting each UTF-8 character as one. */
static size_t cut(const char *text, int columns)
{
	size_t i = 0;
	for (int cells = 0; text[i]; i++) {
		bool starts = ((unsigned char)text[i] & 0xc0) != 0x80;
		if (starts && cells++ == columns)
			break;
	}
	return i;
}

void tty_draw(struct tty *tty, char *const *lines, int count)
{
	own(str) out = {0};
	for (int i = 0; i < tty->drawn; i++)
		str_add(&out, tty->up);
	if (tty->drawn) {
		str_add_char(&out, '\r');
		str_add(&out, tty->clear_below);
	}
	struct winsize size = window();
	int columns = size.ws_col - 1, room = size.ws_row - 1;
	/* What does not fit could not be wiped again. The last line is of the whole. */
	int first = count > room ? count - room : 0;
	for (int i = first; i < count; i++) {
		str_add_bytes(&out, lines[i], cut(lines[i], columns));
		str_add_char(&out, '\n');
	}
	tty->drawn = count - first;
	fwrite(str_text(&out), 1, out.len, stderr);
	fflush(stderr);
}
