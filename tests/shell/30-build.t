#!/bin/sh
# Builds in real sandboxes: what is found, what is refused, what is built again and what is not.
# touches: zlib json-c popt glibc gcc-runtime linux-headers
. "$(dirname "$0")/../lib.sh"

# A checkout of its own, whose recipes are the real ones needed here and small ones made below. The
# environment, the toolchain and the store are those of the checkout under test.
SDK_ROOT=$TMP/checkout SDK_OUT=${SDK_OUT:-$SDK_TOP/out}
export SDK_ROOT SDK_OUT
mkdir -p "$SDK_ROOT/recipes"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
for name in .build-systems linux-headers glibc gcc-runtime json-c popt; do
	ln -s "$SDK_TOP/recipes/$name" "$SDK_ROOT/recipes/$name"
done
cp -R "$SDK_TOP/recipes/zlib" "$SDK_ROOT/recipes/zlib" # edited below
# recipe NAME: the rest of the recipe comes from stdin; C files go to its files/.
recipe() {
	mkdir -p "$SDK_ROOT/recipes/$1/files"
	{
		printf 'name: %s\nversion: 1.0\nsummary: For the tests\nhomepage: https://example.org/\n' "$1"
		printf 'license: MIT\nsources: []\n'
		cat
	} >"$SDK_ROOT/recipes/$1/recipe.yaml"
}
build() { "$SDK" build "$@"; }
plan() { "$SDK" build -n "$@" | awk '{print $1, $2}'; }
digests() { "$SDK" info "$1" --json | tr ',' '\n' | sed -n 's/.*"digest": *"\([0-9a-f]*\)".*/\1/p' | sort; }

ok "the C library and some others build, or are there" build zlib json-c popt
once=$$-$(date +%s) # so that an earlier run's outputs are not found

# ---- a library and a program that uses it
recipe t-lib <<'Y'
build: make
phases:
  compile: |
    $CC $CFLAGS -fPIC -shared -Wl,-soname,libt.so.1 -o libt.so.1 "$FILES"/t.c
  install: |
    install -Dm755 libt.so.1 "$DEST"/usr/lib/libt.so.1
    ln -s libt.so.1 "$DEST"/usr/lib/libt.so
    install -Dm644 "$FILES"/t.h "$DEST"/usr/include/t.h
    install -Dm644 "$FILES"/t.h "$DEST"/usr/share/doc/t/t.h
    echo setting >"$BUILD"/t.conf; install -Dm644 t.conf "$DEST"/etc/t.conf
Y
echo "int t(void) { return 42; } // $once" >"$SDK_ROOT/recipes/t-lib/files/t.c"
echo 'int t(void);' >"$SDK_ROOT/recipes/t-lib/files/t.h"
recipe t-app <<'Y'
build: make
depends: {target: [t-lib, zlib]}
phases:
  compile: |
    $CC $CFLAGS -o t-app "$FILES"/app.c -lt -lz
  install: |
    install -Dm755 t-app "$DEST"/usr/bin/t-app
Y
printf '#include <t.h>\n#include <zlib.h>\nint main(void) { return t() + (int)zlibVersion()[0]; }\n// %s\n' "$once" \
	>"$SDK_ROOT/recipes/t-app/files/app.c"
case $(uname -m) in aarch64) arch=arm64 ;; *) arch=amd64 ;; esac
mkdir -p "$SDK_OUT/work/$arch/.tmp-0123456789abcdef/tree" # as a killed run leaves it
ok "a library and its user build" build t-app
is "their trees are gone, and what a killed run left" \
	"$(cd "$SDK_OUT/work/$arch" && ls -d t-lib t-app .tmp-* 2>/dev/null)" ""
store() { # store PACKAGE OUTPUT: its directory
	digest=$("$SDK" info "$1" | awk -v o="$2" '$1 == "output" && $2 == o { print $NF }')
	echo "$SDK_OUT/store/$digest"*
}
run_files=$(cd "$(store t-lib run)/root" && find . -type f -o -type l | sort | tr '\n' ' ')
is "run holds the library and the defaults of /etc" "$run_files" \
	"./usr/lib/libt.so.1 ./usr/share/factory/etc/t.conf "
