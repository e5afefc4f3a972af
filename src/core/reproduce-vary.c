/* Other conditions: what of the machine, the user and the moment is different in a second build. */
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "proc.h"
#include "reproduce-parts.h"
#include "userns.h"

#define OTHER_HOST "another-machine"
#define OTHER_TZ "Pacific/Kiritimati"
#define OTHER_LOCALE "tr_TR.UTF-8" /* the one whose letter I has two kinds */
#define CLOCK_GROUP "reproducible"

enum {
	OTHER_UID = 12345,
	OTHER_GID = 23456,
	OTHER_UMASK = 077,
	UPTIME_S = 40 * 24 * 3600,
	CLOCK_DAYS = 400, /* another year, month, day of the week, and side of daylight saving */
	PROBES = 40,
};

/* ---- inside: the clock that programs see */

/* The preloaded library of libfaketime for programs with threads, or NULL; caller frees. Wall
 * clocks have no namespace, and the machine's own is not ours to set. */
static char *find_clock_library(const struct env *env, struct strv *layers)
{
	own(strv) groups = {0};
	own(strv) found = {0};
	strv_add(&groups, CLOCK_GROUP);
	if (env_layers(env, &groups, &found, NULL) < 0)
		return NULL;
	char *library = NULL;
	for (size_t i = 0; i < found.count && !library; i++) {
		glob_t paths = {0};
		own_free char *pattern =
			path_join(found.items[i], "usr/lib/*/faketime/libfaketimeMT.so.1");
		if (glob(pattern, 0, NULL, &paths) == 0) {
			library = mem_strdup(paths.gl_pathv[0] + strlen(found.items[i]));
			strv_add(layers, found.items[i]);
		}
		globfree(&paths);
	}
	return library;
}

bool reproduce_can_shift_clock(const struct env *env)
{
	own(strv) layers = {0};
	own_free char *library = find_clock_library(env, &layers);
	return library != NULL;
}

void trial_release(struct trial *trial)
{
	strv_release(&trial->layers);
	strv_release(&trial->variables);
}

void reproduce_make_trial(const struct env *env, bool shift_clock, struct trial *ret_trial)
{
	*ret_trial = (struct trial){.reverse = true};
	own_free char *library = shift_clock ? find_clock_library(env, &ret_trial->layers) : NULL;
	if (!library)
		return;
	strv_addf(&ret_trial->variables, "LD_PRELOAD=%s", library);
	strv_addf(&ret_trial->variables, "FAKETIME=+%dd", CLOCK_DAYS);
	/* Times of files stay what they are: make compares them with each other. */
	strv_add(&ret_trial->variables, "NO_FAKE_STAT=1");
	strv_add(&ret_trial->variables, "FAKETIME_DONT_FAKE_MONOTONIC=1");
}

/* ---- outside: this process */

static int tie_to_processor(unsigned number)
{
	cpu_set_t allowed, one;
	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
		return -1;
	unsigned count = (unsigned)CPU_COUNT(&allowed), wanted = count ? number % count : 0;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && wanted-- == 0) {
			CPU_SET(cpu, &one);
			return sched_setaffinity(0, sizeof one, &one);
		}
	return -1;
}

static void change_variables(void)
{
	static const char *const variables[][2] = {
		{"TZ", OTHER_TZ},     {"LANG", OTHER_LOCALE},    {"LC_ALL", OTHER_LOCALE},
		{"LANGUAGE", "tr"},   {"USER", "somebody-else"}, {"LOGNAME", "somebody-else"},
		{"HOME", "/nowhere"}, {"CFLAGS", "-O0 -g3"},     {"MAKEFLAGS", "-k"}};
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		setenv(variables[i][0], variables[i][1], 1);
}

static int take_guise(bool *ret_clock, struct err *err)
{
	struct userns_guise guise = {
		.uid = OTHER_UID, .gid = OTHER_GID, .hostname = OTHER_HOST, .clock_s = UPTIME_S};
	return userns_take_guise(&guise, ret_clock, err);
}

int reproduce_take_conditions(unsigned number, struct err *err)
{
	bool clock;
	change_variables();
	umask(OTHER_UMASK);
	(void)!tie_to_processor(number); /* with one processor there is no other */
	return take_guise(&clock, err);
}

/* ---- what can be varied here */

static int probe_guise(void *context)
{
	(void)context;
	bool clock = false;
	if (take_guise(&clock, NULL) < 0)
		return 2;
	return clock ? 0 : 1;
}

static int probe_child(int *ret_answer, struct err *err)
{
	struct proc proc;
	int status;
	if (proc_fork(probe_guise, NULL, &proc, err) < 0 || proc_wait(&proc, &status, err) < 0)
		return -1;
	*ret_answer = status == 0 ? 0 : status >> 8;
	return 0;
}

/* The names in the order in which the file system lists them. */
static void list_raw(const char *path, struct str *text)
{
	own_dir DIR *dir = opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (entry->d_name[0] != '.')
			str_addf(text, "%s ", entry->d_name);
}

