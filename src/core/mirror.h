/* Mirrors: what mirror://<name>/… stands for on this machine. */
#pragma once

#include "err.h"
#include "vec.h"
#include "workspace.h"

/* A mirror's base addresses, without a slash at the end, best first. */
struct mirror {
	char *name;
	struct strv bases;
};

struct mirrors {
	VEC(struct mirror) items;
};

/* Two are known everywhere: "debian" and "debian-security". Their base addresses are those of
 * $SDK_MIRROR_DEBIAN and $SDK_MIRROR_DEBIAN_SECURITY (separated by blanks) when set, and nothing
 * else; otherwise sdk.yaml's `mirrors:` (a map from names to lists; other names are possible), then
 * the machine's own apt configuration in /etc/apt, then Debian's public snapshot archive.
 * $SDK_APT_DIR stands for all that the machine knows: there is nothing behind it. */
int mirrors_load(const struct workspace *workspace, struct mirrors *ret_mirrors, struct err *err);
void mirrors_release(struct mirrors *mirrors);
/* The mirror, or NULL. */
const struct mirror *mirrors_find(const struct mirrors *mirrors, const char *name);
/* Appends the addresses that `url` stands for: itself, or one for each base address of its mirror.
 * A mirror without any is ERR_INPUT with a hint. */
int mirrors_expand(const struct mirrors *mirrors, const char *url, struct strv *urls,
                   struct err *err);

/* What apt's configuration files say, sources.list(5): appends Debian's archives, http, https and
 * file only. `dir` holds sources.list and sources.list.d; what is missing is skipped. */
void mirrors_add_apt(struct mirrors *mirrors, const char *dir);
/* The two forms of such files: one line a source, and deb822 stanzas. */
void mirrors_add_apt_lines(struct mirrors *mirrors, const char *text);
void mirrors_add_apt_stanzas(struct mirrors *mirrors, const char *text);
