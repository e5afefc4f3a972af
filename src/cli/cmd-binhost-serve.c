/* sdk binhost serve: hands out a binhost's directory to the machines of a LAN. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "binhost-index.h"
#include "commands.h"
#include "fs.h"
#include "httpd.h"
#include "own.h"
#include "path.h"
#include "proc.h"
#include "signing.h"

enum { OPT_LISTEN };
enum { DEFAULT_PORT = 8480, HTTP_NOT_FOUND = 404 };

static const struct option_spec options[] = {
	[OPT_LISTEN] = {"listen", 0, "[ADDRESS:]PORT",
                        "where to listen (default: port 8480 of all addresses; 0: any free port)"},
	{0},
};

struct served {
	atomic_ulong requests;
	bool quiet;
};

static void tell(void *context, const struct httpd_answer *answer)
{
	struct served *served = context;
	char now[32];
	time_t seconds = time(NULL);
	struct tm tm;
	served->requests++;
	if (served->quiet)
		return;
	/* A path that isn't one of ours may hold anything, so it is not shown. */
	bool is_ours = answer->status != HTTP_NOT_FOUND;
	strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
	fprintf(stderr, "%s %s %s %s %u %llu\n", now, answer->client, answer->method,
	        is_ours ? answer->path : "?", answer->status, (unsigned long long)answer->bytes);
}

/* "[::1]:8480", "10.0.0.1:0", "8480". The text is cut up. */
static int read_address(char *text, struct httpd_options *http, struct err *err)
{
	char *colon = text ? strrchr(text, ':') : NULL, *port = colon ? colon + 1 : text;
	char *end = NULL;
	unsigned long number = port ? strtoul(port, &end, 10) : DEFAULT_PORT;
	if (port && (end == port || *end || number > 65535)) {
		err_set(err, ERR_USAGE, "--listen=%s: no port", text);
		return err_hint(err, "--listen=8480, --listen=10.0.0.1:8480, --listen=[::1]:0");
	}
	http->port = (uint16_t)number;
	if (!colon || colon == text)
		return 0;
	*colon = '\0';
	if (text[0] == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		text++;
	}
	http->address = text;
	return 0;
}

/* What readers put into their sdk.yaml. */
static void explain(const struct cli *cli, const struct httpd_options *http, uint16_t port,
                    const struct strv *keys)
{
	char name[256] = "localhost";
	bool is_v6 = http->address && strchr(http->address, ':');
	gethostname(name, sizeof name - 1);
	own_free char *list = strv_join(keys, ", ");
	cli_print("serving %s on port %u; Ctrl-C ends it. For sdk.yaml:\n"
	          "binhosts:\n"
	          "  - name: lan\n"
	          "    url: http://%s%s%s:%u\n"
	          "    keys: [%s]\n",
	          http->root, port, is_v6 ? "[" : "", http->address ? http->address : name,
	          is_v6 ? "]" : "", port, keys->count ? list : "its signers' fingerprints");
	if (!cli->quiet && !keys->count)
		fprintf(stderr, "there are no keys of yours; `sdk binhost keys` lists them\n");
	fflush(stdout);
}

/* The threads inherit the mask, so that the signal comes here. */
static void wait_for_signal(const sigset_t *ends)
{
	int signal;
	while (sigwait(ends, &signal) != 0)
		;
}

static int serve(struct cli *cli, const struct httpd_options *http, struct served *served,
                 struct err *err)
{
	own(strv) keys = {0};
	struct httpd *httpd = NULL;
	sigset_t ends, before;
	if (signing_valid_keys(&cli->workspace, false, &keys, err) < 0)
		return -1;
	proc_end_signals(&ends);
	pthread_sigmask(SIG_BLOCK, &ends, &before);
	int result = httpd_start(http, &httpd, err);
	if (result == 0) {
		explain(cli, http, httpd_port(httpd), &keys);
		wait_for_signal(&ends);
		httpd_stop(httpd);
		if (!cli->quiet)
			fprintf(stderr, "%lu requests answered\n", (unsigned long)served->requests);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	(void)argc;
	struct served served = {.quiet = cli->quiet};
	const char *text = cli_option(cli, "listen");
	own_free char *address = text ? mem_strdup(text) : NULL;
	own_free char *index = path_join(argv[0], "index");
	struct httpd_options http = {.root = argv[0],
	                             .is_served = binhost_name_is_valid,
	                             .tell = tell,
	                             .context = &served};
	if (read_address(address, &http, err) < 0)
		return -1;
	if (!fs_is_dir(index)) {
		err_set(err, ERR_INPUT, "%s: no binhost: there is no index/ in it", argv[0]);
		return err_hint(err, "sdk binhost push --to=file:///dir makes one");
	}
	return serve(cli, &http, &served, err);
}

const struct command cmd_binhost_serve = {
	.name = "binhost serve",
	.arguments = "DIRECTORY",
	.summary = "Hand out a binhost's directory by HTTP, for a LAN",
	.description =
		"Serves what `sdk binhost push --to=file://DIRECTORY` wrote, and nothing else: "
		"the\n"
		"indexes, releases and archives; read-only, without TLS or passwords, which "
		"readers\n"
		"don't need, since they check signatures. A line a request goes to stderr.\n"
		"Pushes may go on meanwhile. Prints the lines for the readers' sdk.yaml.",
	.examples = "sdk binhost serve /srv/binhost\n"
		    "sdk binhost serve --listen=10.0.0.1:8480 /srv/binhost --quiet\n",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
