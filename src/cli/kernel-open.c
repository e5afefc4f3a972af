/* What `sdk kernel …` has in common: the kernel of a board. */
#include "kernel-open.h"

#include "own.h"
#include "wanted.h"

void board_kernel_release(struct board_kernel *opened)
{
	kernel_release(&opened->kernel);
	board_free(opened->board);
	strv_release(&opened->packages);
}

int cli_choose_kernel(struct cli *cli, const char *board, struct board_kernel *chosen,
                      struct err *err)
{
	own_free char *name = board ? mem_strdup(board) : cli_board_name(cli, NULL);
	const char *package = cli_option(cli, "package");
	if (board_load(&cli->workspace, name, &chosen->board, err) < 0)
		return -1;
	strv_add(&chosen->packages, package ? package : "linux");
	return cli_check_recipe(cli, chosen->packages.items[0], err);
}

int cli_open_kernel(struct cli *cli, const char *board, struct board_kernel *opened,
                    struct err *err)
{
	if (cli_choose_kernel(cli, board, opened, err) < 0)
		return -1;
	struct build_request request = {.arch = opened->board->arch,
	                                .packages = &opened->packages,
	                                .options = &opened->board->options};
	return kernel_open(&cli->workspace, &request, opened->packages.items[0], &cli->sink,
	                   &opened->kernel, err);
}
