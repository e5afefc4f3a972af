/* A person's shell in the sandbox of a package's build. */
#include "build-shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build-parts.h"
#include "fs.h"
#include "lease.h"
#include "own.h"
#include "patch.h"
#include "path.h"
#include "session.h"
#include "tree-seen.h"

enum { MAX_LOG_BYTES = 256 << 20 };

struct opening {
	const struct build_context *context;
	struct node *node;
	const struct build_shell_request *request;
	const struct event_sink *sink;
	char *work, *log;
	char *phase; /* which one comes next */
};

static void opening_release(struct opening *opening)
{
	free(opening->work);
	free(opening->log);
	free(opening->phase);
}

/* Builds wait for it. */
static int lock_tree(const struct opening *opening, int *ret_fd, struct err *err)
{
	own_free char *path = mem_printf("%s.lock", opening->work);
	own(err) busy = {0};
	if (fs_lock(path, true, false, ret_fd, &busy) == 0)
		return 0;
	if (busy.sys_errno != EWOULDBLOCK)
		return err_move(err, &busy);
	err_set(err, ERR_USAGE, "%s: a build or another shell is at its tree", opening->node->name);
	return err_hint(err, "wait until it has ended, or leave it");
}

/* ---- the phases before */

static int run_until(const struct opening *opening, struct err *err)
{
	own(sandbox) sandbox = {0};
	char *const argv[] = {"bash", "/build/.sdk/build.sh", opening->phase, NULL};
	char *const envp[] = {"PATH=/usr/bin:/usr/sbin", "LC_ALL=C.UTF-8", "TZ=UTC", NULL};
	own_fd int log =
		open(opening->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	int status;
	if (log < 0)
		return err_errno(err, "%s", opening->log);
	if (build_box_make(opening->context, opening->node, &sandbox, err) < 0)
		return -1;
	sandbox.argv = argv;
	sandbox.envp = envp;
	sandbox.stdout_fd = sandbox.stderr_fd = log;
	sandbox.die_with_parent = true;
	if (sandbox_run(&sandbox, &status, err) < 0)
		return -1;
	if (status == 0)
		return 0;
	err_set(err, ERR_BUILD, "%s: a phase before %s failed; its log is %s", opening->node->name,
	        opening->phase, opening->log);
	return err_hint(err, "`sdk shell %s` opens a shell there", opening->node->name);
}

static int make_tree(struct opening *opening, struct err *err)
{
	opening->phase = mem_strdup(opening->request->phase);
	event_note(opening->sink, "%s: unpacking, and running the phases before %s",
	           opening->node->name, opening->phase);
	if (build_job_unpack(opening->context, opening->node, err) < 0 ||
	    fs_make_parents(opening->log, err) < 0)
		return -1;
	return run_until(opening, err);
}

/* The phase whose heading is the log's last: there the build failed. */
static char *failed_phase(const char *log)
{
	static const char heading[] = "\n=== ";
	own(str) text = {0};
	const char *last = NULL;
	str_add_char(&text, '\n');
	if (!fs_is_file(log) || fs_read(log, MAX_LOG_BYTES, &text, NULL) < 0)
		return mem_strdup(build_phase_names[0]);
	for (const char *at = str_text(&text); (at = strstr(at, heading)); at += strlen(heading))
		for (size_t i = 0; i < PHASE_COUNT; i++) {
			size_t length = strlen(build_phase_names[i]);
			const char *name = at + strlen(heading);
			if (!strncmp(name, build_phase_names[i], length) && name[length] == '\n')
				last = build_phase_names[i];
		}
	return mem_strdup(last ? last : build_phase_names[0]);
}

static int find_tree(struct opening *opening, struct err *err)
{
	own_free char *script = path_join(opening->work, ".sdk/env.sh");
	own_free char *tree = build_tree_dir(opening->work);
	if (lease_mark(opening->context->workspace, opening->work) && fs_is_file(script) &&
	    fs_is_dir(tree)) {
		opening->phase = failed_phase(opening->log);
		return 0;
	}
	event_note(opening->sink, "no failed build of %s: unpacking its source",
	           opening->node->name);
	opening->phase = mem_strdup(build_phase_names[0]);
	return build_job_unpack(opening->context, opening->node, err);
}

/* ---- the shell */

/* The variable with the directory in which the phase that comes next runs. */
static const char *start_of(const struct opening *opening)
{
	return str_equal(opening->phase, build_phase_names[PHASE_PREPARE]) ? "SRC" : "BUILD";
}

/* The shell; or the command, run as if it were typed there: with the phases' variables and
 * functions, in the directory where the shell starts. */
static char **program_of(const struct opening *opening, struct strv *program)
{
	strv_add(program, "bash");
	if (!opening->request->argv) {
		strv_add(program, "--rcfile");
		strv_add(program, "/build/.sdk/shell.sh");
		strv_add(program, "-i");
		return strv_argv(program);
	}
	strv_add(program, "-c");
	strv_addf(program, "cd \"$%s\" 2>/dev/null || cd \"$SRC\"; \"$@\"", start_of(opening));
	strv_add(program, "sdk");
	for (char *const *word = opening->request->argv; *word; word++)
		strv_add(program, *word);
	return strv_argv(program);
}

/* What it starts with: the phases' environment, where the build is, and what can be done there. */
static int write_start(const struct opening *opening, struct err *err)
{
	own_free char *path = path_join(opening->work, ".sdk/shell.sh");
	own(str) text = {0};
	str_add(&text, ". /build/.sdk/env.sh\nexport -n PS1\n");
	str_addf(&text, "PS1='(%s %s %s) \\w \\$ '\n", opening->node->name,
	         opening->request->board ? opening->request->board
	                                 : opening->context->toolchain->arch,
	         opening->phase);
	str_addf(&text, "cd \"$%s\" 2>/dev/null || cd \"$SRC\"\n", start_of(opening));
	str_add(&text, "echo \"$NAME $VERSION for $ARCH: source in $SRC, built in $BUILD, "
	               "installed to $DEST\"\n");
	str_addf(&text, "echo 'Next is the phase %s. Try:'\n", opening->phase);
	str_addf(&text, "echo '  sdk_run_phase %-10s  run it (of: ", opening->phase);
	for (size_t i = 0; i < PHASE_COUNT; i++)
		str_addf(&text, "%s%s", i ? " " : "", build_phase_names[i]);
	str_add(&text,
	        ")'\n"
	        "echo '  ls /build/.sdk/phases     the texts of the recipe'\n"
	        "echo '  exit                      leave it; then `sdk patch' \"$NAME\" 'makes a patch of edits'\n");
	return fs_write_text(path, str_text(&text), err);
}

static int open_shell(const struct opening *opening, int *ret_status, struct err *err)
{
	own(sandbox) sandbox = {0};
	own(strv) program = {0};
	own_free char *term = mem_printf("TERM=%s", getenv("TERM") ? getenv("TERM") : "dumb");
	char *const envp[] = {"PATH=/usr/bin:/usr/sbin",
	                      "LC_ALL=C.UTF-8",
	                      "TZ=UTC",
	                      term,
	                      "BASH_ENV=/build/.sdk/env.sh",
	                      NULL};
	own_fd int stdin_fd = dup(STDIN_FILENO);
	if (write_start(opening, err) < 0 ||
	    build_box_make(opening->context, opening->node, &sandbox, err) < 0)
		return -1;
	own_free char *cwd = mem_printf("/build/%s", opening->node->name);
	sandbox.argv = program_of(opening, &program);
	sandbox.envp = envp;
	sandbox.cwd = cwd;
	sandbox.interactive = true;
	sandbox.stdin_fd = stdin_fd > 0 ? stdin_fd : 0;
	signal(SIGINT, SIG_IGN); /* it is meant for what runs in there */
	return sandbox_run(&sandbox, ret_status, err);
}

/* For `sdk patch`: whatever is changed from here on, a person has changed. */
static int note_tree(const struct opening *opening, struct err *err)
{
	own_free char *seen = path_join(opening->work, ".sdk/seen");
	own_free char *tree = build_tree_dir(opening->work);
	own_free char *top = patch_top(opening->node->recipe, "src");
	return fs_exists(seen) ? 0 : tree_seen_save(tree, top, seen, err);
}

static int open_tree(struct opening *opening, int *ret_status, struct err *err)
{
	own_fd int lock = -1;
	if (lock_tree(opening, &lock, err) < 0)
		return -1;
	int result = opening->request->phase ? make_tree(opening, err) : find_tree(opening, err);
	if (result < 0 || note_tree(opening, err) < 0)
		return -1;
	return open_shell(opening, ret_status, err);
}

static int check_phase(const char *phase, struct err *err)
{
	own(strv) names = {0};
	for (size_t i = 0; i < PHASE_COUNT; i++) {
		if (!phase || str_equal(phase, build_phase_names[i]))
			return 0;
		strv_add(&names, build_phase_names[i]);
	}
	own_free char *list = strv_join(&names, ", ");
	return err_set(err, ERR_USAGE, "--phase=%s: wanted one of %s", phase, list);
}

static int check_ready(const struct node *node, struct err *err)
{
	if (plan_is_ready(node))
		return 0;
	err_set(err, ERR_BUILD, "%s: what it is built against is not built: %s", node->name,
	        node->reason);
	return err_hint(err, "sdk build %s", node->name);
}

int build_shell(const struct workspace *workspace, const struct build_request *request,
                const struct build_shell_request *shell, const struct event_sink *sink,
                int *ret_status, struct err *err)
{
	own(build_session) session = {0};
	if (check_phase(shell->phase, err) < 0 ||
	    session_make(workspace, request, &session, err) < 0)
		return -1;
	struct node *node = graph_find(&session.graph, shell->package);
	/* Before the environment is made, which takes long. */
	if (check_ready(node, err) < 0 || env_create(workspace, 0, sink, err) < 0 ||
	    session_open_environment(&session, err) < 0 ||
	    toolchain_prepare(workspace, &session.env, &session.toolchain, sink, err) < 0)
		return -1;
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	struct build_context context = {.workspace = workspace,
	                                .env = &session.env,
	                                .toolchain = &session.toolchain,
	                                .jobs = count > 0 ? (unsigned)count : 1,
	                                .jobserver_fd = -1};
	own(opening) opening = {.context = &context,
	                        .node = node,
	                        .request = shell,
	                        .sink = sink,
	                        .work = build_work_dir(&context, node),
	                        .log = workspace_out(workspace, "logs/%s/%s.log",
	                                             context.toolchain->arch, node->name)};
	return open_tree(&opening, ret_status, err);
}
