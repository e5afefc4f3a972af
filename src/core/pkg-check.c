/* The checks of an installed tree: each names the file and the key of the recipe that would allow
 * what was found. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf.h"
#include "own.h"
#include "path.h"
#include "pkg-parts.h"

int pkg_find(struct packager *packager, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	strv_take(&packager->findings, mem_vprintf(format, args));
	va_end(args);
	return 0;
}

static bool matches_any(const struct strv *globs, const char *path)
{
	for (size_t i = 0; i < globs->count; i++)
		if (pkg_glob_matches(globs->items[i], path))
			return true;
	return false;
}

void pkg_check_path(struct packager *packager, const char *path, const struct stat *st)
{
	const struct recipe *recipe = packager->input->config->recipe;
	bool local = str_starts(path, "usr/local/"); /* FHS 3.0, 4.9: not for packages */
	if (S_ISDIR(st->st_mode) || (str_starts(path, "usr/") && !local) ||
	    matches_any(&recipe->allow_paths, path))
		return;
	pkg_find(
		packager,
		local ? "%s lies in /usr/local: is a prefix of /usr missing? (allow: {paths: [%s]})"
		      : "%s lies outside /usr and /etc (allow: {paths: [%s]})",
		path, path);
}

/* ---- build paths */

/* Paths that exist while packages are built and nowhere else. */
static bool holds_build_path(const char *bytes, size_t count, const char *name)
{
	own_free char *work = mem_printf("/build/%s/", name);
	return memmem(bytes, count, work, strlen(work)) ||
	       memmem(bytes, count, "/build/sysroot", strlen("/build/sysroot")) ||
	       memmem(bytes, count, "/opt/dray/", strlen("/opt/dray/"));
}

