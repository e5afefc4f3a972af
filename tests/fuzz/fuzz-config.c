/* Fuzz target: an sdk.yaml of any bytes. */
#include "replay.h"

#include "config.h"
#include "own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	own(config) config = {0};
	config_parse("fuzz", (const char *)data, size, &config, NULL);
	return 0;
}
