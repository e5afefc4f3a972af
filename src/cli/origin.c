/* Where a recipe comes from, and which ones it hides: for `list` and `info`. */
#include "origin.h"

#include "own.h"
#include "str.h"

static void recipe_list_release(struct recipe_list *list)
{
	for (vec_each(recipe, list))
		recipe_free(*recipe);
	vec_release(list);
}

char *origin_text(const struct recipe_set *set, const struct recipe *recipe)
{
	own(recipe_list) hidden = {0};
	struct str text = {0};
	if (!recipe->overlay)
		return str_steal(&text);
	str_addf(&text, "overlay %s", recipe->overlay);
	recipe_set_get_hidden(set, recipe->name, &hidden);
	for (vec_each(other, &hidden)) {
		str_add(&text, other == hidden.items ? ", in place of " : " and ");
		str_addf(&text, "%s's %s", (*other)->overlay ? (*other)->overlay : "the checkout",
		         (*other)->version);
	}
	return str_steal(&text);
}

void origin_json(struct json *json, const struct recipe_set *set, const struct recipe *recipe)
{
	own(recipe_list) hidden = {0};
	json_string(json, "overlay", recipe->overlay);
	json_array(json, "hides");
	if (recipe->overlay)
		recipe_set_get_hidden(set, recipe->name, &hidden);
	for (vec_each(other, &hidden)) {
		json_object(json, NULL);
		json_string(json, "overlay", (*other)->overlay);
		json_string(json, "version", (*other)->version);
		json_string(json, "path", (*other)->path);
		json_end_object(json);
	}
	json_end_array(json);
}
