#!/bin/sh
# sdk lint: what is wrong, what is advised, what --fix puts right, and what built packages show.
. "$(dirname "$0")/../lib.sh"
cd "$SDK_TOP" || exit 1
CHECKOUT=$TMP/checkout
mkdir -p "$CHECKOUT/recipes" "$TMP/out" "$TMP/cache" "$TMP/src"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$CHECKOUT/$name"; done
ln -s "$SDK_TOP/recipes/.build-systems" "$CHECKOUT/recipes/.build-systems"
real=${SDK_OUT:-$SDK_TOP/out} cache=${SDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sdk}
ok "the tree's own recipes are right" "$SDK" lint
own=$(cd "$SDK_TOP/recipes" && ls)
# shellcheck disable=SC2086 # names
ok "their phases, too" "$SDK" lint $own
# With patches and sources that are here: these are tried.
cached=
for name in $own; do
	recipe=$SDK_TOP/recipes/$name
	[ -d "$recipe/patches" ] || continue
	for sha in $(sed -n 's/^ *sha256: //p' "$recipe/recipe.yaml"); do
		ls "$cache/downloads/$(echo "$sha" | cut -c1-2)/$sha"-* >/dev/null 2>&1 || continue 2
	done
	cached="$cached $name"
done
# shellcheck disable=SC2086
if [ "$cached" ]; then ok "and their patches apply:$cached" "$SDK" lint --deep $cached
else skip "and their patches apply" "no source of one is cached"; fi
SDK_ROOT=$CHECKOUT; export SDK_ROOT
recipe() { mkdir -p "$CHECKOUT/recipes/$1"; cat >"$CHECKOUT/recipes/$1/recipe.yaml"; }
file() { echo "$CHECKOUT/recipes/$1/recipe.yaml"; }
lint() { "$SDK" lint "$@"; }

recipe messy <<'X'
# About messy.

build: copy
# the version, and why
version: 1.2.3
name: messy
libc: false
summary: For the tests
license: GPL-2.0+   # by its heads
phases:
  install: |
    # stays in the phase
    mkdir -p "$DEST"/usr/$(echo share)
X
lint messy >"$TMP/said" 2>"$TMP/err"
is "advice is no failure" $? 0
ok "the order of keys" grep -q 'messy/recipe.yaml:5: version stands behind build' "$TMP/said"
ok "a licence of yesterday" grep -q ':9: license: GPL-2.0+ is GPL-2.0-or-later' "$TMP/said"
ok "says what --fix does" grep -q 'lint --fix puts 2 of them right' "$TMP/err"
fails "but with --strict" 3 'findings' lint messy --strict
ok "of all recipes there is the number" sh -c "'$SDK' lint | grep -q '1 recipe is right; there are 2 pieces of advice'"
if command -v shellcheck >/dev/null; then
	ok "phases are bash, at the recipe's lines" grep -q 'messy/recipe.yaml:13: shellcheck.*SC20' "$TMP/said"
	recipe broken <<-'X'
	name: broken
	version: 1
	summary: For the tests
	license: MIT
	build: copy
	libc: false
	phases:
	  install: |
	    echo fine
	    if true; then
	X
	fails "a phase that is no bash is wrong" 3 'broken/recipe.yaml:[0-9]+: shellcheck: error' lint broken
	rm -r "$CHECKOUT/recipes/broken"
else
	skip "phases are bash, at the recipe's lines" "no shellcheck"
	skip "a phase that is no bash is wrong" "no shellcheck"
fi
ok "--fix puts it right" lint messy --fix
cat >"$TMP/wanted" <<'X'
# About messy.

name: messy
# the version, and why
version: 1.2.3
summary: For the tests
license: GPL-2.0-or-later   # by its heads
build: copy
libc: false
phases:
  install: |
    # stays in the phase
    mkdir -p "$DEST"/usr/$(echo share)
