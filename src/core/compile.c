/* Help for the compilers: ccache, icecream (the key `compile` of sdk.yaml). */
#include "compile.h"

#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "icecream.h"
#include "own.h"
#include "path.h"

/* Where the helpers are inside. */
#define INSIDE "/opt/dray/compile"

/* ---- settings */

#define FIELD(key, type, member, help)                                                  \
	{                                                                               \
		key, type, offsetof(struct compile_settings, member), false, NULL, help \
	}

const struct yaml_field compile_icecream_fields[] = {
	{"scheduler", YAML_TEXT, offsetof(struct compile_settings, scheduler), true, NULL,
         "host or host:port of icecc-scheduler"},
	FIELD("network", YAML_TEXT, network, "the network's name (icecream's default)"),
	FIELD("port", YAML_UINT, port, "the port of the other machines' iceccd (10245)"),
};
const size_t compile_icecream_field_count =
	sizeof compile_icecream_fields / sizeof *compile_icecream_fields;

static bool is_host(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_:";
	return *text && *text != '-' && !text[strspn(text, allowed)];
}

static int decode_icecream(const struct yaml *yaml, const struct yaml_node *node, void *target,
                           struct err *err)
{
	struct compile_settings *settings = target;
	if (yaml_decode(yaml, node, compile_icecream_fields, compile_icecream_field_count, settings,
	                err) < 0)
		return -1;
	if (!is_host(settings->scheduler))
		return yaml_error(yaml, node, err,
		                  "scheduler: wanted a host or host:port, got \"%s\"",
		                  settings->scheduler);
	if (settings->network && !is_host(settings->network))
		return yaml_error(yaml, node, err, "network: wanted a name, got \"%s\"",
		                  settings->network);
	if (settings->port > 65535)
		return yaml_error(yaml, node, err, "port: wanted a number up to 65535");
	return 0;
}

const struct yaml_field compile_fields[] = {
	FIELD("ccache", YAML_BOOL, ccache, "keep what the compiler made, for the next time"),
	FIELD("ccache-size", YAML_BYTES, ccache_bytes, "where old entries go (5GiB)"),
	{"icecream", YAML_CUSTOM, 0, false, decode_icecream, "compile on other machines, too"},
};
const size_t compile_field_count = sizeof compile_fields / sizeof *compile_fields;

int compile_decode(const struct yaml *yaml, const struct yaml_node *node, void *target,
                   struct err *err)
{
	return yaml_decode(yaml, node, compile_fields, compile_field_count, target, err);
}

void compile_settings_release(struct compile_settings *settings)
{
	free(settings->scheduler);
	free(settings->network);
	*settings = (struct compile_settings){0};
}

/* ---- the wrappers */

/* The helpers' libraries are newer or other than what builds may see, so their own loader starts
 * them; it sets nothing that the compiler would inherit. */
static void add_program(const struct build_machine *build, const char *program, struct str *text)
{
	str_addf(text,
	         INSIDE "/root/usr/lib/%s/%s --library-path " INSIDE "/root/usr/lib/%s " INSIDE
	                "/root/usr/bin/%s",
	         build->libraries, build->loader, build->libraries, program);
}

/* Which compiler it was is told by digest: files of the toolchain have no times. Preprocessing
 * each time (nodirect) costs a little, and sees a header that came earlier in the path. */
static void ccache_prelude(const struct toolchain *toolchain, uint64_t max_bytes, struct str *text)
{
	char hex[DIGEST_HEX];
	digest_hex(&toolchain->digest, hex);
	str_addf(text,
	         "CCACHE_DIR=" INSIDE "/cache CCACHE_CONFIGPATH=/dev/null CCACHE_NODIRECT=1\n"
	         "CCACHE_COMPILERCHECK=string:%s CCACHE_MAXSIZE=%" PRIu64 " CCACHE_TEMPDIR=/tmp\n"
	         "export CCACHE_DIR CCACHE_CONFIGPATH CCACHE_NODIRECT CCACHE_COMPILERCHECK\n"
	         "export CCACHE_MAXSIZE CCACHE_TEMPDIR\n",
	         hex, max_bytes ? max_bytes : (uint64_t)5 << 30);
}

