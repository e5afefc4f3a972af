/* The disk: where partitions lie, and their content copied there. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "gpt.h"
#include "image-parts.h"
#include "own.h"
#include "path.h"

enum { MIB = 1 << 20, CHUNK_BYTES = 256 << 10, HOLE_BYTES = 4096, MAX_PARTITIONS = 5 };

/* Discoverable Partitions Specification. */
#define TYPE_ESP "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
static const struct {
	const char *arch, *usr, *verity;
} types[] = {
	{"amd64", "8484680c-9521-48c6-9c11-b0720656f69e", "77ff5f63-e7b6-4633-acf4-1565b864c0e6"},
	{"arm64", "b0e01050-ee5f-4390-949a-9101b17104e9", "6e11a4e7-fbca-4ded-b9e9-e1a512bb664e"},
};

/* One partition to be: what gpt_partition points to, and the file that fills it. */
struct slot {
	char id[37];
	char name[GPT_NAME_MAX + 1];
	const char *file; /* below job->dir; NULL: empty */
};

struct layout {
	struct slot slots[MAX_PARTITIONS];
	struct gpt_partition partitions[MAX_PARTITIONS];
	size_t count;
	uint64_t end_bytes;
};

/* Places a partition behind the others. `name` is cut to what a table holds. */
static struct slot *place(struct layout *layout, const char *type, const char *name,
                          uint64_t size_bytes, uint64_t attributes)
{
	struct slot *slot = &layout->slots[layout->count];
	strncpy(slot->name, name, GPT_NAME_MAX);
	layout->partitions[layout->count++] =
		(struct gpt_partition){.type = type,
	                               .id = slot->id,
	                               .name = slot->name,
	                               .start_bytes = layout->end_bytes,
	                               .size_bytes = size_bytes,
	                               .attributes = attributes};
	layout->end_bytes += size_bytes;
	return slot;
}

/* An empty slot is called "_empty", as systemd-sysupdate wants it (sysupdate.d(5)). */
static void place_slots(const struct image_job *job, struct layout *layout, const char *usr_type,
                        const char *verity_type)
{
	const struct board_image *image = job->board->image;
	own_free char *usr_name = mem_printf("dray_%s", image->version);
	own_free char *verity_name = mem_printf("dray_%s_verity", image->version);
	struct slot *usr = place(layout, usr_type, usr_name, image->usr_bytes, GPT_READ_ONLY);
	struct slot *verity =
		place(layout, verity_type, verity_name, image->verity_bytes, GPT_READ_ONLY);
	usr->file = "usr.erofs";
	verity->file = "usr.verity";
	image_hash_uuids(job->root_hash, usr->id, verity->id);
	usr = place(layout, usr_type, "_empty", image->usr_bytes, GPT_NO_AUTO);
	verity = place(layout, verity_type, "_empty", image->verity_bytes, GPT_NO_AUTO);
	image_derive_uuid(&job->content, "second usr", usr->id);
	image_derive_uuid(&job->content, "second verity", verity->id);
}

static void lay_out(const struct image_job *job, struct layout *layout)
{
	size_t arch = str_equal(job->board->arch, "arm64");
	*layout = (struct layout){.end_bytes = MIB};
	if (job->board->image->esp_bytes) {
		struct slot *esp = place(layout, TYPE_ESP, "esp", job->board->image->esp_bytes, 0);
		esp->file = "esp";
		image_derive_uuid(&job->content, "esp", esp->id);
	}
	place_slots(job, layout, types[arch].usr, types[arch].verity);
	layout->end_bytes += MIB; /* the backup table */
}

/* ---- content */

static bool is_zero(const char *bytes, size_t count)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

/* Writes what is not zero: the rest stays a hole. */
static int write_sparse(int fd, const char *bytes, size_t count, uint64_t offset, struct err *err)
{
	for (size_t done = 0; done < count; done += HOLE_BYTES) {
		size_t part = count - done < HOLE_BYTES ? count - done : HOLE_BYTES;
		if (is_zero(bytes + done, part))
			continue;
		if (pwrite(fd, bytes + done, part, (off_t)(offset + done)) != (ssize_t)part)
			return err_errno(err, "write the disk");
	}
	return 0;
}

/* Reads until the buffer is full or the file ends. */
static ssize_t read_full(int fd, char *buffer, size_t count)
{
	size_t done = 0;
	while (done < count) {
		ssize_t n = read(fd, buffer + done, count - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int copy_into(int disk_fd, const char *path, uint64_t offset, uint64_t room_bytes,
                     const char *name, struct err *err)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	own_free char *buffer = mem_alloc(CHUNK_BYTES);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "%s", path);
	if ((uint64_t)st.st_size > room_bytes) {
		err_set(err, ERR_INPUT, "partition %s: %llu bytes do not fit in %llu", name,
		        (unsigned long long)st.st_size, (unsigned long long)room_bytes);
		return err_hint(err, "take something away (sizes.txt of the last image), or make "
		                     "the slot larger in board.yaml");
	}
	for (;;) {
		ssize_t n = read_full(fd, buffer, CHUNK_BYTES);
		if (n < 0)
			return err_errno(err, "%s", path);
		if (n == 0)
			return 0;
		if (write_sparse(disk_fd, buffer, (size_t)n, offset, err) < 0)
			return -1;
		offset += (uint64_t)n;
	}
}

static int fill(const struct image_job *job, const struct layout *layout, const char *path,
                struct err *err)
{
	own_fd int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, (off_t)layout->end_bytes) < 0)
		return err_errno(err, "%s", path);
	for (size_t i = 0; i < layout->count; i++) {
		const struct gpt_partition *partition = &layout->partitions[i];
		if (!layout->slots[i].file)
			continue;
		own_free char *file = path_join(job->dir, layout->slots[i].file);
		if (copy_into(fd, file, partition->start_bytes, partition->size_bytes,
		              partition->name, err) < 0)
			return -1;
	}
	return 0;
}

static int check_budget(const struct image_job *job, struct err *err)
{
	uint64_t budget = job->board->image->budget_bytes;
	own_free char *path = path_join(job->dir, "usr.erofs");
	struct stat st;
	if (stat(path, &st) < 0)
		return err_errno(err, "%s", path);
	if (!budget || (uint64_t)st.st_size <= budget)
		return 0;
	err_set(err, ERR_INPUT, "/usr is %lld MiB, above the board's budget of %llu MiB",
	        (long long)st.st_size >> 20, (unsigned long long)budget >> 20);
	return err_hint(err, "take something away, or raise image: usr-budget");
}

int image_disk_write(const struct image_job *job, const char *path, struct err *err)
{
	struct layout layout;
	char disk_id[37];
	lay_out(job, &layout);
	image_derive_uuid(&job->content, "disk", disk_id);
	struct gpt gpt = {
		.disk_id = disk_id, .partitions = layout.partitions, .count = layout.count};
	if (check_budget(job, err) < 0 || fill(job, &layout, path, err) < 0 ||
	    gpt_write(path, &gpt, err) < 0)
		return err_wrap(err, "%s", path_base(path));
	return 0;
}
