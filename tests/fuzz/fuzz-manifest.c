/* Fuzz target: a manifest of any bytes; one that is accepted must be written as it was read. */
#include "replay.h"

#include "manifest.h"
#include "str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	own(str) input = {0}, output = {0};
	own(manifest) manifest = {0};
	str_add_bytes(&input, data, size);
	if (manifest_parse("fuzz", str_text(&input), &manifest, NULL) < 0)
		return 0;
	manifest_format(&manifest, &output);
	own(manifest) again = {0};
	if (manifest_parse("again", str_text(&output), &again, NULL) < 0)
		abort();
	return 0;
}
