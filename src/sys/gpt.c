/* GUID partition tables in plain files, by libfdisk. */
#include "gpt.h"

#include <errno.h>
#include <libfdisk/libfdisk.h>
#include <string.h>
#include <strings.h>

#include "own.h"
#include "str.h"

enum { SECTOR_BYTES = 512 };

static void unref_context(struct fdisk_context **context)
{
	fdisk_unref_context(*context);
}

static void unref_partition(struct fdisk_partition **partition)
{
	fdisk_unref_partition(*partition);
}

static void unref_type(struct fdisk_parttype **type)
{
	fdisk_unref_parttype(*type);
}

/* libfdisk's functions return a negative errno. */
static int failed(int result, struct err *err, const char *what, const char *name)
{
	errno = result < 0 ? -result : EINVAL;
	return err_errno(err, "partition table: %s %s", what, name);
}

/* "GUID:60,63", as fdisk_partition_set_attrs wants them. */
static void format_attributes(uint64_t attributes, struct str *text)
{
	for (int bit = 48; bit < 64; bit++)
		if (attributes >> bit & 1)
			str_addf(text, "%s%d", text->len ? "," : "GUID:", bit);
}

static int fill_partition(struct fdisk_context *context, const struct gpt_partition *from,
                          size_t number, struct fdisk_partition *partition)
{
	__attribute__((cleanup(unref_type))) struct fdisk_parttype *type =
		fdisk_label_parse_parttype(fdisk_get_label(context, NULL), from->type);
	own(str) attributes = {0};
	format_attributes(from->attributes, &attributes);
	if (!type)
		return -EINVAL;
	fdisk_partition_size_explicit(partition, 1);
	int result = fdisk_partition_set_partno(partition, number);
	result = result ? result : fdisk_partition_set_type(partition, type);
	result = result ? result : fdisk_partition_set_uuid(partition, from->id);
	result = result ? result : fdisk_partition_set_name(partition, from->name);
	result = result ? result
	                : fdisk_partition_set_start(partition, from->start_bytes / SECTOR_BYTES);
	result = result ? result
	                : fdisk_partition_set_size(partition, from->size_bytes / SECTOR_BYTES);
	if (result == 0 && attributes.len)
		result = fdisk_partition_set_attrs(partition, str_text(&attributes));
	return result;
}

static int add_partition(struct fdisk_context *context, const struct gpt_partition *from,
                         size_t number, struct err *err)
{
	if (from->start_bytes % SECTOR_BYTES || from->size_bytes % SECTOR_BYTES ||
	    strlen(from->name) > GPT_NAME_MAX)
		return failed(-EINVAL, err, "partition", from->name);
	__attribute__((cleanup(unref_partition))) struct fdisk_partition *partition =
		fdisk_new_partition();
	if (!partition)
		return failed(-ENOMEM, err, "partition", from->name);
	int result = fill_partition(context, from, number, partition);
	result = result ? result : fdisk_add_partition(context, partition, NULL);
	return result ? failed(result, err, "partition", from->name) : 0;
}

int gpt_write(const char *path, const struct gpt *gpt, struct err *err)
{
	__attribute__((cleanup(unref_context))) struct fdisk_context *context = fdisk_new_context();
	if (!context)
		return failed(-ENOMEM, err, "open", path);
	/* No questions, and no wiping of what is in the partitions. */
	fdisk_disable_dialogs(context, 1);
	int result = fdisk_save_user_sector_size(context, SECTOR_BYTES, SECTOR_BYTES);
	result = result ? result : fdisk_assign_device(context, path, 0);
	if (result)
		return failed(result, err, "open", path);
	fdisk_enable_wipe(context, 0);
	result = fdisk_create_disklabel(context, "gpt");
	result = result ? result : fdisk_set_disklabel_id_from_string(context, gpt->disk_id);
	if (result)
		return failed(result, err, "disk", gpt->disk_id);
	for (size_t i = 0; i < gpt->count; i++)
		if (add_partition(context, &gpt->partitions[i], i, err) < 0)
			return -1;
	result = fdisk_write_disklabel(context);
	result = result ? result : fdisk_deassign_device(context, 0);
	return result ? failed(result, err, "write", path) : 0;
}

void gpt_places_release(struct gpt_places *places)
{
	for (vec_each(place, places))
		free(place->name);
	vec_release(places);
}

static void unref_table(struct fdisk_table **table)
{
	fdisk_unref_table(*table);
}

static int read_table(struct fdisk_context *context, struct gpt_places *places)
{
	__attribute__((cleanup(unref_table))) struct fdisk_table *table = fdisk_new_table();
	int result = table ? fdisk_get_partitions(context, &table) : -ENOMEM;
	for (size_t i = 0; result == 0 && i < fdisk_table_get_nents(table); i++) {
		struct fdisk_partition *from = fdisk_table_get_partition(table, i);
		const char *name = fdisk_partition_get_name(from);
		struct gpt_place place = {
			.name = mem_strdup(name ? name : ""),
			.start_bytes = fdisk_partition_get_start(from) * SECTOR_BYTES,
			.size_bytes = fdisk_partition_get_size(from) * SECTOR_BYTES};
		vec_push(places, place);
	}
	return result;
}

int gpt_read(const char *path, struct gpt_places *ret_places, struct err *err)
{
	__attribute__((cleanup(unref_context))) struct fdisk_context *context = fdisk_new_context();
	struct gpt_places places = {0};
	if (!context)
		return failed(-ENOMEM, err, "open", path);
	int result = fdisk_assign_device(context, path, 1);
	if (result == 0 && !fdisk_is_label(context, GPT))
		result = -EINVAL;
	if (result == 0)
		result = read_table(context, &places);
	if (result) {
		gpt_places_release(&places);
		return failed(result, err, "read", path);
	}
	*ret_places = places;
	return 0;
}
