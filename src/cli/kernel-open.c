/* What `sdk kernel …` has in common: the kernel of a board. */
#include "kernel-open.h"

#include "own.h"

void board_kernel_release(struct board_kernel *opened)
{
	kernel_release(&opened->kernel);
	board_free(opened->board);
	strv_release(&opened->packages);
}

int cli_open_kernel(struct cli *cli, const char *board, struct board_kernel *opened,
                    struct err *err)
{
	own_free char *fallback = mem_printf("%s-usr", cli->workspace.build_arch);
	const char *package = cli_option(cli, "package");
	if (board_load(&cli->workspace, board ? board : fallback, &opened->board, err) < 0)
		return -1;
	strv_add(&opened->packages, package ? package : "linux");
	struct build_request request = {.arch = opened->board->arch,
	                                .packages = &opened->packages,
	                                .options = &opened->board->options};
	return kernel_open(&cli->workspace, &request, opened->packages.items[0], &cli->sink,
	                   &opened->kernel, err);
}
