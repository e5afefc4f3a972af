/* What the commands `sdk config …` share. */
#include "config-open.h"

#include <string.h>

#include "own.h"
#include "wanted.h"

int config_open(const struct cli *cli, struct board_edit *ret_edit, struct err *err)
{
	own_free char *name = cli_board_name(cli, NULL);
	return board_edit_open(&cli->workspace, name, ret_edit, err);
}

void config_open_sizes(const struct cli *cli, struct board_edit *edit,
                       struct board_sizes *ret_sizes)
{
	own(err) unknown = {0};
	const char *arch = edit->board->arch ? edit->board->arch : cli->workspace.build_arch;
	board_sizes_make(&cli->workspace, &edit->recipes, arch, &edit->board->options, ret_sizes,
	                 &unknown);
}

const char *config_shown_path(const struct cli *cli, const struct board_edit *edit)
{
	size_t length = strlen(cli->workspace.root);
	bool is_below =
		!strncmp(edit->path, cli->workspace.root, length) && edit->path[length] == '/';
	return edit->path + (is_below ? length + 1 : 0);
}

const char *config_weight(const struct board_row *row, char *text)
{
	if (!row->has_bytes)
		return "";
	return row->bytes ? cli_bytes(row->bytes, text) : "needed";
}