X
ok "with every comment at its key" diff "$TMP/wanted" "$(file messy)"
ok "a second time it changes nothing" sh -c "cp '$(file messy)' '$TMP/once' && '$SDK' lint --fix messy && cmp '$TMP/once' '$(file messy)'"
sed -i 's/GPL-2.0-or-later/GPL-2.0-or-latter/' "$(file messy)"
fails "a licence that is none" 3 'messy/recipe.yaml:7: license: GPL-2.0-or-latter is no licence.*did you mean GPL-2.0-or-later' lint messy
sed -i 's/latter/later/; s/^build:.*/build: copy\ndepends: {target: [nothing]}/' "$(file messy)"
fails "a dependency that is none" 3 'nothing' lint
if command -v python3 >/dev/null; then
	is "for programs" "$("$SDK" lint messy --json 2>/dev/null | python3 -c 'import json,sys; print([f["level"] for f in json.load(sys.stdin) if "nothing" in f["text"]])')" "['wrong']"
else
	skip "for programs" "no python3"
fi
rm -r "$CHECKOUT/recipes/messy"
recipe unreadable <<'X'
name: unreadable
versoin: 1
X
fails "one that can't be read" 3 'recipe.yaml:2:.*versoin.*did you mean' lint
rm -r "$CHECKOUT/recipes/unreadable"

# ---- with the source and what was built
SDK_ROOT=$SDK_TOP "$SDK" create >"$TMP/create.log" 2>&1 || { skip "patches and dependencies" "no environment"; done_testing; exit 0; }
mkdir -p "$real/toolchain"
for name in env toolchain; do ln -s "$real/$name" "$TMP/out/$name"; done
ln -s "$cache/downloads" "$TMP/cache/downloads"
export SDK_OUT="$TMP/out" SDK_CACHE="$TMP/cache"
mkdir "$TMP/src/p-1"; seq 1 30 | sed 's/^/line /' >"$TMP/src/p-1/lines"
tar -C "$TMP/src" --mtime=@1700000000 --sort=name -cf "$TMP/p-1.tar" p-1
recipe p <<X
name: p
version: 1
summary: For the tests
license: MIT
sources:
  - urls: ["file://$TMP/p-1.tar"]
    size: $(wc -c <"$TMP/p-1.tar")
    sha256: $(sha256sum <"$TMP/p-1.tar" | cut -c1-64)
build: copy
libc: false
X
mkdir "$CHECKOUT/recipes/p/patches"
patch() { # patch NAME FROM TO: FROM is what the patch believes the line to be
	printf -- '--- a/lines\n+++ b/lines\n@@ -9,3 +9,3 @@\n line 9\n-%s\n+%s\n line 11\n' "$2" "$3" >"$CHECKOUT/recipes/p/patches/$1.patch"
}
patch 1-good 'line 10' 'line ten'
ok "patches that apply" lint p --deep
patch 2-bad 'line 10' 'line zehn'
fails "one that does not" 3 'p/patches/2-bad.patch fails: hunk 1 of lines, at line 9' lint p --deep
ok "which only --deep tries" lint p
is "nothing of it is left" "$(ls -A "$TMP/out/lint")" ""
sed -i "s|file://$TMP/p-1.tar|file://$TMP/gone.tar|; s/sha256: ..../sha256: 0000/" "$(file p)"
fails "a source that is nowhere" 3 'p/recipe.yaml:6: sources: .*gone.tar' lint p --deep
sed -i "s|file://$TMP/gone.tar|file://$TMP/p-1.tar|" "$(file p)"
fails "a source with other bytes" 3 'p/recipe.yaml:6: sources: .*p-1.tar.*(sha256|SHA-256)' lint p --deep
ok "which only --deep looks at" lint p

