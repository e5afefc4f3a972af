/* A Debian Release file: which index files belong to a suite, and how long it may be believed. */
#include "debrelease.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "mem.h"
#include "own.h"
#include "str.h"

/* The value of a field at the top level, or NULL; the caller frees. */
static char *field(const char *text, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = text; line;
	     line = strchr(line, '\n'), line = line ? line + 1 : line) {
		if (strncmp(line, name, length) != 0 || line[length] != ':')
			continue;
		const char *value = line + length + 1;
		value += strspn(value, " \t");
		return mem_strndup(value, strcspn(value, "\r\n"));
	}
	return NULL;
}

/* "Sat, 28 Nov 2026 00:53:03 UTC"; -1 for anything else. By hand, for strptime(3) reads the names
 * of months in the user's language. */
static time_t parse_date(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm date = {0};
	char month[4], zone[4];
	int end = 0;
	if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %3[A-Z]%n", &date.tm_mday,
	           month, &date.tm_year, &date.tm_hour, &date.tm_min, &date.tm_sec, zone,
	           &end) != 7 ||
	    text[end] || (!str_equal(zone, "UTC") && !str_equal(zone, "GMT")))
		return -1;
	const char *found = strstr(months, month);
	if (!found || strlen(month) != 3 || (found - months) % 3)
		return -1;
	date.tm_mon = (int)(found - months) / 3;
	date.tm_year -= 1900;
	return timegm(&date);
}

int debrelease_check(const char *text, const char *suite, time_t now, struct err *err)
{
	own_free char *codename = field(text, "Codename");
	own_free char *name = field(text, "Suite");
	own_free char *until = field(text, "Valid-Until");
	if (!(codename && str_equal(codename, suite)) && !(name && str_equal(name, suite)))
		return err_set(err, ERR_TRUST, "wanted the release \"%s\", got \"%s\"", suite,
		               codename ? codename
		               : name   ? name
		                        : "");
	if (!until)
		return 0;
	time_t end = parse_date(until);
	if (end < 0)
		return err_set(err, ERR_TRUST, "Valid-Until: \"%s\" is no date", until);
	if (end >= now)
		return 0;
	err_set(err, ERR_TRUST, "it was valid until %s", until);
	return err_hint(err, "the mirror is out of date, or this machine's clock is wrong; another "
	                     "mirror can be named in SDK_MIRROR_DEBIAN");
}

/* " <sha256> <size> <path>" */
static int read_entry(const char *line, size_t length, const char *path,
                      struct debrelease_file *ret_file, struct err *err)
{
	own_free char *copy = mem_strndup(line, length);
	char sum[65], size[21];
	int end = 0;
	if (sscanf(copy, " %64[0-9a-f] %20[0-9] %n", sum, size, &end) != 2 || strlen(sum) != 64)
		return err_set(err, ERR_INPUT, "not a line of digests: \"%s\"", copy);
	if (!str_equal(copy + end, path))
		return 0;
	memcpy(ret_file->sha256, sum, sizeof sum);
	ret_file->size_bytes = strtoull(size, NULL, 10);
	return 1;
}

int debrelease_find(const char *text, const char *path, struct debrelease_file *ret_file,
                    struct err *err)
{
	bool inside = false;
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		if (*line != ' ')
			inside = !strncmp(line, "SHA256:", 7);
		else if (inside) {
			int found = read_entry(line, length, path, ret_file, err);
			if (found)
				return found;
		}
		line += length;
		line += *line == '\n';
	}
	return 0;
}
