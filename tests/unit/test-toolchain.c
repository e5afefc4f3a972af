/* Toolchains: what phases are told of the machine that builds. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "own.h"
#include "path.h"
#include "phase-env.h"

static char dir[] = "/tmp/sdk-test-toolchain-XXXXXX";

#define DESCRIPTION                                                                    \
	"triple: x86_64-dray-linux-gnu\ncpu: x86_64\nkernel-arch: x86_64\n"            \
	"efi-arch: x64\nelf-machine: x86-64\ndynamic-linker: /lib64/ld.so\n"           \
	"qemu: qemu-system-x86_64\ngroup: toolchain-amd64\n"                           \
	"gcc: {name: x86_64-linux-gnu, version: \"14\"}\ncflags: -O2\nldflags: \"\"\n" \
	"hardening: {compile: \"\", fortify: \"\", link: \"\"}\n"

static const char recipe_text[] = "name: p\nversion: 1\nsummary: A test\nlicense: MIT\n"
				  "sources: []\nbuild: autotools\n";

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	own_free char *path = path_join(dir, "toolchains/amd64.yaml");
	assert_int_equal(fs_make_parents(path, NULL), 0);
	return fs_write_text(path, DESCRIPTION, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

/* What a package's phases for amd64 see when it is built on `build_arch`. */
static char *environment_on(const char *build_arch, struct digest *ret_digest)
{
	own_free char *arch = mem_strdup(build_arch);
	struct workspace workspace = {.root = dir, .build_arch = arch};
	struct env env = {0};
	struct toolchain toolchain;
	struct recipe *recipe;
	struct str text = {0};
	assert_int_equal(toolchain_load(&workspace, &env, "amd64", &toolchain, NULL), 0);
	assert_int_equal(recipe_parse("r", NULL, recipe_text, strlen(recipe_text), &recipe, NULL),
	                 0);
	struct node node = {.recipe = recipe};
	phase_environment(&toolchain, &node, &text);
	phase_digest(&toolchain, &node, ret_digest);
	recipe_free(recipe);
	toolchain_release(&toolchain);
	return text.data;
}

static void tells_who_builds(void **state)
{
	(void)state;
	struct digest on_amd64, on_arm64;
	own_free char *amd64 = environment_on("amd64", &on_amd64);
	own_free char *arm64 = environment_on("arm64", &on_arm64);
	assert_non_null(strstr(amd64, "\nexport TRIPLE='x86_64-dray-linux-gnu'\n"
	                              "export BUILD_TRIPLE='x86_64-pc-linux-gnu'\n"));
	assert_non_null(strstr(arm64, "\nexport TRIPLE='x86_64-dray-linux-gnu'\n"
	                              "export BUILD_TRIPLE='aarch64-unknown-linux-gnu'\n"));
	assert_memory_not_equal(on_amd64.bytes, on_arm64.bytes, sizeof on_amd64.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(tells_who_builds)};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
