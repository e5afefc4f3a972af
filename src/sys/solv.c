/* Debian's package indexes and what packages depend on, by libsolv. */
#include "solv.h"

#include <errno.h>
#include <solv/evr.h>
#include <solv/pool.h>
#include <solv/poolarch.h>
#include <solv/repo.h>
#include <solv/repo_deb.h>
#include <solv/solv_xfopen.h>
#include <solv/solver.h>
#include <solv/transaction.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "own.h"
#include "str.h"

/* What libsolv's reader leaves out: how long the file with a SHA-256 is. */
struct file_size {
	char sha256[65];
	uint64_t bytes;
};

/* Each round of solving may bring new alternatives; a handful were ever needed. Messages stay
 * short. */
enum { MAX_ROUNDS = 20, MAX_PROBLEMS = 3, MAX_REASONS = 6 };

struct solv {
	Pool *pool;
	bool stale; /* indexes were added since what provides what was last computed */
	VEC(struct file_size) sizes; /* sorted unless stale */
};

struct solv *solv_open(const char *arch)
{
	struct solv *solv = mem_alloc(sizeof *solv);
	solv->pool = pool_create();
	pool_setdisttype(solv->pool, DISTTYPE_DEB);
	pool_setarch(solv->pool, arch);
	return solv;
}

void solv_close(struct solv *solv)
{
	if (!solv)
		return;
	if (solv->pool->considered) {
		map_free(solv->pool->considered);
		free(solv->pool->considered);
		solv->pool->considered = NULL;
	}
	pool_free(solv->pool);
	vec_release(&solv->sizes);
	free(solv);
}

void solv_set_release(struct solv_set *set)
{
	vec_release(set);
}

/* ---- indexes */

/* A Packages file on its way to libsolv, its sizes noted in passing. */
struct tee {
	struct solv *solv;
	FILE *file;
	struct str line;       /* the part of it that has come */
	struct file_size size; /* what its stanza has shown so far */
};

/* The value of the field, or NULL when the line holds another one. */
static const char *field_value(const char *line, const char *field)
{
	size_t length = strlen(field);
	return strncmp(line, field, length) ? NULL : line + length + strspn(line + length, " \t");
}

static void note_line(struct tee *tee)
{
	const char *line = str_text(&tee->line), *value;
	if ((value = field_value(line, "Size:")))
		tee->size.bytes = strtoull(value, NULL, 10);
	else if ((value = field_value(line, "SHA256:")))
		snprintf(tee->size.sha256, sizeof tee->size.sha256, "%s", value);
	if (*line)
		return;
	vec_push(&tee->solv->sizes, tee->size);
	tee->size = (struct file_size){0};
}

static ssize_t tee_read(void *context, char *buffer, size_t room)
{
	struct tee *tee = context;
	size_t count = fread(buffer, 1, room, tee->file);
	for (const char *at = buffer, *end = buffer + count; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		str_add_bytes(&tee->line, at, (size_t)((newline ? newline : end) - at));
		if (!newline)
			break;
		note_line(tee);
		str_reset(&tee->line);
		at = newline + 1;
	}
	return count == 0 && ferror(tee->file) ? -1 : (ssize_t)count;
}

static int read_index(struct solv *solv, Repo *repo, FILE *file)
{
	struct tee tee = {.solv = solv, .file = file};
	FILE *stream = fopencookie(&tee, "r", (cookie_io_functions_t){.read = tee_read});
	if (!stream)
		return -1;
	int failed = repo_add_debpackages(repo, stream, 0);
	failed |= ferror(stream);
	fclose(stream);
	str_reset(&tee.line);
	note_line(&tee);
	str_release(&tee.line);
	return failed ? -1 : 0;
}

int solv_add_index(struct solv *solv, const char *path, unsigned index, struct err *err)
{
	errno = 0;
	own_file FILE *file = solv_xfopen(path, "r");
	if (!file)
		return errno ? err_errno(err, "%s", path)
		             : err_set(err, ERR_SYSTEM, "%s: libsolv can't decompress it", path);
	own_free char *name = mem_printf("%u", index);
	Repo *repo = repo_create(solv->pool, name);
	repo->subpriority = -(int)index; /* greater is better */
	solv->stale = true;
	if (read_index(solv, repo, file) < 0)
		return err_set(err, ERR_INPUT, "%s: no index of packages: %s", path,
		               pool_errstr(solv->pool));
	return 0;
}

