/* sdk.yaml: what this checkout's owner has set; the file and every setting are optional. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compile.h"
#include "err.h"
#include "vec.h"
#include "workspace.h"
#include "yaml.h"

/* An S3-compatible store, as far as it is no secret; members may be NULL. */
struct config_s3 {
	char *endpoint; /* "https://s3.example.org" */
	char *region;
};

/* One host of binary packages. */
struct config_binhost {
	char *name;       /* for --to, messages and the state kept of it */
	char *url;        /* where it is read: https://, http:// or file:// */
	char *push;       /* where it is written: file:// or s3://; NULL: `url`, if it is file:// */
	struct strv keys; /* fingerprints of those who may sign its index */
	uint64_t max_age_days; /* an older index of it is not believed */
	struct config_s3 s3;
};

/* One overlay: a git repository whose recipes and boards are laid over the checkout's. */
struct config_repo {
	char *name;
	char *url;
	char *branch, *tag; /* at most one; both NULL: the branch that the server's HEAD names */
	uint64_t priority;  /* the higher one wins; the checkout's own recipes have 0 */
	struct strv keys;   /* fingerprints of those who may sign it; empty: not checked */
};
VEC_OF(config_repo_list, struct config_repo);

struct config {
	char *path; /* for messages */
	VEC(struct config_binhost) binhosts;
	struct compile_settings compile;
	struct config_repo_list repos;
	struct strv checkout_keys; /* who may sign the checkout's commits and releases */
};

/* sdk.yaml as it is written, for who reads keys of it on their own; no root when it is missing or
 * holds comments alone. */
int config_read(const struct workspace *workspace, struct yaml *ret_yaml, struct err *err);
/* A missing file is an empty one. An unknown key, a wrong type, a host without a name or with one
 * that is taken are ERR_INPUT with file, line and column. */
int config_load(const struct workspace *workspace, struct config *ret_config, struct err *err);
/* The same from memory; for tests. */
int config_parse(const char *name, const char *text, size_t length, struct config *ret_config,
                 struct err *err);
void config_release(struct config *config);
/* The host of that name, or NULL. */
const struct config_binhost *config_find_binhost(const struct config *config, const char *name);
/* Fit for an overlay: of a-z, 0-9, - and . (not at its start), and not "checkout", which is what
 * `sdk sync` calls the SDK itself. */
bool config_is_repo_name(const char *name);
/* A key's whole fingerprint, 40 hexadecimal digits: short ids can be made to order. */
bool config_is_fingerprint(const char *text);
const struct config_repo *config_find_repo(const struct config *config, const char *name);

/* The keys of sdk.yaml, of a binhost and of its `s3`, of an overlay, for the reference. */
extern const struct yaml_field config_fields[], config_binhost_fields[], config_s3_fields[];
extern const size_t config_field_count, config_binhost_field_count, config_s3_field_count;
extern const struct yaml_field config_repo_fields[], config_checkout_fields[];
extern const size_t config_repo_field_count, config_checkout_field_count;
