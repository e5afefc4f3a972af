/* The seed's indexes: fetched, their signatures and digests checked, read into a solver. */
#pragma once

#include "err.h"
#include "event.h"
#include "seed.h"
#include "solv.h"
#include "workspace.h"

/* Adds all of the seed's indexes for `arch`; their numbers are those in seed->indexes. */
int seed_index_read_all(const struct workspace *workspace, const struct seed *seed,
                        const char *arch, const struct event_sink *sink, struct solv *solv,
                        struct err *err);
