/* What the keys of a board.yaml may be, and how they are read. */
#include "board.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "own.h"
#include "str.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define FIELD(type, member) offsetof(struct type, member)

const char *const board_variables[] = {
	"usr-hash",    /* root hash of the verity tree */
	"usr-salt",    /* its salt */
	"usr-id",      /* id of the partition that holds /usr */
	"verity-id",   /* id of the partition that holds the tree */
	"usr-sectors", /* size of the file system in sectors of 512 bytes */
	"usr-blocks",  /* in blocks of 4096 bytes */
	"version",     /* the image's */
};
const size_t board_variable_count = COUNT(board_variables);

/* ---- lists that extend those of the board below */

static bool take_away(struct strv *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!str_equal(list->items[i], name))
			continue;
		free(list->items[i]);
		memmove(&list->items[i], &list->items[i + 1],
		        (list->count - i - 1) * sizeof *list->items);
		list->count--;
		return true;
	}
	return false;
}

static int nothing_to_take(const struct yaml *yaml, const struct yaml_node *node,
                           const struct strv *list, struct err *err)
{
	const char *item = node->text;
	const char *near = nearest_word(item + 1, (const char *const *)list->items, list->count);
	yaml_error(yaml, node, err, "\"%s\": there is no %s to take away", item, item + 1);
	return near ? err_hint(err, "did you mean \"-%s\"?", near) : -1;
}

/* Appends the items; "-item" takes one away that is there. */
static int decode_list(const struct yaml *yaml, const struct yaml_node *node, void *target,
                       struct err *err)
{
	struct strv *list = target;
	own(strv) items = {0};
	if (yaml_decode_value(yaml, node, YAML_STRV, "the list", &items, err) < 0)
		return -1;
	for (size_t i = 0; i < items.count; i++) {
		const char *item = items.items[i];
		if (item[0] == '-' && !take_away(list, item + 1))
			return nothing_to_take(yaml, node->items[i], list, err);
		if (item[0] != '-' && strv_has(list, item))
			return yaml_error(yaml, node->items[i], err, "%s is there already", item);
		if (item[0] != '-')
			strv_add(list, item);
	}
	return 0;
}

/* Sets "key=value", replacing an earlier value of the key. */
static void set_pair(struct strv *pairs, const char *key, const char *value)
{
	size_t length = strlen(key);
	for (size_t i = 0; i < pairs->count; i++) {
		if (strncmp(pairs->items[i], key, length) != 0 || pairs->items[i][length] != '=')
			continue;
		free(pairs->items[i]);
		pairs->items[i] = mem_printf("%s=%s", key, value);
		return;
	}
	strv_addf(pairs, "%s=%s", key, value);
}

