/* Upstream's pages: directory listings, release pages, feeds; versions and dates found in them. */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "own.h"
#include "str.h"
#include "upstream.h"

enum { DATE_WINDOW = 2000 };

void upstream_seen_list_release(struct upstream_seen_list *list)
{
	for (vec_each(seen, list))
		free(seen->version);
	vec_release(list);
}

/* ---- dates */

static time_t make_date(int year, int month, int day)
{
	if (year < 1980 || year > 2199 || month < 1 || month > 12 || day < 1 || day > 31)
		return 0;
	struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
	return timegm(&tm);
}

static int month_number(const char *name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int i = 0; i < 12; i++)
		if (!strncmp(months + 3 * (size_t)i, name, 3))
			return i + 1;
	return 0;
}

static time_t date_at(const char *text)
{
	int year, month, day, end = 0;
	char name[4];
	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) == 3 && end == 10)
		return make_date(year, month, day);
	if (sscanf(text, "%2d%*1[- ]%3[A-Za-z]%*1[- ]%4d", &day, name, &year) == 3)
		return make_date(year, month_number(name), day);
	return 0;
}

/* The first date in text[0, length). */
static time_t find_date(const char *text, size_t length)
{
	char window[DATE_WINDOW + 1];
	if (length > DATE_WINDOW)
		length = DATE_WINDOW;
	memcpy(window, text, length);
	window[length] = '\0';
	for (const char *at = window; (at += strcspn(at, "0123456789")), *at;) {
		time_t date = date_at(at);
		if (date)
			return date;
		at += strspn(at, "0123456789");
	}
	return 0;
}

/* ---- versions */

static int compile(const char *match, regex_t *regex, struct err *err)
{
	int code = regcomp(regex, match, REG_EXTENDED);
	if (code == 0)
		return 0;
	char text[200];
	regerror(code, regex, text, sizeof text);
	return err_set(err, ERR_INPUT, "upstream.match: %s: %s", match, text);
}

/* What one page shows: where each match ends is where its date may follow. */
struct page {
	const char *text;
	regex_t regex;
	struct upstream_seen_list *seen;
	VEC(size_t) ends;
};

static void take(struct page *page, const char *line, const regmatch_t *groups)
{
	const regmatch_t *group = &groups[1];
	size_t length = (size_t)(group->rm_eo - group->rm_so);
	while (length > 0 && line[group->rm_so + (regoff_t)length - 1] == '.')
		length--;
	own_free char *raw = mem_strndup(line + group->rm_so, length);
	char *version = str_visible(raw);
	vec_push(page->seen, (struct upstream_seen){.version = version});
	vec_push(&page->ends, (size_t)(line - page->text) + (size_t)groups[0].rm_eo);
}

static void read_line(struct page *page, const char *line, size_t length)
{
	for (size_t at = 0; at < length;) {
		regmatch_t groups[2] = {{.rm_so = (regoff_t)at, .rm_eo = (regoff_t)length}};
		int flags = REG_STARTEND | (at ? REG_NOTBOL : 0);
		if (regexec(&page->regex, line, 2, groups, flags) != 0)
			return;
		if (groups[1].rm_so >= 0 && groups[1].rm_eo > groups[1].rm_so)
			take(page, line, groups);
		size_t end = (size_t)groups[0].rm_eo;
		at = end > at ? end : at + 1;
	}
}

static void read_dates(const struct page *page, size_t first)
{
	size_t total = strlen(page->text);
	for (size_t i = 0; i < page->ends.count; i++) {
		size_t start = page->ends.items[i];
		size_t end = i + 1 < page->ends.count ? page->ends.items[i + 1] : total;
		page->seen->items[first + i].date = find_date(page->text + start, end - start);
	}
}

int upstream_read_page(const char *text, const char *match, struct upstream_seen_list *ret_list,
                       struct err *err)
{
	struct page page = {.text = text, .seen = ret_list};
	size_t first = ret_list->count;
	if (compile(match, &page.regex, err) < 0)
		return -1;
	/* Line by line: matching in one long text costs its length each time. */
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		read_line(&page, line, length);
		line += length + (line[length] == '\n');
	}
	regfree(&page.regex);
	read_dates(&page, first);
	vec_release(&page.ends);
	return 0;
}

/* The text between the first group's parentheses. Caller frees; NULL: there is none. */
static char *first_group(const char *match)
{
	const char *open = NULL;
	unsigned depth = 0;
	for (const char *c = match; *c; c++) {
		if (*c == '\\' && c[1]) {
			c++;
		} else if (*c == '[') { /* "]" may come first in it */
			c += 1 + (c[1] == '^');
			c += strcspn(c + (*c == ']'), "]") + (*c == ']');
			if (!*c)
				return NULL;
		} else if (*c == '(') {
			if (depth++ == 0 && !open)
				open = c + 1;
		} else if (*c == ')' && depth && --depth == 0 && open) {
			return mem_strndup(open, (size_t)(c - open));
		}
	}
	return NULL;
}

bool upstream_fits(const char *match, const char *version)
{
	own_free char *group = first_group(match);
	if (!group)
		return true;
	own_free char *whole = mem_printf("^(%s)$", group);
	regex_t regex;
	if (regcomp(&regex, whole, REG_EXTENDED | REG_NOSUB) != 0)
		return true;
	bool fits = regexec(&regex, version, 0, NULL, 0) == 0;
	regfree(&regex);
	return fits;
}
