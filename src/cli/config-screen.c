/* `sdk config` on the whole terminal. */
#include "config-screen.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "board-tree.h"
#include "config-open.h"
#include "map.h"
#include "own.h"
#include "term.h"

enum {
	TITLE = 0,
	FIRST_ROW = 2,
	MOST_HELP = 3,
	LINES_BESIDE = 2, /* below the rows: a blank one above the help, and the keys */
	WIDEST = 110,
	RIGHT = 26, /* columns for whose it is and how large */
};

enum mode { MODE_TREE, MODE_HELP, MODE_QUIT, MODE_SEARCH, MODE_VALUE, MODE_ITEM };

struct config_screen {
	const struct cli *cli;
	struct board_edit *edit;
	struct board_sizes *sizes;
	struct board_tree tree;
	uint64_t first_bytes; /* of /usr, when it was opened */
	struct map open;      /* by row_name: what can be looked into */
	struct strv names;    /* the keys of `open` */
	VEC(size_t) shown;    /* rows, by index */
	size_t at, top;       /* in `shown` */
	enum mode mode;
	struct str input;
	char *search; /* what rows must hold; NULL: all are shown */
	char *message;
	bool is_bad, done;
};

/* ---- which rows are shown */

static char *row_name(const struct board_row *row)
{
	return mem_printf("%d %s %s", row->kind, row->key, row->label);
}

static bool is_open(const struct config_screen *screen, const struct board_row *row)
{
	own_free char *name = row_name(row);
	return map_get(&screen->open, name) == screen;
}

static void set_open(struct config_screen *screen, const struct board_row *row, bool open)
{
	char *name = row_name(row);
	strv_take(&screen->names, name);
	map_set(&screen->open, name, open ? (void *)screen : &screen->open);
}

static bool contains(const char *text, const char *word)
{
	return text && strcasestr(text, word);
}

static bool is_found(const struct config_screen *screen, const struct board_row *row)
{
	/* The help of an item is that of its list. */
	bool has_help = row->kind != BOARD_ROW_ITEM;
	return contains(row->label, screen->search) || contains(row->value, screen->search) ||
	       (has_help && contains(row->help, screen->search));
}

/* With its items: who looks for a list wants to see or to change what it holds. */
static bool is_found_list(const struct config_screen *screen, const struct board_row *row)
{
	return row->kind == BOARD_ROW_GROUP && row->depth > 0 &&
	       contains(row->label, screen->search);
}

/* The row below all that it lies in. */
static void show_below(struct config_screen *screen, const size_t *parents, int depth)
{
	for (int i = 0; i <= depth; i++) {
		size_t last = screen->shown.count ? screen->shown.items[screen->shown.count - 1]
		                                  : SIZE_MAX;
		if (last == SIZE_MAX || parents[i] > last)
			vec_push(&screen->shown, parents[i]);
	}
}

static void show_found(struct config_screen *screen)
{
	size_t parents[8] = {0};
	int list = -1; /* the depth of the one that was found */
	for (size_t i = 0; i < screen->tree.rows.count; i++) {
		const struct board_row *row = &screen->tree.rows.items[i];
		parents[row->depth] = i;
		if (row->depth <= list)
			list = -1;
		if (list < 0 && is_found_list(screen, row))
			list = row->depth;
		if (list >= 0 || is_found(screen, row))
			show_below(screen, parents, row->depth);
	}
}

static void show_open(struct config_screen *screen)
{
	int closed = -1; /* the depth of the nearest one that is closed */
	for (size_t i = 0; i < screen->tree.rows.count; i++) {
		const struct board_row *row = &screen->tree.rows.items[i];
		if (closed >= 0 && row->depth > closed)
			continue;
		closed = -1;
		vec_push(&screen->shown, i);
		if (board_tree_has_children(&screen->tree, i) && !is_open(screen, row))
			closed = row->depth;
	}
}

static struct board_row *chosen(const struct config_screen *screen)
{
	return screen->at < screen->shown.count
	               ? &screen->tree.rows.items[screen->shown.items[screen->at]]
	               : NULL;
}