static int decode_options(const struct yaml *yaml, const struct yaml_node *node, void *target,
                          struct err *err)
{
	if (yaml_expect(yaml, node, YAML_MAP, "options", err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		const char *key = node->keys[i], *dot = strchr(key, '.');
		if (!dot || dot == key || !dot[1])
			return yaml_error(yaml, node->key_nodes[i], err,
			                  "option \"%s\": wanted recipe.option", key);
		if (yaml_expect(yaml, node->items[i], YAML_SCALAR, key, err) < 0)
			return -1;
		const char *value = node->items[i]->text;
		if (!str_equal(value, "on") && !str_equal(value, "off"))
			return yaml_error(yaml, node->items[i], err,
			                  "%s: wanted on or off, got \"%s\"", key, value);
		set_pair(target, key, value);
	}
	return 0;
}

static bool is_os_release_key(const char *key)
{
	for (const char *c = key; *c; c++)
		if (!isupper((unsigned char)*c) && *c != '_' &&
		    !(c > key && isdigit((unsigned char)*c)))
			return false;
	return *key != '\0';
}

/* Values go between double quotes, so they must not need escaping. */
static int decode_os_release(const struct yaml *yaml, const struct yaml_node *node, void *target,
                             struct err *err)
{
	if (yaml_expect(yaml, node, YAML_MAP, "os-release", err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		if (!is_os_release_key(node->keys[i]))
			return yaml_error(yaml, node->key_nodes[i], err,
			                  "os-release: \"%s\": wanted capital letters and \"_\"",
			                  node->keys[i]);
		if (yaml_expect(yaml, node->items[i], YAML_SCALAR, node->keys[i], err) < 0)
			return -1;
		if (strpbrk(node->items[i]->text, "\"\\$`\n"))
			return yaml_error(yaml, node->items[i], err,
			                  "%s: no quotes, $, ` or \\ here", node->keys[i]);
		set_pair(target, node->keys[i], node->items[i]->text);
	}
	return 0;
}

/* ---- single values */

static int decode_loader(const struct yaml *yaml, const struct yaml_node *node, void *target,
                         struct err *err)
{
	static const char *const names[] = {
		[BOARD_LOADER_UKI] = "uki", [BOARD_LOADER_DIRECT] = "direct"};
	if (yaml_expect(yaml, node, YAML_SCALAR, "loader", err) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(names); i++) {
		if (!str_equal(node->text, names[i]))
			continue;
		*(enum board_loader *)target = (enum board_loader)i;
		return 0;
	}
	return yaml_error(yaml, node, err, "loader: wanted uki or direct, got \"%s\"", node->text);
}

/* `target` is the whole board_image: text and seconds. */
static int decode_date(const struct yaml *yaml, const struct yaml_node *node, void *target,
                       struct err *err)
{
	struct board_image *image = target;
	struct tm day = {0};
	if (yaml_expect(yaml, node, YAML_SCALAR, "date", err) < 0)
		return -1;
	const char *end = strptime(node->text, "%Y-%m-%d", &day);
	if (!end || *end || day.tm_year < 70)
		return yaml_error(yaml, node, err, "date: wanted one like 2025-11-23, got \"%s\"",
		                  node->text);
	free(image->date);
	image->date = mem_strdup(node->text);
	image->date_utc = timegm(&day);
	return 0;
}

/* Goes into file and partition names, and a `_` separates it there. */
static int decode_version(const struct yaml *yaml, const struct yaml_node *node, void *target,
                          struct err *err)
{
	if (yaml_expect(yaml, node, YAML_SCALAR, "version", err) < 0)
		return -1;
	size_t length = strlen(node->text);
	if (!length || length > 16 ||
	    strspn(node->text, "0123456789abcdefghijklmnopqrstuvwxyz.+~-") != length)
		return yaml_error(yaml, node, err,
		                  "version: wanted up to 16 digits, small letters, \".+~-\"");
	free(*(char **)target);
	*(char **)target = mem_strdup(node->text);
	return 0;
}

/* Partitions are laid out in whole MiB. */
static int decode_slot(const struct yaml *yaml, const struct yaml_node *node, void *target,
                       struct err *err)
{
	if (yaml_decode_value(yaml, node, YAML_BYTES, "a partition's size", target, err) < 0)
		return -1;
	uint64_t bytes = *(uint64_t *)target;
	if (bytes % (1 << 20) || bytes > UINT64_C(1) << 40)
		return yaml_error(yaml, node, err,
		                  "a partition's size is a multiple of 1MiB, and at most 1024GiB");
	return 0;
}

/* More than an emulated machine of any kind can have is a slip: bytes, where MiB were asked for. */
static int decode_memory(const struct yaml *yaml, const struct yaml_node *node, void *target,
                         struct err *err)
{
	enum { MOST_MIB = 16 << 20 };
	uint64_t mib;
	if (yaml_decode_value(yaml, node, YAML_UINT, "memory", &mib, err) < 0)
		return -1;
	if (mib < 1 || mib > MOST_MIB)
		return yaml_error(yaml, node, err, "memory: wanted MiB, 1 to %d", MOST_MIB);
	*(uint64_t *)target = mib;
	return 0;
}

/* ---- the tables */

const struct yaml_field board_image_fields[] = {
	{"version", YAML_CUSTOM, FIELD(board_image, version), false, decode_version,
         "text: The version of the system: in os-release, partition names, the kernel image."},
	{"date", YAML_CUSTOM, 0, false, decode_date,
         "text: The day of the release, `2025-11-23`: all times in the image are of that day."},
	{"loader", YAML_CUSTOM, FIELD(board_image, loader), false, decode_loader,
         "text: `uki` (default): systemd-boot and a unified kernel image on the ESP; `direct`: "
         "the emulator loads the kernel."},
	{"kernel", YAML_TEXT, FIELD(board_image, kernel), false, NULL,
         "Pattern of the kernel; it is taken out of `/usr`."},
	{"kernel-config", YAML_TEXT, FIELD(board_image, kernel_config), false, NULL,
         "Pattern of the kernel's configuration, copied beside the image."},
	{"boot-loader", YAML_TEXT, FIELD(board_image, boot_loader), false, NULL,
         "Pattern of systemd-boot's EFI program."},
	{"stub", YAML_TEXT, FIELD(board_image, stub), false, NULL,
         "Pattern of systemd-stub's EFI program."},
	{"cmdline", YAML_CUSTOM, FIELD(board_image, cmdline), false, decode_list,
         "list: Arguments of the kernel; `${usr-hash}`, `${usr-salt}`, `${usr-id}`, "
         "`${verity-id}`, `${usr-sectors}`, `${usr-blocks}` and `${version}` are filled in."},
	{"remove", YAML_CUSTOM, FIELD(board_image, remove), false, decode_list,
         "list: Patterns of files that packages hold and the image does not."},
	{"initrd", YAML_CUSTOM, FIELD(board_image, initrd), false, decode_list,
         "list: Patterns of what the initrd holds of `/usr`; the shared libraries that programs "
         "name come along."},
	{"os-release", YAML_CUSTOM, FIELD(board_image, os_release), false, decode_os_release,
         "map: Lines of `/usr/lib/os-release`; VERSION, VERSION_ID, IMAGE_ID, IMAGE_VERSION and "
         "BUILD_ID are added."},
	{"compression", YAML_TEXT, FIELD(board_image, compression), false, NULL,
         "How erofs compresses, as `mkfs.erofs -z` takes it."},
	{"esp-size", YAML_CUSTOM, FIELD(board_image, esp_bytes), false, decode_slot,
         "size: The EFI system partition (`uki` needs one)."},
	{"usr-size", YAML_CUSTOM, FIELD(board_image, usr_bytes), false, decode_slot,
         "size: Each of the two slots for `/usr`."},
	{"verity-size", YAML_CUSTOM, FIELD(board_image, verity_bytes), false, decode_slot,
         "size: Each of the two slots for the hash tree of `/usr`; 1/127 of usr-size suffices."},
	{"usr-budget", YAML_BYTES, FIELD(board_image, budget_bytes), false, NULL,
         "A `/usr` above this size fails the build."},
	{"memory", YAML_CUSTOM, FIELD(board_image, memory_mib), false, decode_memory,
         "number: Memory of the emulated machine, in MiB (default 1024)."},
	{"disk-size", YAML_BYTES, FIELD(board_image, disk_bytes), false, NULL,
         "Size of the emulated machine's disk (default: the image's)."},
};
const size_t board_image_field_count = COUNT(board_image_fields);

static int decode_image(const struct yaml *yaml, const struct yaml_node *node, void *target,
                        struct err *err)
{
	return yaml_decode(yaml, node, board_image_fields, board_image_field_count,
	                   *(struct board_image **)target, err);
}

static int decode_extends(const struct yaml *yaml, const struct yaml_node *node, void *target,
                          struct err *err)
{
	(void)target; /* read_chain has followed it */
	return yaml_expect(yaml, node, YAML_SCALAR, "extends", err);
}

static int decode_arch(const struct yaml *yaml, const struct yaml_node *node, void *target,
                       struct err *err)
{
	if (yaml_expect(yaml, node, YAML_SCALAR, "arch", err) < 0)
		return -1;
	if (!str_equal(node->text, "amd64") && !str_equal(node->text, "arm64"))
		return yaml_error(yaml, node, err, "arch: wanted amd64 or arm64, got \"%s\"",
		                  node->text);
	free(*(char **)target);
	*(char **)target = mem_strdup(node->text);
	return 0;
}

const struct yaml_field board_fields[] = {
	{"summary", YAML_TEXT, FIELD(board, summary), true, NULL, "What it is for, in one line."},
	{"extends", YAML_CUSTOM, 0, false, decode_extends,
         "text: A board that this one is like; lists go on from its lists, and `-item` takes one "
         "away."},
	{"arch", YAML_CUSTOM, FIELD(board, arch), false, decode_arch,
         "text: `amd64` or `arm64`; a board without it exists to be extended."},
	{"packages", YAML_CUSTOM, FIELD(board, packages), false, decode_list,
         "list: Recipes; what they need at run time comes along."},
	{"options", YAML_CUSTOM, FIELD(board, options), false, decode_options,
         "map: Options of recipes, `recipe.option: on` or `off`."},
	{"image", YAML_CUSTOM, FIELD(board, image), false, decode_image,
         "map: What the image is like, see below."},
};
const size_t board_field_count = COUNT(board_fields);
