/* The store: outputs of packages by the digest of what they hold, and records of which inputs (key)
 * gave which outputs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "hash.h"
#include "manifest.h"
#include "vec.h"
#include "workspace.h"

/* One output that a key gave. */
struct record_output {
	char *name;              /* "run", "dev", … */
	char digest[DIGEST_HEX]; /* of its manifest */
	uint64_t bytes;          /* of its files */
};

/* What building a key gave: written once, true for ever. */
struct record {
	char *package, *version, *arch;
	char key[DIGEST_HEX];
	double seconds; /* how long the build took: the scheduler's guess for the next time */
	VEC(struct record_output) outputs;
};

void record_release(struct record *record);
const struct record_output *record_find(const struct record *record, const char *output);
/* Looks in out/keys, then in the cache. False when neither knows the key, or what they say can't be
 * read: then the package is built again. */
bool record_load(const struct workspace *workspace, const char *arch, const char *package,
                 const char *key, struct record *ret_record);
/* One file of them. False when it can't be read or is none. */
bool record_read(const char *path, struct record *ret_record);
/* Whether all of its outputs are in the store or the cache; then record and outputs are marked as
 * used (lease.h), and out/keys knows the record. */
bool record_use(const struct workspace *workspace, const struct record *record);
/* Writes it to out/keys and the cache. */
int record_save(const struct workspace *workspace, const struct record *record, struct err *err);

/* out/store/<digest>; caller frees. */
char *store_dir(const struct workspace *workspace, const char *digest);
/* Where the cache keeps an output's archive, whether it is there or not; caller frees. */
char *store_archive_path(const struct workspace *workspace, const char *digest);
/* Whether the output is in the store, or can be unpacked from the cache's archives. */
bool store_has(const struct workspace *workspace, const char *digest);
/* Makes sure that it is in the store, unpacking its archive where needed; every file of the archive
 * must match the manifest, and the manifest the digest: else the archive is removed, ERR_TRUST. */
int store_ensure(const struct workspace *workspace, const char *digest, struct err *err);
/* Takes over the tree `root` (renamed away) as the output `manifest` describes; an output that is
 * there already is kept. Also writes its archive to the cache. */
int store_add(const struct workspace *workspace, struct manifest *manifest, const char *root,
              char ret_digest[DIGEST_HEX], struct err *err);
/* Gives `staging`, which holds root/ and manifest, all checked, its name in the store; an output
 * that is there already is kept. */
int store_publish(const struct workspace *workspace, const char *staging, const char *digest,
                  struct err *err);
int store_load_manifest(const struct workspace *workspace, const char *digest,
                        struct manifest *ret_manifest, struct err *err);
