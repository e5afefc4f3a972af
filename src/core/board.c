/* A board: what goes into one image (board-configs/<board>/board.yaml). */
#include "board.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"
#include "nearest.h"
#include "own.h"
#include "path.h"
#include "yaml.h"

enum { MAX_BOARD_BYTES = 1 << 20, MAX_DEPTH = 8 };

/* One file as it stands, before it is merged with what it extends. */
struct board_file {
	char *extends;
	struct board board;
};

static void image_release(struct board_image *image)
{
	strv_release(&image->cmdline);
	strv_release(&image->remove);
	strv_release(&image->initrd_packages);
	strv_release(&image->initrd_include);
	strv_release(&image->initrd_remove);
}

static void board_release(struct board *board)
{
	free(board->name);
	free(board->summary);
	free(board->arch);
	strv_release(&board->packages);
	strv_release(&board->options);
	strv_release(&board->dirs);
	image_release(&board->image);
}

static void board_file_release(struct board_file *file)
{
	free(file->extends);
	board_release(&file->board);
}

void board_free(struct board *board)
{
	if (board)
		board_release(board);
	free(board);
}

/* ---- reading one file */

#define FIELDS(table) table, sizeof(table) / sizeof *(table)
#define IMAGE(member) offsetof(struct board_image, member)

static int decode_initrd(const struct yaml *yaml, const struct yaml_node *node, void *target,
                         struct err *err)
{
	static const struct yaml_field fields[] = {
		{"packages", YAML_STRV, IMAGE(initrd_packages), false, NULL,
	         "packages whose files the initial file system may take"},
		{"include", YAML_STRV, IMAGE(initrd_include), false, NULL,
	         "globs of what it takes; none: everything"},
		{"remove", YAML_STRV, IMAGE(initrd_remove), false, NULL,
	         "globs of what it leaves out"},
	};
	return yaml_decode(yaml, node, FIELDS(fields), target, err);
}

static int decode_partitions(const struct yaml *yaml, const struct yaml_node *node, void *target,
                             struct err *err)
{
	static const struct yaml_field fields[] = {
		{"esp", YAML_BYTES, IMAGE(esp_bytes), false, NULL, "the EFI system partition"},
		{"usr", YAML_BYTES, IMAGE(usr_bytes), false, NULL,
	         "each of the two slots for /usr"},
		{"verity", YAML_BYTES, IMAGE(verity_bytes), false, NULL,
	         "each of the two slots for /usr's hash tree"},
	};
	return yaml_decode(yaml, node, FIELDS(fields), target, err);
}

static int decode_budget(const struct yaml *yaml, const struct yaml_node *node, void *target,
                         struct err *err)
{
	static const struct yaml_field fields[] = {
		{"usr", YAML_BYTES, IMAGE(usr_budget_bytes), false, NULL, "the compressed /usr"},
		{"uki", YAML_BYTES, IMAGE(uki_budget_bytes), false, NULL,
	         "the unified kernel image"},
	};
	return yaml_decode(yaml, node, FIELDS(fields), target, err);
}

static int decode_image(const struct yaml *yaml, const struct yaml_node *node, void *target,
                        struct err *err)
{
	static const struct yaml_field fields[] = {
		{"cmdline", YAML_STRV, IMAGE(cmdline), false, NULL,
	         "words of the kernel's command line"},
		{"remove", YAML_STRV, IMAGE(remove), false, NULL,
	         "globs of what the image leaves out"},
		{"initrd", YAML_CUSTOM, 0, false, decode_initrd, "the initial file system"},
		{"partitions", YAML_CUSTOM, 0, false, decode_partitions, "sizes"},
		{"budget", YAML_CUSTOM, 0, false, decode_budget, "sizes that must not be exceeded"},
	};
	return yaml_decode(yaml, node, FIELDS(fields), target, err);
}

static const struct yaml_field board_fields[] = {
	{"extends", YAML_TEXT, offsetof(struct board_file, extends), false, NULL,
         "the board whose settings come first"},
	{"summary", YAML_TEXT, offsetof(struct board_file, board.summary), true, NULL, "one line"},
	{"arch", YAML_TEXT, offsetof(struct board_file, board.arch), false, NULL,
         "amd64 or arm64; a board without one is there to be extended"},
	{"packages", YAML_STRV, offsetof(struct board_file, board.packages), false, NULL,
         "what the image holds, with what it needs; -name takes one away"},
	{"options", YAML_STRV, offsetof(struct board_file, board.options), false, NULL,
         "recipe.option=on|off"},
	{"image", YAML_CUSTOM, offsetof(struct board_file, board.image), false, decode_image,
         "how the image is put together"},
};

static int unknown_board(const struct workspace *workspace, const char *name, struct err *err)
{
	own(strv) names = {0};
	err_set(err, ERR_INPUT, "unknown board \"%s\"", name);
	if (board_list(workspace, &names, NULL) < 0 || !names.count)
		return -1;
	const char *nearest = nearest_word(name, (const char *const *)names.items, names.count);
	if (nearest)
		return err_hint(err, "did you mean %s?", nearest);
	own_free char *all = strv_join(&names, ", ");
	return err_hint(err, "there are: %s", all);
}

