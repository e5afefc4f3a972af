/* The environment: which layers it has, where they are, what a build sees of them. */
#include "env.h"

#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "lease.h"
#include "nearest.h"
#include "own.h"
#include "path.h"
#include "str.h"

/* Raised when the same packages are unpacked to other trees than before. */
#define ENV_FORMAT "environment 1"

static bool is_toolchain(const char *group)
{
	return str_starts(group, "toolchain-");
}

/* "base", "kernel,parsers", or NULL when nothing is left without the toolchains' groups. */
static char *layer_name(const char *groups)
{
	own(strv) all = {0}, kept = {0};
	strv_split(&all, groups, ",");
	if (strv_has(&all, "base"))
		return mem_strdup("base");
	for (size_t i = 0; i < all.count; i++)
		if (!is_toolchain(all.items[i]) && !strv_has(&kept, all.items[i]))
			strv_add(&kept, all.items[i]);
	strv_sort(&kept);
	return kept.count ? strv_join(&kept, ",") : NULL;
}

static int find_layer(const struct env *env, const char *name)
{
	for (size_t i = 0; i < env->layers.count; i++)
		if (str_equal(env->layers.items[i], name))
			return (int)i;
	return -1;
}

int env_layer_of(const struct env *env, const struct lock_file *file)
{
	own_free char *name = layer_name(file->groups);
	return name ? find_layer(env, name) : -1;
}

static void add_layer(struct strv *layers, const char *groups)
{
	own_free char *name = layer_name(groups);
	if (name && !str_equal(name, "base") && !strv_has(layers, name))
		strv_take(layers, steal_ptr(name));
}

static void find_layers(struct env *env)
{
	own(strv) others = {0};
	for (vec_each(file, &env->lock.files))
		add_layer(&others, file->groups);
	for (vec_each(fixup, &env->fixups.items))
		add_layer(&others, fixup->group);
	strv_sort(&others);
	strv_add(&env->layers, "base");
	strv_add_all(&env->layers, &others);
}

static void hash_fixup(struct hash *hash, const struct fixup *fixup)
{
	char kind[2] = {(char)('0' + fixup->kind), '\0'};
	hash_text(hash, kind);
	hash_text(hash, fixup->path);
	hash_text(hash, fixup->text ? fixup->text : "");
}

static void digest_group(struct env *env, const char *name)
{
	struct env_group group = {.name = mem_strdup(name)};
	struct digest packages;
	struct hash hash;
	lock_group_digest(&env->lock, name, &packages);
	hash_init(&hash);
	hash_text(&hash, ENV_FORMAT);
	hash_update(&hash, packages.bytes, sizeof packages.bytes);
	for (vec_each(fixup, &env->fixups.items))
		if (str_equal(fixup->group, name))
			hash_fixup(&hash, fixup);
	hash_final(&hash, &group.digest);
	vec_push(&env->groups, group);
}

static void add_group_names(struct strv *names, const char *groups)
{
	own(strv) words = {0};
	strv_split(&words, groups, ",");
	for (size_t i = 0; i < words.count; i++)
		if (!is_toolchain(words.items[i]) && !strv_has(names, words.items[i]))
			strv_add(names, words.items[i]);
}

static void find_groups(struct env *env)
{
	own(strv) names = {0};
	strv_add(&names, "base");
	for (vec_each(file, &env->lock.files))
		add_group_names(&names, file->groups);
	for (vec_each(fixup, &env->fixups.items))
		add_group_names(&names, fixup->group);
	strv_sort(&names);
	for (size_t i = 0; i < names.count; i++)
		digest_group(env, names.items[i]);
}

/* Of the layers' content alone: other toolchain packages in the lock change nothing. */
static void digest_layers(struct env *env)
{
	struct hash hash;
	hash_init(&hash);
	hash_text(&hash, ENV_FORMAT);
	for (vec_each(file, &env->lock.files)) {
		own_free char *layer = layer_name(file->groups);
		if (!layer)
			continue;
		hash_text(&hash, file->name);
		hash_text(&hash, file->sha256);
		hash_text(&hash, layer);
	}
	for (vec_each(fixup, &env->fixups.items)) {
		hash_text(&hash, fixup->group);
		hash_fixup(&hash, fixup);
	}
	hash_final(&hash, &env->digest);
}

