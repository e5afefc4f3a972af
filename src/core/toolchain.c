/* A compiler for one target, unpacked into a prefix of its own, reached through wrappers. */
#include "toolchain.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "fs.h"
#include "lease.h"
#include "own.h"
#include "path.h"
#include "source.h"
#include "yaml.h"

enum { MAX_DESCRIPTION_BYTES = 64 << 10 };

/* ---- the description */

static int decode_gcc(const struct yaml *yaml, const struct yaml_node *node, void *target,
                      struct err *err)
{
	static const struct yaml_field fields[] = {
		{"name", YAML_TEXT, offsetof(struct toolchain, gcc_name), true, NULL, NULL},
		{"version", YAML_TEXT, offsetof(struct toolchain, gcc_version), true, NULL, NULL},
	};
	return yaml_decode(yaml, node, fields, sizeof fields / sizeof *fields, target, err);
}

static int decode_hardening(const struct yaml *yaml, const struct yaml_node *node, void *target,
                            struct err *err)
{
	static const struct yaml_field fields[] = {
		{"compile", YAML_TEXT, offsetof(struct toolchain, compile), true, NULL, NULL},
		{"fortify", YAML_TEXT, offsetof(struct toolchain, fortify), true, NULL, NULL},
		{"link", YAML_TEXT, offsetof(struct toolchain, link), true, NULL, NULL},
	};
	return yaml_decode(yaml, node, fields, sizeof fields / sizeof *fields, target, err);
}

