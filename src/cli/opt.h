/* The command line, parsed by the option tables: long and short, attached or separate values. */
#pragma once

#include "cli.h"
#include "err.h"
#include "vec.h"

/* Options that every command knows. */
enum global_option {
	GLOBAL_HELP,
	GLOBAL_JSON,
	GLOBAL_QUIET,
	GLOBAL_VERBOSE,
	GLOBAL_COLOR,
	GLOBAL_OUT,
	GLOBAL_COUNT
};
extern const struct option_spec global_options[GLOBAL_COUNT + 1];

struct opt {
	const char *globals[GLOBAL_COUNT]; /* value, "" for a switch, NULL when not given */
	int verbose;                       /* how often -v was given */
	const char **values;               /* one a row of the command's table; may be NULL */
};

size_t opt_count(const struct option_spec *options);

/* Reads options from `argv`, from index `start`. With `stop_at_word` it ends at the first word that
 * is no option (the command's name) and returns its index in ret_next; otherwise words are
 * collected in ret_words (borrowed), everything after "--" among them. `command` may be NULL:
 * global options alone. Unknown options get a "did you mean". */
int opt_parse(const struct command *command, int argc, char **argv, int start, bool stop_at_word,
              struct opt *opt, int *ret_next, struct strv *ret_words, struct err *err);
