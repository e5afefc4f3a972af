/* The reference of what recipes and boards may hold, as Markdown, from the decoders' own tables. */
#include "reference.h"

#include "board.h"
#include "recipe-parts.h"
#include "yaml.h"

static const char *type_name(enum yaml_type type)
{
	switch (type) {
	case YAML_TEXT:
		return "text";
	case YAML_BOOL:
		return "true or false";
	case YAML_UINT:
		return "number";
	case YAML_BYTES:
		return "size";
	case YAML_STRV:
		return "list";
	case YAML_CUSTOM:
		break;
	}
	return "";
}

static void add_table(struct str *text, const struct yaml_field *fields, size_t count)
{
	str_add(text, "| key | type | meaning |\n|---|---|---|\n");
	for (size_t i = 0; i < count; i++)
		str_addf(text, "| `%s`%s | %s | %s |\n", fields[i].key,
		         fields[i].required ? " (required)" : "", type_name(fields[i].type),
		         fields[i].help ? fields[i].help : "");
	str_add_char(text, '\n');
}

void reference_recipes(struct str *text)
{
	str_add(text,
	        "# Recipes\n\n"
	        "One directory a package: `recipes/<name>/recipe.yaml`, with `patches/*.patch` "
	        "and\n"
	        "`files/` beside it. Reading is strict: an unknown key, a wrong type, a duplicate "
	        "is\n"
	        "an error with file, line and column. Written by `sdk reference recipe`; a test\n"
	        "compares.\n\n");
	for (size_t i = 0; i < recipe_table_count; i++) {
		const struct recipe_table *table = &recipe_tables[i];
		str_addf(text, "## %s\n\n", table->title);
		if (table->intro)
			str_addf(text, "%s\n\n", table->intro);
		add_table(text, table->fields, table->count);
	}
	str_add(text, "## Variables in texts\n\n"
	              "`${…}` is replaced in URLs, argument lists and variables; `$${` is a "
	              "literal `${`.\n\n| variable | meaning |\n|---|---|\n");
	for (const struct recipe_variable *v = recipe_variables; v->name; v++)
		str_addf(text, "| `${%s}` | %s |\n", v->name, v->help);
	str_add(text,
	        "\n## What phases see\n\n"
	        "Phases are bash, run with `set -eEu -o pipefail`, one after the other in one "
	        "shell:\n"
	        "`prepare` in `$SRC`, the others in `$BUILD`. A text replaces the build system's\n"
	        "own phase, which it can call as `default_<phase>`; `<phase>.before` and\n"
	        "`<phase>.after` run around it.\n\n"
	        "| variable | meaning |\n|---|---|\n"
	        "| `NAME` `VERSION` | the recipe's |\n"
	        "| `SRC` `BUILD` `DEST` | the source, where it is built, where it is installed |\n"
	        "| `SYSROOT` | headers and libraries of what `depends.target` names, and theirs |\n"
	        "| `FILES` `PATCHES` | the recipe's `files/` and `patches/` |\n"
	        "| `ARCH` `CPU` `KERNEL_ARCH` `EFI_ARCH` | `amd64` `x86_64` `x86_64` `x64`, or "
	        "`arm64` `aarch64` `arm64` `aa64` |\n"
	        "| `TRIPLE` `BUILD_TRIPLE` | the target's and the build machine's |\n"
	        "| `CC` `CXX` `CPP` `LD` `AR` `NM` `RANLIB` `STRIP` `OBJCOPY` `OBJDUMP` `READELF` "
	        "| "
	        "the target's tools |\n"
	        "| `CC_FOR_BUILD` `HOSTCC` | the build machine's compiler |\n"
	        "| `CFLAGS` `CXXFLAGS` `CPPFLAGS` `LDFLAGS` | the target's flags; hardening is "
	        "added by the compiler's wrapper |\n"
	        "| `TOOLCHAIN` `DYNAMIC_LINKER` | where the toolchain lies; the dynamic linker of "
	        "the target |\n"
	        "| `JOBS` `MAKEFLAGS` | how much may run at once; make shares one jobserver |\n"
	        "| `OPTION_<NAME>` | `on` or `off` |\n"
	        "| `CONFIGURE` `MESON` `CMAKE` `MAKE_ARGS` `MAKE_INSTALL` | arrays of the "
	        "recipe's arguments |\n"
	        "| `SOURCE_DATE_EPOCH` | the newest date in the sources |\n\n"
	        "## Build systems\n\n"
	        "`autotools` runs `configure` (by `sh`, with the answers of glibc's `config.site`),\n"
	        "`make`, `make install`; `configure` a hand-written\n"
	        "script with the recipe's arguments alone; `meson`, `cmake`, `make`, `kbuild` "
	        "what\n"
	        "they are called; `copy` nothing. They are the files of "
	        "`recipes/.build-systems/`.\n"
	        "\n## Outputs\n\n"
	        "`dev` takes headers, static archives, what pkg-config, cmake and configure ask,\n"
	        "the links that the linker follows; `doc` manuals; `debug` what was stripped, by\n"
	        "build id; `run` the rest. What `outputs` names goes there instead. `/etc` moves to\n"
	        "`/usr/share/factory/etc`, from where it is copied at boot; `.la` files go.\n");
}

void reference_boards(struct str *text)
{
	str_add(text,
	        "# Boards\n\n"
	        "One directory a board: `board-configs/<name>/board.yaml`, with `files/usr/` (laid\n"
	        "over `/usr`) and `initrd/` (laid over the initial file system) beside it. A board\n"
	        "that `extends` another takes over its settings: lists are joined, `-name` takes\n"
	        "one away, texts and numbers are replaced. Written by `sdk reference board`; a\n"
	        "test compares.\n\n## board\n\n");
	add_table(text, board_fields, board_field_count);
	str_add(text, "## image\n\n");
	add_table(text, board_image_fields, board_image_field_count);
}