static int compare_sizes(const void *a, const void *b)
{
	return strcmp(((const struct file_size *)a)->sha256, ((const struct file_size *)b)->sha256);
}

static uint64_t size_of(const struct solv *solv, const char *sha256)
{
	struct file_size key = {0}, *found;
	snprintf(key.sha256, sizeof key.sha256, "%s", sha256);
	found = bsearch(&key, solv->sizes.items, solv->sizes.count, sizeof key, compare_sizes);
	return found ? found->bytes : 0;
}

static void refresh(struct solv *solv)
{
	if (!solv->stale)
		return;
	vec_sort(&solv->sizes, compare_sizes);
	pool_addfileprovides(solv->pool);
	pool_createwhatprovides(solv->pool);
	solv->stale = false;
}

/* Newer first; of the same version, the index read first. */
static bool is_better(Pool *pool, Id a, Id b)
{
	Solvable *first = pool_id2solvable(pool, a), *second = pool_id2solvable(pool, b);
	int order = pool_evrcmp(pool, first->evr, second->evr, EVRCMP_COMPARE);
	return order ? order > 0 : first->repo->subpriority > second->repo->subpriority;
}

int solv_find(struct solv *solv, const char *name)
{
	Pool *pool = solv->pool;
	Id wanted = pool_str2id(pool, name, 0), best = 0, p, pp;
	refresh(solv);
	if (!wanted)
		return 0;
	FOR_PROVIDES(p, pp, wanted)
	if (pool_id2solvable(pool, p)->name == wanted && (!best || is_better(pool, p, best)))
		best = p;
	return best;
}

const char *solv_nearest(struct solv *solv, const char *name)
{
	VEC(const char *) names = {0};
	Pool *pool = solv->pool;
	for (Id p = 1; p < pool->nsolvables; p++)
		if (pool->solvables[p].repo)
			vec_push(&names, pool_id2str(pool, pool->solvables[p].name));
	const char *nearest = nearest_word(name, names.items, names.count);
	vec_release(&names);
	return nearest;
}

void solv_describe(struct solv *solv, int package, struct solv_package *ret_package)
{
	Pool *pool = solv->pool;
	refresh(solv);
	Solvable *s = pool_id2solvable(pool, package);
	Id type = 0;
	const char *sum = solvable_lookup_checksum(s, SOLVABLE_CHECKSUM, &type);
	sum = type == REPOKEY_TYPE_SHA256 ? sum : NULL;
	*ret_package = (struct solv_package){
		.name = pool_id2str(pool, s->name),
		.version = pool_id2str(pool, s->evr),
		.arch = pool_id2str(pool, s->arch),
		.path = solvable_lookup_location(s, NULL),
		.sha256 = sum,
		.size_bytes = sum ? size_of(solv, sum) : 0,
		.index = (unsigned)-s->repo->subpriority,
	};
}

/* ---- closures */

/* Makes the pool see these packages alone, or all again (NULL). */
static void consider(struct solv *solv, const struct solv_set *only)
{
	Pool *pool = solv->pool;
	if (pool->considered) {
		map_free(pool->considered);
		free(pool->considered);
		pool->considered = NULL;
	}
	if (only) {
		pool->considered = mem_alloc(sizeof *pool->considered);
		map_init(pool->considered, pool->nsolvables);
		for (vec_each(package, only))
			MAPSET(pool->considered, *package);
	}
	pool_createwhatprovides(pool);
}

/* A problem is told by all of its rules: the one that libsolv thinks most telling ("none of the
 * providers can be installed") leaves out which package is in the way. */
static void explain_problem(Solver *solver, Id problem, struct str *text)
{
	Queue rules;
	queue_init(&rules);
	solver_findallproblemrules(solver, problem, &rules);
	for (int i = 0; i < rules.count && i < MAX_REASONS; i++) {
		Id source, target, dependency;
		SolverRuleinfo info =
			solver_ruleinfo(solver, rules.elements[i], &source, &target, &dependency);
		if (info == SOLVER_RULE_JOB)
			continue;
		str_addf(text, "%s%s", text->len ? "; " : "",
		         solver_problemruleinfo2str(solver, info, source, target, dependency));
	}
	queue_free(&rules);
}