dev_files=$(cd "$(store t-lib dev)/root" && find . -type f -o -type l | sort | tr '\n' ' ')
is "dev holds headers and links" "$dev_files" "./usr/include/t.h ./usr/lib/libt.so "
ok "doc holds documentation" test -e "$(store t-lib doc)/root/usr/share/doc/t/t.h"
ok "debug holds what was stripped" sh -c "find '$(store t-app debug)' -name '*.debug' | grep -q ."
requires=$(sed -n 's/^requires //p' "$(store t-app run)/manifest" | tr '\n' ' ')
is "what it needs is known from its ELF files" "$requires" "glibc t-lib zlib "
elf=$(store t-app run)/root/usr/bin/t-app
is "it is position independent" "$(readelf -hW "$elf" | awk '/Type:/ {print $2}')" DYN
ok "relocations are read-only and bound at once" sh -c "readelf -dW '$elf' | grep -q 'BIND_NOW\|FLAGS.*NOW'"
ok "it has a build id" sh -c "readelf -nW '$elf' | grep -q 'Build ID'"

# ---- asking what is in them
is "files lists what images get" "$("$SDK" files t-lib --output=run | tr '\n' ' ')" \
	"/usr/lib/libt.so.1 /usr/share/factory/etc/t.conf "
is "owns finds the package by path" "$("$SDK" owns /usr/lib/libt.so.1 2>/dev/null | tr -s ' ')" \
	"t-lib run /usr/lib/libt.so.1"
is "and by a pattern of the name" "$("$SDK" owns 't-ap?' 2>/dev/null | awk '{ print $1, $2 }')" "t-app run"
ok "size counts every package" sh -c "'$SDK' size t-app | tail -1 | grep -q ' 6 packages'"
fails "an output that is none" 3 'it has: .*dev' "$SDK" files t-lib --output=devel
fails "a file of nobody's" 3 'no built package has' "$SDK" owns /usr/bin/t-nobody

# ---- a source that went bad in the download cache
mkdir -p "$TMP/src-1/big/deep"; echo "right $once" >"$TMP/src-1/file"
touch "$TMP/src-1/big/deep/file" "$TMP/src-1/big/list"
tar -C "$TMP" -cf "$TMP/src-1.tar" src-1
sha=$(sha256sum <"$TMP/src-1.tar" | cut -c1-64)
size=$(wc -c <"$TMP/src-1.tar")
recipe t-source <<Y
build: copy
libc: false
phases:
  install: |
    install -Dm644 "\$SRC"/file "\$DEST"/usr/share/file
    (cd "\$SRC"; find . -type f | sort) >"\$DEST"/usr/share/unpacked
Y
sed -i "s|^sources:.*|sources: [{urls: ['file://$TMP/src-1.tar'], size: $size, sha256: $sha}]|" "$SDK_ROOT/recipes/t-source/recipe.yaml"
ok "a package is made of a local file" build t-source
cached=$(echo "${SDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sdk}/downloads/"*"/$sha-src-1.tar")
ok "it lies in the download cache" test -f "$cached"
sed -i 's/right/wrong/' "$cached"
ok "when its bytes change there" build --rebuild t-source
is "they are not used" "$(cat "$(store t-source run)/root/usr/share/file")" "right $once"
ok "but fetched anew" grep -q right "$cached"
is "all of it is unpacked" "$(tr '\n' ' ' <"$(store t-source run)/root/usr/share/unpacked")" \
	"./big/deep/file ./big/list ./file "
sed -i "s|sha256: $sha|&, exclude: [big/deep/**, '*/l?st', nothing]|" "$SDK_ROOT/recipes/t-source/recipe.yaml"
ok "why says that less of it is unpacked" sh -c "'$SDK' build -n t-source | grep -q 'exclude'"
ok "a source is unpacked in part" build t-source
is "without what is excluded" "$(tr '\n' ' ' <"$(store t-source run)/root/usr/share/unpacked")" "./file "
rm -f "$cached"

