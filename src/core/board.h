/* A board: what goes into one image (board-configs/<board>/board.yaml). */
#pragma once

#include <stdint.h>
#include <time.h>

#include "err.h"
#include "vec.h"
#include "workspace.h"
#include "yaml.h"

/* How the machine gets from its firmware to the kernel. */
enum board_loader {
	BOARD_LOADER_UKI,    /* systemd-boot on the ESP starts a unified kernel image */
	BOARD_LOADER_DIRECT, /* the emulator loads kernel and initrd: no firmware, no ESP */
};

/* The key `image`. Globs are as in recipes: fnmatch(3) with FNM_PATHNAME, two stars as the last
 * component for a whole tree; they match paths like "usr/lib/os-release". */
struct board_image {
	char *version;   /* "1.0.0": os-release, partition names, the kernel image's name */
	char *date;      /* of the release, "2025-11-23": the image's times begin here */
	time_t date_utc; /* the same in seconds */
	enum board_loader loader;
	char *kernel;           /* glob of the kernel: taken out of /usr */
	char *kernel_config;    /* glob of its configuration, copied beside the image */
	char *boot_loader;      /* glob of systemd-boot; NULL with BOARD_LOADER_DIRECT */
	char *stub;             /* glob of systemd-stub; likewise */
	struct strv cmdline;    /* ${usr-hash} and the like are filled in, see board.c */
	struct strv remove;     /* globs of what the packages hold and the image does not */
	struct strv initrd;     /* globs of what the initrd holds of /usr */
	struct strv os_release; /* "KEY=value" */
	char *compression;      /* mkfs.erofs -z: "zstd,12" */
	uint64_t esp_bytes;     /* size of the EFI system partition; 0: none */
	uint64_t usr_bytes;     /* size of each of the two slots for /usr */
	uint64_t verity_bytes;  /* size of each of the two slots for its hash tree */
	uint64_t budget_bytes;  /* /usr may not grow above this; 0: only the slot counts */
	uint64_t memory_mib;    /* of the emulated machine */
	uint64_t disk_bytes;    /* size of the emulated disk; at least the image's */
};

struct board {
	char *name, *summary, *arch;
	struct strv packages; /* extends' first, then its own; "-name" takes one away */
	struct strv options;  /* "recipe.option=on|off"; a later one overrides */
	struct strv dirs; /* absolute: the board's directory and those it extends, nearest first */
	struct board_image *image;
};

/* Unknown boards are ERR_INPUT with "did you mean", as are packages and options that the recipes do
 * not have; one without `arch` exists to be extended only and is refused. The caller frees. */
int board_load(const struct workspace *workspace, const char *name, struct board **ret_board,
               struct err *err);
void board_free(struct board *board);
/* For cleanup attributes. */
static inline void board_free_ptr(struct board **board)
{
	board_free(*board);
}
/* Names of all boards that have an image (those with `arch`), sorted. */
int board_list(const struct workspace *workspace, struct strv *ret_names, struct err *err);

/* Names that ${…} in `cmdline` may stand for. */
extern const char *const board_variables[];
extern const size_t board_variable_count;

/* The keys of board.yaml and of its `image`, for the reference. */
extern const struct yaml_field board_fields[], board_image_fields[];
extern const size_t board_field_count, board_image_field_count;
