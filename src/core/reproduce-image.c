/* An image made a second time, under other conditions, and compared partition by partition. */
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs.h"
#include "gpt.h"
#include "image.h"
#include "own.h"
#include "path.h"
#include "proc.h"
#include "reproduce-parts.h"

/* One check of one image. */
struct check {
	const struct workspace *workspace;
	const struct board *board;
	const struct built_set *set;
	const struct env *env;
	struct image first;
	struct workspace scratch;
	char *dir; /* holds the scratch directory */
};

static void check_release(struct check *check)
{
	image_release(&check->first);
	workspace_release(&check->scratch);
	free(check->dir);
}

/* ---- the second image */

static int link_to(const char *target, const char *path, struct err *err)
{
	if (fs_make_parents(path, err) < 0)
		return -1;
	return symlink(target, path) < 0 ? err_errno(err, "%s", path) : 0;
}

static int prepare(struct check *check, struct err *err)
{
	const struct workspace *workspace = check->workspace;
	check->scratch = (struct workspace){
		.root = path_join(check->dir, "somebody-else/a checkout with blanks"),
		.out = path_join(check->dir, "somebody-else/state"),
		.cache = mem_strdup(workspace->cache),
		.data = mem_strdup(workspace->data),
		.build_arch = mem_strdup(workspace->build_arch),
	};
	own_free char *env = workspace_out(workspace, "env");
	own_free char *env_link = workspace_out(&check->scratch, "env");
	own_free char *store = workspace_out(workspace, "store");
	own_free char *store_link = workspace_out(&check->scratch, "store");
	if (fs_remove_tree(check->dir, err) < 0 ||
	    link_to(workspace->root, check->scratch.root, err) < 0)
		return -1;
	return link_to(env, env_link, err) < 0 ? -1 : link_to(store, store_link, err);
}

static int make_second(void *context)
{
	struct check *check = context;
	own(err) err = {0};
	own(image) second = {0};
	__attribute__((cleanup(trial_release))) struct trial trial;
	own_free char *failure = path_join(check->dir, "failure");
	reproduce_make_trial(check->env, true, &trial);
	check->scratch.trial = &trial;
	if (reproduce_take_conditions(0, &err) == 0 &&
	    image_make(&check->scratch, check->board, check->set, NULL, &second, &err) == 0)
		return 0;
	fs_write_text(failure, err.message, NULL);
	return 1;
}

/* In a process of its own, since conditions are a process's. */
static int run_second(struct check *check, struct reproduce_result *result, struct err *err)
{
	struct proc proc;
	int status;
	own_free char *failure = path_join(check->dir, "failure");
	own(str) text = {0};
	if (proc_fork(make_second, check, &proc, err) < 0 || proc_wait(&proc, &status, err) < 0)
		return -1;
	if (status == 0)
		return 0;
	result->status = REPRODUCE_FAILED;
	fs_read(failure, 1 << 20, &text, NULL);
	strv_addf(&result->findings, "the second image: %s",
	          text.len ? str_text(&text) : "its process died");
	return 0;
}

/* ---- comparing */

static int compare_range(const char *first, const char *second, const char *name, uint64_t offset,
                         uint64_t bytes, struct strv *findings, struct err *err)
{
	struct reproduce_spread where;
	if (reproduce_spread(first, second, offset, bytes, &where, err) < 0)
		return -1;
	if (where.count)
		strv_addf(findings, "    %s: %llu bytes differ, the first one at %llu", name,
		          (unsigned long long)where.count, (unsigned long long)where.first);
	return 0;
}

static int compare_disks(const char *first, const char *second, struct strv *findings,
                         struct err *err)
{
	own(gpt_places) places = {0};
	if (gpt_read(first, &places, err) < 0)
		return -1;
	uint64_t end = 0;
	for (vec_each(place, &places)) {
		own_free char *name = mem_printf("partition %zu (%s)",
		                                 (size_t)(place - places.items) + 1, place->name);
		if (place->start_bytes > end &&
		    compare_range(first, second, "partition table", end, place->start_bytes - end,
		                  findings, err) < 0)
			return -1;
		if (compare_range(first, second, name, place->start_bytes, place->size_bytes,
		                  findings, err) < 0)
			return -1;
		end = place->start_bytes + place->size_bytes;
	}
	return compare_range(first, second, "behind the partitions", end, 0, findings, err);
}

