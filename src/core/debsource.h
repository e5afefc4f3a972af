/* Debian's source index: which upstream versions Debian has packed, and where their tarballs are.
 *
 * The chain: bootstrap/keys -> InRelease (signed) -> Sources (SHA-256 in InRelease) -> the
 * tarball's size and SHA-256. Suites are those of bootstrap/seed.yaml and "sid". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "event.h"
#include "map.h"
#include "str.h"
#include "vec.h"
#include "workspace.h"

/* One version of a source package; text lives in the list's arena. */
struct debsource {
	const char *package, *version; /* "zlib", "1:1.3.dfsg+really1.3.1-1" */
	const char *upstream;          /* "1.3.1" */
	const char *suite;
	bool security;   /* the suite is one of security updates */
	const char *url; /* "mirror://debian/pool/main/z/zlib/zlib_….orig.tar.gz" */
	uint64_t size_bytes;
	char sha256[65];
};

struct debsources {
	struct arena arena;
	VEC(struct debsource) items;
	struct strv notes; /* what could not be had, a line each */
};

void debsources_release(struct debsources *sources);
/* All versions of the named source packages, in no order. Indexes are cached by digest. That no
 * index can be had is no failure: the notes say so. */
int debsources_load(const struct workspace *workspace, const struct map *packages,
                    const struct event_sink *sink, struct debsources *ret_sources, struct err *err);

/* Reads an index's text (a part of it, ended by an empty line each stanza). For tests and fuzzers:
 * `reduced` gets one line a version: package, version, tarball's path, size, SHA-256, separated by
 * tabs. Stanzas without an upstream tarball are passed over. */
struct debsource_parser;
struct debsource_parser *debsource_parser_new(struct str *reduced);
int debsource_parser_feed(void *parser, const char *bytes, size_t count, struct err *err);
void debsource_parser_free(struct debsource_parser *parser);