static int explain(Solver *solver, struct err *err)
{
	own(str) text = {0};
	Id problems = (Id)solver_problem_count(solver);
	for (Id problem = 1; problem <= problems && problem <= MAX_PROBLEMS; problem++)
		explain_problem(solver, problem, &text);
	return err_set(err, ERR_INPUT, "%s", str_text(&text));
}

static int compare_names(const void *a, const void *b, void *pool)
{
	Solvable *first = pool_id2solvable(pool, *(const int *)a);
	Solvable *second = pool_id2solvable(pool, *(const int *)b);
	return strcmp(pool_id2str(pool, first->name), pool_id2str(pool, second->name));
}

static void take_installed(Solver *solver, struct solv_set *set)
{
	Transaction *transaction = solver_create_transaction(solver);
	Queue installed;
	queue_init(&installed);
	transaction_installedresult(transaction, &installed);
	for (int i = 0; i < installed.count; i++)
		vec_push(set, installed.elements[i]);
	queue_free(&installed);
	transaction_free(transaction);
	if (set->count)
		qsort_r(set->items, set->count, sizeof *set->items, compare_names, solver->pool);
}

/* What "first | second" offers first. */
static Id first_alternative(Pool *pool, Id dependency)
{
	while (ISRELDEP(dependency) && GETRELDEP(pool, dependency)->flags == REL_OR)
		dependency = GETRELDEP(pool, dependency)->name;
	return dependency;
}

static bool has_provider_in(Pool *pool, Id dependency, const Map *set)
{
	Id p, pp;
	FOR_PROVIDES(p, pp, dependency)
	if (MAPTST(set, p))
		return true;
	return false;
}

static void favor(Queue *jobs, Id dependency)
{
	Id how = SOLVER_FAVOR | SOLVER_SOLVABLE_PROVIDES;
	for (int i = 0; i + 1 < jobs->count; i += 2)
		if (jobs->elements[i] == how && jobs->elements[i + 1] == dependency)
			return;
	queue_push2(jobs, how, dependency);
}

/* Debian's rule is that the first alternative is the one meant (Debian Policy 7.1), which libsolv
 * doesn't know. Asks for those that were passed over; true when there were any it did not know of.
 */
static bool favor_first_alternatives(Pool *pool, const struct solv_set *set, Queue *jobs)
{
	Map in_set;
	Queue dependencies;
	int before = jobs->count;
	map_init(&in_set, pool->nsolvables);
	queue_init(&dependencies);
	for (vec_each(package, set))
		MAPSET(&in_set, *package);
	for (vec_each(package, set)) {
		solvable_lookup_deparray(pool_id2solvable(pool, *package), SOLVABLE_REQUIRES,
		                         &dependencies, 0);
		for (int i = 0; i < dependencies.count; i++) {
			Id first = first_alternative(pool, dependencies.elements[i]);
			if (first != dependencies.elements[i] &&
			    !has_provider_in(pool, first, &in_set))
				favor(jobs, first);
		}
	}
	queue_free(&dependencies);
	map_free(&in_set);
	return jobs->count > before;
}

/* One answer to the jobs. */
static int solve(Pool *pool, Queue *jobs, struct solv_set *ret_set, struct err *err)
{
	Solver *solver = solver_create(pool);
	solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
	int problems = solver_solve(solver, jobs);
	if (problems)
		explain(solver, err);
	else
		take_installed(solver, ret_set);
	solver_free(solver);
	return problems ? -1 : 0;
}

static int solve_as_debian(Pool *pool, Queue *jobs, struct solv_set *ret_set, struct err *err)
{
	for (int round = 0;; round++) {
		own(solv_set) set = {0};
		if (solve(pool, jobs, &set, err) < 0)
			return -1;
		if (round < MAX_ROUNDS && favor_first_alternatives(pool, &set, jobs))
			continue;
		*ret_set = set;
		set = (struct solv_set){0};
		return 0;
	}
}

int solv_closure(struct solv *solv, const struct solv_set *wanted, const struct solv_set *within,
                 struct solv_set *ret_closure, struct err *err)
{
	refresh(solv);
	if (within)
		consider(solv, within);
	Queue jobs;
	queue_init(&jobs);
	for (vec_each(package, wanted))
		queue_push2(&jobs, SOLVER_INSTALL | SOLVER_SOLVABLE, *package);
	int result = solve_as_debian(solv->pool, &jobs, ret_closure, err);
	queue_free(&jobs);
	if (within)
		consider(solv, NULL);
	return result;
}
