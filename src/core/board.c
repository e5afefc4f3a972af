/* A board: what goes into one image (board-configs/<board>/board.yaml). */
#include "board.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "board-parts.h"
#include "fs.h"
#include "nearest.h"
#include "overlay.h"
#include "own.h"
#include "path.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- reading */

void board_free(struct board *board)
{
	if (!board)
		return;
	struct board_image *image = board->image;
	char *texts[] = {image->version,     image->date, image->kernel,      image->kernel_config,
	                 image->boot_loader, image->stub, image->compression, board->name,
	                 board->summary,     board->arch};
	strv_release(&image->cmdline);
	strv_release(&image->remove);
	strv_release(&image->initrd);
	strv_release(&image->os_release);
	for (size_t i = 0; i < COUNT(texts); i++)
		free(texts[i]);
	strv_release(&board->packages);
	strv_release(&board->options);
	strv_release(&board->dirs);
	free(image);
	free(board);
}

static bool has_board(const struct overlay_boards *boards, const char *name)
{
	own_free char *path = path_printf("%s/%s/board.yaml", boards->dir, name);
	return fs_is_file(path);
}

int board_list_all(const struct workspace *workspace, struct strv *ret_names, struct err *err)
{
	own(overlay_board_list) list = {0};
	if (overlay_list_boards(workspace, &list, err) < 0)
		return -1;
	for (vec_each(boards, &list)) {
		own(strv) names = {0};
		if (fs_list(boards->dir, &names, err) < 0)
			return -1;
		for (size_t i = 0; i < names.count; i++)
			if (!strv_has(ret_names, names.items[i]) &&
			    has_board(boards, names.items[i]))
				strv_add(ret_names, names.items[i]);
	}
	strv_sort(ret_names);
	return 0;
}

static int unknown_board(const struct workspace *workspace, const char *name, struct err *err)
{
	own(strv) names = {0}, with_image = {0};
	if (board_list_all(workspace, &names, err) < 0 ||
	    board_list(workspace, &with_image, err) < 0)
		return -1;
	const char *near = nearest_word(name, (const char *const *)names.items, names.count);
	own_free char *all = strv_join(&with_image, ", ");
	err_set(err, ERR_INPUT, "there is no board \"%s\" (no board-configs/%s/board.yaml)", name,
	        name);
	if (near)
		return err_hint(err, "did you mean %s?", near);
	return err_hint(err, "the boards are: %s", all);
}

void board_chain_release(struct board_chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		yaml_release(&chain->files[i]);
}

/* An overlay's files are others' work: no link in it may show what lies outside (recipe-files.c).
 */
static int check_inside(const struct overlay_boards *boards, const char *name, struct err *err)
{
	static const char *const parts[] = {"", "/board.yaml", "/files", "/initrd"};
	for (size_t i = 0; i < COUNT(parts) && boards->inside; i++) {
		own_free char *path = path_printf("%s/%s%s", boards->dir, name, parts[i]);
		if (fs_exists(path) && !fs_is_inside(path, boards->inside))
			return err_set(err, ERR_INPUT, "%s: a symlink that leads out of overlay %s",
			               path, boards->overlay);
	}
	return 0;
}

/* The first one, from `at` on, that has the board: list->count when none has. */
static int find_board(const struct overlay_board_list *list, const char *name, size_t at,
                      size_t *ret_at, struct err *err)
{
	bool safe = !strchr(name, '/') && path_is_safe(name);
	while (at < list->count && !(safe && has_board(&list->items[at], name)))
		at++;
	*ret_at = at;
	if (at == list->count)
		return 0;
	const struct overlay_boards *found = &list->items[at], *next = found + 1;
	while (next < list->items + list->count && !has_board(next, name))
		next++;
	if (next < list->items + list->count && next->priority == found->priority) {
		err_set(err, ERR_INPUT,
		        "board %s: overlays %s and %s both have it, with the same "
		        "priority",
		        name, found->overlay, next->overlay);
		return err_hint(err, "give the one that is to win a higher `priority` in sdk.yaml");
	}
	return check_inside(found, name, err);
}

static int unknown_extends(const struct workspace *workspace, const struct yaml *yaml,
                           const struct yaml_node *extends, bool below, struct err *err)
{
	own(strv) names = {0};
	if (below)
		return yaml_error(yaml, extends, err,
		                  "extends: nothing below has a board \"%s\": a circle?",
		                  extends->text);
	if (board_list_all(workspace, &names, err) < 0)
		return -1;
	const char *near =
		nearest_word(extends->text, (const char *const *)names.items, names.count);
	yaml_error(yaml, extends, err, "extends: there is no board \"%s\"", extends->text);
	return near ? err_hint(err, "did you mean %s?", near) : -1;
}

