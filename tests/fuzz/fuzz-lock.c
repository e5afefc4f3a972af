/* Fuzz target: a lock of any bytes; one that is accepted must be written as it was read. */
#include "replay.h"

#include "lock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	own(lock) lock = {0}, again = {0};
	own(str) text = {0};
	if (lock_parse("fuzz", (const char *)data, size, &lock, NULL) < 0)
		return 0;
	lock_format(&lock, &text);
	if (lock_parse("again", str_text(&text), text.len, &again, NULL) < 0 ||
	    !digest_equal(&lock.digest, &again.digest))
		abort();
	return 0;
}
