/* The commands, one a file. */
#pragma once

#include "cli.h"

extern const struct command cmd_binhost_keys;
extern const struct command cmd_binhost_serve;
extern const struct command cmd_binhost_prune;
extern const struct command cmd_binhost_push;
extern const struct command cmd_binhost_sign;
extern const struct command cmd_binhost_verify;
extern const struct command cmd_build;
extern const struct command cmd_check_reproducible;
extern const struct command cmd_bump;
extern const struct command cmd_diff;
extern const struct command cmd_complete;
extern const struct command cmd_completion;
extern const struct command cmd_config;
extern const struct command cmd_config_add;
extern const struct command cmd_config_list;
extern const struct command cmd_config_remove;
extern const struct command cmd_config_reset;
extern const struct command cmd_config_set;
extern const struct command cmd_create;
extern const struct command cmd_delete;
extern const struct command cmd_deps;
extern const struct command cmd_doctor;
extern const struct command cmd_enter;
extern const struct command cmd_files;
extern const struct command cmd_gc;
extern const struct command cmd_graph;
extern const struct command cmd_history;
extern const struct command cmd_image;
extern const struct command cmd_info;
extern const struct command cmd_kernel_config;
extern const struct command cmd_kernel_diff;
extern const struct command cmd_lint;
extern const struct command cmd_list;
extern const struct command cmd_log;
extern const struct command cmd_new;
extern const struct command cmd_owns;
extern const struct command cmd_patch;
extern const struct command cmd_rdeps;
extern const struct command cmd_reference;
extern const struct command cmd_report;
extern const struct command cmd_repos_add;
extern const struct command cmd_repos_list;
extern const struct command cmd_repos_remove;
extern const struct command cmd_run;
extern const struct command cmd_seed_update;
extern const struct command cmd_shell;
extern const struct command cmd_size;
extern const struct command cmd_status;
extern const struct command cmd_why;
extern const struct command cmd_workon;
extern const struct command cmd_sync;
