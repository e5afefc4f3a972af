/* sdk bump <package>: taken over, built, compared, committed. */
#include "bump-run.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bump.h"
#include "fs.h"
#include "git-commit.h"
#include "overlay.h"
#include "own.h"

enum { MAX_SUMMARY = 16 << 20 };

static const struct upstream_options *read_options(const struct cli *cli,
                                                   struct upstream_options *options)
{
	const char *from = cli_option(cli, "from");
	*options = (struct upstream_options){.prereleases = cli_has(cli, "pre"),
	                                     .no_page = from && str_equal(from, "debian"),
	                                     .no_debian = from && str_equal(from, "upstream")};
	return options;
}

/* ---- steps */

/* 'y', 'n', 'l' or 'a'; the end of the input leaves it for later. */
static char ask_mended(const char *patch)
{
	char answer[64];
	for (;;) {
		fprintf(stderr,
		        "Is %s mended? yes: take it; no: back to the shell; later: leave it as it "
		        "is; abort: drop the work [y/n/l/a] ",
		        patch);
		if (!fgets(answer, sizeof answer, stdin))
			return 'l';
		if (*answer && strchr("ynla", *answer))
			return *answer;
	}
}

/* A shell in the new source, as often as is wanted. ret_mended: the patch is made anew. */
static int mend(struct cli *cli, struct bump *bump, bool *ret_mended, struct err *err)
{
	const struct bump_patch *patch = &bump->patches.items[bump->patches.count - 1];
	event_note(&cli->sink, "a shell in the new source: mend it, remove the *.rej files, and "
	                       "exit; you are asked then");
	*ret_mended = false;
	for (;;) {
		own(err) left = {0};
		if (bump_shell(bump, err) < 0)
			return -1;
		char answer = ask_mended(patch->name);
		if (answer == 'a')
			return bump_give_up_mending(bump, err);
		if (answer == 'l')
			return 0;
		if (answer == 'n')
			continue;
		*ret_mended = bump_take_mended(bump, &left) == 0;
		if (*ret_mended)
			return 0;
		if (left.kind != ERR_INPUT)
			return err_move(err, &left);
		event_warn(&cli->sink, "%s", left.message);
	}
}

/* With a person at the terminal a patch that fails is theirs to mend. */
static int try_patches(struct cli *cli, struct bump *bump, struct err *err)
{
	for (;;) {
		own(err) failed = {0};
		bool mended;
		if (bump_try_patches(bump, &cli->sink, &failed) == 0)
			return 0;
		bool rejected =
			bump->patches.count &&
			bump->patches.items[bump->patches.count - 1].state == BUMP_PATCH_FAILS;
		if (!rejected || !isatty(STDIN_FILENO) || cli->json || cli_has(cli, "all"))
			return err_move(err, &failed);
		event_warn(&cli->sink, "%s", failed.message);
		if (mend(cli, bump, &mended, err) < 0)
			return -1;
		if (!mended)
			return err_move(err, &failed);
	}
}

/* For each architecture that is asked for: `build` is bump_build_old, while the recipe is the old
 * one, or bump_build. */
static int build_each(struct cli *cli, struct bump *bump,
                      int (*build)(struct bump *bump, const char *arch, unsigned jobs,
                                   const struct event_sink *sink, struct err *err),
                      struct err *err)
{
	static const char *const arches[] = {"amd64", "arm64"};
	const char *only = cli_option(cli, "arch");
	int64_t jobs;
	if (cli_number(cli, "jobs", 1, 1024, 0, &jobs, err) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		if (cli_has(cli, "no-build") || (only && !str_equal(only, arches[i])) ||
		    !recipe_has_arch(bump->old, arches[i]))
			continue;
		if (build(bump, arches[i], (unsigned)jobs, &cli->sink, err) < 0)
			return -1;
	}
	return 0;
}

static int go(struct cli *cli, struct bump *bump, struct err *err)
{
	bool commit = cli_has(cli, "commit") || cli_has(cli, "signoff");
	if (!bump->is_applied) {
		if (commit && git_check_clean(bump->recipe_dir, err) < 0)
			return -1;
		if (bump_fetch(bump, &cli->sink, err) < 0 || try_patches(cli, bump, err) < 0 ||
		    (!cli_has(cli, "no-compare") &&
		     build_each(cli, bump, bump_build_old, err) < 0) ||
		    bump_apply(bump, err) < 0)
			return -1;
	}
	if (build_each(cli, bump, bump_build, err) < 0 ||
	    (!cli_has(cli, "no-build") && bump_run_tests(bump, &cli->sink, err) < 0))
		return -1;
	return commit ? bump_commit(bump, cli_has(cli, "signoff"), err) : 0;
}

/* ---- results */

static void print_one(const struct cli *cli, const struct bump *bump)
{
	if (cli->json) {
		struct json json = {0};
		json_object(&json, NULL);
		bump_json(bump, &json);
		json_end_object(&json);
		cli_print_json(&json);
		json_release(&json);
		return;
	}
	own(str) text = {0};
	bump_describe(bump, &text);
	cli_print("%s", str_text(&text));
}

