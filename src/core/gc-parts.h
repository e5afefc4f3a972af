/* Between the files that make up gc; nobody else includes this. */
#pragma once

#include "arena.h"
#include "gc.h"
#include "map.h"

/* Stands for every id of a kind: where it is not known what is needed, all of it is. */
#define GC_ALL ""

/* What is needed, by id, and why; text lives in the arena. */
struct gc_roots {
	struct arena arena;
	struct map outputs, keys, downloads, dirs; /* id -> why (char *) */
	struct map labels;                         /* output digest -> "zlib 1.3.1 run" */
	struct map packages;                       /* names of recipes */
};

void gc_roots_release(struct gc_roots *roots);
/* Plans, recipes, seeds, toolchains; keys and outputs of the last builds. */
int gc_roots_find(const struct workspace *workspace, const struct gc_policy *policy,
                  const struct event_sink *sink, struct gc_roots *roots, struct err *err);
/* The image's packages. */
void gc_roots_add_image(struct gc_roots *roots, const char *dir, const char *board);
/* Labels of the outputs that the record names. */
struct record;
void gc_roots_label(struct gc_roots *roots, const struct record *record);

/* Finds all there is, with sizes and times. Images are judged already, and those that stay are made
 * roots. */
int gc_scan(const struct workspace *workspace, const struct gc_policy *policy,
            struct gc_roots *roots, struct gc *gc, struct err *err);

/* Sets verdict and reason (which is copied); always 0. */
int gc_judge(struct gc_item *item, enum gc_verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Days since the item was used, cut. */
long gc_days(const struct gc_item *item);
