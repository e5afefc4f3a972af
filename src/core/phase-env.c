/* What phases see that does not depend on where and when a build runs: part of every key. */
#include "phase-env.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "own.h"

/* The phases run in one shell. A failure names the recipe's line and the command. With an argument
 * it stops before that phase. */
const char phase_run[] =
	". /build/.sdk/env.sh\n"
	"set -eEu -o pipefail\n"
	"shopt -s inherit_errexit\n"
	"sdk_failed() {\n"
	"\tcase $3 in\n"
	"\t/build/.sdk/phases/*)\n"
	"\t\techo \"$SDK_RECIPE:$((${3##*.} + $4 - 1)): exit status $1: $2\" ;;\n"
	"\t*) echo \"${3##*/}:$4: exit status $1: $2\" ;;\n"
	"\tesac >&2\n"
	"}\n"
	"trap 'sdk_failed $? \"$BASH_COMMAND\" \"${BASH_SOURCE[0]}\" \"$LINENO\"; trap - ERR' ERR\n"
	"for sdk_phase in prepare configure compile check install; do\n"
	"\t[ \"$sdk_phase\" != \"${1-}\" ] || exit 0\n"
	"\tsdk_run_phase \"$sdk_phase\"\n"
	"done\n"
	"echo 'phase strip' >&3\n"
	"sdk_split_debug\n";

static const char functions[] =
	/* Where a phase starts: prepare in the source, the others where things are built. */
	"sdk_run_phase() {\n"
	"\tlocal text\n"
	"\t{ echo \"phase $1\" >&3; } 2>/dev/null || :\n"
	"\techo \"=== $1\"\n"
	"\tif [ \"$1\" = prepare ]; then cd \"$SRC\"; else mkdir -p \"$BUILD\"; cd \"$BUILD\"; fi\n"
	"\tfor text in /build/.sdk/phases/\"$1\".before.*; do\n"
	"\t\t[ ! -e \"$text\" ] || . \"$text\"\n"
	"\tdone\n"
	"\ttext=$(echo /build/.sdk/phases/\"$1\".text.*)\n"
	"\tif [ -e \"$text\" ]; then . \"$text\"; else \"default_$1\"; fi\n"
	"\tfor text in /build/.sdk/phases/\"$1\".after.*; do\n"
	"\t\t[ ! -e \"$text\" ] || . \"$text\"\n"
	"\tdone\n"
	"}\n"
	/* Debug information goes to usr/lib/debug/.build-id, where debuggers look by build id. */
	"sdk_split_debug() {\n"
	"\tlocal file type id debug\n"
	"\tfind \"$DEST\" -type f ! -perm -u+w -exec chmod u+w {} +\n"
	"\tfind \"$DEST\" -type f ! -path '*/usr/lib/debug/*' -print0 |\n"
	"\t\t{ LC_ALL=C xargs -0 -r grep -lZaP -m1 '^(\\x7fELF|!<arch>)' || :; } | LC_ALL=C sort "
	"-z |\n"
	"\twhile IFS= read -r -d '' file; do\n"
	"\t\ttype=$(\"$READELF\" -hW \"$file\" 2>/dev/null | sed -n 's/^ *Type: "
	"*\\([A-Z]*\\).*/\\1/p' | sort -u)\n"
	"\t\tcase $file:$type in\n"
	"\t\t*.a:*) \"$STRIP\" -g -D \"$file\" ;;\n"
	"\t\t*:REL) \"$STRIP\" -g -D \"$file\" ;;\n"
	"\t\t*:DYN | *:EXEC)\n"
	"\t\t\tid=$(\"$READELF\" -nW \"$file\" 2>/dev/null | sed -n 's/.*Build ID: *//p')\n"
	"\t\t\tif [ -n \"$id\" ]; then\n"
	"\t\t\t\tdebug=$DEST/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug\n"
	"\t\t\t\tmkdir -p \"${debug%/*}\"\n"
	"\t\t\t\t# Another machine's file is the packager's to complain of.\n"
	"\t\t\t\t\"$OBJCOPY\" --only-keep-debug --compress-debug-sections \"$file\" "
	"\"$debug\" || continue\n"
	"\t\t\tfi\n"
	"\t\t\t\"$STRIP\" --strip-unneeded \"$file\" ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"}\n";

/* 'text' for the shell. */
static void add_quoted(struct str *text, const char *value)
{
	str_add_char(text, '\'');
	for (; *value; value++) {
		if (*value == '\'')
			str_add(text, "'\\''");
		else
			str_add_char(text, *value);
	}
	str_add_char(text, '\'');
}

void phase_export(struct str *text, const char *name, const char *value)
{
	str_addf(text, "export %s=", name);
	add_quoted(text, value);
	str_add_char(text, '\n');
}

__attribute__((format(printf, 3, 4))) static void exportf(struct str *text, const char *name,
                                                          const char *format, ...)
{
	va_list args;
	va_start(args, format);
	own_free char *value = mem_vprintf(format, args);
	va_end(args);
	phase_export(text, name, value);
}

static void add_array(struct str *text, const char *name, const struct strv *values)
{
	str_addf(text, "%s=(", name);
	for (size_t i = 0; i < values->count; i++) {
		str_add_char(text, ' ');
		add_quoted(text, values->items[i]);
	}
	str_add(text, " )\n");
}