/* `known` NULL: the version was named. */
static int nothing_newer(const struct cli *cli, const struct recipe *recipe,
                         const struct upstream *known)
{
	if (cli->json)
		cli_print("null\n");
	else if (!known)
		cli_print("%s is at %s already\n", recipe->name, recipe->version);
	else if (known->newest)
		cli_print("%s %s: upstream has %s, but where the recipe fetches from there is "
		          "nothing newer; name the version to try it\n",
		          recipe->name, recipe->version, known->newest);
	else
		cli_print("%s %s: nothing newer is known%s%s\n", recipe->name, recipe->version,
		          known->note ? ": " : "", known->note ? known->note : "");
	return 0;
}

static int begin(struct cli *cli, const struct recipe *recipe, const char *version,
                 struct upstream_list *known, struct bump *bump, struct err *err)
{
	struct upstream_options options;
	read_options(cli, &options);
	options.no_page |= version != NULL;
	if (upstream_check(&cli->workspace, &recipe, 1, &options, &cli->sink, known, err) < 0)
		return -1;
	return bump_begin(&cli->workspace, recipe, version, &known->items[0], bump, err);
}

int bump_one(struct cli *cli, const struct recipe *recipe, const char *version, struct err *err)
{
	own(upstream_list) known = {0};
	own(bump) bump = {0};
	if (begin(cli, recipe, version, &known, &bump, err) < 0)
		return -1;
	if (!bump.version)
		return nothing_newer(cli, recipe, version ? NULL : &known.items[0]);
	if (overlay_check_editable(&cli->workspace, recipe->overlay, err) < 0)
		return err_wrap(err, "%s", recipe->name);
	if (recipe->overlay)
		event_note(&cli->sink, "%s is overlay %s's: %s", recipe->name, recipe->overlay,
		           recipe->path);
	if (bump.is_applied)
		event_note(&cli->sink, "going on with %s %s, which was begun before", bump.name,
		           bump.version);
	int result = go(cli, &bump, &bump.failure);
	own(err) ignored = {0};
	bump_end(&bump, result == 0, &ignored);
	print_one(cli, &bump);
	if (result == 0)
		return 0;
	if (bump.is_applied)
		event_note(&cli->sink,
		           "the recipe is at %s: `sdk bump %s %s` goes on, `sdk bump --undo %s` "
		           "takes it back",
		           bump.version, bump.name, bump.version, bump.name);
	/* The end of a build's log is in the summary. */
	if (bump.failure.message)
		bump.failure.message[strcspn(bump.failure.message, "\n")] = '\0';
	return err_move(err, &bump.failure);
}

/* ---- --all */

VEC_OF(bumps, struct bump *);

static void bumps_release(struct bumps *bumps)
{
	for (vec_each(bump, bumps)) {
		bump_release(*bump);
		free(*bump);
	}
	vec_release(bumps);
}

