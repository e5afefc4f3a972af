/* Partition tables: what is written is what was asked for, twice the same. */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "gpt.h"
#include "hash.h"
#include "own.h"

enum { SECTOR = 512, DISK_BYTES = 16 << 20 };

#define DISK_ID "01234567-89ab-8def-8123-456789abcdef"
#define USR_TYPE "8484680c-9521-48c6-9c11-b0720656f69e"
#define USR_ID "11111111-2222-8333-8444-555555555555"

static const struct gpt_partition partitions[] = {
	{.type = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
         .id = "aaaaaaaa-bbbb-8ccc-8ddd-eeeeeeeeeeee",
         .name = "esp",
         .start_bytes = 1 << 20,
         .size_bytes = 2 << 20},
	{.type = USR_TYPE,
         .id = USR_ID,
         .name = "dray_1.0",
         .start_bytes = 3 << 20,
         .size_bytes = 4 << 20,
         .attributes = GPT_READ_ONLY | GPT_NO_AUTO},
};

static char *make_disk(void)
{
	char *path = mem_strdup("/tmp/sdk-gpt-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, DISK_BYTES), 0);
	close(fd);
	return path;
}

static void write_table(const char *path, const struct gpt_partition *list, size_t count)
{
	struct err err = {0};
	struct gpt gpt = {.disk_id = DISK_ID, .partitions = list, .count = count};
	if (gpt_write(path, &gpt, &err) < 0)
		fail_msg("%s", err.message);
}

static uint64_t little_endian(const char *bytes, int count)
{
	uint64_t number = 0;
	for (int i = count; i-- > 0;)
		number = number << 8 | (uint8_t)bytes[i];
	return number;
}

/* A GUID on the disk: three little-endian numbers, then bytes (UEFI Specification, appendix A). */
static void format_guid(const char *bytes, char text[37])
{
	snprintf(text, 37, "%08llx-%04llx-%04llx-%02x%02x-%02x%02x%02x%02x%02x%02x",
	         (unsigned long long)little_endian(bytes, 4),
	         (unsigned long long)little_endian(bytes + 4, 2),
	         (unsigned long long)little_endian(bytes + 6, 2), (uint8_t)bytes[8],
	         (uint8_t)bytes[9], (uint8_t)bytes[10], (uint8_t)bytes[11], (uint8_t)bytes[12],
	         (uint8_t)bytes[13], (uint8_t)bytes[14], (uint8_t)bytes[15]);
}

static void writes_what_was_asked(void **state)
{
	(void)state;
	own_free char *path = make_disk();
	own(str) disk = {0};
	char id[37];
	write_table(path, partitions, 2);
	assert_int_equal(fs_read(path, DISK_BYTES, &disk, NULL), 0);
	assert_int_equal(disk.len, DISK_BYTES);
	assert_int_equal(memcmp(disk.data + SECTOR, "EFI PART", 8), 0);
	assert_int_equal(memcmp(disk.data + DISK_BYTES - SECTOR, "EFI PART", 8), 0);
	format_guid(disk.data + SECTOR + 56, id);
	assert_string_equal(id, DISK_ID);
	const char *second = disk.data + 2 * SECTOR + 128;
	format_guid(second, id);
	assert_string_equal(id, USR_TYPE);
	format_guid(second + 16, id);
	assert_string_equal(id, USR_ID);
	assert_int_equal(little_endian(second + 32, 8), (3 << 20) / SECTOR);
	assert_int_equal(little_endian(second + 40, 8), (7 << 20) / SECTOR - 1);
	assert_int_equal(little_endian(second + 48, 8), GPT_READ_ONLY | GPT_NO_AUTO);
	assert_int_equal(memcmp(second + 56, "d\0r\0a\0y\0_\0001\0.\0000\0\0", 18), 0);
	unlink(path);
}

static void is_the_same_twice(void **state)
{
	(void)state;
	own_free char *one = make_disk(), *two = make_disk();
	struct digest first, second;
	write_table(one, partitions, 2);
	write_table(two, partitions, 2);
	assert_int_equal(digest_file(one, &first, NULL), 0);
	assert_int_equal(digest_file(two, &second, NULL), 0);
	assert_true(digest_equal(&first, &second));
	unlink(one);
	unlink(two);
}

static void keeps_what_partitions_hold(void **state)
{
	(void)state;
	own_free char *path = make_disk();
	own(str) disk = {0};
	own_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "content", 7, 3 << 20), 7);
	write_table(path, partitions, 2);
	assert_int_equal(fs_read(path, DISK_BYTES, &disk, NULL), 0);
	assert_int_equal(memcmp(disk.data + (3 << 20), "content", 7), 0);
	unlink(path);
}

static void refuses(const struct gpt_partition *partition)
{
	own_free char *path = make_disk();
	struct err err = {0};
	struct gpt gpt = {.disk_id = DISK_ID, .partitions = partition, .count = 1};
	assert_int_equal(gpt_write(path, &gpt, &err), -1);
	assert_non_null(err.message);
	err_release(&err);
	unlink(path);
}

static void refuses_what_does_not_fit(void **state)
{
	(void)state;
	struct gpt_partition partition = partitions[0];
	partition.size_bytes = 64 << 20;
	refuses(&partition);
	partition = partitions[0];
	partition.start_bytes = 1000;
	refuses(&partition);
	partition = partitions[0];
	partition.name = "a name that is longer than the table's 36 places";
	refuses(&partition);
	partition = partitions[0];
	partition.id = "no id";
	refuses(&partition);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_was_asked),
		cmocka_unit_test(is_the_same_twice),
		cmocka_unit_test(keeps_what_partitions_hold),
		cmocka_unit_test(refuses_what_does_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
