/* Fetches one file: fetch-file PATH SIZE SHA256|- URL…; prints notes, exits as sdk would. */
#include <stdio.h>
#include <stdlib.h>

#include "fetch.h"
#include "own.h"
#include "str.h"

static void emit(void *context, const struct event *event)
{
	(void)context;
	if (event->kind == EVENT_NOTE)
		fprintf(stderr, "note: %s\n", event->text);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	own(strv) urls = {0};
	for (int i = 4; i < argc; i++)
		strv_add(&urls, argv[i]);
	struct fetch_file file = {
		.name = "the file",
		.path = argv[1],
		.urls = &urls,
		.size_bytes = strtoull(argv[2], NULL, 10),
		.sha256 = str_equal(argv[3], "-") ? NULL : argv[3],
	};
	const char *stall = getenv("STALL"), *rounds = getenv("ROUNDS");
	struct fetch_options options = {
		.stall_seconds = stall ? (unsigned)atoi(stall) : 0,
		.connect_seconds = 2,
		.rounds = rounds ? (unsigned)atoi(rounds) : 2,
	};
	struct event_sink sink = {.emit = emit};
	own(err) err = {0};
	if (fetch_all(&file, 1, &options, &sink, &err) == 0)
		return 0;
	fprintf(stderr, "error: %s\n%s\n", err.message, err.hint ? err.hint : "");
	return err_exit_code(err.kind);
}