static int check_build_paths(struct packager *packager, const char *path,
                             const struct manifest_entry *entry, struct err *err)
{
	const struct recipe *recipe = packager->input->config->recipe;
	if (entry->size == 0 || str_equal(pkg_default_output(entry->path, false), "debug") ||
	    matches_any(&recipe->allow_buildpath, entry->path))
		return 0;
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *bytes = fd < 0 ? MAP_FAILED : mmap(NULL, entry->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return err_errno(err, "%s", path);
	if (holds_build_path(bytes, entry->size, recipe->name))
		pkg_find(packager, "%s holds a path of the build (allow: {build-path: [%s]})",
		         entry->path, entry->path);
	munmap(bytes, entry->size);
	return 0;
}

/* ---- ELF */

static void check_machine(struct packager *packager, const struct elf_info *info, const char *path)
{
	const char *wanted = packager->input->toolchain->elf_machine;
	if (!str_equal(info->machine, wanted))
		pkg_find(packager,
		         "%s is for %s, not for %s: built with the wrong compiler ($CC is the "
		         "target's, $CC_FOR_BUILD the build machine's)",
		         path, info->machine, wanted);
}

/* Names are lines of the manifest: none may break one, or look like an entry. */
static int check_names(const struct elf_info *info, const char *path, struct err *err)
{
	if (info->soname && !manifest_is_name(info->soname))
		return err_set(err, ERR_BUILD, "%s: its soname is empty or has control characters",
		               path);
	for (size_t i = 0; i < info->needs.count; i++)
		if (!manifest_is_name(info->needs.items[i]))
			return err_set(err, ERR_BUILD,
			               "%s: the name of a library that it needs is empty or has "
			               "control characters",
			               path);
	return 0;
}

static int check_elf(struct packager *packager, struct pkg_output *output, const char *path,
                     const struct manifest_entry *entry, struct err *err)
{
	own(elf_info) info = {0};
	if (elf_read(path, &info, err) < 0)
		return -1;
	if (info.kind == ELF_NONE || str_equal(output->manifest.output, "debug"))
		return 0;
	check_machine(packager, &info, entry->path);
	if (info.kind == ELF_RELOCATABLE)
		return 0;
	if (check_names(&info, entry->path, err) < 0)
		return -1;
	if (info.rpath && strstr(info.rpath, "/build"))
		pkg_find(packager, "%s looks for libraries in %s", entry->path, info.rpath);
	/* A library is provided under its soname, when it lies where the dynamic linker looks. */
	bool in_lib = strncmp(entry->path, "usr/lib/", 8) == 0 && !strchr(entry->path + 8, '/');
	if (info.soname && in_lib && !strv_has(&output->manifest.provides, info.soname))
		strv_add(&output->manifest.provides, info.soname);
	struct pkg_elf file = {.path = entry->path};
	strv_add_all(&file.needs, &info.needs);
	vec_push(&output->files, file);
	return 0;
}

int pkg_check_file(struct packager *packager, struct pkg_output *output, const char *path,
                   const struct manifest_entry *entry, struct err *err)
{
	const struct recipe *recipe = packager->input->config->recipe;
	if ((entry->mode & 06000) && !strv_has(&recipe->allow_setuid, entry->path))
		pkg_find(packager, "%s is set-id, mode %o (allow: {setuid: [%s]})", entry->path,
		         entry->mode, entry->path);
	if (check_build_paths(packager, path, entry, err) < 0)
		return -1;
	return check_elf(packager, output, path, entry, err);
}

/* ---- who provides what is needed */

static bool own_library(const struct packager *packager, const char *soname)
{
	for (vec_each(output, &packager->outputs)) {
		if (strv_has(&output->manifest.provides, soname))
			return true;
		/* Private libraries in a directory of their own are found by rpath. */
		for (vec_each(entry, &output->manifest.entries))
			if (str_equal(path_base(entry->path), soname))
				return true;
	}
	return false;
}

static const char *provider_of(const struct packager *packager, const char *soname)
{
	const struct pkg_input *input = packager->input;
	for (size_t i = 0; i < input->dependency_count; i++)
		if (strv_has(&input->dependencies[i].provides, soname))
			return input->dependencies[i].package;
	return NULL;
}

static void resolve_need(struct packager *packager, struct pkg_output *output, const char *path,
                         const char *soname)
{
	const struct recipe *recipe = packager->input->config->recipe;
	struct manifest *manifest = &output->manifest;
	if (strv_has(&manifest->needs, soname) || own_library(packager, soname))
		return;
	const char *package = provider_of(packager, soname);
	if (!package && !strv_has(&recipe->allow_needs, soname)) {
		pkg_find(packager,
		         "%s needs %s, which no declared dependency provides (depends: {target: "
		         "[…]}, or allow: {needs: [%s]})",
		         path, soname, soname);
		return;
	}
	strv_add(&manifest->needs, soname);
	if (package && !strv_has(&manifest->requires, package))
		strv_add(&manifest->requires, package);
}

int pkg_check_needs(struct packager *packager, struct err *err)
{
	(void)err;
	const struct recipe_args *args = &packager->input->config->args;
	for (vec_each(output, &packager->outputs)) {
		for (vec_each(file, &output->files)) {
			for (size_t i = 0; i < file->needs.count; i++)
				resolve_need(packager, output, file->path, file->needs.items[i]);
			strv_release(&file->needs);
		}
		if (!str_equal(output->manifest.output, "run"))
			continue;
		for (size_t i = 0; i < args->runtime.count; i++)
			if (!strv_has(&output->manifest.requires, args->runtime.items[i]))
				strv_add(&output->manifest.requires, args->runtime.items[i]);
	}
	return 0;
}

int pkg_check_findings(struct packager *packager, struct err *err)
{
	enum { SHOWN = 12 };
	const struct strv *findings = &packager->findings;
	if (findings->count == 0)
		return 0;
	own(str) text = {0};
	for (size_t i = 0; i < findings->count && i < SHOWN; i++)
		str_addf(&text, "\n  %s", findings->items[i]);
	if (findings->count > SHOWN)
		str_addf(&text, "\n  … and %zu more", findings->count - SHOWN);
	err_set(err, ERR_BUILD, "what was installed is not right:%s", str_text(&text));
	return err_hint(err, "correct %s", packager->input->config->recipe->path);
}
