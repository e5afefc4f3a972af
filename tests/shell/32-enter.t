#!/bin/sh
# People inside: sdk enter, sdk shell, sdk log.
. "$(dirname "$0")/../lib.sh"
cd "$SDK_TOP" || exit 1
SDK_OUT=${SDK_OUT:-$SDK_TOP/out}
export SDK_OUT
inside() { "$SDK" enter -- "$@"; }

ok "the environment opens" inside true
is "the user is root inside" "$(inside id -u 2>/dev/null)" 0
is "the checkout is at /sdk" "$(inside sh -c 'cd /sdk && ls README.md')" README.md
inside sh -c 'exit 7' >/dev/null 2>&1
is "the command's status comes out" $? 7
is "what is typed goes in" "$(echo typed | inside cat)" typed
fails "nothing of it can be written to" 1 'Read-only file system' inside touch /usr/bin/x
is "the SDK is there, and the same" "$(inside sdk list zlib | cut -d' ' -f1)" zlib
is "under its other names" "$(inside build-packages --help | head -1)" "Usage: sdk build [option…] [package…]"
ok "builds work inside" inside build-packages -n zlib
is "and know what was built outside" "$(inside build-packages -n zlib | tail -1)" "$("$SDK" build -n zlib | tail -1)"
ok "make, gcc, meson, autoconf run" inside sh -c 'make -v && gcc --version && meson --version && autoconf --version'
is "a proxy is known inside" "$(http_proxy=http://proxy.example:3128 NO_PROXY=.example inside \
	sh -c 'echo $http_proxy $NO_PROXY')" "http://proxy.example:3128 .example"
if unshare -rm true 2>/dev/null; then
	cp -R /etc "$TMP/etc" 2>/dev/null
	ln -sf /run/nobody/has-written-it "$TMP/etc/resolv.conf"
	ok "a host whose resolv.conf leads nowhere will do" \
		unshare -rm sh -c 'mount --bind "$1" /etc && "$2" enter -- true' sh "$TMP/etc" "$SDK"
else
	skip "a host whose resolv.conf leads nowhere will do" "no namespaces"
fi

SDK_ROOT=$TMP/checkout
export SDK_ROOT
mkdir -p "$SDK_ROOT/recipes/t-broken"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
for name in .build-systems linux-headers glibc gcc-runtime zlib; do
	ln -s "$SDK_TOP/recipes/$name" "$SDK_ROOT/recipes/$name"
done
cat >"$SDK_ROOT/recipes/t-broken/recipe.yaml" <<'Y'
name: t-broken
version: 1.0
summary: For the tests
license: MIT
sources: []
build: make
depends: {target: [zlib]}
phases:
  prepare: |
    echo 'int main(void) { return missing(); }' >main.c
  compile: |
    echo compiling in $BUILD
    $CC main.c -o main
Y
fails "a broken build" 1 't-broken/recipe.yaml:13: exit status 1' "$SDK" build t-broken
ok "log shows it" sh -c "'$SDK' log t-broken | grep -q 'implicit declaration'"
ok "log -p tells where it is" test -f "$("$SDK" log -p t-broken)"
is "shell sees the tree as the phases did" \
	"$("$SDK" shell t-broken -- bash -c 'echo $NAME $ARCH; ls /build/sysroot/usr/include/zlib.h $BUILD/main.c' | tr '\n' ' ')" \
	"t-broken amd64 /build/sysroot/usr/include/zlib.h /build/t-broken/src/main.c "
ok "a phase can be run again there, corrected" "$SDK" shell t-broken -- bash -c '
	cd $BUILD; echo "int main(void) { return 0; }" >main.c; $CC main.c -o main && ./main'
fails "a shell for what has never been built needs its dependencies" 1 'sdk build' \
	env SDK_OUT="$TMP/out" SDK_CACHE="$TMP/cache" sh -c "mkdir -p '$TMP/out' && ln -s '$SDK_OUT/env' '$SDK_OUT/toolchain' '$TMP/out/' && '$SDK' shell t-broken -- true"
fails "no log, no build" 3 'no recipe is called' "$SDK" log t-never
done_testing
