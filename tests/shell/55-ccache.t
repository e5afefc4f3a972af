#!/bin/sh
# ccache: the same bytes with and without it, under the same keys, and a second build that compiles
# nothing.
. "$(dirname "$0")/../lib.sh"
SDK_ROOT=$TMP/checkout SDK_OUT=${SDK_OUT:-$SDK_TOP/out} SDK_CACHE=$TMP/cache
export SDK_ROOT SDK_OUT SDK_CACHE
mkdir -p "$SDK_ROOT/recipes" "$SDK_CACHE"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
for name in .build-systems linux-headers glibc gcc-runtime; do
	ln -s "$SDK_TOP/recipes/$name" "$SDK_ROOT/recipes/$name"
done
shared=${XDG_CACHE_HOME:-$HOME/.cache}/sdk
for name in downloads keys objects; do
	mkdir -p "$shared/$name"; ln -s "$shared/$name" "$SDK_CACHE/$name"
done
mkdir -p "$SDK_ROOT/recipes/t-cc/files"
for i in 1 2 3; do
	cat >"$SDK_ROOT/recipes/t-cc/files/part$i.c" <<-C
	#include <stdio.h>
	#include <math.h>
	int part$i(double x) { return printf("%s %d %f\\n", __FILE__, __LINE__, sqrt(x)); } /* $$ $(date +%N) */
	C
done
cat >"$SDK_ROOT/recipes/t-cc/files/Makefile" <<'M'
t-cc: part1.o part2.o part3.o main.o
	$(CXX) $(LDFLAGS) -o $@ $^ -lm
main.o: main.cc
	$(CXX) $(CXXFLAGS) -c -o $@ $<
M
cat >"$SDK_ROOT/recipes/t-cc/files/main.cc" <<'C'
#include <vector>
extern "C" int part1(double), part2(double), part3(double);
int main() { std::vector<double> v{1, 2}; return part1(v.at(0)) + part2(v.at(1)) + part3(3) < 0; }
C
cat >"$SDK_ROOT/recipes/t-cc/recipe.yaml" <<'Y'
name: t-cc
version: "1.0"
summary: For the tests
license: MIT
sources: []
build: make
allow: {build-path: [usr/share/t-cc/which]}
phases:
  prepare: |
    cp "$FILES"/* "$SRC"
  compile: |
    type -P "$CC" >which
    make
  install: |
    install -Dm755 t-cc "$DEST"/usr/bin/t-cc
    install -Dm644 which "$DEST"/usr/share/t-cc/which
    if type -P ccache; then false; fi
Y
digests() { "$SDK" info t-cc --json | jq -c '[.. | .digest? // empty] | sort'; }
key() { "$SDK" build -n --json t-cc | jq -r '.packages[] | select(.name == "t-cc").key'; }
# statistic NAME: of `ccache --print-stats`, by the environment's own ccache.
statistic() {
	ccache=$(ls -t "$SDK_OUT"/env/*/layers/*/usr/bin/ccache | head -1)
	layer=${ccache%/usr/bin/ccache}
	loader=$(echo "${layer%/*}"/0/usr/lib/*/ld-linux-*.so.*)
	libraries=${loader%/*}
	CCACHE_DIR=$SDK_CACHE/ccache "$loader" \
		--library-path "$libraries:$layer/usr/lib/${libraries##*/}" "$ccache" --print-stats |
		awk -v n="$1" '$1 == n { print $2 }'
}
"$SDK" build -n glibc gcc-runtime | tail -1 | grep -q ' 0 to build' ||
	skip_all "the C library is not built (sdk build glibc)"
ok "without ccache it builds" "$SDK" build t-cc
before=$(digests) key=$(key)
echo 'compile: {ccache: true, ccache-size: 100MiB}' >"$SDK_ROOT/sdk.yaml"
is "its key does not change" "$(key)" "$key"
is "there is nothing to build" "$("$SDK" build -n t-cc | tail -1 | grep -c ' 0 to build')" 1
ok "with an empty cache it builds" "$SDK" build --rebuild t-cc
is "to the same bytes" "$(digests)" "$before"
objects() { find "$SDK_CACHE/ccache" -type f -name '*R' | wc -l; }
is "four objects are kept" "$(objects)" 4
ok "it builds from the cache" "$SDK" build --rebuild t-cc
is "to the same bytes" "$(digests)" "$before"
is "with nothing new in it" "$(objects)" 4
is "but four hits" "$(statistic preprocessed_cache_hit)" 4
sed -i 's/sqrt(x)/sqrt(x + 1)/' "$SDK_ROOT/recipes/t-cc/files/part2.c"
ok "a changed file builds" "$SDK" build t-cc
is "and is compiled" "$(objects)" 5
ok "to other bytes" test "$(digests)" != "$before"

for setting in 'ccache: maybe' 'cache: true' 'ccache-size: lots' 'icecream: {}' 'icecream: {scheduler: "a b"}'; do
	echo "compile: {$setting}" >"$SDK_ROOT/sdk.yaml"
	fails "compile: {$setting}" 3 'sdk.yaml:1:[0-9]+: ' "$SDK" build --rebuild t-cc
done
done_testing