# Upstream's signature, of a source as it is and of one that was changed since.
if command -v gpg-agent >/dev/null; then
	GPG=$TMP/gpg
	gpg() { command gpg --homedir "$GPG" --batch --quiet --no-tty "$@"; }
	mkdir -m 700 "$GPG"
	trap 'GNUPGHOME=$GPG gpgconf --kill all; cleanup' EXIT
	mkdir "$CHECKOUT/recipes/s"; cp "$TMP/p-1.tar" "$TMP/s-1.tar"
	for who in upstream stranger; do
		gpg --passphrase '' --quick-gen-key "$who@example.org" ed25519 sign never 2>/dev/null
		gpg --armor --export "$who@example.org" >"$CHECKOUT/recipes/s/$who.asc"
	done
	signed_recipe() { # signed_recipe KEY: of the tarball as it is now
		sed "s|^name: p|name: s|; s|p-1.tar|s-1.tar|; s|size: .*|size: $(wc -c <"$TMP/s-1.tar")|
			s|sha256: .*|sha256: $(sha256sum <"$TMP/s-1.tar" | cut -c1-64)\n    signature: {url: \"file://$TMP/s-1.tar.asc\", key: $1}|" \
			"$(file p)" | recipe s
	}
	gpg -u upstream@example.org --armor --detach-sign --output "$TMP/s-1.tar.asc" "$TMP/s-1.tar"
	signed_recipe upstream.asc
	ok "a source that upstream signed" lint s --deep
	signed_recipe stranger.asc
	fails "a key that did not sign it" 3 's/recipe.yaml:6: signature: .*none of our keys' lint s --deep
	signed_recipe upstream.txt
	fails "a key that is not there is wrong without looking deep" 3 's/recipe.yaml:6: signature: there is no file upstream.txt' lint s
	gpg --cert-digest-algo SHA1 --passphrase '' --quick-gen-key old@example.org ed25519 sign never 2>/dev/null
	gpg --armor --export old@example.org >"$CHECKOUT/recipes/s/old.asc"
	signed_recipe old.asc
	fails "a key that leans on SHA-1 is told as that" 3 'old.asc: .*SHA-1' lint s --deep
	echo more >>"$TMP/s-1.tar"; signed_recipe upstream.asc
	fails "a source that was changed, digest and all" 3 'the text is not what was signed' lint s --deep
	rm "$TMP/s-1.tar.asc"
	fails "a signature that is nowhere" 3 's/recipe.yaml:6: signature: .*s-1.tar.asc' lint s --deep
	is "nothing of it is left" "$(ls -A "$TMP/out/lint")" ""
	rm -r "$CHECKOUT/recipes/s"
else
	skip "upstream's signatures" "no gpg-agent to sign with"
fi

# Libraries without a C library: `user` is linked with one that it has by way of `way` alone.
so() { # so NAME CODE ARGUMENTS…: files/lib<name>.so.1
	name=$1 code=$2; shift 2
	mkdir -p "$CHECKOUT/recipes/$name/files"
	echo "$code" | ${CC:-gcc} -xc -shared -fPIC -nostdlib -Wl,-z,relro,-z,now,--build-id -Wl,-soname,"lib$name.so.1" \
		-o "$CHECKOUT/recipes/$name/files/lib$name.so.1" - -xnone "$@"
}
library() { # library NAME DEPENDS
	recipe "$1" <<-X
	name: $1
	version: 1
	summary: For the tests
	license: MIT
	sources: []
	build: copy
	libc: false
	depends: {target: [$2]}
	phases:
	  install: |
	    install -Dm755 "\$FILES"/lib\$NAME.so.1 "\$DEST"/usr/lib/lib\$NAME.so.1
	X
	sed -i '/target: \[\]/d' "$(file "$1")"
}
if [ "$(uname -m)" = x86_64 ] || [ "$(uname -m)" = aarch64 ]; then
	so base 'int base(void) { return 1; }'; library base ""
	so way 'int base(void); int way(void) { return base(); }' "$CHECKOUT/recipes/base/files/libbase.so.1"; library way base
	so user 'int base(void); int user(void) { return base(); }' "$CHECKOUT/recipes/base/files/libbase.so.1"; library user way
	ok "libraries are built" "$SDK" build user
	lint user >"$TMP/said"
	ok "what is linked and not declared is told" grep -q 'user/recipe.yaml:8: depends.target: base is missing: what was built is linked' "$TMP/said"
	ok "what is declared, and neither linked nor read, too" grep -q 'user/recipe.yaml:8: depends.target: way is unused: the build read no file' "$TMP/said"
	ok "what is both is not" sh -c "! '$SDK' lint way | grep -q depends"
else
	skip "libraries that are linked" "no such machine is known"
fi
# What the build read: headers, static libraries, pkg-config files. No C library is needed for that.
recipe plain <<'X'
name: plain
version: 1
summary: For the tests
license: MIT
build: copy
libc: false
phases:
  install: |
    mkdir -p "$DEST/usr/include/plain" "$DEST/usr/lib/pkgconfig"
    echo '#define PLAIN 1' >"$DEST/usr/include/plain/plain.h"
    printf 'Name: plain\nVersion: 1\nDescription: plain\n' >"$DEST/usr/lib/pkgconfig/plain.pc"
X
recipe static <<'X'
name: static
version: 1
summary: For the tests
license: MIT
build: copy
libc: false
depends: {target: [plain]}
phases:
  install: |
    mkdir -p "$DEST/usr/include" "$DEST/usr/lib"
    printf '#include <plain/plain.h>\nint stat_ic(void);\n' >"$DEST/usr/include/static.h"
    echo 'int stat_ic(void) { return 1; }' | $CC -ffreestanding -xc -c -o static.o -
    $AR rcs "$DEST/usr/lib/libstatic.a" static.o
X
consumer() { # consumer NAME TARGETS SHELL: one entry of depends.target a line
	recipe "$1" <<-X
	name: $1
	version: 1
	summary: For the tests
	license: MIT
	build: copy
	libc: false
	depends:
	  target:
	$(for target in $2; do echo "    - $target"; done)
	phases:
	  install: |
	    mkdir -p "\$DEST/usr/share"; touch "\$DEST/usr/share/$1"
	    $3
	X
}
# shellcheck disable=SC2016 # for the recipe's shell
code='| $CC -ffreestanding -xc -c -o it.o -'
consumer header "plain" "echo '#include <plain/plain.h>' $code"
# shellcheck disable=SC2016
consumer archive "static" 'echo "int stat_ic(void); int _start(void) { return stat_ic(); }" | $CC -ffreestanding -nostdlib -xc -o it - -lstatic'
consumer idle "plain static" "echo '#include <plain/plain.h>' $code"
consumer deeper "static" "printf '#include <static.h>\\n#include <plain/plain.h>\\n' $code"
# shellcheck disable=SC2016
consumer asks "static" 'cat "$SYSROOT/usr/lib/pkgconfig/plain.pc"'
consumer through "static" "echo '#include <static.h>' $code"
# shellcheck disable=SC2016
consumer looks "plain" 'test -f "$SYSROOT/usr/include/plain/plain.h"; ls "$SYSROOT/usr/include/plain"'
if "$SDK" build header archive idle deeper asks through looks >"$TMP/build.log" 2>&1; then
	silent() { ! lint "$1" 2>&1 | grep depend; }
	ok "a header is enough" silent header
	ok "a static library is" silent archive
	ok "a package whose own header asks for another's uses it" silent static
	ok "what a declared one's header asks for need not be declared" silent through
	lint idle >"$TMP/said"
	ok "what is not read is unused, at its entry" grep -q 'idle/recipe.yaml:10: depends.target: static is unused: the build read no file of it' "$TMP/said"
	ok "what is read is not" sh -c "! grep -q 'plain is' '$TMP/said'"
	ok "a file that is looked at only was not read" sh -c "'$SDK' lint looks | grep -q 'plain is unused'"
	ok "a header of one that is not declared, when other headers ask for it" silent deeper
	ok "a file of one that is not declared" sh -c "'$SDK' lint asks | grep -q 'asks/recipe.yaml:8: depends.target: plain is missing: the build read usr/lib/pkgconfig/plain.pc'"
	sed -i 's/^version: 1/version: 2/' "$(file static)"
	ok "one that is not built is said to be" sh -c "'$SDK' lint through | grep -q 'note: .*through/recipe.yaml: dependencies not checked: not built as it is now; sdk build through'"
	ok "which is no failure" lint through --strict
	sed -i 's/^version: 2/version: 1/' "$(file static)"
	rm "$TMP/out/keys/"*/idle/reads
	ok "one that was built elsewhere is said to be" sh -c "'$SDK' lint idle | grep -q 'dependencies not checked: built elsewhere; sdk build --rebuild idle'"
	ok "to programs as well" sh -c "'$SDK' lint idle --json | grep -q '\"level\": *\"note\"'"
	ok "and is known again afterwards" sh -c "'$SDK' build --rebuild idle && '$SDK' lint idle | grep -q 'static is unused'"
else
	result 1 "small packages are built"
	sed 's/^/# /' "$TMP/build.log"
fi
done_testing