# ---- what is built again
is "nothing is built twice" "$(build t-app 2>&1 | tail -1 | sed 's/^[0-9]* //')" "packages are built"
is "a plan knows that" "$(plan t-app | tail -1)" "6 packages"
sed -i 's/^summary:.*/# A comment.\nsummary: Said differently/' "$SDK_ROOT/recipes/t-lib/recipe.yaml"
is "comments and summaries are no reason to build" "$(plan t-app | grep -c '^build\|^wait')" 0
sed -i "s/^    install -Dm755 libt/    : $once\n&/" "$SDK_ROOT/recipes/t-lib/recipe.yaml"
is "a changed phase is one" "$(plan t-app | head -2 | tr '\n' ' ')" "build t-lib wait t-app "
ok "why says which" sh -c "'$SDK' build -n t-app | grep -q 'phase install changed'"
build t-app >"$TMP/build.log" 2>&1
is "the same output stops the wave" "$(grep -c 't-app' "$TMP/build.log")" 0
ok "the library was built" grep -q t-lib "$TMP/build.log"
before=$(digests t-app)
echo "int t(void) { return $(date +%s); }" >"$SDK_ROOT/recipes/t-lib/files/t.c"
ok "a changed output goes on" build t-app
ok "to its user" sh -c "! [ '$before' = '$(digests t-lib)' ]"

# ---- a real library, edited
zlib=$SDK_ROOT/recipes/zlib/recipe.yaml
sed -i '1i # Compresses.' "$zlib"
is "a comment in zlib's recipe is no reason to build" "$(plan zlib t-app | grep -c '^build\|^wait')" 0
before=$(digests zlib; digests t-app)
sed -i "s/--shared]/--shared, --warn]/; s/^    rm -f/    : $once\n&/" "$zlib"
is "an option is one, for what uses it too" "$(plan t-app json-c | grep '^build\|^wait' | tr -s ' ' | cut -d' ' -f1,2 | tr '\n' ' ')" \
	"build zlib wait t-app "
is "when it changes nothing, zlib only is built" \
	"$(build t-app json-c 2>&1 | sed -n 's/ built, .*//p')" 1
is "and is what it was" "$(digests zlib; digests t-app)" "$before"
ok "the plan is done with it" sh -c "! '$SDK' build -n t-app | grep -q '^build\|^wait'"

# ---- the same bytes again, elsewhere
before=$(digests zlib; digests json-c; digests popt; digests t-app)
mv "$SDK_ROOT" "$TMP/another-name-of-a-checkout"; SDK_ROOT=$TMP/another-name-of-a-checkout
ok "packages of four build systems build again in another checkout" \
	build --rebuild -j3 zlib json-c popt t-app
is "to the same bytes" "$(digests zlib; digests json-c; digests popt; digests t-app)" "$before"

# ---- builds that reach for what is not theirs: packing happens outside of the sandbox
outside=$TMP/outside
mkdir -p "$outside/sbin" "$outside/bin"
for file in victim sbin/victim bin/tool; do echo mine >"$outside/$file"; done
untouched() { (cd "$outside" && find . | sort | tr '\n' ' '; cat victim sbin/victim bin/tool | tr '\n' ' '); }
before=$(untouched)
attack() { # attack NAME: with the install phase that comes from stdin
	recipe "$1" <<-Y
		build: copy
		libc: false
		phases:
		  install: |
		    : $once
		$(sed 's/^/    /')
	Y
}
attack t-stage <<Y
mkdir -p "\$DEST"/usr "\$HOME"/stage/run; echo evil >"\$DEST"/usr/victim
ln -s $outside "\$HOME"/stage/run/usr
Y
ok "a link where outputs were once put together is followed by nobody" build t-stage
is "the file is in the package" "$(cat "$(store t-stage run)/root/usr/victim")" evil
attack t-planted <<Y
mkdir -p "\$DEST"/usr "\$HOME"/stage/run/usr; echo evil >"\$HOME"/stage/run/usr/planted
echo good >"\$DEST"/usr/t-planted
Y
ok "a file beside the installed tree" build t-planted
is "does not get into the package" "$(cd "$(store t-planted run)/root" && find . -type f)" ./usr/t-planted
attack t-factory <<Y
mkdir -p "\$DEST"/etc "\$DEST"/usr/share/factory; echo evil >"\$DEST"/etc/victim
ln -s $outside "\$DEST"/usr/share/factory/etc
Y
fails "/etc is not moved through a link" 1 'usr/share/factory/etc: a directory belongs there' build t-factory
attack t-usr <<Y
ln -s $outside "\$DEST"/usr
Y
fails "nor is what lies behind a link" 1 'usr: a directory belongs there' build t-usr
attack t-inner <<Y
mkdir -p "\$DEST"/sbin/sub "\$DEST"/usr/bin; echo evil >"\$DEST"/sbin/sub/victim
ln -s $outside "\$DEST"/usr/bin/sub
Y
fails "nor into a link deeper in the tree" 1 'installs both sbin/sub and usr/bin/sub' build t-inner
attack t-dest <<Y
rm -r "\$DEST"; ln -s $outside "\$DEST"
Y
fails "the installed tree is no link" 1 'DEST: a directory belongs there' build t-dest
attack t-src <<Y
cd /; rm -r "\$HOME"/src; ln -s $outside "\$HOME"/src; ls -A "\$HOME" >&2; rm -rf "\$HOME"/.sdk; false
Y
fails "what the builder wrote is not there" 1 '│ dest$' build t-src
fails "but not .sdk" 1 'not found' sh -c "'$SDK' log t-src | grep -q '^\.sdk' || { echo not found; exit 1; }"
fails "a shell says what is not built before it makes anything" 1 'what it is built against is not built' \
	env SDK_ROOT="$SDK_TOP" SDK_CACHE="$TMP/no-cache" SDK_OUT="$TMP/no-out" "$SDK" shell bash -- true
