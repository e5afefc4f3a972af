/* Errors: a kind, an errno and a message that grows outwards as callers wrap it. */
#pragma once

/* What went wrong, coarsely; each kind has its exit code (err_exit_code). */
enum err_kind {
	ERR_NONE,
	ERR_USAGE,       /* the command line */
	ERR_INPUT,       /* a file the user wrote: recipe, board, configuration, lock */
	ERR_NETWORK,     /* a server or the way to it */
	ERR_TRUST,       /* a digest or signature that does not match */
	ERR_BUILD,       /* a build or test that failed */
	ERR_SYSTEM,      /* the kernel, the disk, a missing program */
	ERR_INTERRUPTED, /* Ctrl-C or SIGTERM */
};

/* Zero-initialise before use; err_release frees. A function that succeeds leaves it alone. */
struct err {
	enum err_kind kind;
	int sys_errno; /* 0 when no system call is to blame */
	char *message; /* "build zlib: fetch https://…: HTTP 404" */
	char *hint;    /* what to do next, or NULL; printed on a line of its own */
};

/* Sets kind and message (dropping what was there). All setters return -1, so that a caller can
 * `return err_set(…)`. `err` may be NULL where the caller does not care. */
int err_set(struct err *err, enum err_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A failed system call: kind ERR_SYSTEM, message "<text>: <strerror(errno)>". */
int err_errno(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "<text>: " before the message; kind, errno and hint stay. */
int err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says what to do next; the innermost hint wins (a second call does nothing). */
int err_hint(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Moves `from` into `to` (freeing what `to` held); `from` is empty afterwards. Returns -1. */
int err_move(struct err *to, struct err *from);

/* clang's analyzer does not look into err.c: here it sees that setters return -1. */
#ifdef __clang_analyzer__
#define err_set(...) ((void)(err_set)(__VA_ARGS__), -1)
#define err_errno(...) ((void)(err_errno)(__VA_ARGS__), -1)
#define err_wrap(...) ((void)(err_wrap)(__VA_ARGS__), -1)
#define err_hint(...) ((void)(err_hint)(__VA_ARGS__), -1)
#define err_move(...) ((void)(err_move)(__VA_ARGS__), -1)
#endif

void err_release(struct err *err);

/* Exit code of a kind: usage 2, build 1, input 3, network 4, trust 5, system 6, interrupted 130. */
int err_exit_code(enum err_kind kind);

/* "usage", "input", …: the name that --json prints. */
const char *err_kind_name(enum err_kind kind);
