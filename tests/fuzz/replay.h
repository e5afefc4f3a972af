/* Replays a fuzz target's corpus: the files and directories given as arguments. */
#pragma once

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "str.h"
#include "vec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef SDK_FUZZER
static size_t replay_path(const char *path)
{
	own(err) err = {0};
	if (fs_is_dir(path)) {
		own(strv) names = {0};
		size_t count = 0;
		fs_list(path, &names, &err);
		for (size_t i = 0; i < names.count; i++) {
			own_free char *child = path_join(path, names.items[i]);
			count += replay_path(child);
		}
		return count;
	}
	own(str) text = {0};
	if (fs_read(path, 16 << 20, &text, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	/* A copy of the exact size, so that ASan sees a read past its end. */
	own_free uint8_t *exact = malloc(text.len ? text.len : 1);
	for (size_t i = 0; i < text.len; i++)
		exact[i] = (uint8_t)text.data[i];
	LLVMFuzzerTestOneInput(exact, text.len);
	return 1;
}

int main(int argc, char **argv)
{
	size_t count = 0;
	for (int i = 1; i < argc; i++)
		count += replay_path(argv[i]);
	printf("%zu inputs replayed\n", count);
	return count ? 0 : 1;
}
#endif
