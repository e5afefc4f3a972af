/* Outputs that were given their names in a boot that has ended, and may not have got to the disk.
 */
#include "store-boot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "manifest.h"
#include "mem.h"
#include "own.h"
#include "path.h"
#include "store.h"

enum { MAX_BOOT_ID = 64 };

/* random(4): drawn anew at each boot, the same in all containers. */
static char *read_boot(struct err *err)
{
	own(str) text = {0};
	if (fs_read("/proc/sys/kernel/random/boot_id", MAX_BOOT_ID, &text, err) < 0)
		return NULL;
	return mem_printf("%.*s", (int)strcspn(str_text(&text), "\n"), str_text(&text));
}

int store_note_unsynced(const struct workspace *workspace, const char *digest, struct err *err)
{
	own_free char *boot = read_boot(err);
	if (!boot)
		return -1;
	own_free char *path = workspace_out(workspace, "unsynced/%s/%s", boot, digest);
	if (fs_make_parents(path, err) < 0)
		return -1;
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd < 0 ? err_errno(err, "%s", path) : 0;
}

/* ---- in another boot */

static bool is_as_written(const struct manifest_entry *entry, const char *path)
{
	struct stat st;
	if (lstat(path, &st) < 0)
		return false;
	if (entry->type == 'd')
		return S_ISDIR(st.st_mode);
	if (entry->type == 'l') {
		own_free char *target = fs_read_link(path);
		return target && str_equal(target, entry->value);
	}
	struct digest digest;
	char hex[DIGEST_HEX];
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != entry->size ||
	    digest_file(path, &digest, NULL) < 0)
		return false;
	digest_hex(&digest, hex);
	return str_equal(hex, entry->value);
}

static bool is_whole(const char *dir, const char *name)
{
	own(manifest) manifest = {0};
	own_free char *text = path_join(dir, "manifest");
	struct digest digest;
	char hex[DIGEST_HEX];
	if (digest_file(text, &digest, NULL) < 0 || manifest_load(text, &manifest, NULL) < 0)
		return false;
	digest_hex(&digest, hex);
	if (!str_equal(hex, name))
		return false;
	for (vec_each(entry, &manifest.entries)) {
		own_free char *path = path_printf("%s/root/%s", dir, entry->path);
		if (!is_as_written(entry, path))
			return false;
	}
	return true;
}

static int check_boot(const struct workspace *workspace, const char *notes,
                      const struct event_sink *sink, struct err *err)
{
	own(strv) names = {0};
	if (fs_list(notes, &names, err) < 0)
		return -1;
	if (names.count)
		event_note(sink, "the machine was started again: checking %zu unpacked outputs",
		           names.count);
	for (size_t i = 0; i < names.count; i++) {
		own_free char *dir = store_dir(workspace, names.items[i]);
		if (!fs_is_dir(dir) || is_whole(dir, names.items[i]))
			continue;
		event_warn(sink, "%s: damaged when the machine went down; it is made again", dir);
		if (fs_remove_tree(dir, err) < 0)
			return -1;
	}
	return fs_remove_tree(notes, err);
}

/* Several commands may be the first of a boot. */
static int check_boots(const struct workspace *workspace, const char *base, const char *boot,
                       const struct event_sink *sink, struct err *err)
{
	own(strv) boots = {0};
	own_free char *lock = path_join(base, ".lock");
	own_fd int fd = -1;
	if (fs_lock(lock, true, true, &fd, err) < 0 || fs_list(base, &boots, err) < 0)
		return -1;
	for (size_t i = 0; i < boots.count; i++) {
		own_free char *notes = path_join(base, boots.items[i]);
		if (fs_is_dir(notes) && !str_equal(boots.items[i], boot) &&
		    check_boot(workspace, notes, sink, err) < 0)
			return -1;
	}
	return 0;
}

static bool has_other(const struct strv *boots, const char *boot)
{
	for (size_t i = 0; i < boots->count; i++)
		if (boots->items[i][0] != '.' && !str_equal(boots->items[i], boot))
			return true;
	return false;
}

int store_check_unsynced(const struct workspace *workspace, const struct event_sink *sink,
                         struct err *err)
{
	own(strv) boots = {0};
	own_free char *base = workspace_out(workspace, "unsynced");
	if (!fs_is_dir(base) || access(base, W_OK) < 0)
		return 0;
	own_free char *boot = read_boot(err);
	if (!boot || fs_list(base, &boots, err) < 0)
		return -1;
	return has_other(&boots, boot) ? check_boots(workspace, base, boot, sink, err) : 0;
}
