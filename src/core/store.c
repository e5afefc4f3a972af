/* The store: outputs of packages by the digest of what they hold, and records of which inputs (key)
 * gave which outputs. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "fs.h"
#include "lease.h"
#include "log.h"
#include "own.h"
#include "path.h"
#include "store-boot.h"
#include "store-unpack.h"

enum { MAX_RECORD_BYTES = 1 << 20, ARCHIVE_LEVEL = 3 };

/* ---- records */

void record_release(struct record *record)
{
	for (vec_each(output, &record->outputs))
		free(output->name);
	vec_release(&record->outputs);
	free(record->package);
	free(record->version);
	free(record->arch);
	*record = (struct record){0};
}

const struct record_output *record_find(const struct record *record, const char *output)
{
	for (vec_each(item, &record->outputs))
		if (str_equal(item->name, output))
			return item;
	return NULL;
}

static char *record_path_out(const struct workspace *workspace, const char *arch,
                             const char *package, const char *key)
{
	return workspace_out(workspace, "keys/%s/%s/%s", arch, package, key);
}

static char *record_path_cache(const struct workspace *workspace, const char *key)
{
	return workspace_cache(workspace, "keys/%.2s/%s", key, key);
}

static void format_record(const struct record *record, struct str *text)
{
	str_addf(text, "package %s\nversion %s\narch %s\nkey %s\nseconds %.1f\n", record->package,
	         record->version, record->arch, record->key, record->seconds);
	for (vec_each(output, &record->outputs))
		str_addf(text, "output %s %s %llu\n", output->name, output->digest,
		         (unsigned long long)output->bytes);
}

static bool read_output(char *value, struct record *record)
{
	char *name = strsep(&value, " "), *digest = strsep(&value, " ");
	struct digest parsed;
	if (!digest || !value || !digest_parse(digest, &parsed))
		return false;
	struct record_output output = {.name = mem_strdup(name),
	                               .bytes = strtoull(value, NULL, 10)};
	digest_hex(&parsed, output.digest);
	vec_push(&record->outputs, output);
	return true;
}

static bool read_record_line(char *line, struct record *record)
{
	char *value = line, *word = strsep(&value, " ");
	if (!value)
		return false;
	if (str_equal(word, "package"))
		record->package = mem_strdup(value);
	else if (str_equal(word, "version"))
		record->version = mem_strdup(value);
	else if (str_equal(word, "arch"))
		record->arch = mem_strdup(value);
	else if (str_equal(word, "seconds"))
		record->seconds = strtod(value, NULL);
	else if (str_equal(word, "key") && strlen(value) == DIGEST_HEX - 1)
		memcpy(record->key, value, DIGEST_HEX);
	else if (str_equal(word, "output"))
		return read_output(value, record);
	else
		return false;
	return true;
}

static bool parse_record(char *text, struct record *record)
{
	for (char *line; (line = strsep(&text, "\n")) && (text || *line);)
		if (!read_record_line(line, record))
			return false;
	return record->package && record->version && record->arch && record->outputs.count;
}

bool record_read(const char *path, struct record *ret_record)
{
	own(str) text = {0};
	struct record record = {0};
	if (!fs_exists(path) || fs_read(path, MAX_RECORD_BYTES, &text, NULL) < 0)
		return false;
	if (text.len && parse_record(text.data, &record)) {
		*ret_record = record;
		return true;
	}
	record_release(&record);
	return false;
}

static bool load_record_file(const char *path, const char *arch, const char *package,
                             const char *key, struct record *ret_record)
{
	struct record record = {0};
	if (!record_read(path, &record))
		return false;
	if (str_equal(record.key, key) && str_equal(record.package, package) &&
	    str_equal(record.arch, arch)) {
		*ret_record = record;
		return true;
	}
	log_debug("%s: not a record of %s", path, package);
	record_release(&record);
	return false;
}