static void choose(struct config_screen *screen, const char *name)
{
	for (size_t i = 0; name && i < screen->shown.count; i++) {
		own_free char *other = row_name(&screen->tree.rows.items[screen->shown.items[i]]);
		if (str_equal(other, name))
			screen->at = i;
	}
	if (screen->at >= screen->shown.count)
		screen->at = screen->shown.count ? screen->shown.count - 1 : 0;
}

/* After a change of what can be seen; the cursor stays at its row. */
static void refresh_shown(struct config_screen *screen)
{
	own_free char *name = chosen(screen) ? row_name(chosen(screen)) : NULL;
	screen->shown.count = 0;
	if (screen->search)
		show_found(screen);
	else
		show_open(screen);
	choose(screen, name);
}

static void refresh_tree(struct config_screen *screen)
{
	own_free char *name = chosen(screen) ? row_name(chosen(screen)) : NULL;
	board_tree_release(&screen->tree);
	screen->tree = (struct board_tree){0};
	board_tree_make(screen->edit, screen->sizes, &screen->tree);
	screen->shown.count = 0;
	refresh_shown(screen);
	choose(screen, name);
}

/* ---- drawing */

static void say(struct config_screen *screen, bool is_bad, char *text)
{
	free(screen->message);
	screen->message = text;
	screen->is_bad = is_bad;
}

static void draw_title(const struct config_screen *screen)
{
	const struct board_edit *edit = screen->edit;
	char bytes[32], more[32];
	own(str) text = {0};
	uint64_t now = screen->tree.bytes, first = screen->first_bytes;
	str_addf(&text, " %s%s", edit->name, board_edit_is_saved(edit) ? "" : " (not saved)");
	if (now)
		str_addf(&text, "  /usr holds %s before compression", cli_bytes(now, bytes));
	if (now != first)
		str_addf(&text, ", %s%s", now > first ? "+" : "-",
		         cli_bytes(now > first ? now - first : first - now, more));
	term_fill(TITLE, term_put(TITLE, 0, TERM_CHOSEN, str_text(&text)), TERM_CHOSEN);
}

static void add_mark(const struct config_screen *screen, size_t index, struct str *text)
{
	const struct board_row *row = &screen->tree.rows.items[index];
	bool has_children = board_tree_has_children(&screen->tree, index);
	bool open = screen->search || is_open(screen, row);
	if (row->kind == BOARD_ROW_GROUP || has_children)
		str_add(text, !has_children ? "  " : open ? "- " : "+ ");
	else
		str_add(text, "  ");
	if (row->kind == BOARD_ROW_PACKAGE || row->kind == BOARD_ROW_OPTION ||
	    row->kind == BOARD_ROW_ITEM)
		str_add(text, row->is_on         ? "[x] "
		              : row->is_guess    ? "[?] "
		              : row->comes_along ? "[~] "
		                                 : "[ ] ");
}

static void draw_row(const struct config_screen *screen, int line, size_t shown_index)
{
	size_t index = screen->shown.items[shown_index];
	const struct board_row *row = &screen->tree.rows.items[index];
	bool is_chosen = shown_index == screen->at;
	enum term_style style = is_chosen          ? TERM_CHOSEN
	                        : row->depth == 0  ? TERM_BOLD
	                        : row->is_own      ? TERM_NOTED
	                        : row->comes_along ? TERM_DIM
	                                           : TERM_PLAIN;
	char bytes[32];
	own(str) text = {0};
	str_addf(&text, " %*s", 2 * row->depth, "");
	add_mark(screen, index, &text);
	str_add(&text, row->label);
	if (row->kind == BOARD_ROW_VALUE)
		str_addf(&text, " = %s", row->value ? row->value : "(default)");
	term_put(line, 0, style, str_text(&text));
	int right = (term_columns() < WIDEST ? term_columns() : WIDEST) - RIGHT;
	if (is_chosen)
		term_fill(line, term_put(line, 0, style, str_text(&text)), style);
	if (right < 30)
		return;
	own_free char *columns =
		mem_printf("  %-13.13s%9s", row->from ? row->from : "", config_weight(row, bytes));
	style = is_chosen ? TERM_CHOSEN : TERM_DIM;
	term_fill(line, term_put(line, right, style, columns), is_chosen ? style : TERM_PLAIN);
}

