/* Writing JSON (RFC 8259) into a string. */
#include "json.h"

#include <inttypes.h>
#include <stddef.h>

void json_release(struct json *json)
{
	str_release(&json->text);
	json->need_comma = false;
}

static void add_escaped(struct str *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	str_add_char(out, '"');
	while (*p) {
		size_t length = str_utf8_length((const char *)p);
		if (!length)
			str_add(out, "\xef\xbf\xbd");
		else if (*p == '"' || *p == '\\')
			str_addf(out, "\\%c", *p);
		else if (*p == '\n')
			str_add(out, "\\n");
		else if (*p == '\t')
			str_add(out, "\\t");
		else if (*p < 0x20 || *p == 0x7f)
			str_addf(out, "\\u%04x", *p);
		else
			str_add_bytes(out, p, length);
		p += length ? length : 1;
	}
	str_add_char(out, '"');
}

static void begin(struct json *json, const char *name)
{
	if (json->need_comma)
		str_add_char(&json->text, ',');
	json->need_comma = true;
	if (name) {
		add_escaped(&json->text, name);
		str_add_char(&json->text, ':');
	}
}

static void open_with(struct json *json, const char *name, char bracket)
{
	begin(json, name);
	str_add_char(&json->text, bracket);
	json->need_comma = false;
}

static void close_with(struct json *json, char bracket)
{
	str_add_char(&json->text, bracket);
	json->need_comma = true;
}

void json_object(struct json *json, const char *name)
{
	open_with(json, name, '{');
}

void json_end_object(struct json *json)
{
	close_with(json, '}');
}

void json_array(struct json *json, const char *name)
{
	open_with(json, name, '[');
}

void json_end_array(struct json *json)
{
	close_with(json, ']');
}

void json_string(struct json *json, const char *name, const char *text)
{
	begin(json, name);
	if (text)
		add_escaped(&json->text, text);
	else
		str_add(&json->text, "null");
}

void json_number(struct json *json, const char *name, int64_t number)
{
	begin(json, name);
	str_addf(&json->text, "%" PRId64, number);
}

void json_double(struct json *json, const char *name, double number)
{
	begin(json, name);
	str_addf(&json->text, "%.6g", number);
}

void json_bool(struct json *json, const char *name, bool value)
{
	begin(json, name);
	str_add(&json->text, value ? "true" : "false");
}
