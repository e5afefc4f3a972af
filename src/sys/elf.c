/* ELF files by libelf: what a package's checks and the image's closure need to know of one. */
#include "elf.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "own.h"
#include "str.h"

void elf_info_release(struct elf_info *info)
{
	free(info->soname);
	free(info->rpath);
	free(info->interpreter);
	strv_release(&info->needs);
	*info = (struct elf_info){0};
}

static const char *machine_name(unsigned machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86-64";
	case EM_AARCH64:
		return "aarch64";
	case EM_386:
		return "i386";
	default:
		return "other";
	}
}

static enum elf_kind kind_of(unsigned type)
{
	switch (type) {
	case ET_REL:
		return ELF_RELOCATABLE;
	case ET_EXEC:
		return ELF_EXECUTABLE;
	case ET_DYN:
		return ELF_SHARED;
	default:
		return ELF_NONE;
	}
}

static void take_dynamic(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct elf_info *info)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	for (size_t i = 0; data && i < count; i++) {
		GElf_Dyn dyn;
		if (!gelf_getdyn(data, (int)i, &dyn) || dyn.d_tag == DT_NULL)
			return;
		const char *text = elf_strptr(elf, header->sh_link, dyn.d_un.d_val);
		if (!text)
			continue;
		if (dyn.d_tag == DT_NEEDED)
			strv_add(&info->needs, text);
		else if (dyn.d_tag == DT_SONAME && !info->soname)
			info->soname = mem_strdup(text);
		else if ((dyn.d_tag == DT_RPATH || dyn.d_tag == DT_RUNPATH) && !info->rpath)
			info->rpath = mem_strdup(text);
	}
}

static void take_sections(Elf *elf, struct elf_info *info)
{
	size_t names;
	if (elf_getshdrstrndx(elf, &names) < 0)
		return;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header))
			continue;
		const char *name = elf_strptr(elf, names, header.sh_name);
		if (header.sh_type == SHT_DYNAMIC)
			take_dynamic(elf, section, &header, info);
		else if (header.sh_type == SHT_SYMTAB || (name && str_equal(name, ".debug_info")))
			info->has_debug = true;
	}
}

static void take_interpreter(Elf *elf, struct elf_info *info)
{
	size_t count, size;
	const char *bytes = elf_rawfile(elf, &size);
	if (elf_getphdrnum(elf, &count) < 0 || !bytes)
		return;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr header;
		if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_INTERP ||
		    header.p_offset >= size || header.p_filesz > size - header.p_offset)
			continue;
		info->interpreter = mem_strndup(bytes + header.p_offset, header.p_filesz);
		return;
	}
}

static int read_elf(Elf *elf, const char *path, struct elf_info *info, struct err *err)
{
	GElf_Ehdr header;
	if (elf_kind(elf) != ELF_K_ELF)
		return 0;
	if (!gelf_getehdr(elf, &header))
		return err_set(err, ERR_BUILD, "%s: a damaged ELF file: %s", path, elf_errmsg(-1));
	info->kind = kind_of(header.e_type);
	info->machine = machine_name(header.e_machine);
	take_sections(elf, info);
	take_interpreter(elf, info);
	return 0;
}

int elf_read(const char *path, struct elf_info *ret_info, struct err *err)
{
	struct elf_info info = {.machine = "other"};
	char magic[SELFMAG];
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_errno(err, "%s", path);
	*ret_info = info;
	if (pread(fd, magic, sizeof magic, 0) != SELFMAG || memcmp(magic, ELFMAG, SELFMAG) != 0)
		return 0;
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf)
		return err_set(err, ERR_BUILD, "%s: %s", path, elf_errmsg(-1));
	int result = read_elf(elf, path, &info, err);
	elf_end(elf);
	if (result < 0)
		elf_info_release(&info);
	else
		*ret_info = info;
	return result;
}

void elf_sections_release(struct elf_sections *sections)
{
	for (vec_each(section, sections))
		free(section->name);
	vec_release(sections);
}

static void list_sections(Elf *elf, struct elf_sections *sections)
{
	size_t names;
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	if (elf_kind(elf) != ELF_K_ELF || elf_getshdrstrndx(elf, &names) < 0)
		return;
	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &header) || header.sh_type == SHT_NOBITS || !header.sh_size)
			continue;
		const char *name = elf_strptr(elf, names, header.sh_name);
		struct elf_section section = {.name = mem_strdup(name ? name : "?"),
		                              .offset = header.sh_offset,
		                              .bytes = header.sh_size};
		vec_push(sections, section);
	}
}

void elf_read_sections(const char *path, struct elf_sections *ret_sections)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	elf_version(EV_CURRENT);
	Elf *elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	if (elf)
		list_sections(elf, ret_sections);
	elf_end(elf);
}
