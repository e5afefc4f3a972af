/* What a shared library offers to others: its exported dynamic symbols, by libelf. */
#include "elf-symbols.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "own.h"
#include "str.h"

/* The sections that say which symbols there are, and which version each has. */
struct tables {
	Elf *elf;
	Elf_Data *symbols, *versions, *definitions;
	size_t symbol_count, symbol_names, definition_names, definition_count;
};

static void find_tables(Elf *elf, struct tables *tables)
{
	tables->elf = elf;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_DYNSYM && header.sh_entsize) {
			tables->symbols = elf_getdata(section, NULL);
			tables->symbol_count = header.sh_size / header.sh_entsize;
			tables->symbol_names = header.sh_link;
		} else if (header.sh_type == SHT_GNU_versym) {
			tables->versions = elf_getdata(section, NULL);
		} else if (header.sh_type == SHT_GNU_verdef) {
			tables->definitions = elf_getdata(section, NULL);
			tables->definition_names = header.sh_link;
			tables->definition_count = header.sh_info;
		}
	}
}

/* The name of a version by its number, or NULL. */
static const char *version_name(const struct tables *tables, unsigned number)
{
	int offset = 0;
	for (size_t i = 0; tables->definitions && i < tables->definition_count; i++) {
		GElf_Verdef definition;
		GElf_Verdaux name;
		if (!gelf_getverdef(tables->definitions, offset, &definition))
			return NULL;
		if (definition.vd_ndx == number && !(definition.vd_flags & VER_FLG_BASE) &&
		    gelf_getverdaux(tables->definitions, offset + (int)definition.vd_aux, &name))
			return elf_strptr(tables->elf, tables->definition_names, name.vda_name);
		if (!definition.vd_next)
			return NULL;
		offset += (int)definition.vd_next;
	}
	return NULL;
}

static bool is_exported(const GElf_Sym *symbol)
{
	int bind = GELF_ST_BIND(symbol->st_info);
	int visibility = GELF_ST_VISIBILITY(symbol->st_other);
	return symbol->st_shndx != SHN_UNDEF &&
	       (bind == STB_GLOBAL || bind == STB_WEAK || bind == STB_GNU_UNIQUE) &&
	       (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

static void add_symbol(const struct tables *tables, size_t index, struct strv *symbols)
{
	GElf_Sym symbol;
	GElf_Versym number = 0;
	if (!gelf_getsym(tables->symbols, (int)index, &symbol) || !is_exported(&symbol))
		return;
	const char *name = elf_strptr(tables->elf, tables->symbol_names, symbol.st_name);
	if (!name || !*name)
		return;
	if (tables->versions)
		gelf_getversym(tables->versions, (int)index, &number);
	/* The version's own symbol says nothing. */
	if (symbol.st_shndx == SHN_ABS && symbol.st_size == 0 && symbol.st_value == 0)
		return;
	const char *version = version_name(tables, number & 0x7fff);
	if (version)
		strv_addf(symbols, "%s@%s", name, version);
	else
		strv_add(symbols, name);
}

int elf_exports(const char *path, struct strv *ret_symbols, struct err *err)
{
	struct tables tables = {0};
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_errno(err, "%s", path);
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf)
		return err_set(err, ERR_BUILD, "%s: %s", path, elf_errmsg(-1));
	if (elf_kind(elf) == ELF_K_ELF)
		find_tables(elf, &tables);
	for (size_t i = 0; tables.symbols && i < tables.symbol_count; i++)
		add_symbol(&tables, i, ret_symbols);
	elf_end(elf);
	strv_sort(ret_symbols);
	return 0;
}
