/* Fuzz target: an archive or Debian package of any bytes; nothing may appear outside its tree. */
#include "replay.h"

#include <string.h>
#include <unistd.h>

#include "archive.h"

static void check_nothing_escaped(const char *dir)
{
	own(strv) names = {0};
	own(err) err = {0};
	if (fs_list(dir, &names, &err) < 0 || names.count != 2) {
		fprintf(stderr, "%s: something else than the input and its tree is here\n", dir);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct archive_limits limits = {.max_bytes = 1 << 20, .max_entries = 200};
	char dir[] = "/tmp/sdk-fuzz-archive-XXXXXX";
	if (!mkdtemp(dir))
		abort();
	own_free char *input = path_join(dir, "input"), *tree = path_join(dir, "tree");
	own(err) err = {0}, deb_err = {0};
	time_t newest = 0;
	if (fs_write_file(input, data, size, 0644, NULL) < 0 || fs_make_dirs(tree, 0755, NULL) < 0)
		abort();
	int result = archive_unpack(input, tree, &(struct archive_choice){.strip = size & 1},
	                            &limits, &newest, &err);
	if (result < 0 && (!err.kind || !err.message))
		abort();
	check_nothing_escaped(dir);
	if (size > 8 && memcmp(data, "!<arch>\n", 8) == 0)
		archive_unpack_deb(input, tree, &deb_err);
	check_nothing_escaped(dir);
	fs_remove_tree(dir, NULL);
	return 0;
}
