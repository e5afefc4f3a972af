/* What sdk.yaml says of git: overlays, and who signs the checkout's own commits and releases. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config-parts.h"
#include "git.h"
#include "own.h"
#include "str.h"

enum { USUAL_PRIORITY = 100, MAX_PRIORITY = 1000 };

#define COUNT(fields) (sizeof(fields) / sizeof *(fields))

static void repo_release(struct config_repo *repo)
{
	free(repo->name);
	free(repo->url);
	free(repo->branch);
	free(repo->tag);
	strv_release(&repo->keys);
}

void config_repos_release(struct config_repo_list *repos)
{
	for (vec_each(repo, repos))
		repo_release(repo);
	vec_release(repos);
}

const struct config_repo *config_find_repo(const struct config *config, const char *name)
{
	for (vec_each(repo, &config->repos))
		if (str_equal(repo->name, name))
			return repo;
	return NULL;
}

const struct yaml_field config_repo_fields[] = {
	{"name", YAML_TEXT, offsetof(struct config_repo, name), true, NULL,
         "what messages call it, and its directory in out/repos: a-z, 0-9, - and .; not checkout"},
	{"url", YAML_TEXT, offsetof(struct config_repo, url), true, NULL,
         "https://, http://, ssh://, git:// or file:///, or user@host:path for ssh"},
	{"branch", YAML_TEXT, offsetof(struct config_repo, branch), false, NULL,
         "the branch to follow; else the one that the server's HEAD names"},
	{"tag", YAML_TEXT, offsetof(struct config_repo, tag), false, NULL,
         "stay at this tag, in place of following a branch"},
	{"priority", YAML_UINT, offsetof(struct config_repo, priority), false, NULL,
         "1 to 1000, else 100: the higher one wins; the checkout's own recipes have 0"},
	{"keys", YAML_STRV, offsetof(struct config_repo, keys), false, NULL,
         "fingerprints (40 digits): the newest commit, or the tag, must be signed by one of them"},
};
const size_t config_repo_field_count = COUNT(config_repo_fields);

bool config_is_repo_name(const char *name)
{
	return config_is_name(name) && !str_equal(name, "checkout");
}

static int check_refs(const struct yaml *yaml, const struct yaml_node *node,
                      const struct config_repo *repo, struct err *err)
{
	if (repo->branch && repo->tag)
		return yaml_error(yaml, yaml_get(node, "tag"), err,
		                  "tag: there is a branch, too; wanted one of them");
	if (repo->branch && !git_is_ref_name(repo->branch))
		return yaml_error(yaml, yaml_get(node, "branch"), err,
		                  "branch: \"%s\" can't be the name of one", repo->branch);
	if (repo->tag && !git_is_ref_name(repo->tag))
		return yaml_error(yaml, yaml_get(node, "tag"), err,
		                  "tag: \"%s\" can't be the name of one", repo->tag);
	return 0;
}

static int decode_repo(const struct yaml *yaml, const struct yaml_node *node,
                       struct config_repo *repo, struct err *err)
{
	repo->priority = USUAL_PRIORITY;
	if (yaml_expect(yaml, node, YAML_MAP, "repos", err) < 0 ||
	    yaml_decode(yaml, node, config_repo_fields, config_repo_field_count, repo, err) < 0 ||
	    config_check_name(yaml, node, repo->name, err) < 0)
		return -1;
	if (!config_is_repo_name(repo->name))
		return yaml_error(yaml, yaml_get(node, "name"), err,
		                  "name: \"%s\" is what the SDK itself is called", repo->name);
	own_free char *shown = git_url_mask(repo->url);
	if (!git_url_is_allowed(repo->url))
		return yaml_error(yaml, yaml_get(node, "url"), err,
		                  "url: %s: wanted https://, http://, ssh://, git:// or file:///, "
		                  "or user@host:path",
		                  shown);
	if (repo->priority < 1 || repo->priority > MAX_PRIORITY)
		return yaml_error(yaml, yaml_get(node, "priority"), err,
		                  "priority: wanted a number from 1 to %d", MAX_PRIORITY);
	if (check_refs(yaml, node, repo, err) < 0)
		return -1;
	return config_check_keys(yaml, node, &repo->keys, err);
}

int config_decode_repos(const struct yaml *yaml, const struct yaml_node *node, void *target,
                        struct err *err)
{
	struct config *config = (struct config *)((char *)target - offsetof(struct config, repos));
	if (yaml_expect(yaml, node, YAML_LIST, "repos", err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		struct config_repo repo = {0};
		int result = decode_repo(yaml, node->items[i], &repo, err);
		if (result == 0 && config_find_repo(config, repo.name))
			result = yaml_error(yaml, node->items[i], err,
			                    "two overlays have the name %s", repo.name);
		if (result < 0) {
			repo_release(&repo);
			return -1;
		}
		vec_push(&config->repos, repo);
	}
	return 0;
}

/* Its only member, so that `target` is the struct. */
struct checkout {
	struct strv keys;
};

const struct yaml_field config_checkout_fields[] = {
	{"keys", YAML_STRV, offsetof(struct checkout, keys), true, NULL,
         "fingerprints (40 digits): the newest commit of its branch, and a release's tag, must be "
         "signed by one of them"},
};
const size_t config_checkout_field_count = COUNT(config_checkout_fields);

int config_decode_checkout(const struct yaml *yaml, const struct yaml_node *node, void *target,
                           struct err *err)
{
	struct checkout checkout = {0};
	if (yaml_expect(yaml, node, YAML_MAP, "checkout", err) < 0)
		return -1;
	int result = yaml_decode(yaml, node, config_checkout_fields, config_checkout_field_count,
	                         &checkout, err);
	if (result == 0)
		result = config_check_keys(yaml, node, &checkout.keys, err);
	strv_add_all(target, &checkout.keys);
	strv_release(&checkout.keys);
	return result;
}
