/* A compiler for one target, unpacked into a prefix of its own, reached through wrappers. */
#pragma once

#include "env.h"
#include "err.h"
#include "event.h"
#include "hash.h"
#include "vec.h"
#include "workspace.h"

/* What the machine that builds is called, which is not the target's business. */
struct build_machine {
	const char *triple;    /* config.guess's: "x86_64-pc-linux-gnu" */
	const char *libraries; /* the environment's, below usr/lib: "x86_64-linux-gnu" */
	const char *loader;    /* among them: "ld-linux-x86-64.so.2" */
};

/* toolchains/<arch>.yaml. All text is owned by the struct. */
struct toolchain {
	char *arch;             /* "amd64" */
	char *triple;           /* "x86_64-dray-linux-gnu" */
	char *cpu;              /* "x86_64", "aarch64": meson's cpu_family, cmake's processor */
	char *kernel_arch;      /* the kernel's ARCH=: "x86_64", "arm64" */
	char *dynamic_linker;   /* "/lib64/ld-linux-x86-64.so.2" */
	char *elf_machine;      /* "x86-64" / "aarch64": what installed ELF files must be for */
	char *efi_arch;         /* "x64", "aa64" */
	char *qemu;             /* "qemu-system-x86_64" */
	char *cflags, *ldflags; /* what phases see as CFLAGS, CXXFLAGS, LDFLAGS */
	char *compile, *fortify, *link; /* wrappers' hardening; fortify only when optimising */
	char *gcc_name, *gcc_version;   /* programs are usr/bin/<name>-gcc-<version> */
	char *library_path;             /* below the prefix; NULL: its programs need none */
	struct strv links;              /* "usr/x86_64-linux-gnu/bin/ld": to usr/bin/<name>-ld */
	char *group;                    /* the lock's group it is made of: "toolchain-amd64" */
	char *prefix;                   /* where it is mounted inside: "/opt/dray/amd64" */
	struct digest
		digest; /* of the description, the wrappers and the packages: part of every key */
	const struct build_machine *build; /* static: what it runs on */
	char *dir;                         /* out/toolchain/<digest>, NULL until prepared */
};

/* The architectures that there is one for, by name; none outside of a checkout. */
void toolchain_list(const struct workspace *workspace, struct strv *ret_arches);
/* ERR_INPUT unless there is one for the architecture. */
int toolchain_check(const struct workspace *workspace, const char *arch, struct err *err);
int toolchain_load(const struct workspace *workspace, const struct env *env, const char *arch,
                   struct toolchain *ret_toolchain, struct err *err);
void toolchain_release(struct toolchain *toolchain);
/* Unpacks and writes the wrappers unless that has been done; sets `dir`. */
int toolchain_prepare(const struct workspace *workspace, const struct env *env,
                      struct toolchain *toolchain, const struct event_sink *sink, struct err *err);
/* Writes <dir>/bin with the wrappers. `prelude` is shell that those of the compilers begin with,
 * `launcher` what they put before the compiler (with a blank behind); both may be "". */
int toolchain_write_wrappers(const struct toolchain *toolchain, const char *dir,
                             const char *prelude, const char *launcher, struct err *err);
