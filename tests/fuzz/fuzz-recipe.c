/* Fuzz target: a recipe of any bytes is read or refused with a line, never anything else. */
#include "replay.h"

#include "recipe.h"
#include "str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	own(err) err = {0};
	struct recipe *recipe = NULL;
	if (recipe_parse("fuzz/recipe.yaml", NULL, (const char *)data, size, &recipe, &err) < 0) {
		if (err.kind == ERR_NONE || !err.message)
			abort();
		return 0;
	}
	/* What was read can be configured. */
	struct recipe_config config;
	if (recipe_configure(recipe, NULL, &config, &err) == 0)
		recipe_config_release(&config);
	recipe_free(recipe);
	return 0;
}