static int read_file(const struct workspace *workspace, const char *name, struct board_file *file,
                     struct err *err)
{
	own_free char *path = workspace_root(workspace, "board-configs/%s/board.yaml", name);
	own_free char *shown = mem_printf("board-configs/%s/board.yaml", name);
	own(str) text = {0};
	struct yaml yaml;
	if (!path_is_safe(name) || strchr(name, '/') || !fs_is_file(path))
		return unknown_board(workspace, name, err);
	if (fs_read(path, MAX_BOARD_BYTES, &text, err) < 0 ||
	    yaml_parse(shown, str_text(&text), text.len, &yaml, err) < 0)
		return -1;
	int result = yaml_decode(&yaml, yaml.root, FIELDS(board_fields), file, err);
	yaml_release(&yaml);
	return result;
}

/* ---- merging */

static void remove_item(struct strv *list, const char *text)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (str_equal(list->items[i], text))
			free(list->items[i]);
		else
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

static void merge_packages(struct strv *into, const struct strv *from)
{
	for (size_t i = 0; i < from->count; i++) {
		if (from->items[i][0] == '-')
			remove_item(into, from->items[i] + 1);
		else if (!strv_has(into, from->items[i]))
			strv_add(into, from->items[i]);
	}
}

static void merge_size(uint64_t *into, uint64_t from)
{
	if (from)
		*into = from;
}

static void merge_image(struct board_image *into, const struct board_image *from)
{
	strv_add_all(&into->cmdline, &from->cmdline);
	strv_add_all(&into->remove, &from->remove);
	merge_packages(&into->initrd_packages, &from->initrd_packages);
	strv_add_all(&into->initrd_include, &from->initrd_include);
	strv_add_all(&into->initrd_remove, &from->initrd_remove);
	merge_size(&into->esp_bytes, from->esp_bytes);
	merge_size(&into->usr_bytes, from->usr_bytes);
	merge_size(&into->verity_bytes, from->verity_bytes);
	merge_size(&into->usr_budget_bytes, from->usr_budget_bytes);
	merge_size(&into->uki_budget_bytes, from->uki_budget_bytes);
}

static void replace_text(char **into, const char *from)
{
	if (!from)
		return;
	free(*into);
	*into = mem_strdup(from);
}

static int merge(const struct workspace *workspace, const char *name, unsigned depth,
                 struct board *board, struct err *err)
{
	own(board_file) file = {0};
	if (depth > MAX_DEPTH)
		return err_set(err, ERR_INPUT,
		               "board-configs/%s/board.yaml: boards extend each other in a circle",
		               name);
	if (read_file(workspace, name, &file, err) < 0)
		return -1;
	if (file.extends && merge(workspace, file.extends, depth + 1, board, err) < 0)
		return depth ? -1 : err_wrap(err, "board-configs/%s/board.yaml: extends", name);
	replace_text(&board->name, name);
	replace_text(&board->summary, file.board.summary);
	replace_text(&board->arch, file.board.arch);
	merge_packages(&board->packages, &file.board.packages);
	strv_add_all(&board->options, &file.board.options);
	strv_take(&board->dirs, workspace_root(workspace, "board-configs/%s", name));
	merge_image(&board->image, &file.board.image);
	return 0;
}

/* ---- the digest of all that lies beside the descriptions */

struct digester {
	const char *dir;
	struct hash hash;
};

static int digest_entry(void *context, const char *relative, const struct stat *st, struct err *err)
{
	struct digester *digester = context;
	own_free char *path = path_join(digester->dir, relative);
	hash_text(&digester->hash, relative);
	hash_text(&digester->hash, st->st_mode & 0100 ? "x" : "-");
	if (S_ISLNK(st->st_mode)) {
		own_free char *target = fs_read_link(path);
		hash_text(&digester->hash, target ? target : "");
	} else if (S_ISREG(st->st_mode)) {
		struct digest digest;
		if (digest_file(path, &digest, err) < 0)
			return -1;
		hash_update(&digester->hash, digest.bytes, sizeof digest.bytes);
	}
	return 0;
}

static int digest_dirs(struct board *board, struct err *err)
{
	struct digester digester = {0};
	hash_init(&digester.hash);
	for (size_t i = 0; i < board->dirs.count; i++) {
		digester.dir = board->dirs.items[i];
		if (fs_walk(digester.dir, digest_entry, &digester, err) < 0) {
			hash_release(&digester.hash);
			return -1;
		}
	}
	hash_final(&digester.hash, &board->digest);
	return 0;
}

int board_load(const struct workspace *workspace, const char *name, struct board **ret_board,
               struct err *err)
{
	struct board *board = mem_alloc(sizeof *board);
	if (merge(workspace, name, 0, board, err) == 0 && digest_dirs(board, err) == 0) {
		if (board->arch) {
			*ret_board = board;
			return 0;
		}
		err_set(err, ERR_INPUT, "board-configs/%s/board.yaml: no `arch`", name);
		err_hint(err, "a board without one is there to be extended by others");
	}
	board_free(board);
	return -1;
}

int board_list(const struct workspace *workspace, struct strv *ret_names, struct err *err)
{
	own_free char *dir = workspace_root(workspace, "board-configs");
	own(strv) names = {0};
	if (fs_list(dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own(board_file) file = {0};
		if (read_file(workspace, names.items[i], &file, NULL) == 0 && file.board.arch)
			strv_add(ret_names, names.items[i]);
	}
	return 0;
}
