/* Which licence a text is, by phrases that only it has. https://spdx.org/licenses/ */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "own.h"
#include "str.h"
#include "tarball.h"

/* All phrases must be there, in one line of words each; the first row that fits counts, so that the
 * narrower ones of a family come first. */
static const struct {
	char family; /* of one family, the first row that fits counts; 0: on its own */
	const char *spdx;
	const char *phrases[3];
} rows[] = {
	{0, "Apache-2.0", {"apache license", "version 2.0, january 2004"}},
	{0, "LGPL-3.0-or-later", {"gnu lesser general public license version 3, 29 june 2007"}},
	{0, "LGPL-2.1-or-later", {"gnu lesser general public license version 2.1, february 1999"}},
	{0, "LGPL-2.0-or-later", {"gnu library general public license version 2, june 1991"}},
	{0, "AGPL-3.0-or-later", {"gnu affero general public license version 3, 19 november 2007"}},
	{0, "GPL-3.0-or-later", {"gnu general public license version 3, 29 june 2007"}},
	{0, "GPL-2.0-or-later", {"gnu general public license version 2, june 1991"}},
	{0, "MPL-2.0", {"mozilla public license version 2.0"}},
	{0, "MPL-1.1", {"mozilla public license version 1.1"}},
	{0, "EPL-2.0", {"eclipse public license - v 2.0"}},
	{0, "CC0-1.0", {"legal code cc0 1.0 universal"}},
	{0, "BSL-1.0", {"boost software license - version 1.0"}},
	{0,
         "Unlicense",
         {"this is free and unencumbered software released into the public domain"}},
	{0,
         "Zlib",
         {"altered source versions must be plainly marked as such",
          "the origin of this software must not be misrepresented"}},
	{'i',
         "curl",
         {"permission to use, copy, modify, and distribute this software for any purpose with or "
          "without fee is hereby granted",
          "daniel stenberg"}},
	{'i',
         "ISC",
         {"distribute this software for any purpose with or without fee is hereby granted, "
          "provided that the above copyright notice"}},
	{'i',
         "0BSD",
         {"distribute this software for any purpose with or without fee is hereby granted."}},
	{'b',
         "BSD-4-Clause",
         {"redistribution and use in source and binary forms",
          "all advertising materials mentioning features or use of this software"}},
	{'b',
         "BSD-3-Clause",
         {"redistribution and use in source and binary forms",
          "may be used to endorse or promote products derived from this software"}},
	{'b',
         "BSD-2-Clause",
         {"redistribution and use in source and binary forms",
          "redistributions in binary form must reproduce the above copyright"}},
	{'m',
         "X11",
         {"permission is hereby granted, free of charge, to any person obtaining a copy",
          "x consortium shall not be used in advertising"}},
	{'m',
         "MIT",
         {"permission is hereby granted, free of charge, to any person obtaining a copy",
          "the above copyright notice and this permission notice"}},
	{0, "OpenSSL", {"openssl license", "original ssleay license"}},
	{0, "Artistic-2.0", {"the artistic license 2.0"}},
	{0, "PostgreSQL", {"postgresql", "without a written agreement is hereby granted"}},
	{0, "blessing", {"may you do good and not evil"}},
	{0, "Python-2.0", {"python software foundation license version 2"}},
};

/* Lower case, comment marks away, each run of blanks one blank: phrases are found across lines. */
static char *plain_words(const char *text)
{
	struct str words = {0};
	bool blank = true;
	for (; *text; text++) {
		char c = (char)tolower((unsigned char)*text);
		if (isspace((unsigned char)c) || strchr("*#", c)) {
			if (!blank)
				str_add_char(&words, ' ');
			blank = true;
			continue;
		}
		str_add_char(&words, c);
		blank = false;
	}
	return str_steal(&words);
}

static bool fits(const char *words, const char *const *phrases)
{
	for (size_t i = 0; i < 3 && phrases[i]; i++)
		if (!strstr(words, phrases[i]))
			return false;
	return true;
}

void tarball_spdx(const char *text, struct strv *ret_licences)
{
	own_free char *words = plain_words(text);
	bool seen[128] = {0};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t family = (size_t)rows[i].family;
		if ((family && seen[family]) || !fits(words, rows[i].phrases))
			continue;
		seen[family] = true;
		if (!strv_has(ret_licences, rows[i].spdx))
			strv_add(ret_licences, rows[i].spdx);
	}
}

char *tarball_license(const struct tarball *tarball, bool *ret_is_sure)
{
	own(strv) found = {0};
	*ret_is_sure = true;
	for (vec_each(file, &tarball->licences)) {
		own(strv) here = {0};
		tarball_spdx(file->text, &here);
		if (here.count != 1 || strstr(here.items[0], "GPL"))
			*ret_is_sure = false;
		for (size_t i = 0; i < here.count; i++)
			if (!strv_has(&found, here.items[i]))
				strv_add(&found, here.items[i]);
	}
	strv_sort(&found);
	return found.count ? strv_join(&found, " AND ") : NULL;
}