/* A program by one name, which ccache wants. What elsewhere would be compiled only to be thrown
 * away is compiled here at once: macros in debug information are numbered differently there, and
 * pedantic compilers have something to say about each preprocessed source. 119 is icecc's status
 * for a daemon that is too busy to answer: nothing was read or written yet. */
#define HELPER                          \
	"#!/bin/sh\ncase \" $* \" in\n" \
	"*\" -g3 \"* | *\" -ggdb3 \"* | *pedantic*) exec \"$@\" ;;\nesac\n"
#define HELPER_END " \"$@\"\nstatus=$?\n[ $status -ne 119 ] || exec \"$@\"\nexit $status\n"

static int write_helper(const struct build_machine *build, const char *dir, struct err *err)
{
	own(str) text = {0};
	own_free char *path = path_join(dir, "helper/icecc");
	str_add(&text, HELPER);
	add_program(build, "icecc", &text);
	str_add(&text, HELPER_END);
	if (fs_make_parents(path, err) < 0)
		return -1;
	return fs_write_file(path, str_text(&text), text.len, 0755, err);
}

/* out/compile/<digest of what they say>/bin. */
static int make_wrappers(const struct workspace *workspace, const struct toolchain *toolchain,
                         const char *prelude, const char *launcher, char **ret_dir, struct err *err)
{
	struct hash hash;
	struct digest digest;
	char hex[DIGEST_HEX];
	hash_init(&hash);
	hash_update(&hash, toolchain->digest.bytes, sizeof toolchain->digest.bytes);
	hash_text(&hash, prelude);
	hash_text(&hash, launcher);
	hash_text(&hash, HELPER HELPER_END);
	hash_final(&hash, &digest);
	digest_hex(&digest, hex);
	own_free char *parent = workspace_out(workspace, "compile");
	own_free char *dir = mem_printf("%s/%s", parent, hex);
	own_free char *temporary = NULL;
	struct err publish_err = {0};
	if (!fs_is_dir(dir)) {
		if (fs_make_dirs(parent, 0755, err) < 0 || fs_clean_temporaries(parent, err) < 0 ||
		    fs_make_temporary(parent, &temporary, err) < 0)
			return -1;
		int result = toolchain_write_wrappers(toolchain, temporary, prelude, launcher, err);
		if (result == 0)
			result = write_helper(toolchain->build, temporary, err);
		if (result == 0)
			fs_publish(temporary, dir, &publish_err);
		/* Another run may have been quicker: what it made is the same. */
		if (result < 0 || publish_err.kind != ERR_NONE)
			fs_remove_tree(temporary, NULL);
		if (result == 0 && !fs_is_dir(dir))
			result = err_move(err, &publish_err);
		err_release(&publish_err);
		if (result < 0)
			return -1;
	}
	*ret_dir = path_join(dir, "bin");
	return 0;
}

static int prepare_wrappers(const struct workspace *workspace, const struct toolchain *toolchain,
                            const struct compile_settings *settings, struct compile *compile,
                            struct err *err)
{
	own(str) prelude = {0}, launcher = {0};
	if (compile->archive)
		str_addf(&prelude,
		         "ICECC_TEST_SOCKET=" INSIDE "/socket ICECC_VERSION=" INSIDE "/%s\n"
		         "ICECC_REMOTE_CPP=1 ICECC_CARET_WORKAROUND=1 ICECC_COLOR_DIAGNOSTICS=0\n"
		         "ICECC_LOGFILE=/dev/null\n" /* configure reads what compilers say */
		         "export ICECC_TEST_SOCKET ICECC_VERSION ICECC_REMOTE_CPP ICECC_LOGFILE\n"
		         "export ICECC_CARET_WORKAROUND ICECC_COLOR_DIAGNOSTICS\n",
		         path_base(compile->archive));
	if (compile->cache) {
		ccache_prelude(toolchain, settings->ccache_bytes, &prelude);
		add_program(toolchain->build, "ccache", &launcher);
		str_add_char(&launcher, ' ');
	}
	if (compile->cache && compile->archive)
		str_add(&prelude, "CCACHE_PREFIX=" INSIDE "/bin/icecc\nexport CCACHE_PREFIX\n");
	else if (compile->archive)
		str_add(&launcher, INSIDE "/bin/icecc ");
	return make_wrappers(workspace, toolchain, str_text(&prelude), str_text(&launcher),
	                     &compile->bin, err);
}

