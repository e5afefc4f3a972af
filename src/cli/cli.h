/* What a command is, and what it is handed when it runs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "event.h"
#include "json.h"
#include "workspace.h"

/* One option of a command. Usage, completion and the manual come from this table. */
struct option_spec {
	const char *name;  /* "board"; NULL ends the table */
	char letter;       /* 'b', or 0 */
	const char *value; /* "BOARD": takes a value; NULL: a switch */
	const char *help;
};

enum completes { COMPLETES_NOTHING, COMPLETES_RECIPES, COMPLETES_BOARDS, COMPLETES_FILES };

struct cli;

/* A command: one file cmd-<name>.c and one row in commands.c. */
struct command {
	const char *name;      /* "seed update": two words are a group's sub-command */
	const char *arguments; /* "[package…]" */
	const char *summary;   /* one line, no full stop */
	const char *description;
	const char *examples; /* lines "sdk …   # why" */
	const struct option_spec *options;
	enum completes completes;
	bool no_workspace;      /* runs outside a checkout as well */
	int min_args, max_args; /* max_args -1: any number */
	/* 0, or -1 with the error; exit codes follow the error's kind. */
	int (*run)(struct cli *cli, int argc, char **argv, struct err *err);
	bool passes_rest; /* `sdk run -- command`: everything after -- is in argv */
	bool leases;      /* counts on the store while it runs: `sdk gc` leaves that alone */
};

extern const struct command *const commands[]; /* NULL-terminated, in the order of the help */

struct cli {
	const struct command *command;
	struct workspace workspace;
	struct event_sink sink; /* renders progress as the terminal and the options want it */
	bool json, quiet, color, progress;
	int verbose;
	const char **values; /* one a row of command->options; switches: "" when given */
	int exit_status;     /* run() may set it to pass on a command's status */
};

/* The option's value; "" for a switch that was given; NULL when it was not. */
const char *cli_option(const struct cli *cli, const char *name);
bool cli_has(const struct cli *cli, const char *name);
/* A whole number in [min, max]; `fallback` when the option was not given. */
int cli_number(const struct cli *cli, const char *name, int64_t min, int64_t max, int64_t fallback,
               int64_t *ret_number, struct err *err);
/* The file that the option says to write, NULL when it was not given; before any work is done for
 * it, ERR_INPUT unless its directory is there. */
int cli_output(const struct cli *cli, const char *name, const char **ret_path, struct err *err);
/* Results, on stdout. */
void cli_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends a JSON document with a newline and writes it to stdout. */
void cli_print_json(struct json *json);
/* "211 MB", "1.4 GB"; seconds as "4 s", "12 min 3 s". Written into `text` of at least 32 bytes. */
const char *cli_bytes(uint64_t bytes, char *text);
const char *cli_seconds(double seconds, char *text);