ok "… no environment" test ! -e "$TMP/no-out/env"
fails "a shell does not look behind a link" 6 'tree/src' "$SDK" shell t-src -- true
is "nothing outside has changed" "$(untouched)" "$before"

# ---- and builds that write what is theirs to no descriptor: the builder's reports
attack t-forged <<'Y'
printf '\001 9999999999\n9999\nforged' >&3; false
Y
fails "a build does not say what kind of error it has" 1 'install: exit status 1' build t-forged
attack t-flood <<'Y'
head -c 200K /dev/zero | tr '\0' x >&3; echo >&3
for i in $(seq 1000); do echo "phase flood"; printf 'phase \033[2J\n'; done >&3; false
Y
fails "nor what its phases are called" 1 'build t-flood: flood: exit status 1' build t-flood
ok "or how many there are" sh -c "grep t-flood '$SDK_OUT/history.jsonl' | tail -n 1 | grep -o '\"flood\"' | wc -l | grep -qE '^[1-9][0-9]?$'"

# ---- what is refused, and what is said
recipe t-undeclared <<'Y'
build: make
phases:
  compile: |
    $CC -c "$FILES"/app.c
Y
echo '#include <zlib.h>' >"$SDK_ROOT/recipes/t-undeclared/files/app.c"
fails "an undeclared dependency" 1 'hint: zlib provides the header: add it to depends.target in' build t-undeclared
fails "and where that was" 1 'recipes/t-undeclared/recipe.yaml:10: exit status 1' build t-undeclared
recipe t-unlinked <<'Y'
build: make
phases:
  compile: |
    echo 'int main(void) { return 0; }' >a.c; $CC a.c -o a -lz
Y
fails "an undeclared library" 1 'libz is not in the sysroot: add zlib to depends.target' build t-unlinked
recipe t-tool <<'Y'
build: make
phases:
  compile: |
    cmake --version
Y
fails "an undeclared tool" 1 'cmake is in the environment.s group cmake: add it to depends.tools' build t-tool
recipe t-network <<'Y'
build: make
phases:
  compile: |
    exec 5<>/dev/tcp/192.0.2.1/80
Y
fails "network" 1 'builds have no network' build t-network
recipe t-limits <<'Y'
build: copy
libc: false
phases:
  install: |
    [ "$(ulimit -Hu)" -le 4096 ]; install -Dm644 /dev/null "$DEST"/usr/share/file
Y
ok "processes have a limit" build t-limits
recipe t-machine <<'Y'
build: make
phases:
  compile: |
    echo 'int main(void) { return 0; }' >a.c; $CC a.c -o a
    # e_machine becomes that of AArch64.
    printf '\267\000' | dd of=a bs=1 seek=18 conv=notrunc status=none
  install: |
    install -Dm644 a "$DEST"/usr/share/a
