/* The report's page: the template with style, program and data filled in. */
#include "report-page.h"

#include <string.h>

#include "own.h"

/* Files of this directory, as strings of the program: the assembler reads them (its paths start
 * where make runs), which needs no tool and no generated source. */
#define EMBED(name, path)                                                                          \
	__asm__(".pushsection .rodata\n" #name ":\n.incbin \"" path "\"\n.byte 0\n.popsection\n"); \
	extern const char name[]

EMBED(report_html, "src/core/report.html");
EMBED(report_css, "src/core/report.css");
EMBED(report_js, "src/core/report.js");

static void add_html(struct str *page, const char *text)
{
	for (; *text; text++) {
		const char *entity = *text == '<'   ? "&lt;"
		                     : *text == '>' ? "&gt;"
		                     : *text == '&' ? "&amp;"
		                     : *text == '"' ? "&quot;"
		                                    : NULL;
		if (entity)
			str_add(page, entity);
		else
			str_add_char(page, *text);
	}
}

/* Inside <script> only "</script" and "<!--" mean something to HTML. Markup's characters occur in
 * JSON's strings alone, where they may be written as escapes. */
static void add_data(struct str *page, const char *text)
{
	for (; *text; text++) {
		if (*text == '<' || *text == '>' || *text == '&')
			str_addf(page, "\\u%04x", *text);
		else
			str_add_char(page, *text);
	}
}

void report_page(const struct report_request *request, const struct json *data,
                 struct str *ret_page)
{
	enum { TITLE, CSS, DATA, JS, MARKS };
	static const char *const marks[MARKS] = {"@TITLE@", "@CSS@", "@DATA@", "@JS@"};
	const char *at = report_html;
	while (*at) {
		size_t mark = 0;
		while (mark < MARKS && strncmp(at, marks[mark], strlen(marks[mark])) != 0)
			mark++;
		if (mark == TITLE)
			add_html(ret_page, request->title);
		else if (mark == CSS)
			str_add(ret_page, report_css);
		else if (mark == DATA)
			add_data(ret_page, str_text(&data->text));
		else if (mark == JS)
			str_add(ret_page, report_js);
		else
			str_add_char(ret_page, *at);
		at += mark < MARKS ? strlen(marks[mark]) : 1;
	}
}
