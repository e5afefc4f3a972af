/* What the files image-*.c share: the tree of an image and the places of its making. */
#pragma once

#include "arena.h"
#include "env.h"
#include "hash.h"
#include "image.h"
#include "map.h"

/* A file or symlink of /usr. Text lives in the tree's arena. */
struct image_file {
	const char *path;  /* "usr/bin/bash" */
	const char *owner; /* package, or "board" */
	char type;         /* 'f' or 'l' */
	unsigned mode;
	uint64_t size;
	const char *value;  /* files: SHA-256; symlinks: the target */
	const char *source; /* absolute path of the content; links: NULL */
};

VEC_OF(image_file_list, struct image_file *);

/* What the image holds, before anything is written. */
struct image_tree {
	struct arena arena;
	struct map by_path;
	struct image_file_list usr;    /* sorted by path */
	struct image_file_list initrd; /* paths from the initrd's root; sorted */
	struct image_file *kernel, *kernel_config, *boot_loader, *stub; /* NULL: none */
};

void image_tree_release(struct image_tree *tree);
/* Merges the packages, takes away, lays the boards' files/ over them, chooses the initrd. `staging`
 * is a directory for generated files; `build_id` goes into os-release. */
int image_tree_make(const struct workspace *workspace, const struct board *board,
                    const struct built_set *set, const char *staging, const char *build_id,
                    struct image_tree *tree, struct err *err);
/* Digest of names, modes and contents of /usr, initrd and kernel. */
void image_tree_digest(const struct image_tree *tree, struct digest *ret_digest);
/* Copies below `dir`. */
int image_tree_write_usr(const struct image_tree *tree, const char *dir, struct err *err);
/* The same, with the directories and links that every initrd has. */
int image_tree_write_initrd(const struct image_tree *tree, const char *dir, struct err *err);

/* ---- image-initrd.c: chooses tree->initrd by the board's globs */
int image_initrd_choose(struct image_tree *tree, const struct board *board, struct err *err);
/* A file of the initrd alone, at `path` from its root; replaces what was there. */
void image_initrd_add(struct image_tree *tree, struct image_file *file);

/* What is decided before the tools run, and what they gave. */
struct image_job {
	const struct workspace *workspace;
	const struct env *env;
	const struct board *board;
	const char *dir;            /* the temporary directory that all is made in */
	const char *key;            /* hexadecimal */
	const char *kernel_release; /* "6.12.9-dray" */
	struct digest content;      /* image_tree_digest, with version and board */
	char root_hash[DIGEST_HEX]; /* by veritysetup */
};

/* A UUID (RFC 9562, version 8) that is SHA-256 of content and name; 37 bytes. */
void image_derive_uuid(const struct digest *content, const char *name, char ret_uuid[37]);
/* Two halves of a root hash as ids of the partitions for /usr and its hash tree. */
void image_hash_uuids(const char *root_hash, char ret_usr[37], char ret_verity[37]);
/* Seconds since 1970 of everything in the image: the board's day, and a time of day by content. */
time_t image_time(const struct board *board, const struct digest *content);

/* image-box.c: all tools, in one sandbox. Reads job->dir's tree/, initrd-root/, kernel, stub,
 * loader; writes usr.erofs, usr.verity, initrd, cmdline, esp. */
int image_box_run(struct image_job *job, struct err *err);
/* image-disk.c: job->dir's partitions into the disk. */
int image_disk_write(const struct image_job *job, const char *path, struct err *err);
/* image-report.c: packages.txt, files.txt, initrd.txt, sizes.txt, manifest.json below job->dir. */
int image_report_write(const struct image_job *job, const struct built_set *set,
                       const struct image_tree *tree, struct err *err);
