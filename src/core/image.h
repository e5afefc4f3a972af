/* An image: a bootable disk made of a board's packages, in user space alone.
 *
 * The disk is a GPT that follows the Discoverable Partitions Specification: an EFI system partition
 * (boards with the loader `uki`), two slots for /usr with one for a hash tree each, and nothing
 * behind them, where systemd-repart makes the root file system at first boot. The first slot holds
 * this system, the second is empty and waits for an update. The ids of a filled slot's partitions
 * are the two halves of the root hash, so that `usrhash=` on the kernel's command line finds them.
 */
#pragma once

#include <stdbool.h>

#include "board.h"
#include "build.h"
#include "err.h"
#include "event.h"
#include "workspace.h"

struct image {
	char *dir;  /* out/images/<board>/<key>: the disk and its reports */
	char *disk; /* dir/dray-<board>.img: raw and sparse */
	char *key;  /* SHA-256 of all that went in, in hexadecimal */
	bool made;  /* false: it was there already */
};

void image_release(struct image *image);

/* Makes the image of the board from `set` (the runtime closure of its packages) unless it exists,
 * and points the link `latest` at it. A file that two packages hold is ERR_INPUT naming both. */
int image_make(const struct workspace *workspace, const struct board *board,
               const struct built_set *set, const struct event_sink *sink, struct image *ret_image,
               struct err *err);
/* The image made last; ERR_INPUT with the hint `sdk image` when there is none. */
int image_find(const struct workspace *workspace, const char *board, struct image *ret_image,
               struct err *err);