int bump_undo_interrupted(struct cli *cli, struct err *err)
{
	own(strv) names = {0};
	if (bump_list_interrupted(&cli->workspace, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		own(err) edited = {0};
		if (bump_undo(&cli->workspace, names.items[i], &edited) < 0)
			event_warn(&cli->sink, "%s", edited.message);
		else
			event_note(&cli->sink, "%s: taken back, it was not finished",
			           names.items[i]);
	}
	return 0;
}

/* Why a package that has a newer version is left alone, or NULL. */
static const char *reason_to_skip(const struct cli *cli, const struct recipe *recipe,
                                  const struct bump *bump)
{
	own(err) foreign = {0};
	if (overlay_check_editable(&cli->workspace, recipe->overlay, &foreign) < 0)
		return "is an overlay's that can't be changed here";
	if (bump->is_applied)
		return "is begun; name it to go on with it";
	if (!cli_has(cli, "retry") && bump_has_failed(&cli->workspace, bump->name, bump->version))
		return "failed before; --retry tries again";
	return NULL;
}

/* Whether there is something to do for it; one that can't be begun is a warning, and counted. */
static bool begin_one(struct cli *cli, const struct upstream *upstream, struct bump *bump,
                      size_t *broken)
{
	own(err) wrong = {0};
	if (bump_begin(&cli->workspace, upstream->recipe, NULL, upstream, bump, &wrong) < 0) {
		event_warn(&cli->sink, "%s", wrong.message);
		(*broken)++;
		return false;
	}
	const char *reason = bump->version ? reason_to_skip(cli, upstream->recipe, bump) : NULL;
	if (reason)
		event_note(&cli->sink, "%s %s left out: it %s", bump->name, bump->version, reason);
	return bump->version && !reason;
}

static void begin_all(struct cli *cli, const struct upstream_list *known, struct bumps *bumps,
                      size_t *broken)
{
	for (vec_each(upstream, known)) {
		struct bump *bump = mem_alloc(sizeof *bump);
		if (upstream->is_broken) {
			event_warn(&cli->sink, "%s: %s", upstream->recipe->path, upstream->note);
			(*broken)++;
		}
		if (begin_one(cli, upstream, bump, broken)) {
			vec_push(bumps, bump);
			continue;
		}
		bump_release(bump);
		free(bump);
	}
}

static int go_or_undo(struct cli *cli, struct bump *bump, struct err *err)
{
	own(err) undone = {0};
	if (go(cli, bump, &bump->failure) == 0)
		return bump_end(bump, true, err);
	if (bump->is_applied && bump_undo(&cli->workspace, bump->name, &undone) < 0)
		event_warn(&cli->sink, "%s", undone.message);
	bump->is_applied = false;
	if (bump->failure.kind == ERR_INTERRUPTED)
		return err_move(err, &bump->failure);
	event_warn(&cli->sink, "%s %s: %.*s", bump->name, bump->version,
	           (int)strcspn(bump->failure.message, "\n"), bump->failure.message);
	return bump_end(bump, false, err);
}

/* What is done of a run is written down at once: who gives an interrupted run again, gets a summary
 * of both. */
struct summary {
	char *path;
	struct str earlier; /* of the runs that were interrupted */
	struct str text;    /* with those of this one */
	size_t done, failed;
};

static void summary_release(struct summary *summary)
{
	free(summary->path);
	str_release(&summary->earlier);
	str_release(&summary->text);
}

static void summary_open(const struct cli *cli, struct summary *summary)
{
	summary->path = workspace_out(&cli->workspace, "bump/summary.md");
	fs_read(summary->path, MAX_SUMMARY, &summary->earlier, NULL);
	str_add(&summary->text, str_text(&summary->earlier));
}

static int summary_add(struct summary *summary, const struct bump *bump, struct err *err)
{
	bump_describe(bump, &summary->text);
	summary->done++;
	summary->failed += bump->failure.kind != ERR_NONE;
	return fs_write_text(summary->path, str_text(&summary->text), err);
}

/* Of `bumps`, those that were done. */
static void print_all(const struct cli *cli, const struct bumps *bumps,
                      const struct summary *summary)
{
	if (cli->json) {
		struct json json = {0};
		json_array(&json, NULL);
		for (size_t i = 0; i < summary->done; i++) {
			json_object(&json, NULL);
			const struct bump *bump = bumps->items[i]; /* NOLINT: it was done */
			bump_json(bump, &json);
			json_end_object(&json);
		}
		json_end_array(&json);
		cli_print_json(&json);
		json_release(&json);
		return;
	}
	cli_print("%s%zu bumped, %zu failed and left as they were", str_text(&summary->text),
	          summary->done - summary->failed, summary->failed);
	if (summary->earlier.len)
		cli_print(", beside those before the interruption");
	if (summary->done < bumps->count)
		cli_print(", %zu not done yet", bumps->count - summary->done);
	cli_print("\n");
}

/* Signals that end the program wait until what was in the middle is put back and the summary is
 * printed; the scheduler sees them all the same. */
static void hold_signals(sigset_t *held, sigset_t *before)
{
	sigemptyset(held);
	sigaddset(held, SIGINT);
	sigaddset(held, SIGTERM);
	sigaddset(held, SIGHUP);
	sigprocmask(SIG_BLOCK, held, before);
}

static bool is_pending(const sigset_t *held)
{
	sigset_t pending;
	return sigpending(&pending) == 0 && sigandset(&pending, &pending, held) == 0 &&
	       !sigisemptyset(&pending);
}

static int go_through(struct cli *cli, const struct bumps *bumps, const sigset_t *held,
                      struct summary *summary, struct err *err)
{
	for (vec_each(bump, bumps)) {
		if (is_pending(held))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (go_or_undo(cli, *bump, err) < 0 || summary_add(summary, *bump, err) < 0)
			return -1;
	}
	return fs_remove_tree(summary->path, err);
}

int bump_everything(struct cli *cli, const struct bump_scope *scope, struct err *err)
{
	own(upstream_list) known = {0};
	own(bumps) bumps = {0};
	struct upstream_options options;
	int64_t jobs;
	own(summary) summary = {0};
	sigset_t held, before;
	size_t broken = scope->broken;
	if (cli_number(cli, "jobs", 1, 1024, 0, &jobs, err) < 0 ||
	    upstream_check(&cli->workspace, scope->recipes.items, scope->recipes.count,
	                   read_options(cli, &options), &cli->sink, &known, err) < 0)
		return -1;
	begin_all(cli, &known, &bumps, &broken);
	bump_prefetch(bumps.items, bumps.count, (unsigned)jobs, &cli->sink);
	summary_open(cli, &summary);
	hold_signals(&held, &before);
	int result = go_through(cli, &bumps, &held, &summary, err);
	print_all(cli, &bumps, &summary);
	fflush(stdout);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (result < 0)
		return -1;
	if (summary.failed)
		return err_set(err, ERR_BUILD, "%zu of %zu could not be bumped", summary.failed,
		               bumps.count);
	return broken ? err_set(err, ERR_INPUT, "%zu recipe%s could not be looked at", broken,
	                        broken == 1 ? "" : "s")
	              : 0;
}