static void add_paths(const struct node *node, struct str *text)
{
	const struct recipe *recipe = node->recipe;
	const char *name = recipe->name;
	bool below = recipe->source_dir && recipe->source_dir[0];
	own_free char *source = mem_printf("/build/%s/src%s%s", name, below ? "/" : "",
	                                   below ? recipe->source_dir : "");
	phase_export(text, "SRC", source);
	if (recipe->in_source)
		phase_export(text, "BUILD", source);
	else
		exportf(text, "BUILD", "/build/%s/obj", name);
	exportf(text, "DEST", "/build/%s/dest", name);
	exportf(text, "HOME", "/build/%s", name);
	phase_export(text, "SYSROOT", "/build/sysroot");
	phase_export(text, "FILES", "/build/files");
	phase_export(text, "PATCHES", "/build/patches");
}

static void add_tools(const struct toolchain *toolchain, struct str *text)
{
	static const char *const tools[][2] = {{"CC", "gcc"},
	                                       {"CXX", "g++"},
	                                       {"CPP", "cpp"},
	                                       {"AR", "ar"},
	                                       {"RANLIB", "ranlib"},
	                                       {"NM", "nm"},
	                                       {"STRIP", "strip"},
	                                       {"OBJCOPY", "objcopy"},
	                                       {"OBJDUMP", "objdump"},
	                                       {"READELF", "readelf"},
	                                       {"LD", "ld"}};
	exportf(text, "PATH", "%s/bin:/usr/bin:/usr/sbin", toolchain->prefix);
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		exportf(text, tools[i][0], "%s-%s", toolchain->triple, tools[i][1]);
	phase_export(text, "CFLAGS", toolchain->cflags);
	phase_export(text, "CXXFLAGS", toolchain->cflags);
	phase_export(text, "CPPFLAGS", "");
	phase_export(text, "LDFLAGS", toolchain->ldflags);
	phase_export(text, "CC_FOR_BUILD", "gcc");
	phase_export(text, "BUILD_CC", "gcc");
	phase_export(text, "HOSTCC", "gcc");
	phase_export(text, "CFLAGS_FOR_BUILD", "-O1 -std=gnu17");
	phase_export(text, "PKG_CONFIG", "pkg-config");
	phase_export(text, "PKG_CONFIG_SYSROOT_DIR", "/build/sysroot");
	phase_export(text, "PKG_CONFIG_LIBDIR",
	             "/build/sysroot/usr/lib/pkgconfig:/build/sysroot/usr/share/pkgconfig");
}

static void add_target(const struct toolchain *toolchain, struct str *text)
{
	phase_export(text, "ARCH", toolchain->arch);
	phase_export(text, "TRIPLE", toolchain->triple);
	phase_export(text, "BUILD_TRIPLE", toolchain->build->triple);
	phase_export(text, "CPU", toolchain->cpu);
	phase_export(text, "KERNEL_ARCH", toolchain->kernel_arch);
	phase_export(text, "EFI_ARCH", toolchain->efi_arch);
	phase_export(text, "TOOLCHAIN", toolchain->prefix);
	phase_export(text, "DYNAMIC_LINKER", toolchain->dynamic_linker);
}

/* "minizip=on" -> OPTION_MINIZIP=on. */
static void add_options(const struct strv *options, struct str *text)
{
	for (size_t i = 0; i < options->count; i++) {
		own_free char *name = mem_printf("OPTION_%s", options->items[i]);
		char *equals = strchr(name, '=');
		*equals = '\0';
		for (char *p = name; *p; p++)
			*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
		phase_export(text, name, equals + 1);
	}
}

static void add_variables(const struct strv *variables, struct str *text)
{
	for (size_t i = 0; i < variables->count; i++) {
		own_free char *name = mem_strdup(variables->items[i]);
		char *equals = strchr(name, '=');
		*equals = '\0';
		phase_export(text, name, equals + 1);
	}
}

/* The same for all packages, but for the paths. */
static void add_frame(const struct toolchain *toolchain, const struct node *node, struct str *text)
{
	phase_export(text, "LC_ALL", "C.UTF-8");
	phase_export(text, "TZ", "UTC");
	add_target(toolchain, text);
	add_paths(node, text);
	add_tools(toolchain, text);
}

static void add_functions(const struct node *node, struct str *text)
{
	str_add(text, functions);
	str_add(text, ". /build/.sdk/common.sh\n");
	str_addf(text, ". /build/.sdk/%s.sh\n", node->recipe->build);
}

void phase_environment(const struct toolchain *toolchain, const struct node *node, struct str *text)
{
	const struct recipe *recipe = node->recipe;
	const struct recipe_args *args = &node->config.args;
	str_addf(text, "# %s %s for %s: what its phases see.\n", recipe->name, recipe->version,
	         toolchain->arch);
	phase_export(text, "NAME", recipe->name);
	phase_export(text, "SDK_PACKAGE", recipe->name);
	phase_export(text, "VERSION", recipe->version);
	phase_export(text, "SDK_HARDENING", recipe->hardening ? "on" : "off");
	add_frame(toolchain, node, text);
	add_options(&node->config.options, text);
	add_variables(&recipe->variables, text);
	str_addf(text, "SDK_AUTORECONF=%s\n", recipe->autoreconf ? "yes" : "no");
	add_array(text, "CONFIGURE", &args->configure);
	add_array(text, "MESON", &args->meson);
	add_array(text, "CMAKE", &args->cmake);
	add_array(text, "MAKE_ARGS", &args->make);
	add_array(text, "MAKE_INSTALL", &args->make_install);
	add_functions(node, text);
}

void phase_digest(const struct toolchain *toolchain, const struct node *node,
                  struct digest *ret_digest)
{
	own(str) text = {0};
	add_frame(toolchain, node, &text);
	add_functions(node, &text);
	str_add(&text, phase_run);
	digest_of(text.data, text.len, ret_digest);
}
