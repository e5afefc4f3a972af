/* Writing JSON (RFC 8259) into a string; the writer puts commas and escapes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

struct json {
	struct str text;
	bool need_comma;
};

void json_release(struct json *json);
/* Each takes the member's name, or NULL inside an array and at the top. */
void json_object(struct json *json, const char *name);
void json_end_object(struct json *json);
void json_array(struct json *json, const char *name);
void json_end_array(struct json *json);
/* A NULL text writes null; bytes that are not UTF-8 become U+FFFD. */
void json_string(struct json *json, const char *name, const char *text);
void json_number(struct json *json, const char *name, int64_t number);
void json_double(struct json *json, const char *name, double number);
void json_bool(struct json *json, const char *name, bool value);
