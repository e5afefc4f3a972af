/* Release files of a Debian archive: fetched together, signatures, suites and dates checked. */
#pragma once

#include "err.h"
#include "event.h"
#include "seed.h"
#include "source.h"
#include "vec.h"
#include "workspace.h"

/* Appends the verified Release text of each of the seed's indexes, in their order; the keys are the
 * seed's keyrings. With `notes` NULL any failure is the error. Otherwise what can't be had, or is
 * not to be believed, is an empty text and a note, and one that has merely expired is a note: for
 * those who look for what is newer, not for what to install. */
int release_fetch_all(const struct workspace *workspace, const struct seed *seed,
                      const struct event_sink *sink, struct strv *notes, struct strv *ret_texts,
                      struct err *err);
/* The file `dir`/`name` ("main/binary-amd64", "Packages") in the best form that the Release lists;
 * ERR_INPUT when it lists none. source_release when done. */
int release_find_index(const struct seed_index *index, const char *release, const char *dir,
                       const char *name, struct source *ret_source, struct err *err);
