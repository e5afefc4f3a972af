/* Configurations of the kernel's kind (Documentation/kbuild/kconfig.rst) and fragments of them. */
#pragma once

#include <stddef.h>

#include "str.h"
#include "vec.h"

/* "CONFIG_NET", and "y", "m", "n" (what is said to be not set), "64" or "\"text\"". */
struct kconfig_symbol {
	char *name, *value;
};

/* Sorted by name; of a symbol that is there twice, the last one counts. */
struct kconfig {
	VEC(struct kconfig_symbol) symbols;
};
void kconfig_release(struct kconfig *config);
/* Lines that say nothing of a symbol are passed over. */
void kconfig_parse(const char *text, struct kconfig *ret_config);
/* NULL: nothing is said of it, because it cannot be set here. */
const char *kconfig_get(const struct kconfig *config, const char *name);

/* A symbol that two configurations have differently; a value is NULL where there is none. All is
 * borrowed from the configurations. */
struct kconfig_change {
	const char *name, *before, *after;
};
VEC_OF(kconfig_changes, struct kconfig_change);
/* Appends, sorted by name. */
void kconfig_compare(const struct kconfig *before, const struct kconfig *after,
                     struct kconfig_changes *ret_changes);

/* "CONFIG_A=y" or "# CONFIG_A is not set"; caller frees. */
char *kconfig_line(const char *name, const char *value);
/* Appends `text`, a fragment, with the symbol set to `value` where its line is, else at the end;
 * NULL: without it. Nothing else changes. */
void kconfig_edit(const char *text, const char *name, const char *value, struct str *ret_text);