int board_chain_read(const struct workspace *workspace, const char *name, struct board_chain *chain,
                     struct strv *dirs, struct err *err)
{
	const struct yaml_node *extends = NULL;
	own(overlay_board_list) list = {0};
	size_t at = 0;
	bool below = false;
	if (overlay_list_boards(workspace, &list, err) < 0)
		return -1;
	do {
		if (chain->count == BOARD_MAX_EXTENDS)
			return yaml_error(&chain->files[chain->count - 1], extends, err,
			                  "extends: more than %d boards deep: a circle?",
			                  BOARD_MAX_EXTENDS);
		struct yaml *yaml = &chain->files[chain->count];
		if (find_board(&list, name, at, &at, err) < 0)
			return -1;
		if (at == list.count)
			return extends ? unknown_extends(workspace, yaml - 1, extends, below, err)
			               : unknown_board(workspace, name, err);
		own_free char *path = path_printf("%s/%s/board.yaml", list.items[at].dir, name);
		if (yaml_load(path, BOARD_MAX_BYTES, yaml, err) < 0)
			return -1;
		chain->count++;
		strv_take(dirs, path_dir(path));
		extends = yaml->root->kind == YAML_MAP ? yaml_get(yaml->root, "extends") : NULL;
		if (extends && yaml_expect(yaml, extends, YAML_SCALAR, "extends", err) < 0)
			return -1;
		below = extends && str_equal(extends->text, name);
		at = below ? at + 1 : 0;
		name = extends ? extends->text : NULL;
	} while (name);
	return 0;
}

/* ---- rules over the whole */

static int check_variables(const struct yaml *yaml, const char *argument, struct err *err)
{
	for (const char *at = strstr(argument, "${"); at; at = strstr(at + 2, "${")) {
		const char *end = strchr(at, '}');
		own_free char *name = mem_strndup(at + 2, end ? (size_t)(end - at - 2) : 0);
		bool known = false;
		for (size_t i = 0; i < board_variable_count; i++)
			known = known || str_equal(board_variables[i], name);
		if (!known)
			return yaml_error(yaml, yaml->root, err,
			                  "cmdline: \"%s\" has an unknown variable", argument);
	}
	return 0;
}

static int check_board(const struct yaml *yaml, const struct board *board, struct err *err)
{
	const struct board_image *image = board->image;
	const char *missing = !image->version        ? "version"
	                      : !image->date         ? "date"
	                      : !image->kernel       ? "kernel"
	                      : !image->usr_bytes    ? "usr-size"
	                      : !image->verity_bytes ? "verity-size"
	                                             : NULL;
	if (!missing && image->loader == BOARD_LOADER_UKI)
		missing = !image->esp_bytes     ? "esp-size"
		          : !image->boot_loader ? "boot-loader"
		          : !image->stub        ? "stub"
		                                : NULL;
	if (missing)
		return yaml_error(yaml, yaml->root, err, "image: %s is missing", missing);
	for (size_t i = 0; i < image->cmdline.count; i++)
		if (check_variables(yaml, image->cmdline.items[i], err) < 0)
			return -1;
	if (image->budget_bytes > image->usr_bytes)
		return yaml_error(yaml, yaml->root, err, "image: usr-budget is above usr-size");
	return 0;
}

int board_chain_decode(const struct board_chain *chain, const char *name, struct board **ret_board,
                       struct err *err)
{
	struct board *board = mem_alloc(sizeof *board);
	board->name = mem_strdup(name);
	board->image = mem_alloc(sizeof *board->image);
	board->image->compression = mem_strdup("zstd,12");
	board->image->memory_mib = 1024;
	int result = 0;
	for (size_t i = chain->count; i-- > 0 && result == 0;) {
		const struct yaml *yaml = &chain->files[i];
		result = yaml_decode(yaml, yaml->root, board_fields, board_field_count, board, err);
	}
	if (result == 0 && board->arch)
		result = check_board(&chain->files[0], board, err);
	if (result < 0)
		board_free(board);
	else
		*ret_board = board;
	return result;
}

int board_load(const struct workspace *workspace, const char *name, struct board **ret_board,
               struct err *err)
{
	own(board_chain) chain = {0};
	own(strv) dirs = {0};
	struct board *board;
	if (board_chain_read(workspace, name, &chain, &dirs, err) < 0 ||
	    board_chain_decode(&chain, name, &board, err) < 0)
		return -1;
	if (!board->arch) {
		board_free(board);
		err_set(err, ERR_INPUT, "%s: board %s has no arch: it exists to be extended",
		        chain.files[0].path, name);
		return err_hint(err, "choose one of those that extend it");
	}
	if (board_chain_check(workspace, &chain, board, err) < 0) {
		board_free(board);
		return -1;
	}
	board->dirs = dirs;
	dirs = (struct strv){0};
	*ret_board = board;
	return 0;
}

static bool has_arch(const struct workspace *workspace, const char *name)
{
	struct err ignored = {0};
	own(board_chain) chain = {0};
	own(strv) dirs = {0};
	bool found = false;
	if (board_chain_read(workspace, name, &chain, &dirs, &ignored) == 0)
		for (size_t i = 0; i < chain.count; i++)
			found = found || (chain.files[i].root->kind == YAML_MAP &&
			                  yaml_get(chain.files[i].root, "arch"));
	err_release(&ignored);
	return found;
}

int board_list(const struct workspace *workspace, struct strv *ret_names, struct err *err)
{
	own(strv) names = {0};
	if (board_list_all(workspace, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (has_arch(workspace, names.items[i]))
			strv_add(ret_names, names.items[i]);
	return 0;
}
