/* ELF files by libelf: what a package's checks and the image's closure need to know of one. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "vec.h"

enum elf_kind { ELF_NONE, ELF_RELOCATABLE, ELF_EXECUTABLE, ELF_SHARED };

struct elf_info {
	enum elf_kind kind;
	const char *machine; /* "x86-64", "aarch64", "i386", else "other"; static */
	char *soname;        /* DT_SONAME or NULL */
	struct strv needs;   /* DT_NEEDED */
	char *rpath;         /* DT_RPATH or DT_RUNPATH, or NULL */
	char *interpreter;   /* PT_INTERP or NULL */
	bool has_debug;      /* a .debug_info or .symtab section that strip would take */
};

/* Reads the file; one that is no ELF file gives kind ELF_NONE. A damaged one is ERR_BUILD. */
int elf_read(const char *path, struct elf_info *ret_info, struct err *err);
void elf_info_release(struct elf_info *info);

/* Where a section's bytes lie in the file. */
struct elf_section {
	char *name;
	size_t offset, bytes;
};
VEC_OF(elf_sections, struct elf_section);
/* All that have bytes in the file; none when it is no ELF file, or damaged. */
void elf_read_sections(const char *path, struct elf_sections *ret_sections);
void elf_sections_release(struct elf_sections *sections);
