/* Fuzz target: an index of any bytes; one that is accepted must be written as it was read, and each
 * of its keys be found. */
#include "replay.h"

#include <string.h>

#include "binhost-index.h"
#include "own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {0};
	own(str) before = {0}, after = {0};
	own(strv) lines = {0};
	own(binhost_index) index = {0};
	str_add_bytes(&text, data, size);
	str_add_bytes(&before, data, size);
	if (binhost_index_parse("fuzz", &text, &index, NULL) < 0)
		return 0;
	for (const char *line = NULL; (line = binhost_index_next(&index, line));) {
		own(binhost_entry) entry = {0};
		own(str) again = {0};
		if (!binhost_entry_read(line, &entry) ||
		    binhost_index_find(&index, entry.key) != line)
			abort();
		binhost_entry_format(&entry, &again);
		strv_take(&lines, str_steal(&again));
	}
	binhost_index_format(&index, &lines, &after);
	if (strcmp(str_text(&before), str_text(&after)) != 0)
		abort();
	return 0;
}
