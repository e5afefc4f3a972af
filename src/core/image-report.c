/* What lies beside a disk for a reviewer: packages, files, sizes, and all of it for programs. */
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "image-parts.h"
#include "json.h"
#include "own.h"
#include "path.h"

static int write_report(const struct image_job *job, const char *name, const struct str *text,
                        struct err *err)
{
	own_free char *path = path_printf("%s/publish/%s", job->dir, name);
	return fs_write_file(path, str_text(text), text->len, 0644, err);
}

static int write_packages(const struct image_job *job, const struct built_set *set, struct err *err)
{
	own(str) text = {0};
	for (vec_each(output, &set->outputs))
		str_addf(&text, "%s\t%s\t%s\n", output->package, output->version, output->digest);
	return write_report(job, "packages.txt", &text, err);
}

/* One line a file, as far as it is the same on every machine. */
static int write_files(const struct image_job *job, const char *name,
                       const struct image_file_list *files, struct err *err)
{
	own(str) text = {0};
	for (vec_each(place, files)) {
		const struct image_file *file = *place;
		str_addf(&text, "%c\t%04o\t%llu\t%s\t%s\t/%s\n", file->type, file->mode,
		         (unsigned long long)file->size, file->value, file->owner, file->path);
	}
	return write_report(job, name, &text, err);
}

/* ---- sizes */

struct size {
	const char *owner;
	uint64_t bytes, files;
};

static int larger_first(const void *a, const void *b)
{
	const struct size *left = a, *right = b;
	if (left->bytes != right->bytes)
		return left->bytes < right->bytes ? 1 : -1;
	return strcmp(left->owner, right->owner);
}

static struct size *find_size(struct size *sizes, size_t *count, const char *owner)
{
	for (size_t i = 0; i < *count; i++)
		if (str_equal(sizes[i].owner, owner))
			return &sizes[i];
	sizes[*count] = (struct size){.owner = owner};
	return &sizes[(*count)++];
}

static int write_sizes(const struct image_job *job, const struct built_set *set,
                       const struct image_tree *tree, struct err *err)
{
	own(str) text = {0};
	own_free struct size *sizes = mem_alloc((set->outputs.count + 1) * sizeof *sizes);
	size_t count = 0;
	uint64_t total = 0;
	for (vec_each(place, &tree->usr)) {
		struct size *size = find_size(sizes, &count, (*place)->owner);
		size->bytes += (*place)->size;
		size->files++;
		total += (*place)->size;
	}
	if (count)
		qsort(sizes, count, sizeof *sizes, larger_first);
	str_add(&text, "# bytes in /usr before compression, files, package\n");
	for (size_t i = 0; i < count; i++)
		str_addf(&text, "%llu\t%llu\t%s\n", (unsigned long long)sizes[i].bytes,
		         (unsigned long long)sizes[i].files, sizes[i].owner);
	str_addf(&text, "%llu\t%zu\ttotal\n", (unsigned long long)total, tree->usr.count);
	return write_report(job, "sizes.txt", &text, err);
}

/* ---- for programs */

static void add_part(const struct image_job *job, struct json *json, const char *name)
{
	own_free char *path = path_join(job->dir, name);
	struct digest digest;
	struct stat st;
	char hex[DIGEST_HEX];
	if (stat(path, &st) < 0 || digest_file(path, &digest, NULL) < 0)
		return;
	digest_hex(&digest, hex);
	json_object(json, NULL);
	json_string(json, "name", name);
	json_number(json, "bytes", st.st_size);
	json_string(json, "sha256", hex);
	json_end_object(json);
}

static int write_manifest(const struct image_job *job, const struct built_set *set, struct err *err)
{
	static const char *const parts[] = {"usr.erofs", "usr.verity", "initrd", "uki.efi", "esp"};
	own(json) json = {0};
	char content[DIGEST_HEX];
	digest_hex(&job->content, content);
	json_object(&json, NULL);
	json_string(&json, "board", job->board->name);
	json_string(&json, "arch", job->board->arch);
	json_string(&json, "version", job->board->image->version);
	json_string(&json, "key", job->key);
	json_string(&json, "content", content);
	json_string(&json, "usr-hash", job->root_hash);
	json_number(&json, "time", image_time(job->board, &job->content));
	json_array(&json, "parts");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		add_part(job, &json, parts[i]);
	json_end_array(&json);
	json_array(&json, "packages");
	for (vec_each(output, &set->outputs)) {
		json_object(&json, NULL);
		json_string(&json, "name", output->package);
		json_string(&json, "version", output->version);
		json_string(&json, "digest", output->digest);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_end_object(&json);
	str_add_char(&json.text, '\n');
	return write_report(job, "manifest.json", &json.text, err);
}

int image_report_write(const struct image_job *job, const struct built_set *set,
                       const struct image_tree *tree, struct err *err)
{
	if (write_packages(job, set, err) < 0 ||
	    write_files(job, "files.txt", &tree->usr, err) < 0 ||
	    write_files(job, "initrd.txt", &tree->initrd, err) < 0 ||
	    write_sizes(job, set, tree, err) < 0)
		return -1;
	return write_manifest(job, set, err);
}