/* Of a terminal that is too small for all, the rows come first. */
static int help_lines(void)
{
	int room = term_lines() - FIRST_ROW - LINES_BESIDE;
	return room >= MOST_HELP + 3 ? MOST_HELP : room >= 3 ? 2 : 0;
}

static int tree_lines(void)
{
	int lines = term_lines() - FIRST_ROW - LINES_BESIDE - help_lines();
	return lines > 1 ? lines : 1;
}

static void draw_rows(struct config_screen *screen)
{
	size_t room = (size_t)tree_lines();
	if (screen->at < screen->top)
		screen->top = screen->at;
	if (screen->at >= screen->top + room)
		screen->top = screen->at - room + 1;
	if (screen->top + room > screen->shown.count)
		screen->top = screen->shown.count > room ? screen->shown.count - room : 0;
	for (size_t i = 0; i < room && screen->top + i < screen->shown.count; i++)
		draw_row(screen, FIRST_ROW + (int)i, screen->top + i);
	if (!screen->shown.count)
		term_put(FIRST_ROW, 2, TERM_DIM, "nothing is called that, or says so in its help");
}

/* Bytes of the text that fill at most one line; counts each character of UTF-8 as one cell. */
static size_t wrap_length(const char *text, int width)
{
	size_t blank = 0, i = 0;
	for (int cells = 0; text[i]; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80 && cells++ >= width)
			return blank ? blank : i ? i : 1;
		if (text[i] == ' ')
			blank = i;
	}
	return i;
}

/* Broken between words, from `line` to `last`; returns the line behind it. */
static int draw_wrapped(int line, int last, enum term_style style, const char *text)
{
	int width = term_columns() - 2;
	while (line <= last && *text) {
		size_t end = wrap_length(text, width);
		own_free char *part = mem_strndup(text, end);
		term_put(line++, 1, style, part);
		text += end + strspn(text + end, " ");
	}
	return line;
}

static const char *about(const struct board_row *row)
{
	if (row->is_guess)
		return "[?] may come along: a package of the board is built with it, or says that "
		       "it needs it; what really comes along shows when that is built.";
	if (row->comes_along)
		return "[~] comes along: a package of the board needs it to run.";
	return row->help ? row->help : "";
}

static void draw_below(const struct config_screen *screen)
{
	static const char *const prompts[] = {
		[MODE_SEARCH] = " search: ", [MODE_VALUE] = " value: ", [MODE_ITEM] = " new: "};
	int last = term_lines() - 1, help = last - help_lines();
	const struct board_row *row = chosen(screen);
	if (screen->message)
		draw_wrapped(help, last - 1, screen->is_bad ? TERM_BAD : TERM_GOOD,
		             screen->message);
	else if (row)
		draw_wrapped(help, last - 1, TERM_PLAIN, about(row));
	if (screen->mode == MODE_QUIT) {
		own_free char *text = mem_printf(" Save %s? y: yes, n: no, any other key: go on",
		                                 config_shown_path(screen->cli, screen->edit));
		term_fill(last, term_put(last, 0, TERM_CHOSEN, text), TERM_CHOSEN);
	} else if (screen->mode >= MODE_SEARCH) {
		int column = term_put(last, 0, TERM_BOLD, prompts[screen->mode]);
		column = term_put(last, column, TERM_PLAIN, str_text(&screen->input));
		term_cursor(last, column);
		return;
	} else {
		static const char keys[] = " ↑↓←→ move  Space change  / search  d default  "
					   "u undo  s save  q quit  ? help";
		term_fill(last, term_put(last, 0, TERM_CHOSEN, keys), TERM_CHOSEN);
	}
	term_cursor(-1, 0);
}

