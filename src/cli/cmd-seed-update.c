/* sdk seed update: resolves the environment's packages anew and shows what changes. */
#include <inttypes.h>

#include "commands.h"
#include "fs.h"
#include "lock-diff.h"
#include "own.h"
#include "path.h"
#include "seed.h"

static const struct option_spec options[] = {
	{"arch", 0, "ARCH", "for build machines of this architecture (this machine's)"},
	{"dry-run", 'n', NULL, "show what would change, write nothing"},
	{0},
};

/* One run of the command. */
struct update {
	const char *arch;
	char *path; /* of the lock */
	struct seed seed;
	struct lock old, new;
	struct lock_changes changes;
};

static void update_release(struct update *update)
{
	free(update->path);
	seed_release(&update->seed);
	lock_release(&update->old);
	lock_release(&update->new);
	lock_changes_release(&update->changes);
}

static uint64_t total_bytes(const struct lock *lock)
{
	uint64_t bytes = 0;
	for (vec_each(file, &lock->files))
		bytes += file->size_bytes;
	return bytes;
}

static const char *kind_of(const struct lock_change *change)
{
	if (!change->old)
		return "added";
	if (!change->new)
		return "removed";
	return str_equal(change->old->version, change->new->version) ? "moved" : "updated";
}

static size_t count_kind(const struct lock_changes *changes, const char *kind)
{
	size_t count = 0;
	for (vec_each(change, changes))
		count += str_equal(kind_of(change), kind);
	return count;
}

/* ---- plain */

static void print_change(const struct lock_change *change)
{
	const char *kind = kind_of(change);
	const struct lock_file *old = change->old, *new = change->new;
	char size[32];
	cli_bytes((new ? new : old)->size_bytes, size);
	if (str_equal(kind, "added"))
		cli_print("added    %s %s (%s) in %s\n", new->name, new->version, size,
		          new->groups);
	else if (str_equal(kind, "removed"))
		cli_print("removed  %s %s (%s) from %s\n", old->name, old->version, size,
		          old->groups);
	else if (str_equal(kind, "updated"))
		cli_print("updated  %s %s -> %s (%s) in %s\n", new->name, old->version,
		          new->version, size, new->groups);
	else if (!str_equal(old->groups, new->groups))
		cli_print("moved    %s from %s to %s\n", new->name, old->groups, new->groups);
	else
		cli_print("moved    %s to another file of the same version (%s)\n", new->name,
		          size);
}

static void print_plain(const struct update *update, bool dry_run)
{
	const struct lock_changes *changes = &update->changes;
	char old[32], new[32];
	for (vec_each(change, changes))
		print_change(change);
	cli_bytes(total_bytes(&update->old), old);
	cli_bytes(total_bytes(&update->new), new);
	if (changes->count == 0) {
		cli_print("%s is up to date: %zu packages, %s\n", path_base(update->path),
		          update->new.files.count, new);
		return;
	}
	cli_print("%s: %zu added, %zu removed, %zu updated, %zu moved; %zu packages, %s "
	          "(before: %zu, %s)%s\n",
	          path_base(update->path), count_kind(changes, "added"),
	          count_kind(changes, "removed"), count_kind(changes, "updated"),
	          count_kind(changes, "moved"), update->new.files.count, new,
	          update->old.files.count, old, dry_run ? "; not written" : "");
}

/* ---- JSON */

static void add_change(struct json *json, const struct lock_change *change)
{
	const struct lock_file *file = change->new ? change->new : change->old;
	json_object(json, NULL);
	json_string(json, "name", file->name);
	json_string(json, "change", kind_of(change));
	json_string(json, "old_version", change->old ? change->old->version : NULL);
	json_string(json, "new_version", change->new ? change->new->version : NULL);
	json_string(json, "old_groups", change->old ? change->old->groups : NULL);
	json_string(json, "new_groups", change->new ? change->new->groups : NULL);
	json_number(json, "bytes", (int64_t)file->size_bytes);
	json_end_object(json);
}

static void print_json(const struct update *update, bool written)
{
	struct json json = {0};
	json_object(&json, NULL);
	json_string(&json, "suite", update->new.suite);
	json_string(&json, "arch", update->new.arch);
	json_string(&json, "lock", update->path);
	json_bool(&json, "written", written);
	json_number(&json, "packages", (int64_t)update->new.files.count);
	json_number(&json, "bytes", (int64_t)total_bytes(&update->new));
	json_array(&json, "changes");
	for (vec_each(change, &update->changes))
		add_change(&json, change);
	json_end_array(&json);
	json_end_object(&json);
	cli_print_json(&json);
	json_release(&json);
}

/* ---- the command */

static int load(struct cli *cli, struct update *update, struct err *err)
{
	const struct workspace *workspace = &cli->workspace;
	own_free char *seed = workspace_root(workspace, "bootstrap/seed.yaml");
	const char *arch = cli_option(cli, "arch");
	update->arch = arch ? arch : workspace->build_arch;
	if (!str_equal(update->arch, "amd64") && !str_equal(update->arch, "arm64"))
		return err_set(err, ERR_USAGE, "--arch=%s: build machines are amd64 or arm64",
		               update->arch);
	update->path = workspace_root(workspace, "bootstrap/seed.%s.lock", update->arch);
	if (fs_exists(update->path) && lock_load(update->path, &update->old, err) < 0)
		return -1;
	return seed_load(seed, update->arch, &update->seed, err);
}

static int write_lock(const struct update *update, struct err *err)
{
	own(str) text = {0};
	lock_format(&update->new, &text);
	return fs_write_text(update->path, str_text(&text), err);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv;
	own(update) update = {0};
	bool dry_run = cli_has(cli, "dry-run");
	if (load(cli, &update, err) < 0 || seed_resolve(&cli->workspace, &update.seed, update.arch,
	                                                &cli->sink, &update.new, err) < 0)
		return -1;
	lock_diff(&update.old, &update.new, &update.changes);
	bool write = update.changes.count > 0 && !dry_run;
	if (write && write_lock(&update, err) < 0)
		return -1;
	if (cli->json)
		print_json(&update, write);
	else if (!cli->quiet)
		print_plain(&update, dry_run);
	return 0;
}

const struct command cmd_seed_update = {
	.name = "seed update",
	.summary = "Resolve the environment's packages anew and lock their versions",
	.description =
		"Reads bootstrap/seed.yaml, fetches the archive's indexes, checks their "
		"signatures\n"
		"against the keys in bootstrap/keys, finds for each group of the environment the\n"
		"packages it takes, and writes bootstrap/seed.<arch>.lock. Shows what changes; "
		"the\n"
		"next `sdk create` makes the new environment.\n",
	.examples = "sdk seed update --dry-run      # what would change?\n"
		    "sdk seed update --arch=arm64   # the lock for arm64 build machines\n",
	.options = options,
	.run = run,
};
