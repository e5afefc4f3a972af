/* The seed: what the environment is to be made of, by name, and how that becomes a lock. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "event.h"
#include "lock.h"
#include "vec.h"
#include "workspace.h"
#include "yaml.h"

/* One signed index of packages: mirror://<mirror>/dists/<suite>/. */
struct seed_index {
	char *mirror, *suite;
	struct strv components; /* "main" unless told otherwise */
};

/* Packages that go together; text and nodes belong to the seed's yaml. */
struct seed_group {
	const char *name;
	bool closure;                           /* with all they depend on; false: exactly these */
	VEC(const struct yaml_node *) packages; /* for the architecture asked for */
};

/* bootstrap/seed.yaml, but for its fix-ups (see seed-fixups.h):
 *
 *     suite: trixie
 *     indexes: [{mirror: debian, suite: trixie}]
 *     keyrings: [bootstrap/keys/…]          # an index must be signed by one of these keys
 *     groups:
 *       base:
 *         summary: What every build sees
 *         packages: [bash, gcc]
 *         packages-on: {arm64: [foo]}       # besides, when that is the build machine
 *         closure: true
 */
struct seed {
	struct yaml yaml;
	char *suite;
	VEC(struct seed_index) indexes;
	struct strv keyrings;          /* relative to the checkout */
	VEC(struct seed_group) groups; /* sorted by name */
};

/* As a build machine of architecture `arch` takes it. Strict: ERR_INPUT with file and line. */
int seed_load(const char *path, const char *arch, struct seed *ret_seed, struct err *err);
void seed_release(struct seed *seed);

/* Fetches the indexes, checks their signatures and digests, and finds for each group the packages
 * it takes. The whole is solved first, so that groups agree about alternatives; what is in "base"
 * is in no other group but those without closure. ERR_TRUST when a signature or a digest is wrong,
 * or an index has expired. */
int seed_resolve(const struct workspace *workspace, const struct seed *seed, const char *arch,
                 const struct event_sink *sink, struct lock *ret_lock, struct err *err);
