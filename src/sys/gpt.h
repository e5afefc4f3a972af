/* GUID partition tables in plain files, by libfdisk: every id is given, none is random (UEFI
 * Specification, chapter 5). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "vec.h"

/* Attribute bits 48 to 63 belong to the type; those of the Discoverable Partitions Specification:
 * https://uapi-group.org/specifications/specs/discoverable_partitions_specification/ */
#define GPT_GROW_FILE_SYSTEM (UINT64_C(1) << 59)
#define GPT_READ_ONLY (UINT64_C(1) << 60)
#define GPT_NO_AUTO (UINT64_C(1) << 63)

enum { GPT_NAME_MAX = 36 }; /* UTF-16 units */

/* Ids are written as text: "c12a7328-f81f-11d2-ba4b-00a0c93ec93b". */
struct gpt_partition {
	const char *type, *id;
	const char *name;
	uint64_t start_bytes, size_bytes; /* multiples of 512 */
	uint64_t attributes;
};

struct gpt {
	const char *disk_id;
	const struct gpt_partition *partitions;
	size_t count;
};

/* Writes protective MBR, table and backup table into the file, whose size is the disk's. What the
 * partitions hold is left alone. */
struct gpt_place {
	char *name;
	uint64_t start_bytes, size_bytes;
};
VEC_OF(gpt_places, struct gpt_place);
/* The partitions of a disk's table, in their order on the disk. */
int gpt_read(const char *path, struct gpt_places *ret_places, struct err *err);
void gpt_places_release(struct gpt_places *places);

int gpt_write(const char *path, const struct gpt *gpt, struct err *err);