static int decode_links(const struct yaml *yaml, const struct yaml_node *node, void *target,
                        struct err *err)
{
	struct toolchain *toolchain = target;
	if (yaml_expect(yaml, node, YAML_MAP, "links", err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		own(strv) names = {0};
		if (!path_is_safe(node->keys[i]))
			return yaml_error(yaml, node->key_nodes[i], err,
			                  "not a path below the prefix");
		if (yaml_decode_value(yaml, node->items[i], YAML_STRV, node->keys[i], &names, err) <
		    0)
			return -1;
		for (size_t k = 0; k < names.count; k++)
			strv_addf(&toolchain->links, "%s/%s", node->keys[i], names.items[k]);
	}
	return 0;
}

#define TEXT(key, member, required)                                                      \
	{                                                                                \
		key, YAML_TEXT, offsetof(struct toolchain, member), required, NULL, NULL \
	}
#define MAP(key, decode, required)                          \
	{                                                   \
		key, YAML_CUSTOM, 0, required, decode, NULL \
	}

static const struct yaml_field description_fields[] = {
	TEXT("triple", triple, true),
	TEXT("cpu", cpu, true),
	TEXT("kernel-arch", kernel_arch, true),
	TEXT("efi-arch", efi_arch, true),
	TEXT("elf-machine", elf_machine, true),
	TEXT("dynamic-linker", dynamic_linker, true),
	TEXT("qemu", qemu, true),
	TEXT("group", group, true),
	TEXT("library-path", library_path, false),
	TEXT("cflags", cflags, true),
	TEXT("ldflags", ldflags, true),
	MAP("gcc", decode_gcc, true),
	MAP("links", decode_links, false),
	MAP("hardening", decode_hardening, true),
};

void toolchain_list(const struct workspace *workspace, struct strv *ret_arches)
{
	static const char ending[] = ".yaml";
	own_free char *dir = workspace_root(workspace, "toolchains");
	own(strv) names = {0};
	own(err) none = {0};
	if (fs_list(dir, &names, &none) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (str_ends(names.items[i], ending))
			strv_take(ret_arches, mem_strndup(names.items[i],
			                                  strlen(names.items[i]) - strlen(ending)));
}

int toolchain_check(const struct workspace *workspace, const char *arch, struct err *err)
{
	own_free char *path = workspace_root(workspace, "toolchains/%s.yaml", arch);
	if (path_is_safe(arch) && fs_is_file(path))
		return 0;
	own(strv) arches = {0};
	toolchain_list(workspace, &arches);
	own_free char *list = strv_join(&arches, ", ");
	err_set(err, ERR_INPUT, "no toolchain for the architecture \"%s\"", arch);
	return err_hint(err, "there is one for each file in toolchains/: %s", list);
}

void toolchain_release(struct toolchain *toolchain)
{
	char *const texts[] = {
		toolchain->arch,         toolchain->triple,      toolchain->cpu,
		toolchain->kernel_arch,  toolchain->elf_machine, toolchain->dynamic_linker,
		toolchain->efi_arch,     toolchain->qemu,        toolchain->cflags,
		toolchain->ldflags,      toolchain->compile,     toolchain->fortify,
		toolchain->link,         toolchain->gcc_name,    toolchain->gcc_version,
		toolchain->library_path, toolchain->group,       toolchain->prefix,
		toolchain->dir};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	strv_release(&toolchain->links);
	*toolchain = (struct toolchain){0};
}

static const struct build_machine *build_machine_of(const struct workspace *workspace)
{
	static const struct build_machine amd64 = {"x86_64-pc-linux-gnu", "x86_64-linux-gnu",
	                                           "ld-linux-x86-64.so.2"},
					  arm64 = {"aarch64-unknown-linux-gnu", "aarch64-linux-gnu",
	                                           "ld-linux-aarch64.so.1"};
	return str_equal(workspace->build_arch, "arm64") ? &arm64 : &amd64;
}

/* ---- the packages */

static int fetch(const struct workspace *workspace, const struct lock *lock,
                 const struct toolchain *toolchain, const struct event_sink *sink,
                 struct strv *ret_paths, struct err *err)
{
	VEC(struct source) sources = {0};
	VEC(const struct source *) pointers = {0};
	for (vec_each(file, &lock->files)) {
		if (!lock_file_in_group(file, toolchain->group))
			continue;
		struct source source = {.size_bytes = file->size_bytes};
		strv_add(&source.urls, file->url);
		memcpy(source.sha256, file->sha256, sizeof source.sha256);
		vec_push(&sources, source);
	}
	for (vec_each(source, &sources)) {
		vec_push(&pointers, source);
		strv_take(ret_paths, source_cache_path(workspace, source));
	}
	int result = source_fetch_checked(workspace, pointers.items, pointers.count, sink, err);
	for (vec_each(source, &sources))
		source_release(source);
	vec_release(&sources);
	vec_release(&pointers);
	if (result == 0 && ret_paths->count == 0)
		return err_set(err, ERR_INPUT, "the seed's lock holds no group \"%s\"",
		               toolchain->group);
	return result;
}

static int make_links(const struct toolchain *toolchain, const char *dir, struct err *err)
{
	for (size_t i = 0; i < toolchain->links.count; i++) {
		const char *link = toolchain->links.items[i];
		own_free char *path = path_join(dir, link);
		own_free char *target = mem_printf("%s/usr/bin/%s-%s", toolchain->prefix,
		                                   toolchain->gcc_name, path_base(link));
		if (fs_make_parents(path, err) < 0)
			return -1;
		if (symlink(target, path) < 0)
			return err_errno(err, "%s", path);
	}
	return 0;
}

/* ---- the wrappers */

static void add_library_path(const struct toolchain *toolchain, struct str *text)
{
	if (toolchain->library_path)
		str_addf(text, "LD_LIBRARY_PATH=%s/%s\nexport LD_LIBRARY_PATH\n", toolchain->prefix,
		         toolchain->library_path);
}

/* Flags come before the caller's, so that a package can have its way (a boot loader without a
 * stack protector). Fortifying without optimising is a warning, which breaks configure's tests. */
static void compiler_wrapper(const struct toolchain *toolchain, const char *program,
                             const char *prelude, const char *launcher, struct str *text)
{
	str_addf(text, "#!/bin/sh\n%s", prelude);
	add_library_path(toolchain, text);
	str_addf(text,
	         "fortify= hardening=\n"
	         "if [ \"${SDK_HARDENING-on}\" != off ]; then\n"
	         "\thardening='%s %s'\n"
	         "\tfor argument; do case $argument in\n"
	         "\t-O0) fortify= ;;\n"
	         "\t-O*) fortify='%s' ;;\n"
	         "\tesac; done\n"
	         "fi\n",
	         toolchain->compile, toolchain->link, toolchain->fortify);
	/* Not where the source lies, but what it is called goes into debug information. Names of
	 * the SDK's own: the kernel's Makefile has a NAME, and make exports it. */
	str_addf(text,
	         "exec %s%s/usr/bin/%s-%s-%s --sysroot=/build/sysroot \\\n"
	         "\t-ffile-prefix-map=\"/build/$SDK_PACKAGE/src=/usr/src/$SDK_PACKAGE\" \\\n"
	         "\t-ffile-prefix-map=\"/build/$SDK_PACKAGE/obj=/usr/src/$SDK_PACKAGE\" \\\n"
	         "\t-ffile-prefix-map=/build/sysroot= "
	         "-ffile-prefix-map=%s=/usr/lib/gcc \\\n"
	         "\t-Wl,--build-id=sha1 $hardening $fortify \"$@\"\n",
	         launcher, toolchain->prefix, toolchain->gcc_name, program, toolchain->gcc_version,
	         toolchain->prefix);
}

static void tool_wrapper(const struct toolchain *toolchain, const char *program,
                         const char *version, const char *arguments, struct str *text)
{
	str_add(text, "#!/bin/sh\n");
	add_library_path(toolchain, text);
	str_addf(text, "exec %s/usr/bin/%s-%s%s%s \"$@\"\n", toolchain->prefix, toolchain->gcc_name,
	         program, version, arguments);
}

/* One wrapper after the other: `write` is given its name, without the triple, and its text. */
struct wrapper_sink {
	const struct toolchain *toolchain;
	const char *dir;   /* where they are written */
	struct hash *hash; /* or what they are added to */
	int (*take)(const struct wrapper_sink *sink, const char *name, const struct str *text,
	            struct err *err);
};

static int write_wrapper(const struct wrapper_sink *sink, const char *name, const struct str *text,
                         struct err *err)
{
	own_free char *path = mem_printf("%s/bin/%s-%s", sink->dir, sink->toolchain->triple, name);
	return fs_write_file(path, str_text(text), text->len, 0755, err);
}

static int hash_wrapper(const struct wrapper_sink *sink, const char *name, const struct str *text,
                        struct err *err)
{
	(void)err;
	hash_text(sink->hash, name);
	hash_text(sink->hash, str_text(text));
	return 0;
}

static int make_compilers(const struct wrapper_sink *sink, const char *prelude,
                          const char *launcher, struct err *err)
{
	static const char *const programs[][2] = {
		{"gcc", "gcc"}, {"cc", "gcc"}, {"g++", "g++"}, {"c++", "g++"}, {"cpp", "cpp"}};
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		own(str) text = {0};
		bool compiles = !str_equal(programs[i][1], "cpp");
		compiler_wrapper(sink->toolchain, programs[i][1], compiles ? prelude : "",
		                 compiles ? launcher : "", &text);
		if (sink->take(sink, programs[i][0], &text, err) < 0)
			return -1;
	}
	return 0;
}

/* The linker, called directly, would search the environment's libraries. */
static int make_linkers(const struct wrapper_sink *sink, struct err *err)
{
	static const char *const programs[] = {"ld", "ld.bfd"};
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		own(str) text = {0};
		tool_wrapper(sink->toolchain, programs[i], "", " --sysroot=/build/sysroot", &text);
		if (sink->take(sink, programs[i], &text, err) < 0)
			return -1;
	}
	return 0;
}