static void draw_help(void)
{
	static const char *const lines[] = {
		"A board: its packages with their options, and what its image is like.",
		"",
		"  ↑ ↓ j k PgUp PgDn   move          ← →   close and open",
		"  Space Enter   put in, take out; switch; type another value",
		"  a   add to the list that the cursor is in     x   take out of it",
		"  d   default: let what the board extends decide again",
		"  /   show only what holds a word, in name or help; Esc: all again",
		"  u   undo      s   save      q   quit (asks when something is not saved)",
		"",
		"  [x] in the board   [~] comes along, another package needs it   [ ] not",
		"  [?] may come along: by what recipes say, while it is not built",
		"",
		"At the right: the board whose file says so, and by how much the image is larger",
		"with a package and what it alone needs, before compression, where they are built.",
		"What this board's own file says is yellow. Comments in the file stay.",
		"",
		"Any key: back.",
	};
	int line = 1, last = term_lines() - 1;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		enum term_style style = i ? TERM_PLAIN : TERM_BOLD;
		line = *lines[i] ? draw_wrapped(line, last, style, lines[i]) : line + 1;
	}
	term_cursor(-1, 0);
}

static void draw(struct config_screen *screen)
{
	term_clear();
	if (screen->mode == MODE_HELP) {
		draw_help();
	} else {
		draw_title(screen);
		draw_rows(screen);
		draw_below(screen);
	}
	term_show();
}

/* ---- changes */

/* What became of one: the tree is made anew, or the error is shown. */
static void finish(struct config_screen *screen, int result, struct err *err)
{
	if (result < 0)
		say(screen, true,
		    mem_printf("%s%s%s", err->message, err->hint ? ": " : "",
		               err->hint ? err->hint : ""));
	else
		refresh_tree(screen);
}

static void remake_sizes(struct config_screen *screen)
{
	board_sizes_release(screen->sizes);
	*screen->sizes = (struct board_sizes){0};
	config_open_sizes(screen->cli, screen->edit, screen->sizes);
}

static void begin_input(struct config_screen *screen, enum mode mode, const char *text)
{
	str_reset(&screen->input);
	str_add(&screen->input, text);
	screen->mode = mode;
}

static void toggle(struct config_screen *screen)
{
	own(err) err = {0};
	const struct board_row *row = chosen(screen);
	struct board_edit *edit = screen->edit;
	if (!row)
		return;
	switch (row->kind) {
	case BOARD_ROW_GROUP:
		set_open(screen, row, !is_open(screen, row));
		refresh_shown(screen);
		break;
	case BOARD_ROW_PACKAGE:
	case BOARD_ROW_ITEM:
		finish(screen,
		       (row->is_on ? board_edit_remove : board_edit_add)(edit, row->key, row->label,
		                                                         &err),
		       &err);
		break;
	case BOARD_ROW_OPTION:
		if (board_edit_set(edit, row->key, row->is_on ? "off" : "on", &err) == 0)
			remake_sizes(screen);
		finish(screen, err.kind == ERR_NONE ? 0 : -1, &err);
		break;
	case BOARD_ROW_VALUE:
		begin_input(screen, MODE_VALUE, row->value ? row->value : "");
		break;
	}
}

static void take_default(struct config_screen *screen)
{
	own(err) err = {0};
	const struct board_row *row = chosen(screen);
	if (!row || row->kind == BOARD_ROW_GROUP)
		return;
	if (!row->is_own) {
		say(screen, false,
		    mem_printf("%s: this board's own file says nothing of it", row->label));
	} else if (row->kind == BOARD_ROW_PACKAGE || row->kind == BOARD_ROW_ITEM) {
		toggle(screen);
	} else {
		int result = board_edit_reset(screen->edit, row->key, &err);
		if (result == 0 && row->kind == BOARD_ROW_OPTION)
			remake_sizes(screen);
		finish(screen, result, &err);
	}
}

static void begin_item(struct config_screen *screen)
{
	const struct board_row *row = chosen(screen);
	own_free char *list = row ? board_edit_list(row->key, NULL) : NULL;
	if (list && !str_equal(list, "packages"))
		begin_input(screen, MODE_ITEM, "");
	else if (row && str_starts(row->key, "image.os-release"))
		begin_input(screen, MODE_ITEM, "NAME=value");
	else
		say(screen, false,
		    mem_strdup("packages are put in by Space; / finds one by its name"));
}

