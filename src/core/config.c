/* sdk.yaml: what this checkout's owner has set; the file and every setting are optional. */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config-parts.h"
#include "fs.h"
#include "own.h"

enum {
	MAX_CONFIG_BYTES = 1 << 20,
	FINGERPRINT_DIGITS = 40,
	USUAL_AGE_DAYS = 90,
	MOST_AGE_DAYS = 3650
};

#define COUNT(fields) (sizeof(fields) / sizeof *(fields))

static void binhost_release(struct config_binhost *host)
{
	free(host->name);
	free(host->url);
	free(host->push);
	free(host->s3.endpoint);
	free(host->s3.region);
	strv_release(&host->keys);
}

void config_release(struct config *config)
{
	for (vec_each(host, &config->binhosts))
		binhost_release(host);
	vec_release(&config->binhosts);
	compile_settings_release(&config->compile);
	config_repos_release(&config->repos);
	strv_release(&config->checkout_keys);
	free(config->path);
	*config = (struct config){0};
}

const struct config_binhost *config_find_binhost(const struct config *config, const char *name)
{
	for (vec_each(host, &config->binhosts))
		if (str_equal(host->name, name))
			return host;
	return NULL;
}

/* ---- one binhost */

const struct yaml_field config_s3_fields[] = {
	{"endpoint", YAML_TEXT, offsetof(struct config_s3, endpoint), false, NULL,
         "the server, `https://s3.example.org`; else $AWS_ENDPOINT_URL_S3, else Amazon's"},
	{"region", YAML_TEXT, offsetof(struct config_s3, region), false, NULL,
         "its region; else $AWS_REGION, else us-east-1"},
};
const size_t config_s3_field_count = COUNT(config_s3_fields);

static int decode_s3(const struct yaml *yaml, const struct yaml_node *node, void *target,
                     struct err *err)
{
	return yaml_decode(yaml, node, config_s3_fields, config_s3_field_count, target, err);
}

const struct yaml_field config_binhost_fields[] = {
	{"name", YAML_TEXT, offsetof(struct config_binhost, name), true, NULL,
         "what --to and messages call it: a-z, 0-9, - and ."},
	{"url", YAML_TEXT, offsetof(struct config_binhost, url), true, NULL,
         "where it is read: http://, https:// or file://"},
	{"push", YAML_TEXT, offsetof(struct config_binhost, push), false, NULL,
         "where it is written: file:// or s3://bucket/prefix; else `url`, if that is file://"},
	{"keys", YAML_STRV, offsetof(struct config_binhost, keys), true, NULL,
         "fingerprints (40 digits) of the keys that may sign its index"},
	{"max-age-days", YAML_UINT, offsetof(struct config_binhost, max_age_days), false, NULL,
         "1 to 3650, else 90: an index that was signed longer ago is not used"},
	{"s3", YAML_CUSTOM, offsetof(struct config_binhost, s3), false, decode_s3,
         "of a `push` that is s3://"},
};
const size_t config_binhost_field_count = COUNT(config_binhost_fields);

static bool starts_with_any(const char *text, const char *const *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_starts(text, prefixes[i]) && text[strlen(prefixes[i])])
			return true;
	return false;
}

static int check_addresses(const struct yaml *yaml, const struct yaml_node *node,
                           const struct config_binhost *host, struct err *err)
{
	static const char *const readable[] = {"http://", "https://", "file:///"};
	static const char *const writable[] = {"s3://", "file:///"};
	if (!starts_with_any(host->url, readable, COUNT(readable)))
		return yaml_error(yaml, yaml_get(node, "url"), err,
		                  "url: %s: wanted http://, https:// or file:///", host->url);
	if (host->push && !starts_with_any(host->push, writable, COUNT(writable)))
		return yaml_error(yaml, yaml_get(node, "push"), err,
		                  "push: %s: wanted s3:// or file:///", host->push);
	return 0;
}

bool config_is_fingerprint(const char *text)
{
	return strlen(text) == FINGERPRINT_DIGITS &&
	       strspn(text, "0123456789abcdefABCDEF") == FINGERPRINT_DIGITS;
}

int config_check_keys(const struct yaml *yaml, const struct yaml_node *node,
                      const struct strv *keys, struct err *err)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (!config_is_fingerprint(keys->items[i]))
			return yaml_error(yaml, yaml_get(node, "keys")->items[i], err,
			                  "keys: %s: wanted a fingerprint, 40 hexadecimal digits",
			                  keys->items[i]);
	}
	return 0;
}

bool config_is_name(const char *name)
{
	return *name && !strchr("-.", *name) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(name);
}

int config_check_name(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                      struct err *err)
{
	if (config_is_name(name))
		return 0;
	return yaml_error(yaml, yaml_get(node, "name"), err,
	                  "name: \"%s\": wanted a-z, 0-9, - and . (not at its start)", name);
}

