/* How long packages take to build, from what they took here before. */
#include "estimate.h"

#include <math.h> /* macros only: nothing of libm is linked */

#include "history.h"
#include "own.h"

static double longer(double a, double b)
{
	return a > b ? a : b;
}

/* ---- one package */

/* Seconds, where nothing is known. */
static double guess(const struct node *node)
{
	uint64_t bytes = 0;
	for (vec_each(source, &node->recipe->sources))
		bytes += source->size_bytes;
	return 2 + (double)bytes / 150000;
}

static double taken(const struct history *history, const struct node *node)
{
	const struct history_build *last = history_newest(history, node->name);
	return last ? (double)last->duration_ms / 1000 : NAN;
}

/* What guesses are to be multiplied by on this machine. */
static double correction(const struct history *history, const struct graph *graph)
{
	double guessed = 0, took = 0;
	for (vec_each(node, &graph->nodes)) {
		double seconds = taken(history, *node);
		if (isnan(seconds))
			continue;
		guessed += guess(*node);
		took += seconds;
	}
	return took > 0 ? took / guessed : 1;
}

/* Users come behind what they use in graph->nodes, so one pass from the end is enough. */
static void weigh(struct graph *graph)
{
	for (size_t i = graph->nodes.count; i > 0; i--) {
		struct node *node = graph->nodes.items[i - 1];
		double longest = 0;
		for (vec_each(user, &node->users))
			longest = longer(longest, (*user)->weight);
		node->weight = longest + (node->state == NODE_DONE ? 0 : node->expected);
	}
}

void estimate_nodes(const struct workspace *workspace, struct graph *graph)
{
	own(history) history = {0};
	struct history_filter filter = {.arch = graph->arch, .newest = true};
	/* Without experience the order is worse, and the build goes on. */
	history_load(workspace, &filter, &history, NULL);
	double factor = correction(&history, graph);
	for (vec_each(node, &graph->nodes)) {
		double seconds = taken(&history, *node);
		(*node)->is_guess = isnan(seconds);
		(*node)->expected = (*node)->is_guess ? factor * guess(*node) : seconds;
	}
	weigh(graph);
}

/* ---- all of them */

enum { NOT_STARTED = -1 };

/* At the moment 0, which is now. What takes longer than expected is soon done, one hopes. */
static double end_of(const struct node *node)
{
	switch (node->state) {
	case NODE_BUILDING:
		return longer(node->expected - node->ran, 0.05 * node->expected);
	case NODE_WAITS:
	case NODE_BUILD:
		return NOT_STARTED;
	default:
		return 0;
	}
}

static bool can_start(const struct node *node, double moment)
{
	if (node->ends >= 0)
		return false;
	for (vec_each(dependency, &node->depends))
		if ((*dependency)->ends < 0 || (*dependency)->ends > moment)
			return false;
	return true;
}

static struct node *first_to_start(const struct graph *graph, double moment)
{
	struct node *best = NULL;
	for (vec_each(node, &graph->nodes))
		if (can_start(*node, moment) && (!best || (*node)->weight > best->weight))
			best = *node;
	return best;
}

static void start(const struct graph *graph, unsigned jobs, double moment)
{
	unsigned busy = 0;
	struct node *node;
	for (vec_each(other, &graph->nodes))
		busy += (*other)->ends > moment;
	while (busy++ < jobs && (node = first_to_start(graph, moment)))
		node->ends = moment + longer(node->expected, 0.001);
}

double estimate_left(struct graph *graph, unsigned jobs)
{
	double moment = 0;
	for (vec_each(node, &graph->nodes))
		(*node)->ends = end_of(*node);
	for (;;) {
		double next = INFINITY;
		start(graph, jobs, moment);
		for (vec_each(node, &graph->nodes)) {
			double ends = (*node)->ends; /* NOLINT: no node is NULL */
			if (ends > moment)
				next = ends < next ? ends : next;
		}
		if (isinf(next))
			return moment;
		moment = next;
	}
}
