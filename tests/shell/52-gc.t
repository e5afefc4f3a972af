#!/bin/sh
# sdk gc: what stays, what goes, what a running build keeps, and what a killed run leaves.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 to read JSON with"

# (gc leaves links alone: environment and toolchain are somebody else's.)
own_checkout -s
mkdir "$SDK_ROOT/board-configs/t"
case $(uname -m) in aarch64) arch=arm64 ;; *) arch=amd64 ;; esac

recipe() { # recipe NAME DEPENDENCIES SHELL
	mkdir -p "$SDK_ROOT/recipes/$1"
	cat >"$SDK_ROOT/recipes/$1/recipe.yaml" <<Y
name: $1
version: 1.0
summary: For the tests
homepage: https://example.org/
license: MIT
sources: []
build: copy
libc: false
depends: {target: [$2]}
phases:
  install: |
    mkdir -p "\$DEST"/usr/share/$1
    echo $1 >"\$DEST"/usr/share/$1/file
    $3
Y
}
board() {
	printf 'summary: For the tests\narch: %s\npackages: [%s]\nimage: {version: 1.0, date: 2025-11-23, loader: direct, kernel: usr/k, cmdline: [], usr-size: 1MiB, verity-size: 1MiB}\n' \
		"$arch" "$1" >"$SDK_ROOT/board-configs/t/board.yaml"
}
build() { "$SDK" build -j2 "$@"; }
gc() { "$SDK" gc "$@"; }
# Everything was last used 30 days ago.
age() {
	find "$SDK_OUT/store" "$SDK_OUT/images" -maxdepth 2 -exec touch -h -d '30 days ago' {} + 2>/dev/null
	find "$SDK_OUT/keys" "$SDK_OUT/work" "$SDK_OUT/logs" "$SDK_CACHE/keys" "$SDK_CACHE/objects" "$SDK_CACHE/downloads" \
		-exec touch -h -d '30 days ago' {} + 2>/dev/null
	return 0
}
all() { find "$SDK_OUT/" "$SDK_CACHE/" \( -name .leases -o -name env -o -name toolchain \) -prune -o -print | LC_ALL=C sort; }
# why PATTERN [option…]: "verdict: why" of the entries whose area and name match
why() {
	pattern=$1; shift
	gc -n --json "$@" 2>/dev/null | python3 -c 'import json, re, sys
rows = {i["verdict"] + ": " + i["why"] for i in json.load(sys.stdin)["items"]
        if re.search(sys.argv[1], i["area"] + " " + i["name"])}
print("; ".join(sorted(rows)))' "$pattern"
}
outputs() { # outputs PACKAGE: how many are in the store
	cat "$SDK_OUT"/store/*/manifest 2>/dev/null | grep -c "^package $1\$"
}

recipe a '' ':'; recipe b a ':'; recipe c '' ':'
board b
ok "packages build" build b c
all >"$TMP/before"
ok "gc right after it" gc
all >"$TMP/after"
ok "removes nothing" diff "$TMP/before" "$TMP/after"
age
is "what a board's plan counts on is needed" "$(why '^store.* (a|b) ')" "needed: plan of t"
is "with its records and archives" "$(why '^(records|shared records|package archives).* (a|b) ')" "needed: plan of t"
is "so is what was built last" "$(why '^store.* c ')" "needed: one of the last builds"
is "what nothing needs goes by its age" "$(why '^store.* c ' --keep-builds=0)" "expired: nothing needs it"
is "but not while it is young" "$(why '^store.* c ' --keep-builds=0 --keep-days=31)" \
	"young: used in the last 31 days"
"$SDK" status --json >"$TMP/status"
ok "its sizes are those of status" sh -c "'$SDK' gc -n --json | python3 -c '
import json, sys
mine = sum(i[\"bytes\"] for i in json.load(sys.stdin)[\"items\"] if i[\"area\"] == \"store\")
theirs = [u[\"bytes\"] for u in json.load(open(\"$TMP/status\"))[\"usage\"] if u[\"name\"] == \"store\"]
assert [mine] == theirs, (mine, theirs)'"
all >"$TMP/before"
gc -n --keep-builds=0 >"$TMP/table"
ok "a dry run says what and why" grep -Eq '^remove .* 30 d  store .* c 1.0 run \(.*\): nothing needs it' "$TMP/table"
ok "and what stays" grep -Eq '^keep .* 2 entries: plan of t' "$TMP/table"
all >"$TMP/after"
ok "and removes nothing" cmp "$TMP/before" "$TMP/after"
ok "gc removes it" gc --keep-builds=0
is "from the store, and nothing else" "$(outputs a) $(outputs b) $(outputs c)" "1 1 0"
is "from the cache" "$(find "$SDK_CACHE/objects" -type f | wc -l) $(find "$SDK_CACHE/keys" -type f | wc -l)" "2 2"
is "no trash is left" "$(all | grep -c trash)" 0
is "what stays is not built again" "$(build -n b | tail -1 | cut -d, -f1)" "2 packages for $arch: 2 built"
ok "what went is" build c

# ---- builds, sizes
for n in 1 2 3; do recipe c '' "echo $n >\$DEST/usr/share/c/n"; build -q c >/dev/null 2>&1; done
rm -f "$SDK_ROOT/recipes/c/recipe.yaml.bak"
is "the store has four builds of it" "$(outputs c)" 4
age; touch "$SDK_OUT"/keys/"$arch"/c/"$("$SDK" build -n --json c | python3 -c 'import json,sys; print(json.load(sys.stdin)["packages"][0]["key"])')"
gc --keep-builds=1 >/dev/null
is "--keep-builds=1 keeps one" "$(outputs c)" 1
is "the last one" "$(build -n c | tail -1 | cut -d, -f1)" "1 package for $arch: 1 built"
find "$SDK_OUT/store" -maxdepth 1 -exec touch {} +
gc --keep-builds=0 --max-size=1kB >"$TMP/log" 2>&1
is "--max-size takes what is young, and not what is needed" "$(outputs a) $(outputs b) $(outputs c)" "1 1 0"
ok "and says when that is not enough" grep -q 'what is needed takes' "$TMP/log"
fails "a size that is none" 2 'wanted a size' gc --max-size=much
fails "a negative age" 2 'wanted a whole number' gc --keep-days=-1

# ---- downloads, images, work trees, logs
mkdir -p "$SDK_CACHE/downloads/00" "$TMP/mirror"
echo content >"$TMP/mirror/file.txt"; sum=$(sha256sum "$TMP/mirror/file.txt" | cut -c1-64)
recipe s '' ':'
sed -i "s|^sources:.*|sources: [{urls: ['file://$TMP/mirror/file.txt'], size: 8, sha256: $sum, extract: false}]|" \
	"$SDK_ROOT/recipes/s/recipe.yaml"
ok "a package with a source builds" build s
for n in old young; do echo $n >"$SDK_CACHE/downloads/00/$(printf '%064d' 1)-$n.tar"; done
compilers=$SDK_OUT/compile/icecream
mkdir -p "$compilers"
for n in 1 2; do echo $n >"$compilers/$(printf '%064d' $n).tar.zst"; done
touch -d '30 days ago' "$compilers/$(printf '%064d' 1).tar.zst"
age; touch "$SDK_CACHE/downloads/00/"*-young.tar
gc >"$TMP/log"
ok "a source that a recipe names stays" test -e "$SDK_CACHE/downloads/$(echo "$sum" | cut -c1-2)/$sum-file.txt"
ok "one that none names goes" test ! -e "$SDK_CACHE/downloads/00/$(printf '%064d' 1)-old.tar"
is "so do compilers of other machines' jobs" "$(ls "$compilers")" "$(printf '%064d' 2).tar.zst"
ok "unless it is young" test -e "$SDK_CACHE/downloads/00/$(printf '%064d' 1)-young.tar"

build c >/dev/null 2>&1
digest=$("$SDK" info c --json | tr ',' '\n' | sed -n 's/.*"digest": *"\([0-9a-f]*\)".*/\1/p')
for n in 1 2 3 4; do
	mkdir -p "$SDK_OUT/images/t/$(printf '%064d' $n)"
	printf 'c\t1.0\t%s\n' "$digest" >"$SDK_OUT/images/t/$(printf '%064d' $n)/packages.txt"
done
ln -s "$(printf '%064d' 2)" "$SDK_OUT/images/t/latest"
age; touch -d '20 days ago' "$SDK_OUT/images/t/$(printf '%064d' 4)"
is "what an image is made of is needed" "$(why '^store.* c ' --keep-builds=0)" "needed: an image of t"
gc --keep-builds=1 >/dev/null
is "the latest image and the last ones stay" "$(ls "$SDK_OUT/images/t" | sed 's/^0*//' | tr '\n' ' ')" "2 4 latest "

recipe f '' false; recipe g '' false; recipe h '' false
build -k f g h >/dev/null 2>&1
ok "failed builds leave their trees" test -d "$SDK_OUT/work/$arch/f"
age; touch "$SDK_OUT/work/$arch/g" "$SDK_OUT/logs/$arch/g.log"
flock "$SDK_OUT/work/$arch/h.lock" "$SDK" gc >"$TMP/log"
is "old ones go, but not one that is locked" "$(cd "$SDK_OUT/work/$arch" && ls -d f g h 2>/dev/null | tr '\n' ' ')" "g h "
is "logs go likewise" "$(cd "$SDK_OUT/logs/$arch" && ls f.log g.log 2>/dev/null)" g.log

# ---- what is broken
build b c >/dev/null 2>&1
for dir in "$SDK_OUT"/store/*; do
	grep -q '^package a$' "$dir/manifest" && rm "$dir/manifest"
done
for file in "$SDK_OUT"/keys/"$arch"/c/[0-9a-f]*; do echo rubbish >"$file"; done
find "$SDK_CACHE/keys" -type f | while read -r file; do grep -q '^package c$' "$file" && echo >"$file"; done
is "a damaged output is broken, whatever needs it" "$(why '^store .*')" \
	"broken: no manifest; needed: an image of t; needed: one of the last builds; needed: plan of t"
is "so is a damaged record" "$(why '^(shared )?records ' | tr ';' '\n' | grep broken)" "broken: not a record of this key"
gc >/dev/null
ok "after gc the output comes from the cache, the record by a build" build b c
is "and nothing is broken" "$(why . | tr ';' '\n' | grep -c broken)" 0
age; rm -rf "$SDK_OUT/keys/$arch/b" # as when a run is killed between the two copies
ok "a record that only the cache has" build b
is "comes back to out/keys" "$(find "$SDK_OUT/keys/$arch/b" -name "$(printf '%064d' 0 | tr 0 '?')" | wc -l)" 1
is "and is marked as used" "$(find "$SDK_CACHE/keys" -mtime +1 -type f -exec grep -l '^package b$' {} + | wc -l)" 0

# ---- what is not known
cp "$SDK_ROOT/recipes/b/recipe.yaml" "$TMP/b.yaml"
is "what a plan needs stays" "$(why '^(store|records|shared records|package archives).* (a|b) ' --keep-builds=0)" "needed: plan of t"
echo 'build: [' >>"$SDK_ROOT/recipes/b/recipe.yaml"
age; before="$(outputs a) $(outputs b)"
gc --keep-builds=0 --max-size=1kB >"$TMP/log" 2>&1
ok "a recipe that is being edited is told" grep -q '^warning: what board t needs is not known, so more than that is kept: .*recipes/b/recipe.yaml' "$TMP/log"
is "what its board needs stays for all that" "$(outputs a) $(outputs b)" "$before"
is "with its archives and records" "$(why '^(store|records|shared records|package archives).* (a|b) ' --keep-builds=0)" \
	"needed: what board t needs is not known"
is "sources too" "$(why '^downloads ' --keep-builds=0 | tr ';' '\n' | grep -c expired)" 0
cp "$TMP/b.yaml" "$SDK_ROOT/recipes/b/recipe.yaml"
is "mended, nothing is to be built" "$(build -n b | tail -1 | cut -d, -f1)" "2 packages for $arch: 2 built"

# ---- while a build runs: nothing is needed but by it
rm "$SDK_ROOT/board-configs/t/board.yaml"; rm -r "$SDK_OUT/images"
recipe slow a 'sleep 3'; recipe last slow,b,c ':'
build b c >/dev/null 2>&1
rm -r "$SDK_OUT"/store/* # b and c are unpacked from the cache, and not before slow has ended
age
"$SDK" build -j2 last >"$TMP/build.log" 2>&1 & pid=$!
rounds=0 seen=0
while kill -0 $pid 2>/dev/null; do
	gc --keep-days=0 --keep-builds=0 >"$TMP/log" 2>&1 || cat "$TMP/log" >>"$TMP/gc-errors"
	grep -q 'running command' "$TMP/log" && seen=1
	rounds=$((rounds + 1))
done
wait $pid
is "a build goes on while gc runs in a loop" $? 0
sed 's/^/# /' "$TMP/build.log"
ok "… many times" test $rounds -gt 5
is "… which knows of it" $seen 1
is "… without a failure" "$(cat "$TMP/gc-errors" 2>/dev/null)" ""
is "… and nothing was built twice" "$(grep -cE '^\S*(a|b|c) ' "$TMP/build.log")" 0
gc --keep-days=0 --keep-builds=0 >/dev/null
is "afterwards all of that goes" "$(find "$SDK_OUT/store" -mindepth 1 | wc -l) $(find "$SDK_CACHE/objects" -type f | wc -l)" "0 0"
"$SDK" build slow >/dev/null 2>&1 & pid=$!
sleep 1.5; kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null; sleep 0.5
is "a killed command holds nothing" "$(gc -n --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["running_commands"])')" 0
is "and its lease is cleared" "$(find "$SDK_OUT/.leases" -name 'lease-*' | wc -l)" 0
build h >/dev/null 2>&1; age
"$SDK" shell h -- sleep 4 >/dev/null 2>&1 & pid=$!
sleep 2
gc --keep-days=0 --keep-builds=0 >"$TMP/log"
ok "a shell holds the tree that it is in" test -d "$SDK_OUT/work/$arch/h/.sdk"
wait $pid
gc --keep-days=0 --keep-builds=0 >/dev/null
ok "and no longer" test ! -e "$SDK_OUT/work/$arch/h"
fails "two at once" 2 'another `sdk gc` is at work' flock "$SDK_OUT/.leases/gc" "$SDK" gc

# ---- killed
fill() {
	i=0
	while [ $i -lt 60 ]; do
		i=$((i + 1))
		dir=$SDK_OUT/store/.new; mkdir -p "$dir/root/usr/d"
		echo "entry $i" >"$dir/manifest"
		for f in 1 2 3 4 5 6 7 8; do echo $f >"$dir/root/usr/d/$f"; done
		name=$(sha256sum <"$dir/manifest" | cut -c1-64)
		rm -rf "${SDK_OUT:?}/store/$name"; mv "$dir" "$SDK_OUT/store/$name"
	done
	age
}
fill
start=$(date +%s%N); gc >/dev/null; took=$((($(date +%s%N) - start) / 1000000))
n=0 halves=0 interrupted=0
while [ $n -lt "${SDK_TEST_KILLS:-10}" ]; do
	n=$((n + 1))
	fill
	delay=$((took / 2 + $(od -An -N2 -tu2 /dev/urandom) % (took / 2 + 1)))
	timeout -s KILL "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))" "$SDK" gc >/dev/null 2>&1
	[ -d "$SDK_OUT/store/.trash" ] && interrupted=$((interrupted + 1))
	for dir in "$SDK_OUT"/store/[0-9a-f]*; do
		[ -d "$dir" ] || continue
		[ "$(find "$dir" -type f | wc -l)" -eq 9 ] || halves=$((halves + 1))
	done
done
is "killed $n times ($interrupted within), what is there is whole" $halves 0
ok "and the next run" gc
is "removes what they left" "$(find "$SDK_OUT/store" -mindepth 1 | wc -l)" 0
done_testing