int env_open_lock(const struct workspace *workspace, struct env *ret_env, struct err *err)
{
	own(env) env = {0};
	own_free char *lock =
		workspace_root(workspace, "bootstrap/seed.%s.lock", workspace->build_arch);
	own_free char *seed = workspace_root(workspace, "bootstrap/seed.yaml");
	char hex[DIGEST_HEX];
	if (lock_load(lock, &env.lock, err) < 0 || seed_fixups_load(seed, &env.fixups, err) < 0)
		return -1;
	find_layers(&env);
	find_groups(&env);
	digest_layers(&env);
	digest_hex(&env.digest, hex);
	env.dir = workspace_out(workspace, "env/%s", hex);
	*ret_env = env;
	env = (struct env){0};
	return 0;
}

int env_open(const struct workspace *workspace, struct env *ret_env, struct err *err)
{
	own(env) env = {0};
	if (env_open_lock(workspace, &env, err) < 0)
		return -1;
	if (!lease_mark(workspace, env.dir)) {
		err_set(err, ERR_INPUT, "there is no environment for this seed yet");
		return err_hint(err, "run `sdk create`");
	}
	*ret_env = env;
	env = (struct env){0};
	return 0;
}

char *env_lock_path(const struct workspace *workspace)
{
	return workspace_out(workspace, ".env.lock");
}

bool env_exists(const struct env *env)
{
	return fs_is_dir(env->dir);
}

void env_release(struct env *env)
{
	lock_release(&env->lock);
	seed_fixups_release(&env->fixups);
	strv_release(&env->layers);
	for (vec_each(group, &env->groups))
		free(group->name);
	vec_release(&env->groups);
	free(env->dir);
	*env = (struct env){0};
}

static const struct env_group *find_group(const struct env *env, const char *name)
{
	for (vec_each(group, &env->groups))
		if (str_equal(group->name, name))
			return group;
	return NULL;
}

static int unknown_group(const struct env *env, const char *name, struct err *err)
{
	VEC(const char *) names = {0};
	for (vec_each(group, &env->groups))
		vec_push(&names, group->name);
	const char *nearest = nearest_word(name, names.items, names.count);
	err_set(err, ERR_INPUT, "the environment has no group \"%s\"", name);
	if (nearest)
		err_hint(err, "did you mean \"%s\"?", nearest);
	else
		err_hint(err, "bootstrap/seed.yaml names the groups");
	vec_release(&names);
	return -1;
}

static bool layer_is_seen(const char *layer, const struct strv *groups)
{
	own(strv) words = {0};
	strv_split(&words, layer, ",");
	for (size_t i = 0; i < words.count; i++)
		if (strv_has(groups, words.items[i]))
			return true;
	return false;
}

int env_layers(const struct env *env, const struct strv *groups, struct strv *ret_layers,
               struct err *err)
{
	for (size_t i = 0; i < groups->count; i++)
		if (!find_group(env, groups->items[i]))
			return unknown_group(env, groups->items[i], err);
	for (size_t i = 1; i < env->layers.count; i++)
		if (layer_is_seen(env->layers.items[i], groups))
			strv_addf(ret_layers, "%s/layers/%zu", env->dir, i);
	strv_addf(ret_layers, "%s/layers/0", env->dir);
	return 0;
}

int env_groups_digest(const struct env *env, const struct strv *groups, struct digest *ret_digest,
                      struct err *err)
{
	for (size_t i = 0; i < groups->count; i++)
		if (!find_group(env, groups->items[i]))
			return unknown_group(env, groups->items[i], err);
	struct hash hash;
	hash_init(&hash);
	/* In the order of env->groups, whatever theirs is. */
	for (vec_each(group, &env->groups)) {
		if (!str_equal(group->name, "base") && !strv_has(groups, group->name))
			continue;
		hash_text(&hash, group->name);
		hash_update(&hash, group->digest.bytes, sizeof group->digest.bytes);
	}
	hash_final(&hash, ret_digest);
	return 0;
}