static int make_tools(const struct wrapper_sink *sink, struct err *err)
{
	static const char *const programs[] = {"addr2line", "ar",      "as",      "c++filt",
	                                       "elfedit",   "nm",      "objcopy", "objdump",
	                                       "ranlib",    "readelf", "size",    "strings",
	                                       "strip"};
	static const char *const gcc_programs[] = {"gcc-ar", "gcc-nm", "gcc-ranlib", "gcov"};
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		own(str) text = {0};
		tool_wrapper(sink->toolchain, programs[i], "", "", &text);
		if (sink->take(sink, programs[i], &text, err) < 0)
			return -1;
	}
	own_free char *version = mem_printf("-%s", sink->toolchain->gcc_version);
	for (size_t i = 0; i < sizeof gcc_programs / sizeof *gcc_programs; i++) {
		own(str) text = {0};
		tool_wrapper(sink->toolchain, gcc_programs[i], version, "", &text);
		if (sink->take(sink, gcc_programs[i], &text, err) < 0)
			return -1;
	}
	return 0;
}

static int make_wrappers(const struct wrapper_sink *sink, const char *prelude, const char *launcher,
                         struct err *err)
{
	if (make_compilers(sink, prelude, launcher, err) < 0 || make_linkers(sink, err) < 0)
		return -1;
	return make_tools(sink, err);
}

