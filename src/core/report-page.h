/* The report: one HTML page of packages, sizes, dependencies and the last build, in one file.
 *
 * The page loads nothing: style, program and data are inside (report.css, report.js, the JSON
 * below), and its content security policy forbids the rest. The same inputs give the same bytes. */
#pragma once

#include "history.h"
#include "json.h"
#include "session.h"

struct report_request {
	const char *title; /* the board's name */
	const char *date;  /* shown as it is; NULL: none */
	const char *run;   /* the run whose builds are drawn; NULL: the newest */
};

/* What the page shows: packages by name, the run with its builds by start, the critical path (the
 * longest chain of builds that wait for each other). ERR_INPUT when the run is not in the history.
 */
int report_data(const struct build_session *session, const struct report_request *request,
                struct json *json, struct err *err);
/* The page around such data. */
void report_page(const struct report_request *request, const struct json *data,
                 struct str *ret_page);