/* ---- all of it */

static int begin_icecream(const struct workspace *workspace, const struct env *env,
                          const struct toolchain *toolchain,
                          const struct compile_settings *settings, struct compile *compile,
                          struct err *err)
{
	own_free char *parent = workspace_out(workspace, "compile/icecream");
	if (icecream_archive(workspace, env, toolchain, &compile->archive, err) < 0 ||
	    fs_make_temporary(parent, &compile->state, err) < 0)
		return -1;
	compile->port = (uint16_t)(settings->port ? settings->port : COMPILE_ICECREAM_PORT);
	return icecream_start(settings, &compile->layers, compile->state, &compile->daemon, err);
}

static int begin(const struct workspace *workspace, const struct env *env,
                 const struct toolchain *toolchain, const struct compile_settings *settings,
                 struct compile *compile, struct err *err)
{
	own(strv) groups = {0};
	if (settings->ccache) {
		strv_add(&groups, "ccache");
		compile->cache = workspace_cache(workspace, "ccache");
		if (fs_make_dirs(compile->cache, 0755, err) < 0)
			return -1;
	}
	if (settings->scheduler)
		strv_add(&groups, "icecream");
	if (env_layers(env, &groups, &compile->layers, err) < 0)
		return -1;
	if (settings->scheduler &&
	    begin_icecream(workspace, env, toolchain, settings, compile, err) < 0)
		return -1;
	return prepare_wrappers(workspace, toolchain, settings, compile, err);
}

int compile_begin(const struct workspace *workspace, const struct env *env,
                  const struct toolchain *toolchain, const struct compile_settings *settings,
                  struct compile *ret_compile, struct err *err)
{
	struct compile compile = {.is_on = settings->ccache || settings->scheduler};
	if (compile.is_on && begin(workspace, env, toolchain, settings, &compile, err) < 0) {
		compile_release(&compile);
		return err_wrap(err, "compile");
	}
	*ret_compile = compile;
	return 0;
}

void compile_mount(const struct compile *compile, const struct toolchain *toolchain,
                   struct sandbox *sandbox)
{
	if (!compile->is_on)
		return;
	own_free char *bin = path_join(toolchain->prefix, "bin");
	sandbox_bind(sandbox, compile->bin, bin, false);
	sandbox_overlay(sandbox, &compile->layers, INSIDE "/root");
	if (compile->cache)
		sandbox_bind(sandbox, compile->cache, INSIDE "/cache", true);
	if (!compile->archive)
		return;
	own_free char *archive = mem_printf(INSIDE "/%s", path_base(compile->archive));
	own_free char *helper = mem_printf("%s/../helper", compile->bin);
	own_free char *socket = path_join(compile->state, "socket");
	sandbox_bind(sandbox, compile->archive, archive, false);
	sandbox_bind(sandbox, helper, INSIDE "/bin", false);
	sandbox_bind(sandbox, socket, INSIDE "/socket", true);
}

void compile_release(struct compile *compile)
{
	int status;
	if (compile->daemon.pid) {
		proc_kill(&compile->daemon, SIGKILL);
		proc_wait(&compile->daemon, &status, NULL);
	}
	if (compile->state)
		fs_remove_tree(compile->state, NULL);
	strv_release(&compile->layers);
	free(compile->state);
	free(compile->archive);
	free(compile->bin);
	free(compile->cache);
	*compile = (struct compile){0};
}
