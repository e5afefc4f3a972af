/* New upstream versions: what a recipe's page and Debian's source index know of. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "err.h"
#include "event.h"
#include "recipe.h"
#include "vec.h"
#include "workspace.h"

/* What was learnt of one recipe. Nothing newer: `newest` is NULL. */
struct upstream {
	const struct recipe *recipe; /* borrowed */
	char *newest;                /* of all; the recipe's own form of version */
	char *from;                  /* where it was seen: an address, or "debian sid" */
	time_t date;                 /* when it was published; 0: not known */
	char *debian;                /* the newest that Debian has, when that is newer than ours */
	char *debian_url, debian_sha256[65]; /* and its tarball, as mirror:// */
	uint64_t debian_size_bytes;
	/* "trixie-security 3.5.8-1~deb13u1": a security suite has a newer one than ours. */
	char *security;
	char *note;      /* why a source of knowledge failed, or NULL */
	bool is_checked; /* at least one source answered */
	bool is_broken;  /* its recipe's check or match can't be used: note says why */
};
VEC_OF(upstream_list, struct upstream);

void upstream_list_release(struct upstream_list *list);

struct upstream_options {
	bool prereleases;      /* propose them too (always for a recipe that is at one) */
	bool no_page;          /* ask Debian alone */
	bool no_debian;        /* ask the pages alone */
	unsigned wait_seconds; /* for a server that does not answer; 0: 6 */
};

/* Asks all pages at once, and Debian's index. A page that fails, or a recipe that asks
 * wrongly, is that recipe's note, no error. One result a recipe, in their order. */
int upstream_check(const struct workspace *workspace, const struct recipe *const *recipes,
                   size_t count, const struct upstream_options *options,
                   const struct event_sink *sink, struct upstream_list *ret_list, struct err *err);

/* ---- upstream-page.c */

/* A version on a page, and the date that stands behind it there (0: none). */
struct upstream_seen {
	char *version;
	time_t date;
};
VEC_OF(upstream_seen_list, struct upstream_seen);
void upstream_seen_list_release(struct upstream_seen_list *list);

/* Every match of the extended regular expression's group, trailing dots cut. Dates are looked for
 * in the text that follows, up to the next match: 2025-01-21, 21-Jan-2025, 21 Jan 2025. */
int upstream_read_page(const char *text, const char *match, struct upstream_seen_list *ret_list,
                       struct err *err);
/* Whether the whole version fits the group of `match`: a recipe that follows a series ("3\.5\.…")
 * is not offered another one. */
bool upstream_fits(const char *match, const char *version);