static void add_item(struct config_screen *screen, const char *text)
{
	own(err) err = {0};
	const struct board_row *row = chosen(screen);
	const char *equals = strchr(text, '=');
	int result;
	if (!row || !*text)
		return;
	if (str_starts(row->key, "image.os-release")) {
		own_free char *key =
			mem_printf("image.os-release.%.*s", (int)strcspn(text, "="), text);
		result = board_edit_set(screen->edit, key, equals ? equals + 1 : "", &err);
	} else {
		result = board_edit_add(screen->edit, row->key, text, &err);
	}
	if (row->kind == BOARD_ROW_GROUP)
		set_open(screen, row, true);
	finish(screen, result, &err);
}

static void set_value(struct config_screen *screen, const char *text)
{
	own(err) err = {0};
	const struct board_row *row = chosen(screen);
	if (row && row->kind == BOARD_ROW_VALUE)
		finish(screen,
		       *text ? board_edit_set(screen->edit, row->key, text, &err)
		             : board_edit_reset(screen->edit, row->key, &err),
		       &err);
}

static void undo(struct config_screen *screen)
{
	if (!board_edit_undo(screen->edit)) {
		say(screen, false, mem_strdup("nothing was changed"));
		return;
	}
	remake_sizes(screen);
	refresh_tree(screen);
}

static bool save(struct config_screen *screen)
{
	own(err) err = {0};
	if (board_edit_save(screen->edit, &err) < 0) {
		finish(screen, -1, &err);
		return false;
	}
	say(screen, false, mem_printf("%s is saved", config_shown_path(screen->cli, screen->edit)));
	return true;
}

/* ---- keys */

static void move(struct config_screen *screen, long by)
{
	long at = (long)screen->at + by, last = (long)screen->shown.count - 1;
	screen->at = (size_t)(at > last ? (last < 0 ? 0 : last) : at < 0 ? 0 : at);
}

static void go_left(struct config_screen *screen)
{
	const struct board_row *row = chosen(screen);
	if (!row)
		return;
	if (!screen->search && is_open(screen, row)) {
		set_open(screen, row, false);
		refresh_shown(screen);
		return;
	}
	int depth = row->depth;
	while (screen->at > 0 && chosen(screen)->depth >= depth && depth > 0)
		screen->at--;
}

static void go_right(struct config_screen *screen)
{
	const struct board_row *row = chosen(screen);
	if (!row || !board_tree_has_children(&screen->tree, screen->shown.items[screen->at]))
		return;
	if (is_open(screen, row) || screen->search) {
		move(screen, 1);
		return;
	}
	set_open(screen, row, true);
	refresh_shown(screen);
}

/* How well the row is what was looked for: by its help, a group by its name, another by its name.
 */
static int found_rank(const struct config_screen *screen, const struct board_row *row)
{
	if (!is_found(screen, row))
		return 0;
	if (!contains(row->label, screen->search))
		return 1;
	return row->kind == BOARD_ROW_GROUP ? 2 : 3;
}

static void choose_found(struct config_screen *screen)
{
	int best = 0;
	for (size_t i = 0; i < screen->shown.count; i++) {
		int rank = found_rank(screen, &screen->tree.rows.items[screen->shown.items[i]]);
		if (rank > best)
			screen->at = i;
		best = rank > best ? rank : best;
	}
}

static void set_search(struct config_screen *screen, const char *text)
{
	free(screen->search);
	screen->search = *text ? mem_strdup(text) : NULL;
	refresh_shown(screen);
	if (screen->search)
		choose_found(screen);
}

static void end_input(struct config_screen *screen)
{
	own_free char *text = mem_strdup(str_text(&screen->input));
	enum mode mode = screen->mode;
	screen->mode = MODE_TREE;
	if (mode == MODE_VALUE)
		set_value(screen, text);
	else if (mode == MODE_ITEM)
		add_item(screen, text);
}

/* In UTF-8, of which term.h sees to it that the locale is. */
static void add_character(struct str *text, int character)
{
	char bytes[MB_LEN_MAX];
	mbstate_t state = {0};
	size_t count = wcrtomb(bytes, (wchar_t)character, &state);
	if (count != (size_t)-1)
		str_add_bytes(text, bytes, count);
}

static void take_last(struct str *text)
{
	while (text->len && ((unsigned char)text->data[text->len - 1] & 0xc0) == 0x80)
		text->len--;
	if (text->len)
		text->data[--text->len] = '\0';
}