static int compare_file(const char *first_dir, const char *second_dir, const char *name,
                        struct reproduce_result *result, struct err *err)
{
	own_free char *first = path_join(first_dir, name), *second = path_join(second_dir, name);
	struct digest a, b;
	struct stat x, y;
	if (stat(second, &y) < 0 || stat(first, &x) < 0) {
		result->status = REPRODUCE_DIFFERS;
		strv_addf(&result->findings, "%s: only one of them has it", name);
		return 0;
	}
	if (digest_file(first, &a, err) < 0 || digest_file(second, &b, err) < 0)
		return -1;
	if (digest_equal(&a, &b))
		return 0;
	result->status = REPRODUCE_DIFFERS;
	strv_addf(&result->findings, "%s: content differs", name);
	if (x.st_size == y.st_size && str_ends(name, ".img"))
		return compare_disks(first, second, &result->findings, err);
	reproduce_compare_files(first, second, &result->findings);
	return 0;
}

static int compare(const struct check *check, struct reproduce_result *result, struct err *err)
{
	own(strv) names = {0};
	own(strv) others = {0};
	own_free char *second = workspace_out(&check->scratch, "images/%s/%s", check->board->name,
	                                      check->first.key);
	if (fs_list(check->first.dir, &names, err) < 0)
		return -1;
	if (!fs_is_dir(second)) {
		result->status = REPRODUCE_DIFFERS;
		strv_add(&result->findings, "the image's key is another one the second time");
		return 0;
	}
	if (fs_list(second, &others, err) < 0)
		return -1;
	for (size_t i = 0; i < others.count; i++)
		if (!strv_has(&names, others.items[i]))
			strv_add(&names, others.items[i]);
	for (size_t i = 0; i < names.count; i++)
		if (compare_file(check->first.dir, second, names.items[i], result, err) < 0)
			return -1;
	if (result->status == REPRODUCE_DIFFERS) {
		strv_addf(&result->findings, "    compare %s", check->first.dir);
		strv_addf(&result->findings, "    with    %s", second);
	}
	return 0;
}

static int check_image(struct check *check, const struct event_sink *sink,
                       struct reproduce_result *result, struct err *err)
{
	struct timespec start, end;
	if (image_make(check->workspace, check->board, check->set, sink, &check->first, err) < 0 ||
	    prepare(check, err) < 0)
		return -1;
	result->key = mem_strdup(check->first.key);
	clock_gettime(CLOCK_MONOTONIC, &start);
	event_emit(sink, &(struct event){.kind = EVENT_BEGIN,
	                                 .task = check->board->name,
	                                 .text = "the second image"});
	int made = run_second(check, result, err);
	clock_gettime(CLOCK_MONOTONIC, &end);
	result->seconds = (double)(end.tv_sec - start.tv_sec);
	event_emit(sink, &(struct event){.kind = EVENT_END,
	                                 .task = check->board->name,
	                                 .status = made,
	                                 .seconds = result->seconds});
	if (made < 0 || result->status == REPRODUCE_FAILED)
		return made;
	if (compare(check, result, err) < 0)
		return -1;
	return result->status == REPRODUCE_SAME ? fs_remove_tree(check->dir, err) : 0;
}

int reproduce_image(const struct workspace *workspace, const struct board *board,
                    const struct reproduce_request *request, const struct event_sink *sink,
                    struct reproduction *ret, struct err *err)
{
	own(env) env = {0};
	own(built_set) set = {0};
	own(reproduction) r = {0};
	own_free char *scratch = request->scratch ? path_join(request->scratch, "sdk-second-builds")
	                                          : workspace_out(workspace, "reproducible/builds");
	if (build_find(workspace, &request->build, &set, err) < 0 ||
	    env_create(workspace, 0, sink, err) < 0 || env_open(workspace, &env, err) < 0 ||
	    fs_make_dirs(scratch, 0755, err) < 0)
		return -1;
	own(check) check = {.workspace = workspace,
	                    .board = board,
	                    .set = &set,
	                    .env = &env,
	                    .dir = path_printf("%s/images/%s", scratch, board->name)};
	struct reproduce_result result = {.package = mem_printf("image of %s", board->name),
	                                  .version = mem_strdup(board->image->version)};
	int done = reproduce_conditions(&env, scratch, 0, &r, err);
	if (done == 0)
		done = check_image(&check, sink, &result, err);
	vec_push(&r.results, result);
	if (done < 0)
		return -1;
	*ret = r;
	r = (struct reproduction){0};
	return 0;
}