int toolchain_write_wrappers(const struct toolchain *toolchain, const char *dir,
                             const char *prelude, const char *launcher, struct err *err)
{
	own_free char *bin = path_join(dir, "bin");
	if (chmod(dir, 0755) < 0)
		return err_errno(err, "%s", dir);
	struct wrapper_sink sink = {.toolchain = toolchain, .dir = dir, .take = write_wrapper};
	if (fs_make_dirs(bin, 0755, err) < 0)
		return -1;
	return make_wrappers(&sink, prelude, launcher, err);
}

/* ---- what it is known by */

static void digest_description(struct toolchain *toolchain, const char *text,
                               const struct lock *lock)
{
	struct digest group;
	struct hash hash;
	struct wrapper_sink sink = {.toolchain = toolchain, .hash = &hash, .take = hash_wrapper};
	lock_group_digest(lock, toolchain->group, &group);
	hash_init(&hash);
	hash_text(&hash, text);
	hash_update(&hash, group.bytes, sizeof group.bytes);
	make_wrappers(&sink, "", "", NULL);
	hash_final(&hash, &toolchain->digest);
}

int toolchain_load(const struct workspace *workspace, const struct env *env, const char *arch,
                   struct toolchain *ret_toolchain, struct err *err)
{
	own_free char *path = workspace_root(workspace, "toolchains/%s.yaml", arch);
	own(str) text = {0};
	struct yaml yaml;
	if (toolchain_check(workspace, arch, err) < 0 ||
	    fs_read(path, MAX_DESCRIPTION_BYTES, &text, err) < 0 ||
	    yaml_parse(path, str_text(&text), text.len, &yaml, err) < 0)
		return -1;
	struct toolchain toolchain = {.arch = mem_strdup(arch),
	                              .prefix = mem_printf("/opt/dray/%s", arch),
	                              .build = build_machine_of(workspace)};
	int result = yaml_decode(&yaml, yaml.root, description_fields,
	                         sizeof description_fields / sizeof *description_fields, &toolchain,
	                         err);
	yaml_release(&yaml);
	if (result < 0) {
		toolchain_release(&toolchain);
		return -1;
	}
	digest_description(&toolchain, str_text(&text), &env->lock);
	*ret_toolchain = toolchain;
	return 0;
}

/* ---- all of it */

static int make_prefix(const struct toolchain *toolchain, const struct strv *packages,
                       const char *dir, struct err *err)
{
	for (size_t i = 0; i < packages->count; i++)
		if (archive_unpack_deb(packages->items[i], dir, err) < 0)
			return err_wrap(err, "unpack %s", path_base(packages->items[i]));
	if (make_links(toolchain, dir, err) < 0)
		return -1;
	return toolchain_write_wrappers(toolchain, dir, "", "", err);
}

static int prepare_locked(const struct workspace *workspace, const struct lock *lock,
                          const struct toolchain *toolchain, const char *dir,
                          const struct event_sink *sink, struct err *err)
{
	own(strv) packages = {0};
	own_free char *parent = workspace_out(workspace, "toolchain");
	own_free char *temporary = NULL;
	if (fs_clean_temporaries(parent, err) < 0 ||
	    fetch(workspace, lock, toolchain, sink, &packages, err) < 0 ||
	    fs_make_temporary(parent, &temporary, err) < 0)
		return -1;
	if (make_prefix(toolchain, &packages, temporary, err) == 0 &&
	    fs_publish(temporary, dir, err) == 0) {
		event_note(sink, "toolchain %s: %s", toolchain->arch, toolchain->triple);
		return 0;
	}
	fs_remove_tree(temporary, NULL);
	return -1;
}

int toolchain_prepare(const struct workspace *workspace, const struct env *env,
                      struct toolchain *toolchain, const struct event_sink *sink, struct err *err)
{
	char hex[DIGEST_HEX];
	digest_hex(&toolchain->digest, hex);
	own_free char *dir = workspace_out(workspace, "toolchain/%s", hex);
	own_free char *lock_path = workspace_out(workspace, "toolchain/.lock");
	if (!lease_mark(workspace, dir)) {
		own_fd int lock = -1;
		if (fs_lock(lock_path, true, true, &lock, err) < 0)
			return -1;
		/* Another run may have made it while we waited. */
		if (!lease_mark(workspace, dir) &&
		    prepare_locked(workspace, &env->lock, toolchain, dir, sink, err) < 0)
			return err_wrap(err, "toolchain %s", toolchain->arch);
	}
	toolchain->dir = steal_ptr(dir);
	return 0;
}
