/* sdk binhost push: what was built here goes to a binhost. */
#include <string.h>

#include "binhost-push.h"
#include "board.h"
#include "commands.h"
#include "own.h"
#include "path.h"

enum { OPT_TO, OPT_BOARD, OPT_ARCH, OPT_RELEASE, OPT_AGAIN, OPT_AFRESH };

static const struct option_spec options[] = {
	[OPT_TO] = {"to", 0, "NAME|URL",
                    "the binhost: its name in sdk.yaml, file:///dir or s3://bucket/prefix"},
	[OPT_BOARD] = {"board", 'b', "BOARD", "what this board is made of (all boards)"},
	[OPT_ARCH] = {"arch", 'a', "ARCH", "for this architecture alone"},
	[OPT_RELEASE] = {"release", 0, "TAG", "write releases/TAG, too: what prune keeps"},
	[OPT_AGAIN] = {"again", 0, NULL, "upload what the binhost has already, too: after damage"},
	[OPT_AFRESH] = {"afresh", 0, NULL,
                        "begin an index anew that is signed by no key which is trusted now"},
	{0}};

/* What is pushed, an architecture each. */
struct push_sets {
	VEC(struct push_set) items;
};

static void push_sets_release(struct push_sets *sets)
{
	for (vec_each(set, &sets->items))
		push_set_release(set);
	vec_release(&sets->items);
}

static struct push_set *set_for(struct push_sets *sets, const char *arch)
{
	for (vec_each(set, &sets->items))
		if (str_equal(set->arch, arch))
			return set;
	vec_push(&sets->items, (struct push_set){.arch = mem_strdup(arch)});
	return &sets->items.items[sets->items.count - 1];
}

static int add_board(struct cli *cli, const char *name, struct push_sets *sets, struct err *err)
{
	const char *arch = cli_option(cli, "arch");
	__attribute__((cleanup(board_free_ptr))) struct board *board = NULL;
	if (board_load(&cli->workspace, name, &board, err) < 0)
		return -1;
	if (arch && !str_equal(arch, board->arch))
		return 0;
	struct build_request request = {
		.arch = board->arch, .packages = &board->packages, .options = &board->options};
	return push_set_add(set_for(sets, board->arch), &cli->workspace, &request, err);
}

static int add_packages(struct cli *cli, int argc, char **argv, struct push_sets *sets,
                        struct err *err)
{
	const char *name = cli_option(cli, "board"), *arch = cli_option(cli, "arch");
	__attribute__((cleanup(board_free_ptr))) struct board *board = NULL;
	own(strv) packages = {0};
	if (name && board_load(&cli->workspace, name, &board, err) < 0)
		return -1;
	for (int i = 0; i < argc; i++)
		strv_add(&packages, argv[i]);
	if (!arch)
		arch = board ? board->arch : cli->workspace.build_arch;
	struct build_request request = {
		.arch = arch, .packages = &packages, .options = board ? &board->options : NULL};
	return push_set_add(set_for(sets, arch), &cli->workspace, &request, err);
}

static int gather(struct cli *cli, int argc, char **argv, struct push_sets *sets, struct err *err)
{
	own(strv) boards = {0};
	const char *arch = cli_option(cli, "arch");
	if (arch && !str_equal(arch, "amd64") && !str_equal(arch, "arm64"))
		return err_set(err, ERR_USAGE, "--arch=%s: wanted amd64 or arm64", arch);
	if (argc)
		return add_packages(cli, argc, argv, sets, err);
	if (cli_has(cli, "board"))
		return add_board(cli, cli_option(cli, "board"), sets, err);
	if (board_list(&cli->workspace, &boards, err) < 0)
		return -1;
	for (size_t i = 0; i < boards.count; i++)
		if (add_board(cli, boards.items[i], sets, err) < 0)
			return -1;
	return 0;
}

/* ---- what came of it */