bool record_load(const struct workspace *workspace, const char *arch, const char *package,
                 const char *key, struct record *ret_record)
{
	own_free char *near = record_path_out(workspace, arch, package, key);
	own_free char *far = record_path_cache(workspace, key);
	return load_record_file(near, arch, package, key, ret_record) ||
	       load_record_file(far, arch, package, key, ret_record);
}

int record_save(const struct workspace *workspace, const struct record *record, struct err *err)
{
	own(str) text = {0};
	format_record(record, &text);
	own_free char *near =
		record_path_out(workspace, record->arch, record->package, record->key);
	own_free char *far = record_path_cache(workspace, record->key);
	if (fs_make_parents(far, err) < 0 || fs_write_text(far, str_text(&text), err) < 0 ||
	    fs_make_parents(near, err) < 0)
		return -1;
	return fs_write_text(near, str_text(&text), err);
}

/* ---- outputs */

char *store_dir(const struct workspace *workspace, const char *digest)
{
	return workspace_out(workspace, "store/%s", digest);
}

char *store_archive_path(const struct workspace *workspace, const char *digest)
{
	return workspace_cache(workspace, "objects/%.2s/%s.pkg.tar.zst", digest, digest);
}

/* A record that only the cache has is one that another checkout made, or a run that was killed
 * before it wrote the second copy. */
static void adopt(const struct workspace *workspace, const struct record *record)
{
	own(str) text = {0};
	own_free char *near =
		record_path_out(workspace, record->arch, record->package, record->key);
	if (lease_mark(workspace, near) || !workspace->leased)
		return;
	format_record(record, &text);
	if (fs_make_parents(near, NULL) == 0)
		fs_write_text(near, str_text(&text), NULL);
}

static bool use_output(const struct workspace *workspace, const char *digest)
{
	own_free char *dir = store_dir(workspace, digest);
	own_free char *object = store_archive_path(workspace, digest);
	bool unpacked = lease_mark(workspace, dir), packed = lease_mark(workspace, object);
	return unpacked || packed;
}

bool record_use(const struct workspace *workspace, const struct record *record)
{
	own_free char *far = record_path_cache(workspace, record->key);
	for (vec_each(output, &record->outputs))
		if (!use_output(workspace, output->digest))
			return false;
	adopt(workspace, record);
	lease_mark(workspace, far);
	return true;
}

bool store_has(const struct workspace *workspace, const char *digest)
{
	own_free char *dir = store_dir(workspace, digest);
	own_free char *object = store_archive_path(workspace, digest);
	return fs_is_dir(dir) || fs_is_file(object);
}

int store_load_manifest(const struct workspace *workspace, const char *digest,
                        struct manifest *ret_manifest, struct err *err)
{
	own_free char *path = workspace_out(workspace, "store/%s/manifest", digest);
	return manifest_load(path, ret_manifest, err);
}

