/* Everything that building, planning and asking about packages needs, opened once. */
#pragma once

#include "binhost.h"
#include "build.h"
#include "env.h"
#include "graph.h"
#include "plan.h"
#include "recipe.h"
#include "toolchain.h"
#include "workon.h"

struct build_session {
	const struct workspace *workspace;
	struct env env;
	struct toolchain toolchain;
	struct recipe_set recipes;
	struct worktree_list worktrees; /* the nodes point into it */
	struct graph graph;
	struct binhosts binhosts;
	struct planner planner;
};

/* Reads the seed's lock, the toolchain's description and the recipes, and makes the graph and the
 * plan of the request. Touches no environment: it need not exist. The session must not move. */
int session_make(const struct workspace *workspace, const struct build_request *request,
                 struct build_session *session, struct err *err);
/* The same, telling the sink of binhosts that can't be used. */
int session_make_telling(const struct workspace *workspace, const struct build_request *request,
                         const struct event_sink *sink, struct build_session *session,
                         struct err *err);
/* Once the environment exists: where it lies. */
int session_open_environment(struct build_session *session, struct err *err);
void build_session_release(struct build_session *session);
