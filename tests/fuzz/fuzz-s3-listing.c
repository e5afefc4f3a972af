/* Fuzz target: an object store's answer to "what is there?" of any bytes. */
#include "replay.h"

#include "s3.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	own_free char *xml = mem_strndup((const char *)data, size);
	own_free char *next = NULL;
	own(s3_object_list) list = {0};
	own(err) err = {0};
	int result = s3_parse_listing(xml, &list, &next, &err);
	if (result < 0 && (!err.kind || next))
		abort();
	for (vec_each(object, &list))
		if (!object->key)
			abort();
	return 0;
}