static void print_plain(struct cli *cli, const struct binhost_host *host,
                        const struct push_set *set, const struct push_result *result)
{
	char size[32];
	if (cli->quiet)
		return;
	cli_print("%s: index/%s is number %llu: %zu entries, %zu of them new; %zu objects "
	          "uploaded, %s\n",
	          host->target->url, set->arch, (unsigned long long)result->serial, result->entries,
	          result->added, result->objects, cli_bytes(result->bytes, size));
	if (set->unbuilt)
		event_note(&cli->sink, "%s: %zu packages of the plan are not built here", set->arch,
		           set->unbuilt);
	if (result->absent)
		event_note(&cli->sink, "%s: the archives of %zu packages are not in the cache",
		           set->arch, result->absent);
}

static void add_json(struct json *json, const struct push_set *set,
                     const struct push_result *result)
{
	json_object(json, NULL);
	json_string(json, "arch", set->arch);
	json_number(json, "serial", (int64_t)result->serial);
	json_number(json, "entries", (int64_t)result->entries);
	json_number(json, "added", (int64_t)result->added);
	json_number(json, "objects", (int64_t)result->objects);
	json_number(json, "bytes", (int64_t)result->bytes);
	json_number(json, "unbuilt", (int64_t)set->unbuilt);
	json_number(json, "absent", (int64_t)result->absent);
	json_end_object(json);
}

static int push_all(struct cli *cli, struct binhost_host *host, const struct push_sets *sets,
                    struct json *json, struct err *err)
{
	struct push_options push_options = {.release = cli_option(cli, "release"),
	                                    .again = cli_has(cli, "again")};
	for (vec_each(set, &sets->items)) {
		struct push_result result;
		if (binhost_push(host, set, &push_options, &result, err) < 0)
			return -1;
		add_json(json, set, &result);
		if (!cli->json)
			print_plain(cli, host, set, &result);
	}
	return 0;
}

static int check_release(const char *release, struct err *err)
{
	if (!release || (path_is_safe(release) && !strpbrk(release, "/ %&=?#+\"'")))
		return 0;
	return err_set(err, ERR_USAGE, "--release=%s: wanted a name without slashes", release);
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	own(push_sets) sets = {0};
	own(binhost_host) host = {0};
	if (check_release(cli_option(cli, "release"), err) < 0 ||
	    binhost_host_open(&cli->workspace, cli_option(cli, "to"), &cli->sink, &host, err) < 0 ||
	    gather(cli, argc, argv, &sets, err) < 0)
		return -1;
	host.afresh = cli_has(cli, "afresh");
	struct json json = {0};
	json_array(&json, NULL);
	int result = push_all(cli, &host, &sets, &json, err);
	json_end_array(&json);
	if (result == 0 && cli->json)
		cli_print_json(&json);
	json_release(&json);
	return result;
}

const struct command cmd_binhost_push = {
	.name = "binhost push",
	.arguments = "[package…]",
	.summary = "Publish what was built here on a binhost",
	.description =
		"Uploads the archives that the binhost lacks and enters them into its index, "
		"signed\n"
		"with the keys of `sdk binhost keys`: what the plans of all boards gave, or of "
		"one,\n"
		"or of the named packages with what they need. What is not built is left out. Any\n"
		"number of machines may push at the same time. An interrupted push leaves the\n"
		"binhost as it was, but for objects that the next push uses.\n\n"
		"Credentials for s3:// come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or\n"
		"from ~/.aws/credentials; the server from sdk.yaml or AWS_ENDPOINT_URL_S3.",
	.examples = "sdk binhost push --to=file:///srv/binhost\n"
		    "sdk binhost push --to=ci --board=amd64-usr --release=1.0.0\n"
		    "sdk binhost push --to=s3://packages/dray zlib openssl\n",
	.options = options,
	.completes = COMPLETES_RECIPES,
	.max_args = -1,
	.run = run,
	.leases = true,
};