Y
fails "a program for another machine" 1 'usr/share/a is for aarch64, not for x86-64' build t-machine
recipe t-places <<'Y'
build: make
phases:
  compile: ":"
  install: |
    install -Dm755 /dev/null "$DEST"/opt/t/file
    install -Dm755 /dev/null "$DEST"/usr/local/bin/file
    install -Dm4755 "$FILES"/id "$DEST"/usr/bin/id
    mkdir -p "$DEST"/usr/share; echo "built in $BUILD" >"$DEST"/usr/share/text
Y
echo '#!/bin/sh' >"$SDK_ROOT/recipes/t-places/files/id"
fails "a file outside /usr" 1 'opt/t/file lies outside /usr and /etc \(allow: \{paths:' build t-places
fails "a file in /usr/local" 1 'usr/local/bin/file lies in /usr/local: is a prefix' build t-places
fails "a set-id program" 1 'usr/bin/id is set-id, mode 4755 \(allow: \{setuid:' build t-places
fails "a path of the build" 1 'usr/share/text holds a path of the build' build t-places
recipe t-key <<'Y'
build: make
configur: [--prefix=/usr]
Y
fails "a misspelt key" 3 'recipes/t-key/recipe.yaml:8:1: unknown key .*configur' build t-key
fails "is answered by the nearest one" 3 'did you mean .*configure' build t-key
mkdir -p "$TMP/mirror"; echo content >"$TMP/mirror/file.txt"
cat >"$SDK_ROOT/recipes/t-key/recipe.yaml" <<Y
name: t-key
version: 1.0
summary: For the tests
homepage: https://example.org/
license: MIT
sources:
  - urls: ["file://$TMP/mirror/file.txt"]
    size: 8
    sha256: 0000000000000000000000000000000000000000000000000000000000000000
    extract: false
build: copy
Y
fails "a wrong digest" 5 'SHA-256|sha256|digest' build t-key
sed -i 's/^    extract: false/&\n    exclude: [x]/' "$SDK_ROOT/recipes/t-key/recipe.yaml"
fails "what is not unpacked has no parts" 3 'recipe.yaml:7:5: exclude: .*not unpacked' build t-key
fails "an unknown package" 3 'did you mean "?zlib' build zlbi
recipe t-a <<'Y'
build: make
depends: {target: [t-b]}
Y
recipe t-b <<'Y'
build: make
depends: {target: [t-a]}
Y
fails "a circle" 3 't-a → t-b → t-a' build t-a

# ---- a failure does not stop what does not need it
recipe t-good <<'Y'
build: make
phases:
  compile: ":"
  install: |
    install -Dm644 /dev/null "$DEST"/usr/share/good
Y
fails "--keep-going ends with the failure" 1 't-tool' build -k t-tool t-good
is "but builds the rest" "$(plan t-good | grep -c '^build')" 0

# ---- interruptions
recipe t-slow <<'Y'
build: make
phases:
  compile: |
    : ONCE; sleep 37
  install: |
    install -Dm644 /dev/null "$DEST"/usr/share/slow
Y
sed -i "s/ONCE/$once/" "$SDK_ROOT/recipes/t-slow/recipe.yaml"
# The shell has what runs in the background ignore Ctrl-C.
env --default-signal=INT "$SDK" build t-slow >"$TMP/slow.log" 2>&1 &
pid=$!
for _ in $(seq 300); do # until the phase runs, however busy the machine is
	ls "$SDK_OUT"/logs/*/t-slow.log >/dev/null 2>&1 && break
	sleep 0.1
done
sleep 0.5; kill -INT $pid; wait $pid
is "Ctrl-C is told by the exit code" $? 130
ok "and by words" grep -q 'interrupted' "$TMP/slow.log"
sleep 0.3
is "nothing of the build goes on" "$(pgrep -fc '^sleep 37')" 0

# ---- two runs at once
sed -i 's/sleep 37/sleep 2/' "$SDK_ROOT/recipes/t-slow/recipe.yaml"
"$SDK" build t-slow >"$TMP/one.log" 2>&1 & one=$!
"$SDK" build t-slow >"$TMP/two.log" 2>&1 & two=$!
wait $one; first=$?; wait $two
is "two runs of the same build end well" "$first $?" "0 0"
done_testing
