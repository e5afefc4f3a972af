/* Help and shell completion, made from the command table. */
#pragma once

#include "cli.h"
#include "str.h"

/* `sdk --help`: all commands, a line each. */
void help_overview(struct str *text);
/* `sdk repos --help`: the commands of a group; false when there is no such group. */
bool help_group(const char *group, struct str *text);
/* `sdk <command> --help`. */
void help_command(const struct command *command, struct str *text);
/* `sdk completion bash|zsh|fish`. */
int help_completion(const char *shell, struct str *text, struct err *err);