static int fill_probe(const char *path, bool reverse, struct str *order, struct err *err)
{
	if (fs_make_dirs(path, 0755, err) < 0)
		return -1;
	for (int i = 0; i < PROBES; i++) {
		own_free char *file =
			path_printf("%s/file-%02d", path, reverse ? PROBES - 1 - i : i);
		own_fd int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0)
			return err_errno(err, "%s", file);
	}
	list_raw(path, order);
	return 0;
}

/* Whether the order of making shows in the order of listing: not where names are hashed (ext4). */
static int probe_order(const char *scratch, bool *ret_shows, struct err *err)
{
	own_free char *dir = NULL;
	own(str) one = {0};
	own(str) two = {0};
	if (fs_make_temporary(scratch, &dir, err) < 0)
		return -1;
	own_free char *forward = path_join(dir, "a"), *backward = path_join(dir, "b");
	int result = fill_probe(forward, false, &one, err);
	if (result == 0)
		result = fill_probe(backward, true, &two, err);
	*ret_shows = !str_equal(str_text(&one), str_text(&two));
	return fs_remove_tree(dir, NULL) < 0 ? -1 : result;
}

static void add(struct reproduction *r, const char *name, char *first, char *other, char *why_not)
{
	if (why_not) {
		free(other);
		other = NULL;
	}
	vec_push(&r->conditions, (struct reproduce_condition){name, first, other, why_not});
}

static void add_guise(struct reproduction *r, int answer)
{
	char host[256] = "";
	gethostname(host, sizeof host - 1);
	char *refused = answer > 1 ? "no nested user namespaces here" : NULL;
	char *no_clock = answer > 0 ? "no time namespaces here" : NULL;
	add(r, "host name", mem_strdup(host), mem_strdup(OTHER_HOST),
	    refused ? mem_strdup(refused) : NULL);
	add(r, "user and group id", mem_printf("%u:%u", geteuid(), getegid()),
	    mem_printf("%d:%d (in a user namespace)", OTHER_UID, OTHER_GID),
	    refused ? mem_strdup(refused) : NULL);
	add(r, "time since boot", mem_strdup("the machine's"),
	    mem_printf("%d days more", UPTIME_S / 86400), no_clock ? mem_strdup(no_clock) : NULL);
}

static void add_machine(struct reproduction *r, unsigned jobs)
{
	cpu_set_t cpus;
	int count = sched_getaffinity(0, sizeof cpus, &cpus) < 0 ? 1 : CPU_COUNT(&cpus);
	add(r, "processors", mem_printf("%d", count), mem_strdup("1"),
	    count > 1 ? NULL : mem_strdup("there is only one"));
	if (jobs)
		add(r, "jobs", mem_printf("-j%u", jobs), mem_printf("-j%u", jobs + 1), NULL);
}

static void add_user(struct reproduction *r)
{
	const char *zone = getenv("TZ"), *locale = getenv("LC_ALL");
	mode_t mask = umask(0);
	umask(mask);
	add(r, "time zone", mem_strdup(zone ? zone : "the machine's"), mem_strdup(OTHER_TZ), NULL);
	add(r, "locale", mem_strdup(locale ? locale : "the user's"), mem_strdup(OTHER_LOCALE),
	    NULL);
	add(r, "umask", mem_printf("%03o", mask), mem_printf("%03o", OTHER_UMASK), NULL);
	add(r, "environment", mem_strdup("the user's"),
	    mem_strdup("other HOME, USER, CFLAGS, MAKEFLAGS"), NULL);
	add(r, "path of checkout and work tree", mem_strdup("out/work/…"),
	    mem_strdup("another, longer one"), NULL);
}

int reproduce_conditions(const struct env *env, const char *scratch, unsigned jobs,
                         struct reproduction *r, struct err *err)
{
	int answer = 0;
	bool shows = false;
	if (probe_child(&answer, err) < 0 || probe_order(scratch, &shows, err) < 0)
		return -1;
	add_guise(r, answer);
	add_user(r);
	add_machine(r, jobs);
	add(r, "wall clock", mem_strdup("now"), mem_printf("%d days later", CLOCK_DAYS),
	    reproduce_can_shift_clock(env)
	            ? NULL
	            : mem_strdup("the environment has no group `" CLOCK_GROUP
	                         "` with libfaketime; the second build is later all the same"));
	if (!jobs)
		return 0;
	add(r, "order of the sysroot's directories", mem_strdup("by package"),
	    mem_strdup("the other way round"), NULL);
	add(r, "order of the sources' directories", mem_strdup("as unpacked"),
	    mem_strdup("made the other way round"),
	    shows ? NULL
	          : mem_strdup("this file system lists by a hash of the name; "
	                       "--scratch=DIR takes another"));
	return 0;
}

void reproduce_conditions_digest(const struct reproduction *r, char ret_hex[DIGEST_HEX])
{
	struct hash hash;
	struct digest digest;
	hash_init(&hash);
	hash_text(&hash, "1");
	for (vec_each(condition, &r->conditions)) {
		hash_text(&hash, condition->name);
		hash_text(&hash, condition->other ? condition->other : "");
	}
	hash_final(&hash, &digest);
	digest_hex(&digest, ret_hex);
}
