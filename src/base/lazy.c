/* Finds the functions of libraries that are loaded when they are needed. */
#include "lazy.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

/* A function of such a library, as the generated table has it; offsets are from the field itself,
 * so that the table needs no relocation. */
struct lazy_function {
	int32_t name;
	int32_t library; /* its soname */
};

/* Of the generated file; absent in programs that link the libraries. */
extern const struct lazy_function lazy_functions[] __attribute__((weak));
extern const uint32_t lazy_function_count __attribute__((weak));
extern void *lazy_slots[] __attribute__((weak));

static const char *text(const int32_t *offset)
{
	return (const char *)offset + *offset;
}

_Noreturn static void fail(void)
{
	fprintf(stderr, "error: %s\nhint: run bootstrap/install-deps, and `make`\n", dlerror());
	exit(err_exit_code(ERR_SYSTEM));
}

void *lazy_find(uint32_t index)
{
	const struct lazy_function *function = &lazy_functions[index];
	/* The loader has locks of its own; two threads that get here store the same address. */
	void *library = dlopen(text(&function->library), RTLD_NOW | RTLD_LOCAL);
	void *address = library ? dlsym(library, text(&function->name)) : NULL;
	if (!address)
		fail();
	__atomic_store_n(&lazy_slots[index], address, __ATOMIC_RELEASE);
	return address;
}

void lazy_load(const char *name)
{
	for (uint32_t i = 0; &lazy_function_count && i < lazy_function_count; i++)
		if (strcmp(text(&lazy_functions[i].name), name) == 0)
			lazy_find(i);
}
