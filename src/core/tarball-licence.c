/* Which licence a text is, by phrases that only it has. https://spdx.org/licenses/ */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "own.h"
#include "str.h"
#include "tarball.h"

/* All phrases must be there, in one line of words each; the first row that fits counts, so that the
 * narrower ones come first. */
static const struct {
	const char *spdx;
	const char *phrases[3];
} rows[] = {
	{"Apache-2.0", {"apache license", "version 2.0, january 2004"}},
	{"LGPL-3.0-or-later", {"gnu lesser general public license version 3, 29 june 2007"}},
	{"LGPL-2.1-or-later", {"gnu lesser general public license version 2.1, february 1999"}},
	{"LGPL-2.0-or-later", {"gnu library general public license version 2, june 1991"}},
	{"AGPL-3.0-or-later", {"gnu affero general public license version 3, 19 november 2007"}},
	{"GPL-3.0-or-later", {"gnu general public license version 3, 29 june 2007"}},
	{"GPL-2.0-or-later", {"gnu general public license version 2, june 1991"}},
	{"MPL-2.0", {"mozilla public license version 2.0"}},
	{"MPL-1.1", {"mozilla public license version 1.1"}},
	{"EPL-2.0", {"eclipse public license - v 2.0"}},
	{"CC0-1.0", {"cc0 1.0 universal"}},
	{"BSL-1.0", {"boost software license - version 1.0"}},
	{"Unlicense", {"this is free and unencumbered software released into the public domain"}},
	{"Zlib",
         {"altered source versions must be plainly marked as such",
          "the origin of this software must not be misrepresented"}},
	{"curl",
         {"permission to use, copy, modify, and distribute this software for any purpose with or "
          "without fee is hereby granted",
          "daniel stenberg"}},
	{"ISC",
         {"distribute this software for any purpose with or without fee is hereby granted, "
          "provided that the above copyright notice"}},
	{"0BSD",
         {"distribute this software for any purpose with or without fee is hereby granted."}},
	{"BSD-4-Clause",
         {"redistribution and use in source and binary forms",
          "all advertising materials mentioning features or use of this software"}},
	{"BSD-3-Clause",
         {"redistribution and use in source and binary forms",
          "may be used to endorse or promote products derived from this software"}},
	{"BSD-2-Clause",
         {"redistribution and use in source and binary forms",
          "redistributions in binary form must reproduce the above copyright"}},
	{"X11",
         {"permission is hereby granted, free of charge, to any person obtaining a copy",
          "x consortium shall not be used in advertising"}},
	{"MIT",
         {"permission is hereby granted, free of charge, to any person obtaining a copy",
          "the above copyright notice and this permission notice"}},
	{"OpenSSL", {"openssl license", "original ssleay license"}},
	{"Artistic-2.0", {"the artistic license 2.0"}},
	{"PostgreSQL", {"postgresql", "without a written agreement is hereby granted"}},
	{"blessing", {"may you do good and not evil"}},
	{"Python-2.0", {"python software foundation license version 2"}},
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

const char *tarball_spdx(const char *text)
{
	own_free char *words = plain_words(text);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (fits(words, rows[i].phrases))
			return rows[i].spdx;
	return NULL;
}

char *tarball_license(const struct tarball *tarball, bool *ret_is_sure)
{
	own(strv) found = {0};
	*ret_is_sure = tarball->licences.count > 0;
	for (vec_each(file, &tarball->licences)) {
		const char *spdx = tarball_spdx(file->text);
		if (!spdx || strstr(spdx, "GPL"))
			*ret_is_sure = false;
		if (spdx && !strv_has(&found, spdx))
			strv_add(&found, spdx);
	}
	strv_sort(&found);
	return found.count ? strv_join(&found, " AND ") : NULL;
}
