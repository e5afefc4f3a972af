/* The release that a checkout is pinned to by `sdk sync --release`: out/release. */
#include "release.h"

#include <string.h>

#include "fs.h"
#include "git.h"
#include "own.h"
#include "str.h"

enum { MAX_TAG = 256 };

char *release_pinned(const struct workspace *workspace)
{
	own_free char *path = workspace_out(workspace, "release");
	own(str) text = {0};
	if (!fs_is_file(path) || fs_read(path, MAX_TAG, &text, NULL) < 0 || !text.len)
		return NULL;
	text.data[strcspn(text.data, "\n")] = '\0';
	return git_is_ref_name(text.data) ? mem_strdup(text.data) : NULL;
}

int release_pin(const struct workspace *workspace, const char *tag, struct err *err)
{
	own_free char *path = workspace_out(workspace, "release");
	if (!tag)
		return fs_remove_tree(path, err);
	own_free char *text = mem_printf("%s\n", tag);
	return fs_write_text(path, text, err);
}
