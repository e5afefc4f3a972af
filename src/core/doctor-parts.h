/* What the doctor's examinations share. */
#pragma once

#include "doctor.h"

struct examination {
	const struct workspace *workspace;
	const struct event_sink *sink;
	struct doctor *doctor;
	bool created; /* the environment is there: much works without mirrors */
};

/* A finding; `name` is static, `hint` may be NULL, the rest is the text's format. */
void doctor_note(const struct examination *examination, const char *name,
                 enum doctor_verdict verdict, const char *hint, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
void doctor_note_error(const struct examination *examination, const char *name,
                       enum doctor_verdict verdict, const struct err *err);

/* ---- doctor-checkout.c: what was set up in this checkout */

void doctor_examine_checkout(const struct examination *examination);
