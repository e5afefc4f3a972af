/* Fuzz target: a Sources index, and an upstream page, of any bytes. */
#include "replay.h"

#include <string.h>

#include "debsource.h"
#include "str.h"
#include "upstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	own(str) reduced = {0};
	own(str) page = {0};
	own(upstream_seen_list) seen = {0};
	struct debsource_parser *parser = debsource_parser_new(&reduced);
	debsource_parser_feed(parser, (const char *)data, size, NULL);
	debsource_parser_feed(parser, "\n\n", 2, NULL);
	debsource_parser_free(parser);
	str_add_bytes(&page, data, size);
	if (upstream_read_page(str_text(&page), "[a-z]-([0-9.]+)", &seen, NULL) < 0)
		abort();
	return 0;
}