static int decode_binhost(const struct yaml *yaml, const struct yaml_node *node,
                          struct config_binhost *host, struct err *err)
{
	host->max_age_days = USUAL_AGE_DAYS;
	if (yaml_expect(yaml, node, YAML_MAP, "binhosts", err) < 0 ||
	    yaml_decode(yaml, node, config_binhost_fields, config_binhost_field_count, host, err) <
	            0)
		return -1;
	if (config_check_name(yaml, node, host->name, err) < 0)
		return -1;
	if (check_addresses(yaml, node, host, err) < 0)
		return -1;
	if (host->max_age_days < 1 || host->max_age_days > MOST_AGE_DAYS)
		return yaml_error(yaml, yaml_get(node, "max-age-days"), err,
		                  "max-age-days: wanted a number from 1 to %d", MOST_AGE_DAYS);
	return config_check_keys(yaml, node, &host->keys, err);
}

/* ---- the file */

static int decode_binhosts(const struct yaml *yaml, const struct yaml_node *node, void *target,
                           struct err *err)
{
	struct config *config =
		(struct config *)((char *)target - offsetof(struct config, binhosts));
	if (yaml_expect(yaml, node, YAML_LIST, "binhosts", err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		struct config_binhost host = {0};
		int result = decode_binhost(yaml, node->items[i], &host, err);
		if (result == 0 && config_find_binhost(config, host.name))
			result = yaml_error(yaml, node->items[i], err,
			                    "two binhosts have the name %s", host.name);
		if (result < 0) {
			binhost_release(&host);
			return -1;
		}
		vec_push(&config->binhosts, host);
	}
	return 0;
}

/* mirror.c reads them. */
static int accept_mirrors(const struct yaml *yaml, const struct yaml_node *node, void *target,
                          struct err *err)
{
	(void)target;
	return yaml_expect(yaml, node, YAML_MAP, "mirrors", err);
}

const struct yaml_field config_fields[] = {
	{"mirrors", YAML_CUSTOM, 0, false, accept_mirrors,
         "a map from names of mirrors to lists of their addresses"},
	{"binhosts", YAML_CUSTOM, offsetof(struct config, binhosts), false, decode_binhosts,
         "hosts of binary packages, asked in this order"},
	{"compile", YAML_CUSTOM, offsetof(struct config, compile), false, compile_decode,
         "help for the compilers: ccache, icecream"},
	{"repos", YAML_CUSTOM, offsetof(struct config, repos), false, config_decode_repos,
         "overlays: git repositories of recipes and boards (overlays.md)"},
	{"checkout", YAML_CUSTOM, offsetof(struct config, checkout_keys), false,
         config_decode_checkout, "what `sdk sync` is to know of the checkout itself"},
};
const size_t config_field_count = COUNT(config_fields);

static int decode(const struct yaml *yaml, struct config *ret_config, struct err *err)
{
	struct config config = {.path = mem_strdup(yaml->path)};
	if (yaml_expect(yaml, yaml->root, YAML_MAP, "sdk.yaml", err) < 0 ||
	    yaml_decode(yaml, yaml->root, config_fields, config_field_count, &config, err) < 0) {
		config_release(&config);
		return -1;
	}
	*ret_config = config;
	return 0;
}

/* Comments alone: a file whose settings are all commented out is none to complain of. */
bool config_is_blank(const char *text, size_t length)
{
	for (const char *at = text; at < text + length;) {
		at += strspn(at, " \t\r\n");
		if (*at != '#')
			return at == text + length;
		at += strcspn(at, "\n");
	}
	return true;
}

static int parse(const char *name, const struct str *text, struct yaml *ret_yaml, struct err *err)
{
	return config_is_blank(str_text(text), text->len)
	               ? 0
	               : yaml_parse(name, str_text(text), text->len, ret_yaml, err);
}

int config_parse(const char *name, const char *text, size_t length, struct config *ret_config,
                 struct err *err)
{
	own(yaml) yaml = {0};
	own(str) copy = {0};
	str_add_bytes(&copy, text, length);
	if (parse(name, &copy, &yaml, err) < 0)
		return -1;
	if (yaml.root)
		return decode(&yaml, ret_config, err);
	*ret_config = (struct config){.path = mem_strdup(name)};
	return 0;
}

int config_read(const struct workspace *workspace, struct yaml *ret_yaml, struct err *err)
{
	own_free char *path = workspace_root(workspace, "sdk.yaml");
	own(str) text = {0};
	if (!fs_exists(path))
		return 0;
	if (fs_read(path, MAX_CONFIG_BYTES, &text, err) < 0)
		return -1;
	return parse(path, &text, ret_yaml, err);
}

int config_load(const struct workspace *workspace, struct config *ret_config, struct err *err)
{
	own(yaml) yaml = {0};
	if (config_read(workspace, &yaml, err) < 0)
		return -1;
	if (yaml.root)
		return decode(&yaml, ret_config, err);
	*ret_config = (struct config){.path = workspace_root(workspace, "sdk.yaml")};
	return 0;
}
