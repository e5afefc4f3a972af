/* The newest index of a name that was seen or written here, kept so that an older one can be told.
 */
#include "binhost-mark.h"

#include <inttypes.h>
#include <string.h>

#include "fs.h"
#include "own.h"
#include "path.h"

enum { MAX_MARK_BYTES = 4096 };
static const char removed[] = " removed";

/* Older SDKs wrote the index's address in the place of the date. */
static bool parse(const char *text, struct binhost_mark *mark)
{
	uint64_t date = 0;
	if (!str_read_number(&text, &mark->serial) || *text++ != ' ')
		return false;
	if (!str_read_number(&text, &date))
		return strstr(text, "://") && str_ends(text, "\n");
	mark->date = (int64_t)date;
	mark->is_removed = str_starts(text, removed);
	return str_equal(text + (mark->is_removed ? strlen(removed) : 0), "\n");
}

int binhost_mark_read(const char *path, struct binhost_mark *ret_mark, struct err *err)
{
	own(str) text = {0};
	struct binhost_mark mark = {0};
	if (fs_exists(path) && fs_read(path, MAX_MARK_BYTES, &text, err) < 0)
		return -1;
	if (text.data && !parse(str_text(&text), &mark))
		return err_set(err, ERR_TRUST,
		               "%s: damaged: an older index can't be told from a newer one (to go "
		               "on without: rm %s)",
		               path, path);
	*ret_mark = mark;
	return 0;
}

static bool is_newer(const struct binhost_mark *mark, const struct binhost_mark *kept)
{
	if (mark->serial != kept->serial)
		return mark->serial > kept->serial;
	return mark->date > kept->date || mark->is_removed;
}

int binhost_mark_raise(const char *path, const struct binhost_mark *mark, struct err *err)
{
	own_free char *dir = path_dir(path);
	own_free char *lock = path_join(dir, ".lock");
	own_free char *text = mem_printf("%" PRIu64 " %" PRId64 "%s\n", mark->serial, mark->date,
	                                 mark->is_removed ? removed : "");
	struct binhost_mark kept;
	own_fd int fd = -1;
	if (fs_lock(lock, true, true, &fd, err) < 0 || binhost_mark_read(path, &kept, err) < 0)
		return -1;
	return is_newer(mark, &kept) ? fs_write_text(path, text, err) : 0;
}