static void on_input_key(struct config_screen *screen, int key)
{
	struct str *input = &screen->input;
	if (key == TERM_ENTER) {
		end_input(screen);
		return;
	}
	if (key == TERM_ESCAPE) {
		if (screen->mode == MODE_SEARCH)
			set_search(screen, "");
		screen->mode = MODE_TREE;
		return;
	}
	if (key == TERM_BACKSPACE)
		take_last(input);
	else if (key == 'U' - '@') /* Ctrl-U */
		str_reset(input);
	else if (key >= ' ' && key < TERM_UP)
		add_character(input, key);
	if (screen->mode == MODE_SEARCH)
		set_search(screen, str_text(input));
}

static void on_quit_key(struct config_screen *screen, int key)
{
	screen->mode = MODE_TREE;
	if (key == 'y' || key == 'Y')
		screen->done = save(screen);
	else if (key == 'n' || key == 'N')
		screen->done = true;
}

static void on_tree_key(struct config_screen *screen, int key)
{
	switch (key) {
	case TERM_UP:
	case 'k':
		move(screen, -1);
		break;
	case TERM_DOWN:
	case 'j':
		move(screen, 1);
		break;
	case TERM_PAGE_UP:
		move(screen, -tree_lines());
		break;
	case TERM_PAGE_DOWN:
		move(screen, tree_lines());
		break;
	case TERM_HOME:
	case 'g':
		screen->at = 0;
		break;
	case TERM_END:
	case 'G':
		move(screen, (long)screen->shown.count);
		break;
	case TERM_LEFT:
	case 'h':
		go_left(screen);
		break;
	case TERM_RIGHT:
	case 'l':
		go_right(screen);
		break;
	case ' ':
	case TERM_ENTER:
		toggle(screen);
		break;
	case 'a':
		begin_item(screen);
		break;
	case 'x':
		if (chosen(screen) && chosen(screen)->kind == BOARD_ROW_ITEM &&
		    chosen(screen)->is_on)
			toggle(screen);
		break;
	case 'd':
		take_default(screen);
		break;
	case '/':
		begin_input(screen, MODE_SEARCH, "");
		break;
	case TERM_ESCAPE:
		set_search(screen, "");
		break;
	case 'u':
		undo(screen);
		break;
	case 's':
		save(screen);
		break;
	case 'q':
		screen->done = board_edit_is_saved(screen->edit);
		screen->mode = screen->done ? MODE_TREE : MODE_QUIT;
		break;
	case '?':
		screen->mode = MODE_HELP;
		break;
	default:
		break;
	}
}

static void on_key(struct config_screen *screen, int key)
{
	if (key == TERM_RESIZED || key == TERM_NONE || key == TERM_GONE)
		return;
	say(screen, false, NULL);
	if (screen->mode == MODE_HELP)
		screen->mode = MODE_TREE;
	else if (screen->mode == MODE_QUIT)
		on_quit_key(screen, key);
	else if (screen->mode == MODE_TREE)
		on_tree_key(screen, key);
	else
		on_input_key(screen, key);
}

int config_screen_run(const struct cli *cli, struct board_edit *edit, struct board_sizes *sizes,
                      struct err *err)
{
	struct config_screen screen = {.cli = cli, .edit = edit, .sizes = sizes};
	board_tree_make(edit, sizes, &screen.tree);
	screen.first_bytes = screen.tree.bytes;
	for (vec_each(row, &screen.tree.rows))
		if (row->kind == BOARD_ROW_GROUP && row->depth == 0)
			set_open(&screen, row, true);
	refresh_shown(&screen);
	int key = TERM_NONE;
	for (; !screen.done && key != TERM_GONE; on_key(&screen, key)) {
		draw(&screen);
		key = term_key(-1);
	}
	board_tree_release(&screen.tree);
	map_release(&screen.open);
	strv_release(&screen.names);
	vec_release(&screen.shown);
	str_release(&screen.input);
	free(screen.search);
	free(screen.message);
	if (key == TERM_GONE && !board_edit_is_saved(edit))
		return err_set(err, ERR_INTERRUPTED,
		               "the terminal has gone: nothing more is saved");
	return 0;
}