static int set_times(const char *path, struct err *err)
{
	const struct timespec epoch[2] = {{0}, {0}};
	if (utimensat(AT_FDCWD, path, epoch, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, "%s", path);
	return 0;
}

/* Modes and times as the manifest has them: children first, so that times of directories stay. */
static int normalise(const struct manifest *manifest, const char *root, struct err *err)
{
	for (size_t i = manifest->entries.count; i > 0; i--) {
		const struct manifest_entry *entry = &manifest->entries.items[i - 1];
		own_free char *path = path_join(root, entry->path);
		if (entry->type != 'l' && chmod(path, entry->mode) < 0)
			return err_errno(err, "%s", path);
		if (set_times(path, err) < 0)
			return -1;
	}
	if (chmod(root, 0755) < 0)
		return err_errno(err, "%s", root);
	return set_times(root, err);
}

/* One that is there is written over: it would be the same, or else it is damaged. */
static int write_archive(const struct workspace *workspace, const struct manifest *manifest,
                         const char *root, const char *text, const char *digest, struct err *err)
{
	own_free char *path = store_archive_path(workspace, digest);
	own(strv) names = {0};
	for (vec_each(entry, &manifest->entries))
		strv_add(&names, entry->path);
	if (fs_make_parents(path, err) < 0)
		return -1;
	return archive_pack(root, &names, ".manifest", text, 0, ARCHIVE_LEVEL, path, err);
}

/* Gives `staging` its final name, unless the output is there: then it is kept, marked as used.
 * Nothing is synced: store-boot.h. */
int store_publish(const struct workspace *workspace, const char *staging, const char *digest,
                  struct err *err)
{
	own_free char *dir = store_dir(workspace, digest);
	if (store_note_unsynced(workspace, digest, err) < 0)
		return -1;
	for (;;) {
		if (lease_mark(workspace, dir))
			return fs_remove_tree(staging, err);
		if (rename(staging, dir) == 0)
			return 0;
		/* Another run was quicker; or gc took it away, after that, in between. */
		if (errno != EEXIST && errno != ENOTEMPTY)
			return err_errno(err, "rename %s to %s", staging, dir);
	}
}

/* `staging` holds root/; adds the manifest and gives it its final name. */
static int publish(const struct workspace *workspace, const char *staging, const char *text,
                   const char *digest, struct err *err)
{
	own_free char *manifest_path = path_join(staging, "manifest");
	if (fs_write_text(manifest_path, text, err) < 0)
		return -1;
	return store_publish(workspace, staging, digest, err);
}

int store_add(const struct workspace *workspace, struct manifest *manifest, const char *root,
              char ret_digest[DIGEST_HEX], struct err *err)
{
	own(str) text = {0};
	struct digest digest;
	manifest_format(manifest, &text);
	digest_of(text.data, text.len, &digest);
	digest_hex(&digest, ret_digest);
	own_free char *parent = workspace_out(workspace, "store");
	own_free char *staging = NULL;
	if (fs_make_dirs(parent, 0755, err) < 0 || normalise(manifest, root, err) < 0 ||
	    write_archive(workspace, manifest, root, str_text(&text), ret_digest, err) < 0 ||
	    fs_make_temporary(parent, &staging, err) < 0)
		return -1;
	own_free char *staged_root = path_join(staging, "root");
	if (rename(root, staged_root) < 0)
		return err_errno(err, "move %s into the store", root);
	if (chmod(staging, 0755) < 0)
		return err_errno(err, "%s", staging);
	return publish(workspace, staging, str_text(&text), ret_digest, err);
}

/* ---- from the cache's archives */

/* Damaged bytes would be met again and again: without them the output is not there, which every
 * plan knows how to mend. */
static int drop_archive(const char *object, struct err *damage, struct err *err)
{
	damage->kind = ERR_TRUST;
	err_wrap(damage, "%s", object);
	if (unlink(object) == 0 || errno == ENOENT)
		err_hint(damage, "the damaged archive was removed: `sdk build` of the package "
		                 "makes or fetches it again");
	else
		err_hint(damage, "remove that file (%s), then `sdk build` the package",
		         strerror(errno));
	return err_move(err, damage);
}

static int unpack_object(const char *object, const char *digest, const char *staging,
                         struct err *err)
{
	own(err) wrong = {0};
	if (store_unpack_file(object, digest, staging, &wrong) == 0)
		return 0;
	fs_remove_tree(staging, NULL);
	if (wrong.kind == ERR_TRUST || wrong.kind == ERR_INPUT)
		return drop_archive(object, &wrong, err);
	err_wrap(&wrong, "%s", object);
	return err_move(err, &wrong);
}

int store_ensure(const struct workspace *workspace, const char *digest, struct err *err)
{
	own_free char *dir = store_dir(workspace, digest);
	own_free char *object = store_archive_path(workspace, digest);
	own_free char *parent = workspace_out(workspace, "store");
	own_free char *staging = NULL;
	if (lease_mark(workspace, dir))
		return 0;
	if (!lease_mark(workspace, object))
		return err_set(err, ERR_INPUT, "output %s is neither in the store nor in the cache",
		               digest);
	if (fs_make_temporary(parent, &staging, err) < 0 ||
	    unpack_object(object, digest, staging, err) < 0)
		return -1;
	return store_publish(workspace, staging, digest, err);
}
