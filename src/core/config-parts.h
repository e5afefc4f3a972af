/* Between the files that make up the config module; nobody else includes this. */
#pragma once

#include "config.h"

/* Fails unless each key in `keys`, decoded from "keys" of the map `node`, is a whole fingerprint.
 */
int config_check_keys(const struct yaml *yaml, const struct yaml_node *node,
                      const struct strv *keys, struct err *err);
/* Made of a-z, 0-9, - and ., and begins with none of the last two. */
bool config_is_name(const char *name);
/* "name: …": fails unless it is one. */
int config_check_name(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                      struct err *err);

/* Whether there is nothing but comments. */
bool config_is_blank(const char *text, size_t length);

/* ---- config-repos.c; the targets are config->repos and config->checkout_keys */
int config_decode_repos(const struct yaml *yaml, const struct yaml_node *node, void *target,
                        struct err *err);
int config_decode_checkout(const struct yaml *yaml, const struct yaml_node *node, void *target,
                           struct err *err);
void config_repos_release(struct config_repo_list *repos);
