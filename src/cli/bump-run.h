/* sdk bump <package>: taken over, built, compared, committed. */
#pragma once

#include "bump-check.h"
#include "cli.h"
#include "recipe.h"

/* One package; version NULL: the newest there is. */
int bump_one(struct cli *cli, const struct recipe *recipe, const char *version, struct err *err);
/* All that have a newer version; what fails is put back and told, and the others go on. */
int bump_everything(struct cli *cli, const struct bump_scope *scope, struct err *err);
/* What a killed --all left in the middle is put back, before recipes are read. */
int bump_undo_interrupted(struct cli *cli, struct err *err);
