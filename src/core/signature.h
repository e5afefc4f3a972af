/* Upstream's OpenPGP signature of a source's file (a recipe's `signature:`). */
#pragma once

#include "err.h"
#include "event.h"
#include "recipe.h"
#include "workspace.h"

/* Largest signature that is fetched. */
enum { SIGNATURE_MAX_BYTES = 1 << 20 };

/* Fetches the signature that the source declares. */
int signature_fetch(const struct workspace *workspace, const struct source *source,
                    const char *path, const struct event_sink *sink, struct err *err);
/* Whether the file, or the tar in it, is what the key beside the recipe signed: else ERR_TRUST.
 * What is needed meanwhile lies in `dir`, which exists. */
int signature_verify(const struct source *source, const char *recipe_dir, const char *file,
                     const char *signature, const char *dir, struct err *err);
