/* A person's shell in the sandbox of a package's build. */
#include "build-shell.h"

#include <stdlib.h>
#include <unistd.h>

#include "build-parts.h"
#include "fs.h"
#include "lease.h"
#include "own.h"
#include "path.h"
#include "session.h"

/* What an interactive shell starts with: the phases' environment, where the build is. */
static const char shell_start[] =
	". /build/.sdk/env.sh\n"
	"export -n PS1\n"
	"PS1='('\"$NAME\"' '\"$ARCH\"') \\w \\$ '\n"
	"cd \"$BUILD\" 2>/dev/null || cd \"$SRC\"\n"
	"echo \"$NAME $VERSION for $ARCH: source in $SRC, built in $BUILD, installed to $DEST\"\n"
	"echo \"sdk_run_phase prepare|configure|compile|check|install runs a phase\"\n";

static int prepare(const struct build_context *context, struct node *node, const char *work,
                   const struct event_sink *sink, struct err *err)
{
	own_free char *script = path_join(work, ".sdk/env.sh");
	own_free char *start = path_join(work, ".sdk/shell.sh");
	if (!lease_mark(context->workspace, work) || !fs_is_file(script)) {
		event_note(sink, "no failed build of %s: unpacking its source", node->name);
		if (build_job_unpack(context, node, err) < 0)
			return -1;
	}
	return fs_write_text(start, shell_start, err);
}

static int open_shell(const struct build_context *context, struct node *node, char *const *argv,
                      const struct event_sink *sink, int *ret_status, struct err *err)
{
	own(sandbox) sandbox = {0};
	own_free char *work = build_work_dir(context, node);
	char *const shell[] = {"bash", "--rcfile", "/build/.sdk/shell.sh", "-i", NULL};
	own_free char *term = mem_printf("TERM=%s", getenv("TERM") ? getenv("TERM") : "dumb");
	char *const envp[] = {"PATH=/usr/bin:/usr/sbin",
	                      "LC_ALL=C.UTF-8",
	                      "TZ=UTC",
	                      term,
	                      "BASH_ENV=/build/.sdk/env.sh",
	                      NULL};
	own_fd int stdin_fd = dup(STDIN_FILENO);
	if (prepare(context, node, work, sink, err) < 0 ||
	    build_box_make(context, node, &sandbox, err) < 0)
		return -1;
	own_free char *cwd = mem_printf("/build/%s", node->name);
	sandbox.argv = argv ? argv : shell;
	sandbox.envp = envp;
	sandbox.cwd = cwd;
	sandbox.interactive = true;
	sandbox.stdin_fd = stdin_fd > 0 ? stdin_fd : 0;
	return sandbox_run(&sandbox, ret_status, err);
}

int build_shell(const struct workspace *workspace, const struct build_request *request,
                const char *package, char *const *argv, const struct event_sink *sink,
                int *ret_status, struct err *err)
{
	own(build_session) session = {0};
	if (session_make(workspace, request, &session, err) < 0 ||
	    env_create(workspace, 0, sink, err) < 0 ||
	    session_open_environment(&session, err) < 0 ||
	    toolchain_prepare(workspace, &session.env, &session.toolchain, sink, err) < 0)
		return -1;
	struct node *node = graph_find(&session.graph, package);
	if (!plan_is_ready(node)) {
		err_set(err, ERR_BUILD, "%s: what it is built against is not built: %s", package,
		        node->reason);
		return err_hint(err, "sdk build %s", package);
	}
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	struct build_context context = {.workspace = workspace,
	                                .env = &session.env,
	                                .toolchain = &session.toolchain,
	                                .jobs = count > 0 ? (unsigned)count : 1,
	                                .jobserver_fd = -1};
	return open_shell(&context, node, argv, sink, ret_status, err);
}
