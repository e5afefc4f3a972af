/* Everything that building, planning and asking about packages needs, opened once. */
#include "session.h"

#include <stdlib.h>

#include "overlay.h"
#include "own.h"

int session_make_telling(const struct workspace *workspace, const struct build_request *request,
                         const struct event_sink *sink, struct build_session *session,
                         struct err *err)
{
	session->workspace = workspace;
	if (env_open_lock(workspace, &session->env, err) < 0 ||
	    toolchain_load(workspace, &session->env, request->arch, &session->toolchain, err) < 0 ||
	    overlay_open_recipes(workspace, &session->recipes, err) < 0 ||
	    graph_make(&session->recipes, session->toolchain.arch, request->packages,
	               request->options, &session->graph, err) < 0 ||
	    workon_load(workspace, &session->worktrees, err) < 0 ||
	    workon_attach(&session->worktrees, &session->graph, err) < 0 ||
	    binhosts_open(workspace, session->toolchain.arch, request->binhosts, sink,
	                  &session->binhosts, err) < 0)
		return -1;
	session->planner = (struct planner){.workspace = workspace,
	                                    .env = &session->env,
	                                    .toolchain = &session->toolchain,
	                                    .graph = &session->graph,
	                                    .binhosts = &session->binhosts,
	                                    .rebuild_wanted = request->rebuild};
	return plan_make(&session->planner, err);
}

int session_make(const struct workspace *workspace, const struct build_request *request,
                 struct build_session *session, struct err *err)
{
	return session_make_telling(workspace, request, NULL, session, err);
}

int session_open_environment(struct build_session *session, struct err *err)
{
	struct env env;
	if (env_open(session->workspace, &env, err) < 0)
		return -1;
	env_release(&session->env);
	session->env = env;
	return 0;
}

void build_session_release(struct build_session *session)
{
	graph_release(&session->graph);
	worktree_list_release(&session->worktrees);
	binhosts_release(&session->binhosts);
	recipe_set_release(&session->recipes);
	toolchain_release(&session->toolchain);
	env_release(&session->env);
}
