/* sdk image: a bootable disk image of a board. */
#include <errno.h>
#include <stdio.h>

#include "board.h"
#include "build.h"
#include "cli.h"
#include "commands.h"
#include "image.h"
#include "own.h"
#include "wanted.h"

enum { OPT_BOARD, OPT_JOBS, OPT_NO_BUILD };

static const struct option_spec options[] = {
	[OPT_BOARD] = {"board", 'b', "BOARD",
                       "the board (default: the one for this machine's kind)"},
	[OPT_JOBS] = {"jobs", 'j', "N", "run N jobs at a time (default: one a processor)"},
	[OPT_NO_BUILD] = {"no-build", 0, NULL, "fail rather than build packages"},
	{0},
};

static void print_json(const struct board *board, const struct image *image)
{
	own(json) json = {0};
	json_object(&json, NULL);
	json_string(&json, "board", board->name);
	json_string(&json, "version", board->image->version);
	json_string(&json, "key", image->key);
	json_string(&json, "dir", image->dir);
	json_string(&json, "disk", image->disk);
	json_bool(&json, "made", image->made);
	json_end_object(&json);
	cli_print_json(&json);
}

static void print_image(const struct cli *cli, const struct board *board, const struct image *image)
{
	if (cli->json) {
		print_json(board, image);
		return;
	}
	cli_print("%s\n", image->disk);
	if (cli->quiet)
		return;
	fprintf(stderr, "%s; boot it with:\n    %s run --board=%s\n",
	        image->made ? "The image is made" : "The image is up to date",
	        program_invocation_name, board->name);
}

static int find_packages(struct cli *cli, const struct board *board, struct built_set *set,
                         struct err *err)
{
	int64_t jobs;
	if (cli_number(cli, "jobs", 1, 1024, 0, &jobs, err) < 0)
		return -1;
	struct build_request request = {.arch = board->arch,
	                                .packages = &board->packages,
	                                .options = &board->options,
	                                .jobs = (unsigned)jobs};
	if (cli_has(cli, "no-build"))
		return build_find(&cli->workspace, &request, set, err);
	return build_packages(&cli->workspace, &request, &cli->sink, set, err);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv;
	__attribute__((cleanup(board_free_ptr))) struct board *board = NULL;
	own(built_set) set = {0};
	own(image) image = {0};
	if (cli_board(cli, &board, err) < 0 || find_packages(cli, board, &set, err) < 0 ||
	    image_make(&cli->workspace, board, &set, &cli->sink, &image, err) < 0)
		return -1;
	print_image(cli, board, &image);
	return 0;
}

const struct command cmd_image = {
	.name = "image",
	.summary = "Make a board's bootable disk image",
	.description =
		"Builds the board's packages where they are not built yet, then assembles them: a\n"
		"disk with an EFI partition, /usr under dm-verity, and a second slot for updates.\n"
		"Nothing needs root. The same inputs give the same bytes, and an image that "
		"exists\n"
		"is not made again. It lies in out/images/BOARD/latest, with lists of its "
		"packages,\n"
		"files and sizes. Inside the environment this is also `build-image`.",
	.examples = "sdk image --board=amd64-usr\n"
		    "sdk image --board=arm64-usr -j 4\n"
		    "sdk image --board=amd64-usr --no-build   # from what is built already\n",
	.options = options,
	.completes = COMPLETES_NOTHING,
	.run = run,
	.leases = true,
};
